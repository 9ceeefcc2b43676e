-- One row per arm and horizon: units whose window has closed, and those whose pre-exposure window
-- the facts cover.
with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    spans as (

        select distinct
            pairs.experiment_index,
            pairs.is_dated,
            pairs.horizon_seconds,
            pairs.covariate_seconds,
            covered.first_at
        from {{ ref("stg_experimentos__pairs") }} as pairs
        left join
            (
                select measures.pair_id, max(facts.first_at) as first_at
                from {{ ref("stg_experimentos__measures") }} as measures
                inner join
                    {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
                group by measures.pair_id
            ) as covered
            on pairs.pair_id = covered.pair_id

    ),

    analysed as (

        select experiment_index, arm_id, exposed_at, count(*) as n_units
        from {{ ref("experimentos__units") }}
        where exclusion is null
        group by experiment_index, arm_id, exposed_at

    )

select
    analysed.arm_id,
    spans.is_dated,
    spans.horizon_seconds,
    spans.covariate_seconds,
    spans.first_at,
    cast(sum(analysed.n_units) as bigint) as n_units,
    cast(
        sum(
            case
                when
                    {{
                        experimentos.add_seconds(
                            "analysed.exposed_at", "-spans.covariate_seconds"
                        )
                    }} >= spans.first_at
                then analysed.n_units
                else 0
            end
        ) as bigint
    ) as n_covered
from analysed
inner join spans on analysed.experiment_index = spans.experiment_index
inner join experiments on analysed.experiment_index = experiments.experiment_index
where
    not spans.is_dated
    or {{ experimentos.add_seconds("analysed.exposed_at", "spans.horizon_seconds") }}
    <= experiments.data_as_of
group by 1, 2, 3, 4, 5
