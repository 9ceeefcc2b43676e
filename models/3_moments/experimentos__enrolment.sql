-- One row per experiment, variant and whole day before the end of the data: units that entered the
-- population that decides. What power says of days reads.
with

    experiments as (

        select
            *,
            -- Facts without times are complete as given.
            cast(case when is_dated then data_as_of else as_of end as date) as observed_on
        from {{ ref("experimentos__experiments") }}

    ),

    activated as (

        select distinct experiment_index
        from {{ ref("stg_experimentos__arms") }}
        where population = 'activated'

    ),

    waits as (

        select
            experiment_index,
            max(
                case when role != 'explore' and not is_endless then horizon_seconds end
            ) as longest_seconds
        from {{ ref("stg_experimentos__pairs") }}
        group by experiment_index

    )

select
    counts.experiment_id,
    counts.variant,
    counts.assigned_on,
    counts.n_units,
    experiments.observed_on,
    experiments.is_assigning,
    coalesce(waits.longest_seconds, 0)
    / cast(86400 as {{ experimentos.type_double() }}) as wait_days
from {{ ref("experimentos__assignment_counts") }} as counts
inner join experiments on counts.experiment_id = experiments.experiment_id
left join activated on experiments.experiment_index = activated.experiment_index
left join waits on experiments.experiment_index = waits.experiment_index
where
    counts.segment = 'all'
    and counts.population
    = case when activated.experiment_index is null then 'analysed' else 'activated' end
    and counts.assigned_on < experiments.observed_on
