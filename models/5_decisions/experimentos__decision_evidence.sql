-- One row per variant, rule and metric: what a rule looked at, and whether it fired. The policy
-- of variant_decisions reads only this.
{%- set double = experimentos.type_double() %}
{%- set text = dbt.type_string() %}

{%- set histories = experimentos.memories("experimentos__history") if execute else [] %}
{%- set weekend = experimentos.add_seconds("experiments.starts_at", 604800) %}

with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    treatments as (

        select
            experiments.experiment_id,
            experiments.control,
            experiments.design,
            experiments.is_final,
            experiments.decides_at,
            experiments.data_as_of,
            {{ weekend }} as week_ends_at,
            looks.look,
            looks.next_look_at,
            looks.next_unit_share,
            -- Whether Launch may be spoken of in this build.
            case
                experiments.design
                when 'fixed'
                then experiments.is_final
                when 'group_sequential'
                then looks.look is not null
                else coalesce(experiments.data_as_of >= {{ weekend }}, false)
            end as is_open,
            variants.variant,
            experiments.alpha / 2 as alpha_side
        from experiments
        left join
            {{ ref("experimentos__current_looks") }} as looks
            on experiments.experiment_index = looks.experiment_index
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on experiments.experiment_index = variants.experiment_index
        where not variants.is_control

    ),

    effects as (

        select
            effects.*,
            treatments.alpha_side,
            coalesce((1 - effects.level) / 2, treatments.alpha_side) as arm_side,
            metrics.position,
            metrics.mde,
            metrics.mde_kind
        from {{ experimentos.inferred("effects") }} as effects
        inner join
            treatments
            on effects.experiment_id = treatments.experiment_id
            and effects.variant = treatments.variant
        inner join
            {{ ref("experimentos__experiment_metrics") }} as metrics
            on effects.experiment_id = metrics.experiment_id
            and effects.metric = metrics.metric
        where effects.used_for_decision and effects.role != 'explore'

    ),

    -- Once per check: a split that is wrong among the units assigned is so among those analysed.
    health_blocked as (

        select
            treatments.experiment_id,
            treatments.variant,
            'health_blocked' as rule,
            health.metric,
            true as fired,
            min(coalesce(health.p_value, health.observed)) as observed,
            min(health.threshold) as threshold,
            health.check_name || ': ' || max(health.message) as message
        from treatments
        inner join
            {{ ref("experimentos__health") }} as health
            on treatments.experiment_id = health.experiment_id
            and health.variant in ('all', treatments.variant, treatments.control)
        where health.status = 'blocked'
        group by
            treatments.experiment_id,
            treatments.variant,
            health.metric,
            health.check_name,
            health.variant

    ),

    plans as (

        select
            treatments.experiment_id,
            treatments.variant,
            plans.plan_override,
            min(past.data_date) as first_date,
            max(case when past.plan_hash != plans.plan_hash then 1 else 0 end) = 1 as is_changed
        from treatments
        inner join
            {{ ref("stg_experimentos__experiments") }} as plans
            on treatments.experiment_id = plans.experiment_id
        inner join
            {{ ref("experimentos__past_looks") }} as past
            on treatments.experiment_id = past.experiment_id
        where treatments.design != 'fixed'
        group by treatments.experiment_id, treatments.variant, plans.plan_override

    ),

    plan_changed as (

        select
            experiment_id,
            variant,
            'plan_changed' as rule,
            'all' as metric,
            is_changed and plan_override is null as fired,
            cast(null as {{ double }}) as observed,
            cast(null as {{ double }}) as threshold,
            case
                when not is_changed
                then 'the plan is that of the first look'
                else
                    'plan changed after data were seen (first look: '
                    || {{ experimentos.as_text("first_date") }}
                    || ')'
                    || coalesce(
                        '; allowed because: ' || plan_override,
                        ': undo it, or say why in `monitoring.override`'
                    )
            end as message
        from plans

    ),

    -- Dates may change: what was spent stays spent. It is told, and decides nothing.
    dates_changed as (

        select
            treatments.experiment_id,
            treatments.variant,
            'dates_changed' as rule,
            'all' as metric,
            true as fired,
            cast(count(distinct past.look_date) as {{ double }}) as observed,
            cast(0 as {{ double }}) as threshold,
            'dates of looks were changed after looks had been taken; the error rate that those spent '
            || 'stays spent' as message
        from treatments
        inner join
            {{ ref("experimentos__past_looks") }} as past
            on treatments.experiment_id = past.experiment_id
        where
            treatments.design = 'group_sequential'
            and not exists (
                select 1
                from {{ ref("stg_experimentos__looks") }} as looks
                where
                    looks.experiment_id = past.experiment_id
                    and (looks.look_at = past.look_date or looks.unit_share is not null)
            )
        group by treatments.experiment_id, treatments.variant

    ),

    harmed as (

        select
            experiment_id,
            variant,
            'harmed' as rule,
            metric,
            coalesce(p_value_harm_corrected <= alpha_side, false) as fired,
            p_value_harm_corrected as observed,
            alpha_side as threshold,
            metric || case
                when p_value_harm_corrected <= alpha_side and margin is not null
                then ' is worse than its margin allows'
                when p_value_harm_corrected <= alpha_side
                then ' is worse than control'
                when p_value_harm_corrected is null
                then ': harm is not shown, because nothing could be computed'
                else ': harm is not shown'
            end as message
        from effects

    ),

    {%- if histories %}

        -- What was decided at the last look. History is written after this, so it is not a ref.
        launched as (

            select past.experiment_id, history.variant, max(past.look_date) as look_date
            from {{ histories[0] }} as history
            inner join
                (
                    select experiment_id, look_date, max(seen_at) as seen_at, max(look) as look
                    from {{ ref("experimentos__past_looks") }}
                    group by experiment_id, look_date
                ) as past
                on history.experiment_id = past.experiment_id
                and history.data_as_of = past.seen_at
            inner join
                (
                    select experiment_id, max(look) as look
                    from {{ ref("experimentos__past_looks") }}
                    group by experiment_id
                ) as latest
                on past.experiment_id = latest.experiment_id
                and past.look = latest.look
            where history.verdict = 'launch'
            group by past.experiment_id, history.variant

        ),
    {%- endif %}

    awaited as (

        select
            *,
            case
                when next_unit_share is not null
                then
                    'the next look is due when '
                    || {{ experimentos.as_text("cast(round(100 * next_unit_share) as integer)") }}
                    || ' % of the planned units are there'
                    || coalesce(
                        ', on data until '
                        || {{ experimentos.minute_text("next_look_at") }}
                        || ' at the latest',
                        ''
                    )
                when next_look_at is not null
                then
                    'the next look is due on data until '
                    || {{ experimentos.minute_text("next_look_at") }}
                else 'no further look is planned'
            end as next_look
        from treatments

    ),

    no_look_due as (

        select
            awaited.experiment_id,
            awaited.variant,
            'no_look_due' as rule,
            'all' as metric,
            not awaited.is_open as fired,
            cast(null as {{ double }}) as observed,
            cast(null as {{ double }}) as threshold,
            case
                when awaited.design = 'group_sequential' and awaited.is_open
                then 'look ' || {{ experimentos.as_text("awaited.look") }} || ' is taken or shown'
                when awaited.design = 'group_sequential'
                then
                    'no look is due; ' || awaited.next_look
                    {%- if histories %}
                        || coalesce(
                            '; the last one, on data until '
                            || {{ experimentos.minute_text("launched.look_date") }}
                            || ', would have launched it',
                            ''
                        )
                    {%- endif %}
                when awaited.design = 'always_valid' and awaited.is_open
                then 'seven full days are over'
                when awaited.design = 'always_valid'
                then
                    'a launch is not decided before seven full days: on data until '
                    || {{ experimentos.minute_text("awaited.week_ends_at") }}
                when awaited.is_final
                then 'the planned end is reached'
                when awaited.decides_at is null
                then 'no end is planned: a fixed design decides at its end, so set `end`'
                else
                    'the planned end is not reached; the look is due when data are complete until '
                    || {{ experimentos.minute_text("awaited.decides_at") }}
            end as message
        from awaited
        {%- if histories %}
            left join
                launched
                on awaited.experiment_id = launched.experiment_id
                and awaited.variant = launched.variant
        {%- endif %}

    ),

    superior as (

        select
            experiment_id,
            variant,
            'superior' as rule,
            metric,
            coalesce(p_value_corrected <= alpha_side, false) as fired,
            p_value_corrected as observed,
            alpha_side as threshold,
            metric || case
                when p_value_corrected <= alpha_side
                then ' is better than control'
                else ': better than control is not shown'
            end as message
        from effects
        where role = 'success'

    ),

    -- At the level its arm was tested at: guardrails are corrected over arms, not over guardrails.
    noninferior as (

        select
            experiment_id,
            variant,
            'noninferior' as rule,
            metric,
            coalesce(p_value_noninferior <= arm_side, false) as fired,
            p_value_noninferior as observed,
            arm_side as threshold,
            metric || case
                when p_value_noninferior <= arm_side
                then ' stays within its margin'
                else ': not shown to stay within its margin'
            end as message
        from effects
        where role = 'guardrail' and margin is not null

    ),

    worse as (

        select
            experiment_id,
            variant,
            'worse' as rule,
            metric,
            coalesce(p_value_worse <= alpha_side, false) as fired,
            p_value_worse as observed,
            alpha_side as threshold,
            metric || case
                when p_value_worse <= alpha_side
                then ' is worse than control'
                else ': not shown worse than control'
            end as message
        from effects
        where role = 'guardrail'

    ),

    -- One number per arm: union-intersection over success metrics inside intersection-union over
    -- margins.
    arms as (

        select
            treatments.experiment_id,
            treatments.variant,
            treatments.design,
            treatments.is_open,
            treatments.alpha_side,
            -- Nothing follows: of hypotheses with looks of their own, all had their last.
            case
                when treatments.design = 'group_sequential'
                then
                    treatments.is_open
                    and coalesce(min(case when effects.is_final then 1 else 0 end) = 1, false)
                else treatments.is_open and treatments.is_final
            end as is_finished,
            sum(
                case
                    when effects.role = 'success' and effects.statistic <= effects.futility_boundary
                    then 0
                    when effects.role = 'success'
                    then 1
                end
            ) as n_hopeful,
            max(effects.p_launch) as p_launch,
            max(effects.p_launch_corrected) as p_launch_corrected,
            max(effects.p_value_harm_corrected) as p_harm
        from treatments
        left join
            effects
            on treatments.experiment_id = effects.experiment_id
            and treatments.variant = effects.variant
        group by
            treatments.experiment_id,
            treatments.variant,
            treatments.design,
            treatments.is_open,
            treatments.is_final,
            treatments.alpha_side

    ),

    standing as (

        select
            arms.*,
            coalesce(superior.n_fired, 0) > 0 as is_superior,
            coalesce(noninferior.n_open, 0) as n_unsettled,
            coalesce(worse.n_fired, 0) as n_worse
        from arms
        left join
            (
                select experiment_id, variant, sum(case when fired then 1 else 0 end) as n_fired
                from superior
                group by experiment_id, variant
            ) as superior
            on arms.experiment_id = superior.experiment_id
            and arms.variant = superior.variant
        left join
            (
                select experiment_id, variant, sum(case when fired then 0 else 1 end) as n_open
                from noninferior
                group by experiment_id, variant
            ) as noninferior
            on arms.experiment_id = noninferior.experiment_id
            and arms.variant = noninferior.variant
        left join
            (
                select experiment_id, variant, sum(case when fired then 1 else 0 end) as n_fired
                from worse
                group by experiment_id, variant
            ) as worse
            on arms.experiment_id = worse.experiment_id
            and arms.variant = worse.variant

    ),

    launchable as (

        select
            experiment_id,
            variant,
            'launchable' as rule,
            'all' as metric,
            is_open
            and is_superior
            and n_worse = 0
            and coalesce(p_launch_corrected <= alpha_side, false) as fired,
            p_launch_corrected as observed,
            alpha_side as threshold,
            case
                when p_launch_corrected <= alpha_side and is_superior and n_worse = 0
                then 'better on a success metric, within every margin, and no guardrail shown worse'
                when p_launch_corrected <= alpha_side and is_superior
                then
                    'better on a success metric and within every margin, but a guardrail is shown worse'
                else 'better on a success metric and within every margin is not shown'
            end as message
        from standing

    ),

    guardrail_unsettled as (

        select
            experiment_id,
            variant,
            'guardrail_unsettled' as rule,
            'all' as metric,
            -- Also where every guardrail passes alone, but not all arms' guardrails together.
            is_open
            and is_superior
            and (n_worse > 0 or not coalesce(p_launch_corrected <= alpha_side, false)) as fired,
            cast(n_unsettled + n_worse as {{ double }}) as observed,
            cast(0 as {{ double }}) as threshold,
            'guardrails not shown within their margin, or shown worse' as message
        from standing

    ),

    -- What the experiment could have found, where it found nothing.
    inconclusive as (

        select
            standing.experiment_id,
            standing.variant,
            'inconclusive' as rule,
            effects.metric,
            false as fired,
            effects.mde_reached as observed,
            effects.mde_planned as threshold,
            effects.metric || coalesce(
                ' by '
                ||
                {{
                    experimentos.as_text(
                        "round(cast(case when effects.mde_reached < 1e6 then 100 * effects.mde_reached end as numeric(18, 6)), 1)"
                    )
                }}
                || ' %',
                ': not known'
            ) as message
        from standing
        inner join
            effects
            on standing.experiment_id = effects.experiment_id
            and standing.variant = effects.variant
        where effects.role = 'success' and standing.is_finished

    ),

    looks_remain as (

        select
            standing.experiment_id,
            standing.variant,
            'looks_remain' as rule,
            'all' as metric,
            standing.is_open and not standing.is_finished as fired,
            cast(
                case
                    when standing.is_open and not standing.is_finished then 1 else 0
                end as {{ double }}
            ) as observed,
            cast(0 as {{ double }}) as threshold,
            case
                when standing.design = 'fixed'
                then 'a fixed design has one look'
                when standing.is_finished
                then 'this is the last look'
                when standing.design = 'always_valid'
                then 'no verdict yet; keep running: every build looks again'
                else 'no verdict at this look; keep running: ' || awaited.next_look
            end || case
                when standing.n_hopeful = 0 and not standing.is_finished
                then
                    '; the futility boundary is crossed on every success metric: stopping costs no '
                    || 'error, and a launch has become unlikely'
                else ''
            end as message
        from standing
        inner join
            awaited
            on standing.experiment_id = awaited.experiment_id
            and standing.variant = awaited.variant

    ),

    benefits as (

        select
            experiment_id,
            variant,
            metric,
            mde,
            case
                when mde_kind = 'relative' and goal = 'increase'
                then lift_upper
                when mde_kind = 'relative'
                then - lift_lower
                when goal = 'increase'
                then upper
                else - lower
            end as benefit_bound
        from effects
        where role = 'success'

    ),

    ruled_out as (

        select
            standing.experiment_id,
            standing.variant,
            'ruled_out' as rule,
            'all' as metric,
            standing.is_finished
            and coalesce(
                sum(case when benefits.benefit_bound < benefits.mde then 0 else 1 end) = 0, false
            ) as fired,
            max(benefits.benefit_bound) as observed,
            max(benefits.mde) as threshold,
            'an effect of the planned size on every success metric is ruled out' as message
        from standing
        inner join
            benefits
            on standing.experiment_id = benefits.experiment_id
            and standing.variant = benefits.variant
        group by standing.experiment_id, standing.variant, standing.is_finished

    ),

    united as (

        {% for rule in [
            "health_blocked",
            "plan_changed",
            "dates_changed",
            "harmed",
            "no_look_due",
            "launchable",
            "guardrail_unsettled",
            "looks_remain",
            "ruled_out",
            "inconclusive",
            "superior",
            "noninferior",
            "worse",
        ] %}
            {{ "union all" if not loop.first }}
            select experiment_id, variant, rule, metric, fired, observed, threshold, message
            from {{ rule }}
        {%- endfor %}

    )

select
    experiment_id,
    variant,
    cast(rule as {{ text }}) as rule,
    cast(metric as {{ text }}) as metric,
    bool_or(fired) as fired,
    min(cast(observed as {{ double }})) as observed,
    min(cast(threshold as {{ double }})) as threshold,
    -- How far a p-value is from its threshold, as a natural logarithm: 0 or less has fired.
    min(
        case
            when
                rule in ('harmed', 'launchable', 'superior', 'noninferior', 'worse')
                and observed is not null
            then ln(greatest(observed, 1e-300) / threshold)
        end
    ) as distance,
    cast({{ experimentos.text_list("message") }} as {{ text }}) as message
from united
group by experiment_id, variant, rule, metric
