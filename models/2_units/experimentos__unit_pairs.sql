-- One row per unit, metric that reads several classes of events, slice and version: numerator,
-- denominator and their values before exposure, before zeros are filled in.
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set shapes = plan.shapes.values() | list %}
{%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
{%- set ways = {
    "num": experimentos.used_ways(plan, "num"),
    "den": experimentos.used_ways(plan, "den"),
} %}
{%- set sliced = plan.sources.values() | rejectattr("slice", "none") | list | length > 0 %}
{%- set key = ["unit_key", "pair_id"] + (["item"] if sliced else []) %}
{%- set numbers = [] %}
{%- for side in ["num", "den"] %}
    {%- for x in ["value", "weight", "cov", "cov_weight"] %}
        {%- do numbers.append(side ~ "_" ~ x) %}
    {%- endfor %}
{%- endfor %}

with

    read as (

        select
            unit_events.unit_key,
            case when measures.slice is null then '' else levels.shown_value end as item,
            unit_events.step_from,
            unit_events.step_to,
            measures.pair_id,
            measures.slice,
            measures.combine_num,
            measures.combine_den,
            {%- for number in numbers %}
                {{ experimentos.shape_case(shapes, number) }} as {{ number }},
            {%- endfor %}
            {{ experimentos.shape_case(shapes, "events") }} as n_events,
            {{ experimentos.shape_case(shapes, "skipped") }} as n_skipped
        from {{ ref("experimentos__unit_events") }} as unit_events
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on {{ experimentos.arm_of(experimentos.cohort_of("unit_events.unit_key")) }}
            = arms.arm_id
        inner join
            {{ ref("experimentos__class_measures") }} as measures
            on arms.experiment_index = measures.experiment_index
            and unit_events.source = measures.source
            {%- for mask in masks %} and unit_events.{{ mask }} = measures.{{ mask }} {%- endfor %}
        left join
            {{ ref("experimentos__slice_levels") }} as levels
            on measures.pair_id = levels.pair_id
            and measures.slice is not null
            and unit_events.item = levels.level
        where not measures.is_whole and (measures.slice is null or levels.shown_value is not null)

    ),

    {%- if experimentos.is_daily() %}
        points as (select distinct {{ key | join(", ") }}, step_from from read),

        rows_at as (

            select points.step_from as step, read.*
            from points
            inner join
                read on points.unit_key = read.unit_key and points.pair_id = read.pair_id
                {{ "and points.item = read.item" if sliced }}
                and points.step_from >= read.step_from
                and points.step_from < read.step_to

        ),
    {%- else %} rows_at as (select step_from as step, * from read),
    {%- endif %}

    gathered as (

        select
            {{ key | join(", ") }},
            {{ "max(slice)" if sliced else "cast(null as " ~ dbt.type_string() ~ ")" }} as slice,
            step,
            {%- for side in ["num", "den"] %}
                {%- for x in ["", "_cov"] %}
                    {{
                        experimentos.combined(
                            side ~ (x or "_value"),
                            side ~ x ~ "_weight",
                            "combine_" ~ side,
                            ways[side],
                        )
                    }} as {{ side }}{{ x }},
                {%- endfor %}
            {%- endfor %}
            sum(n_events) as n_events,
            sum(n_skipped) as n_skipped
        from rows_at
        group by {{ key | join(", ") }}, step

    )

select
    unit_key,
    pair_id,
    slice,
    {{ "item" if sliced else "'' as item" }},
    step as step_from,
    {% if experimentos.is_daily() -%}
        coalesce(
            lead(step) over (partition by {{ key | join(", ") }} order by step),
            {{ experimentos.last_step() }}
        )
    {%- else -%} {{ experimentos.last_step() }}
    {%- endif %} as step_to,
    num,
    den,
    num_cov,
    den_cov,
    n_events,
    n_skipped
from gathered
