-- One row per experiment, segment and level in the data: the level it is shown as. Beyond the
-- largest
-- ones levels are shown together.
{%- set levels = experimentos.segment_levels() %}
{%- set definitions = experimentos.definitions() %}
{%- set segments = experimentos.used_segments(definitions) %}
{%- set text = dbt.type_string() %}
{%- set shown = namespace(number=0) %}
with

    of_units as (
        {%- for experiment in definitions.experiments %}
            {%- for name in experiment.get("segments") or [] %}
                {{ "union all" if shown.number }} {%- set shown.number = shown.number + 1 %}
                select
                    experiment_index,
                    cast({{ experimentos.text_literal(name) }} as {{ text }}) as segment,
                    segment_{{ segments.index(name) }} as segment_value,
                    count(*) as size
                from {{ ref("experimentos__units") }}
                where experiment_index = {{ experiment.index }} and exclusion is null
                group by 1, 2, 3
            {%- endfor %}
        {%- endfor %}
        {%- if not shown.number %}
            select
                experiment_index,
                cast(null as {{ text }}) as segment,
                cast(null as {{ text }}) as segment_value,
                0 as size
            from {{ ref("experimentos__units") }}
            where 1 = 0
        {%- endif %}
    ),

    ranked as (

        select
            *,
            row_number() over (
                partition by experiment_index, segment order by size desc, segment_value
            ) as place
        from of_units

    )

select
    experiment_index,
    segment,
    segment_value,
    case when place <= {{ levels }} then segment_value else '(other)' end as shown_value
from ranked
