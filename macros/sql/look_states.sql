{# Looks that were taken: one row per experiment and look. #}
{% macro look_past() %}
    select
        experiment_id,
        look,
        max(look_date) as look_date,
        max(seen_at) as seen_at,
        min(case when is_final then 1 else 0 end) = 1 as is_final
    from {{ ref("experimentos__past_looks") }}
    group by experiment_id, look
{% endmacro %}

{# Every experiment with its latest look. #}
{% macro look_taken() %}
    select
        experiments.*,
        latest.look as latest_look,
        latest.look_date as latest_date,
        latest.seen_at as latest_seen_at,
        coalesce(latest.is_final, false) as is_finished
    from experiments
    left join
        (
            select *, row_number() over (partition by experiment_id order by look desc) as place
            from past
        ) as latest
        on experiments.experiment_id = latest.experiment_id
        and latest.place = 1
{% endmacro %}

{# The look of these data, or the final one from its time on. #}
{% macro look_shown() %}
    select taken.experiment_index, max(past.look) as look
    from taken
    inner join past on taken.experiment_id = past.experiment_id
    where past.seen_at = taken.data_as_of or (past.is_final and past.look_date <= taken.data_as_of)
    group by taken.experiment_index
{% endmacro %}

{# The look that these data are due for. Only the latest: what was skipped is not looked at, and its
   error rate is spent later. #}
{% macro look_due() %}
    select taken.experiment_index, max(schedule.look_at) as look_at
    from taken
    inner join schedule on taken.experiment_index = schedule.experiment_index
    where
        schedule.look_at <= taken.data_as_of
        and not taken.is_finished
        and (
            taken.latest_look is null
            or (schedule.look_at > taken.latest_date and taken.data_as_of > taken.latest_seen_at)
        )
    group by taken.experiment_index
{% endmacro %}

{# The next look: its date, or the share of the planned size that it waits for. #}
{% macro look_upcoming() %}
    select
        taken.experiment_index,
        min(schedule.look_at) as next_look_at,
        min(case when schedule.look_at is null then schedule.unit_share end) as next_unit_share
    from taken
    inner join schedule on taken.experiment_index = schedule.experiment_index
    where
        not taken.is_finished
        and (
            schedule.look_at is null
            or (
                schedule.look_at > coalesce(taken.data_as_of, taken.starts_at)
                and (taken.latest_date is null or schedule.look_at > taken.latest_date)
            )
        )
    group by taken.experiment_index
{% endmacro %}
