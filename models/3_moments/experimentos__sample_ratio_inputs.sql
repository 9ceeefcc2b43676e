-- One row per experiment, population, segment and level, variant and day: what the sample-ratio
-- checks read. Variants without units are there with 0; those that a phase does not plan are not.
-- Where there are phases, a level holds units of them all, and no split of it was planned.
with

    counts as (select * from {{ ref("experimentos__assignment_counts") }}),

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    variants as (select * from {{ ref("stg_experimentos__variants") }}),

    -- Shares of phases: a split of all units together was never planned.
    phase_shares as (

        select experiment_index, phase_label, variant, planned_share
        from {{ ref("stg_experimentos__arms") }}
        where population = 'assigned'

    ),

    -- Only what has units at all: an experiment without assignments is a health row of its own.
    levels as (

        select distinct experiment_id, population, segment, segment_value
        from counts
        union
        select distinct counts.experiment_id, arms.population, counts.segment, counts.segment_value
        from counts
        inner join experiments on counts.experiment_id = experiments.experiment_id
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on experiments.experiment_index = arms.experiment_index
            and arms.population = 'activated'
        where counts.segment in ('all', 'phase')

    )

select
    levels.experiment_id,
    levels.population,
    levels.segment,
    levels.segment_value,
    variants.variant,
    counts.assigned_on,
    coalesce(counts.n_units, 0) as n_units,
    coalesce(phase_shares.planned_share, variants.planned_share) as planned_share,
    experiments.is_assigning
from levels
inner join experiments on levels.experiment_id = experiments.experiment_id
inner join variants on experiments.experiment_index = variants.experiment_index
left join
    phase_shares
    on experiments.experiment_index = phase_shares.experiment_index
    and levels.segment = 'phase'
    and levels.segment_value = phase_shares.phase_label
    and variants.variant = phase_shares.variant
left join
    counts
    on levels.experiment_id = counts.experiment_id
    and levels.population = counts.population
    and levels.segment = counts.segment
    and levels.segment_value = counts.segment_value
    and variants.variant = counts.variant
where
    (coalesce(phase_shares.planned_share, 1) > 0 or counts.n_units > 0)
    and (
        levels.segment in ('all', 'phase')
        or experiments.experiment_index not in (
            select experiment_index from {{ ref("stg_experimentos__phases") }} where n_phases > 1
        )
    )
