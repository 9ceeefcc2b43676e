-- One row per arm, class of events and measure that reads it. `is_whole`: the metric reads no other
-- class in this arm, so a unit's row there is already its number.
{%- set size = experimentos.plan_size(experimentos.plan(experimentos.definitions())) %}

with

    classes as (

        select distinct
            arm_id, source{% for mask in range(size.masks) %}, mask_{{ mask }}{% endfor %}
        from {{ ref("experimentos__unit_events") }}

    )

select
    classes.*,
    measures.pair_id,
    measures.part,
    measures.shape,
    measures.combine_num,
    measures.combine_den,
    pairs.is_zero_filled,
    count(*) over (partition by classes.arm_id, measures.pair_id) = 1
    and (measures.part = 'both' or not pairs.has_denominator) as is_whole
from classes
inner join {{ ref("stg_experimentos__variants") }} as variants on classes.arm_id = variants.arm_id
inner join
    {{ ref("stg_experimentos__measures") }} as measures
    on variants.experiment_index = measures.experiment_index
    and classes.source = measures.source
inner join {{ ref("stg_experimentos__pairs") }} as pairs on measures.pair_id = pairs.pair_id
where
    {%- for mask in range(size.masks) %}
        {{ "or " if not loop.first }} (
            measures.mask_column = {{ mask }}
            and {{ experimentos.bit_is_set("classes.mask_" ~ mask, "measures.bit") }}
        )
    {%- endfor %}
