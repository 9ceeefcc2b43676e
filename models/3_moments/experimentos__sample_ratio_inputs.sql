-- One row per experiment, population, variant and day: what the sample-ratio check reads.
-- Variants without units are there with 0.
with

    counts as (select * from {{ ref("experimentos__assignment_counts") }}),

    arms as (

        select
            experiments.experiment_id,
            experiments.is_assigning,
            variants.variant,
            variants.planned_share
        from {{ ref("stg_experimentos__variants") }} as variants
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on variants.experiment_index = experiments.experiment_index

    ),

    -- Only what has units at all: an experiment without assignments is a health row of its own.
    populations as (select distinct experiment_id, population, segment, segment_value from counts)

select
    populations.experiment_id,
    populations.population,
    populations.segment,
    populations.segment_value,
    arms.variant,
    counts.assigned_on,
    coalesce(counts.n_units, 0) as n_units,
    arms.planned_share,
    arms.is_assigning
from populations
inner join arms on populations.experiment_id = arms.experiment_id
left join
    counts
    on populations.experiment_id = counts.experiment_id
    and populations.population = counts.population
    and populations.segment = counts.segment
    and populations.segment_value = counts.segment_value
    and arms.variant = counts.variant
