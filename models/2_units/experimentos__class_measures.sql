-- One row per class of events and measure that reads it. `is_whole`: the metric reads no other
-- class,
-- so a unit's row there is already its number.
{%- set size = experimentos.plan_size(experimentos.plan(experimentos.definitions())) %}

with

    classes as (

        select distinct source, {{ experimentos.mask_names(size.masks) | join(", ") }}
        from {{ ref("experimentos__unit_events") }}

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
inner join {{ ref("stg_experimentos__measures") }} as measures on classes.source = measures.source
inner join {{ ref("stg_experimentos__pairs") }} as pairs on measures.pair_id = pairs.pair_id
where
    {%- for mask in range(size.masks) %}
        {{ "or " if not loop.first }} (
            measures.mask_column = {{ mask }}
            and {{ experimentos.bit_is_set("classes.mask_" ~ mask, "measures.bit") }}
        )
    {%- endfor %}
