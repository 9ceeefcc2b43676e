-- One row per experiment: the look that this build takes or shows again, if any, and the next one.
-- depends_on: {{ ref("experimentos__readout_counts") }}, {{ ref("stg_experimentos__readouts") }}
-- depends_on: {{ ref("stg_experimentos__pairs") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("stg_experimentos__variants") }}
{%- set definitions = experimentos.definitions() %}
{%- set double = experimentos.type_double() %}
{%- set by_units = namespace(any=false) %}
{%- for experiment in definitions.experiments %}
    {%- if experiment.design == "group_sequential" and experiment.planned_n %}
        {%- set by_units.any = true %}
    {%- endif %}
{%- endfor %}
with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    {%- if by_units.any %}

        -- Units whose windows are closed, for every hypothesis that decides.
        counts as (

            select
                counts.experiment_index,
                counts.as_of_day,
                pairs.pair_id,
                counts.variant,
                max(counts.n_units) as n_units
            from {{ ref("experimentos__readout_counts") }} as counts
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs
                on counts.experiment_index = pairs.experiment_index
                and {{ experimentos.same_span("pairs", "counts") }}
                and pairs.is_aged = counts.is_aged
            left join
                (
                    select distinct experiment_index, population
                    from {{ ref("stg_experimentos__arms") }}
                    where population = 'activated'
                ) as activated
                on counts.experiment_index = activated.experiment_index
            where
                counts.basis = 'mature'
                and counts.segment = 'all'
                and pairs.role != 'explore'
                and counts.population = coalesce(activated.population, 'assigned')
            group by counts.experiment_index, counts.as_of_day, pairs.pair_id, counts.variant

        ),

        shares as (

            select
                readouts.experiment_index,
                readouts.as_of_day,
                readouts.as_of,
                min(
                    coalesce(
                        1 / (
                            1 / nullif(cast(control_counts.n_units as {{ double }}), 0)
                            + 1 / nullif(cast(counts.n_units as {{ double }}), 0)
                        )
                        * (1 / control.planned_share + 1 / nullif(variants.planned_share, 0))
                        / experiments.planned_n,
                        0
                    )
                ) as unit_share
            from {{ ref("stg_experimentos__readouts") }} as readouts
            inner join
                experiments
                on readouts.experiment_index = experiments.experiment_index
                and experiments.design = 'group_sequential'
                and experiments.planned_n is not null
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs
                on readouts.experiment_index = pairs.experiment_index
                and pairs.role != 'explore'
            inner join
                {{ ref("stg_experimentos__variants") }} as control
                on readouts.experiment_index = control.experiment_index
                and control.is_control
            inner join
                {{ ref("stg_experimentos__variants") }} as variants
                on readouts.experiment_index = variants.experiment_index
                and not variants.is_control
            left join
                counts as control_counts
                on pairs.pair_id = control_counts.pair_id
                and readouts.as_of_day = control_counts.as_of_day
                and control.variant = control_counts.variant
            left join
                counts
                on pairs.pair_id = counts.pair_id
                and readouts.as_of_day = counts.as_of_day
                and variants.variant = counts.variant
            where readouts.as_of is not null
            group by readouts.experiment_index, readouts.as_of_day, readouts.as_of

        ),
    {%- endif %}

    -- When each look is due; null: not yet known.
    schedule as (

        select
            looks.experiment_index,
            looks.scheduled_look,
            looks.time_fraction,
            looks.unit_share,
            looks.is_last,
            {% if by_units.any -%} least(looks.look_at, min(shares.as_of))
            {%- else -%} looks.look_at
            {%- endif %} as look_at
        from {{ ref("stg_experimentos__looks") }} as looks
        {%- if by_units.any %}
            left join
                shares
                on looks.experiment_index = shares.experiment_index
                and looks.unit_share <= shares.unit_share
            group by
                looks.experiment_index,
                looks.scheduled_look,
                looks.time_fraction,
                looks.unit_share,
                looks.is_last,
                looks.look_at
        {%- endif %}

    ),

    past as (

        select
            experiment_id,
            look,
            max(look_date) as look_date,
            max(seen_at) as seen_at,
            min(case when is_final then 1 else 0 end) = 1 as is_final
        from {{ ref("experimentos__past_looks") }}
        group by experiment_id, look

    ),

    taken as (

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

    ),

    -- The look of these data, or the final one from its time on.
    shown as (

        select taken.experiment_index, max(past.look) as look
        from taken
        inner join past on taken.experiment_id = past.experiment_id
        where
            past.seen_at = taken.data_as_of
            or (past.is_final and past.look_date <= taken.data_as_of)
        group by taken.experiment_index

    ),

    -- Only the latest: what was skipped is not looked at, and its error rate is spent later.
    due as (

        select taken.experiment_index, max(schedule.look_at) as look_at
        from taken
        inner join schedule on taken.experiment_index = schedule.experiment_index
        where
            schedule.look_at <= taken.data_as_of
            and not taken.is_finished
            and (
                taken.latest_look is null
                or (
                    schedule.look_at > taken.latest_date and taken.data_as_of > taken.latest_seen_at
                )
            )
        group by taken.experiment_index

    ),

    upcoming as (

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

    )

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
where taken.design = 'group_sequential'
