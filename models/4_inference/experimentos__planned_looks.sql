-- One row per group sequential experiment and look that is still to come, as planned now.
-- depends_on: {{ ref("experimentos__past_looks") }}
with

    experiments as ({{ experimentos.look_experiments() }}),

    past as ({{ experimentos.look_past() }}),

    -- The look that this build takes or shows is taken, and so are those before it.
    taken as (

        select
            experiments.experiment_index,
            experiments.experiment_id,
            experiments.data_as_of,
            coalesce(current_looks.look, latest.look, 0) as look,
            coalesce(current_looks.look_at, latest.look_date) as look_at,
            coalesce(current_looks.is_last_look, false)
            or coalesce(latest.is_final, false) as is_finished
        from {{ ref("experimentos__experiments") }} as experiments
        left join
            {{ ref("experimentos__current_looks") }} as current_looks
            on experiments.experiment_index = current_looks.experiment_index
        left join
            (
                select *, row_number() over (partition by experiment_id order by look desc) as place
                from past
            ) as latest
            on experiments.experiment_id = latest.experiment_id
            and latest.place = 1
        where experiments.design = 'group_sequential'

    ),

    -- How far the schedule was at the latest look.
    reached as (

        select taken.experiment_index, max(schedule.time_fraction) as time_fraction
        from taken
        inner join
            {{ ref("experimentos__look_schedule") }} as schedule
            on taken.experiment_index = schedule.experiment_index
            and schedule.look_at <= taken.look_at
        group by taken.experiment_index

    )

select
    taken.experiment_id,
    cast(
        taken.look + row_number() over (
            partition by taken.experiment_id order by schedule.scheduled_look
        ) as integer
    ) as look,
    cast(schedule.look_at as date) as planned_date,
    schedule.time_fraction as planned_fraction,
    reached.time_fraction as reached_fraction,
    schedule.is_last
from taken
inner join
    {{ ref("experimentos__look_schedule") }} as schedule
    on taken.experiment_index = schedule.experiment_index
left join reached on taken.experiment_index = reached.experiment_index
where
    not taken.is_finished
    and (
        schedule.look_at is null
        or schedule.look_at
        > coalesce(taken.look_at, taken.data_as_of, cast('0001-01-01' as timestamp))
        and schedule.look_at
        > coalesce(taken.data_as_of, taken.look_at, cast('0001-01-01' as timestamp))
    )
