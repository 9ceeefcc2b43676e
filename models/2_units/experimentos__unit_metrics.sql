-- One row per unit and metric with events: numerator, denominator and their values before
-- exposure. Units without events have no row.
{{ config(materialized="view") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set shapes = plan.shapes.values() | list %}
{%- set masks = namespace(count=1) %}
{%- set weights = namespace(num=false, den=false) %}
{%- for source in plan.sources.values() %}
    {%- set masks.count = [masks.count, (source.predicates | length + 59) // 60] | max %}
{%- endfor %}
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

    classes as (

        select distinct
            arm_id, source{% for mask in range(masks.count) %}, mask_{{ mask }}{% endfor %}
        from unit_events

    ),

    measures as (

        select
            classes.*,
            measures.pair_id,
            measures.part,
            measures.shape,
            measures.combine_num,
            measures.combine_den,
            pairs.is_zero_filled,
            count(*) over (partition by classes.arm_id, measures.pair_id) = 1
            and measures.part in ('num', 'both')
            and not (pairs.has_denominator and measures.part = 'num') as is_whole
        from classes
        inner join
            {{ ref("stg_experimentos__variants") }} as variants on classes.arm_id = variants.arm_id
        inner join
            {{ ref("stg_experimentos__measures") }} as measures
            on variants.experiment_index = measures.experiment_index
            and classes.source = measures.source
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on measures.pair_id = pairs.pair_id
        where
            {%- for mask in range(masks.count) %}
                {{ "or " if not loop.first }} (
                    measures.mask_column = {{ mask }}
                    and {{ experimentos.bit_is_set("classes.mask_" ~ mask, "measures.bit") }}
                )
            {%- endfor %}

    ),

    read as (

        select
            unit_events.arm_id,
            unit_events.unit,
            measures.pair_id,
            measures.is_whole,
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
            {{ experimentos.shape_case(shapes, "events") }} as n_events,
            {{ experimentos.shape_case(shapes, "skipped") }} as n_skipped
        from unit_events
        inner join
            measures
            on unit_events.arm_id = measures.arm_id
            and unit_events.source = measures.source
            {%- for mask in range(masks.count) %}
                and unit_events.mask_{{ mask }} = measures.mask_{{ mask }}
            {%- endfor %}

    ),

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
        from read
        where is_whole

    ),

    gathered as (

        select
            arm_id,
            unit,
            pair_id,
            is_zero_filled,
            {{ experimentos.combined("num", "num_weight", "combine_num") }} as num,
            {{ experimentos.combined("den", "den_weight", "combine_den") }} as den,
            {{ experimentos.combined("num_cov", "num_cov_weight", "combine_num") }} as num_cov,
            {{ experimentos.combined("den_cov", "den_cov_weight", "combine_den") }} as den_cov,
            sum(n_events) as n_events,
            sum(n_skipped) as n_skipped
        from read
        where not is_whole
        group by arm_id, unit, pair_id, is_zero_filled

    ),

    combined as (

        select *
        from whole
        union all
        select *
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
    coalesce(n_skipped, 0) as n_skipped
from combined
