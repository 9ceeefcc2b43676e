-- One row per unit and metric with events: numerator, denominator and their values before
-- exposure. Units without events have no row.
{{ config(materialized="view") }}
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set shapes = plan.shapes.values() | list %}
{%- set size = experimentos.plan_size(plan) %}
{%- set weights = namespace(num=false, den=false) %}
{%- set ways = {
    "num": experimentos.used_ways(plan, "num"),
    "den": experimentos.used_ways(plan, "den"),
} %}
{%- for shape in shapes %}
    {%- if shape.num_weight is defined and shape.num_weight is not none %}
        {%- set weights.num = true %}
    {%- endif %}
    {%- if shape.den_weight is defined and shape.den_weight is not none %}
        {%- set weights.den = true %}
    {%- endif %}
{%- endfor %}

with

    unit_events as (select * from {{ ref("experimentos__unit_events") }}),

    measures as (select * from {{ ref("experimentos__class_measures") }}),

    -- Read apart: one common table of both would be written down before either is filtered.
    {%- for name, condition in [
        ("read_whole", "measures.is_whole"),
        ("read_in_parts", "not measures.is_whole"),
    ] %}
        {{ name }} as (

            select
                unit_events.arm_id,
                unit_events.unit,
                measures.pair_id,
                measures.is_zero_filled,
                measures.combine_num,
                measures.combine_den,
                {%- for side in ["num", "den"] %}
                    {{ experimentos.shape_case(shapes, side ~ "_value") }} as {{ side }},
                    {{ experimentos.shape_case(shapes, side ~ "_weight") }} as {{ side }}_weight,
                    {{ experimentos.shape_case(shapes, side ~ "_cov") }} as {{ side }}_cov,
                    {{ experimentos.shape_case(shapes, side ~ "_cov_weight") }}
                    as {{ side }}_cov_weight,
                {%- endfor %}
                {%- if size.has_open %}
                    {{ experimentos.shape_case(shapes, "seen") }} as n_seen,
                {%- endif %}
                {{ experimentos.shape_case(shapes, "events") }} as n_events,
                {{ experimentos.shape_case(shapes, "skipped") }} as n_skipped
            from unit_events
            inner join
                measures
                on unit_events.arm_id = measures.arm_id
                and unit_events.source = measures.source
                {%- for mask in range(size.masks) %}
                    and unit_events.mask_{{ mask }} = measures.mask_{{ mask }}
                {%- endfor %}
            where {{ condition }}

        ),
    {%- endfor %}

    -- A metric that reads one class has its unit's number already; grouping again is for the
    -- others.
    whole as (

        select
            arm_id,
            unit,
            pair_id,
            is_zero_filled,
            {{ experimentos.single("num", "num_weight", weights.num) }} as num,
            {{ experimentos.single("den", "den_weight", weights.den) }} as den,
            {{ experimentos.single("num_cov", "num_cov_weight", weights.num) }} as num_cov,
            {{ experimentos.single("den_cov", "den_cov_weight", weights.den) }} as den_cov,
            n_events,
            n_skipped
        from read_whole {{ "where n_seen is not null" if size.has_open }}

    ),

    gathered as (

        select
            arm_id,
            unit,
            pair_id,
            {% if shapes | rejectattr("is_zero_filled") | list -%} bool_or(is_zero_filled)
            {%- else -%} true
            {%- endif %} as is_zero_filled,
            {{ experimentos.combined("num", "num_weight", "combine_num", ways.num) }} as num,
            {{ experimentos.combined("den", "den_weight", "combine_den", ways.den) }} as den,
            {{ experimentos.combined("num_cov", "num_cov_weight", "combine_num", ways.num) }}
            as num_cov,
            {{ experimentos.combined("den_cov", "den_cov_weight", "combine_den", ways.den) }}
            as den_cov,
            sum(n_events) as n_events,
            sum(n_skipped) as n_skipped
        from read_in_parts {{ "where n_seen is not null" if size.has_open }}
        group by arm_id, unit, pair_id

    ),

    combined as (

        select *, true as is_whole
        from whole
        union all
        select *, false as is_whole
        from gathered

    )

select
    arm_id,
    unit,
    pair_id,
    case when is_zero_filled then coalesce(num, 0) else num end as num,
    coalesce(den, 0) as den,
    case when is_zero_filled or num is not null then coalesce(num_cov, 0) end as num_cov,
    coalesce(den_cov, 0) as den_cov,
    coalesce(n_events, 0) as n_events,
    coalesce(n_skipped, 0) as n_skipped,
    is_whole
from combined
