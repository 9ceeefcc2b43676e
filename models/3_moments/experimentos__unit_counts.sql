-- One row per arm and horizon: units whose window has closed, and those whose pre-exposure window
-- the facts cover.
with

    covered as (

        select measures.pair_id, max(facts.first_at) as first_at
        from {{ ref("stg_experimentos__measures") }} as measures
        inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
        group by measures.pair_id

    ),

    -- The bounds are moved instead of every exposure.
    spans as (

        select distinct
            pairs.experiment_index,
            pairs.is_dated,
            pairs.horizon_seconds,
            pairs.covariate_seconds,
            covered.first_at,
            {{ experimentos.add_seconds("experiments.data_as_of", "-pairs.horizon_seconds") }}
            as last_exposed_at,
            {{ experimentos.add_seconds("covered.first_at", "pairs.covariate_seconds") }}
            as covered_from
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        left join covered on pairs.pair_id = covered.pair_id

    )

select
    units.arm_id,
    spans.is_dated,
    spans.horizon_seconds,
    spans.covariate_seconds,
    spans.first_at,
    cast(count(*) as bigint) as n_units,
    cast(
        sum(case when units.exposed_at >= spans.covered_from then 1 else 0 end) as bigint
    ) as n_covered
from {{ ref("experimentos__units") }} as units
inner join spans on units.experiment_index = spans.experiment_index
where units.exclusion is null and (not spans.is_dated or units.exposed_at <= spans.last_exposed_at)
group by 1, 2, 3, 4, 5
