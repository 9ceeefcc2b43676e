-- One row per experiment with planned looks: the look that this build takes or shows again, if
-- any, and the next one. A fixed design has one, at its end.
-- depends_on: {{ ref("experimentos__look_schedule") }}, {{ ref("experimentos__past_looks") }}
{%- set parts = [
    ["experiments", experimentos.look_experiments()],
    ["past", experimentos.look_past()],
    ["taken", experimentos.look_taken()],
    ["shown", experimentos.look_shown()],
    ["due", experimentos.look_due()],
    ["upcoming", experimentos.look_upcoming()],
] %}

with

    schedule as (select * from {{ ref("experimentos__look_schedule") }}),

    {% for name, sql in parts %} {{ name }} as ({{ sql }}){{ "," if not loop.last }} {% endfor %}

select
    taken.experiment_id,
    taken.experiment_index,
    case
        when shown.look is not null
        then shown.look
        when due.look_at is not null
        then coalesce(taken.latest_look, 0) + 1
    end as look,
    case when shown.look is not null then past.look_date else due.look_at end as look_at,
    case when shown.look is not null then null else schedule.time_fraction end as time_fraction,
    case
        when shown.look is not null then past.is_final else coalesce(schedule.is_last, false)
    end as is_last_look,
    shown.look is not null as is_recorded,
    upcoming.next_look_at,
    upcoming.next_unit_share
from taken
left join shown on taken.experiment_index = shown.experiment_index
left join past on taken.experiment_id = past.experiment_id and shown.look = past.look
left join due on taken.experiment_index = due.experiment_index
left join
    (
        select
            experiment_index,
            look_at,
            max(time_fraction) as time_fraction,
            max(case when is_last then 1 else 0 end) = 1 as is_last
        from schedule
        group by experiment_index, look_at
    ) as schedule
    on due.experiment_index = schedule.experiment_index
    and due.look_at = schedule.look_at
left join upcoming on taken.experiment_index = upcoming.experiment_index
where
    taken.design = 'group_sequential'
    or (
        taken.design = 'fixed'
        and (
            taken.latest_look is not null
            or taken.experiment_index in (select experiment_index from schedule)
        )
    )
