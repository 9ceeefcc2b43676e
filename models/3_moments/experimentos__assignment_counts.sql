-- One row per experiment, variant and day: units first assigned, before and after crossover units
-- are removed.
with

    units as (

        select experiment_index, unit, arm_id, exposed_at, exclusion
        from {{ ref("experimentos__units") }}
        where coalesce(exclusion, 'crossover') = 'crossover'

    ),

    -- The first variant of a unit that had several: looked up for those few only. Where two came
    -- at the same instant, none was first.
    first_variants as (

        select units.experiment_index, units.unit, min(variants.arm_id) as arm_id
        from units
        inner join
            {{ ref("stg_experimentos__experiment_ids") }} as experiment_ids
            on units.experiment_index = experiment_ids.experiment_index
        inner join
            {{ ref("stg_experimentos__assignments") }} as assignments
            on units.unit = assignments.unit
            and experiment_ids.experiment_value = assignments.experiment_value
            and experiment_ids.kind = assignments.kind
            and (not assignments.is_dated or units.exposed_at = assignments.assigned_at)
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on units.experiment_index = variants.experiment_index
            and assignments.variant = variants.variant
        where units.exclusion = 'crossover'
        group by units.experiment_index, units.unit
        having min(variants.arm_id) = max(variants.arm_id)

    ),

    counted as (

        select
            coalesce(first_variants.arm_id, units.arm_id) as arm_id,
            cast(units.exposed_at as date) as assigned_on,
            count(*) as n_assigned,
            sum(case when units.exclusion is null then 1 else 0 end) as n_analysed
        from units
        left join
            first_variants
            on units.experiment_index = first_variants.experiment_index
            and units.unit = first_variants.unit
        where units.exclusion is null or first_variants.arm_id is not null
        group by 1, 2

    ),

    summarised as (

        select arm_id, max(users) as n_units
        from {{ ref("experimentos__summary_counts") }}
        group by arm_id

    ),

    united as (

        select arm_id, 'assigned' as population, assigned_on, n_assigned as n_units
        from counted
        union all
        select arm_id, 'analysed' as population, assigned_on, n_analysed as n_units
        from counted
        union all
        select arm_id, 'assigned' as population, cast(null as date) as assigned_on, n_units
        from summarised

    )

select
    experiments.experiment_id,
    variants.variant,
    cast(united.population as {{ dbt.type_string() }}) as population,
    cast('all' as {{ dbt.type_string() }}) as segment,
    cast('all' as {{ dbt.type_string() }}) as segment_value,
    united.assigned_on,
    cast(united.n_units as bigint) as n_units,
    variants.planned_share
from united
inner join {{ ref("stg_experimentos__variants") }} as variants on united.arm_id = variants.arm_id
inner join
    {{ ref("experimentos__experiments") }} as experiments
    on variants.experiment_index = experiments.experiment_index
where united.n_units > 0
