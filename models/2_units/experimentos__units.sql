-- One row per experiment and unit with a planned variant within the dates: its arm, its exposure,
-- and why it is left out if it is.
with

    assignments as (select * from {{ ref("stg_experimentos__assignments") }}),

    experiment_ids as (select * from {{ ref("stg_experimentos__experiment_ids") }}),

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    variants as (select * from {{ ref("stg_experimentos__variants") }}),

    planned as (

        select
            experiments.experiment_index,
            assignments.unit,
            variants.arm_id,
            case
                when assignments.is_dated then assignments.assigned_at else experiments.starts_at
            end as assigned_at,
            assignments.is_dated and assignments.assigned_at < experiments.starts_at as is_before,
            not assignments.is_dated
            or (
                assignments.assigned_at >= experiments.starts_at
                and assignments.assigned_at < coalesce(experiments.ends_at, experiments.as_of)
                and assignments.assigned_at <= experiments.as_of
            ) as is_within
        from assignments
        inner join
            experiment_ids
            on assignments.experiment_value = experiment_ids.experiment_value
            and assignments.kind = experiment_ids.kind
        inner join experiments on experiment_ids.experiment_index = experiments.experiment_index
        inner join
            variants
            on experiment_ids.experiment_index = variants.experiment_index
            and assignments.variant = variants.variant
        where assignments.unit is not null

    ),

    first_assignments as (

        select
            experiment_index,
            unit,
            min(case when is_within then assigned_at end) as exposed_at,
            min(case when is_within then arm_id end) as arm_id,
            max(case when is_within then arm_id end) as other_arm_id,
            sum(case when is_within then 1 else 0 end) as n_rows,
            max(case when is_before then 1 else 0 end) as was_before
        from planned
        group by experiment_index, unit

    )

select
    experiments.experiment_id,
    first_assignments.experiment_index,
    first_assignments.unit,
    first_assignments.arm_id,
    first_assignments.exposed_at,
    cast(first_assignments.n_rows as bigint) as n_rows,
    case
        when first_assignments.was_before = 1
        then 'assigned_before_start'
        when first_assignments.arm_id != first_assignments.other_arm_id
        then 'crossover'
    end as exclusion
from first_assignments
inner join experiments on first_assignments.experiment_index = experiments.experiment_index
where first_assignments.n_rows > 0
