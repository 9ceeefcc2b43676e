{# One row per class of events and measure that reads it. `is_whole`: the metric reads no other class, so a
   unit's row there is already its number. #}
{% macro class_measures(definitions, plan) %}
    {%- set size = experimentos.plan_size(plan) %}
    {%- set masks = experimentos.mask_names(size.masks) | join(", ") %}
    with

        classes as (

            {%- if experimentos.is_daily() and not experimentos.needs_unit_metrics(
                definitions, plan
            ) %}
                {%- for source in plan.sources.values() if source.mode != "values" %}
                    {{ "union" if not loop.first }}
                    select distinct source, {{ experimentos.class_of_days(source, size) }}
                    from {{ experimentos.working_days(source) }} as unit_days
                    where source = {{ source.index }}
                {%- else %}
                    select source, {{ masks }} from {{ ref("experimentos__unit_days") }} where 1 = 0
                {%- endfor %}
            {%- else %}
                select distinct source, {{ masks }}
                from {{ experimentos.events_of_units(definitions, plan) }}
            {%- endif %}

        )

    select
        classes.*,
        measures.pair_id,
        measures.experiment_index,
        measures.slice,
        measures.part,
        measures.shape,
        measures.combine_num,
        measures.combine_den,
        pairs.is_zero_filled,
        pairs.threshold,
        -- Levels of a slice may be put together, so that they are never whole.
        measures.slice is null
        and count(*) over (partition by measures.pair_id, measures.slice) = 1
        and (measures.part = 'both' or not pairs.has_denominator) as is_whole
    from classes
    inner join
        {{ ref("stg_experimentos__measures") }} as measures on classes.source = measures.source
    inner join {{ ref("stg_experimentos__pairs") }} as pairs on measures.pair_id = pairs.pair_id
    where
        {%- for mask in range(size.masks) %}
            {{ "or " if not loop.first }} (
                measures.mask_column = {{ mask }}
                and {{ experimentos.bit_is_set("classes.mask_" ~ mask, "measures.bit") }}
            )
        {%- endfor %}
{% endmacro %}

{# Where the events of units are: in their table, or where they are read only once, in a common table
   expression of the statement that computes moments. #}
{% macro events_of_units(definitions, plan) %}
    {% if experimentos.is_at_once(definitions, plan) %} {{ return("unit_events") }} {% endif %}
    {{ return(ref("experimentos__unit_events")) }}
{% endmacro %}

{% macro measures_of_classes(definitions, plan) %}
    {% if experimentos.is_at_once(definitions, plan) %} {{ return("class_measures") }} {% endif %}
    {{ return(ref("experimentos__class_measures")) }}
{% endmacro %}

{# Whether moments are computed in one statement from the raw rows on. #}
{% macro is_at_once(definitions, plan) %}
    {{
        return(
            not experimentos.is_daily() and not experimentos.needs_unit_metrics(definitions, plan)
        )
    }}
{% endmacro %}

{# Whether that statement finds caps too. #}
{% macro caps_at_once(definitions, plan) %}
    {{ return(experimentos.is_at_once(definitions, plan) and experimentos.has_caps(plan)) }}
{% endmacro %}

{# Where the numbers of units in metrics are. #}
{% macro numbers_of_units(definitions, plan) %}
    {% if experimentos.caps_at_once(definitions, plan) %} {{ return("unit_metrics") }} {% endif %}
    {{ return(ref("experimentos__unit_metrics")) }}
{% endmacro %}

{# The class in which rows of unit_days are counted: their own, but all rows of a funnel are one class. #}
{% macro class_of_days(source, size) %}
    {%- for mask in experimentos.mask_names(size.masks) %}
        {% if source.mode != "funnel" -%} {{ mask }}
        {%- else -%}
            cast({{ 2 ** source.predicates[""] if loop.first else 0 }} as bigint) as {{ mask }}
        {%- endif %}
        {{- "," if not loop.last }}
    {%- endfor %}
{% endmacro %}
