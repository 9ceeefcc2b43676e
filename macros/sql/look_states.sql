{# Experiments, and up to when their data are known: facts without times are complete as given. #}
{% macro look_experiments() %}
    select
        experiments.*,
        plans.plan_override,
        coalesce(
            experiments.data_as_of, case when not experiments.is_dated then experiments.as_of end
        ) as known_until
    from {{ ref("experimentos__experiments") }} as experiments
    inner join
        {{ ref("stg_experimentos__experiments") }} as plans
        on experiments.experiment_index = plans.experiment_index
{% endmacro %}

{# Looks that were taken: one row per experiment and look. A fixed design has one, which a new override
   takes again: the older one is replaced, and stays written. #}
{% macro look_past() %}
    select
        past.experiment_id,
        past.look,
        max(past.look_date) as look_date,
        max(past.seen_at) as seen_at,
        min(case when past.is_final then 1 else 0 end) = 1 as is_final,
        min(
            case
                when
                    experiments.design = 'fixed'
                    and experiments.plan_override is not null
                    and past.plan_override is distinct from experiments.plan_override
                then 1
                else 0
            end
        )
        = 1 as is_replaced
    from {{ ref("experimentos__past_looks") }} as past
    inner join experiments on past.experiment_id = experiments.experiment_id
    group by past.experiment_id, past.look
{% endmacro %}

{# Every experiment with its latest look. #}
{% macro look_taken() %}
    select
        experiments.*,
        latest.look as latest_look,
        latest.look_date as latest_date,
        latest.seen_at as latest_seen_at,
        coalesce(latest.is_replaced, false) as is_replaced,
        coalesce(latest.is_final and not latest.is_replaced, false) as is_finished
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
    where
        not past.is_replaced
        and (
            past.seen_at = taken.known_until
            or (past.is_final and past.look_date <= taken.known_until)
        )
    group by taken.experiment_index
{% endmacro %}

{# The look that these data are due for. Only the latest: what was skipped is not looked at, and its
   error rate is spent later. #}
{% macro look_due() %}
    select taken.experiment_index, max(schedule.look_at) as look_at
    from taken
    inner join schedule on taken.experiment_index = schedule.experiment_index
    where
        schedule.look_at <= taken.known_until
        and not taken.is_finished
        and (
            taken.latest_look is null
            or taken.is_replaced
            or (schedule.look_at > taken.latest_date and taken.known_until > taken.latest_seen_at)
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
                schedule.look_at > coalesce(taken.known_until, taken.starts_at)
                and (
                    taken.latest_date is null
                    or taken.is_replaced
                    or schedule.look_at > taken.latest_date
                )
            )
        )
    group by taken.experiment_index
{% endmacro %}
