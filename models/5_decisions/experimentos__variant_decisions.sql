-- One row per treatment variant: launch, hold or rollback, by the first rule that fires.
{%- set text = dbt.type_string() %}

with

    evidence as (select * from {{ ref("experimentos__decision_evidence") }}),

    fired_rules as (

        select
            experiment_id,
            variant,
            max(case when rule = 'health_blocked' and fired then 1 else 0 end) as is_blocked,
            max(case when rule = 'plan_changed' and fired then 1 else 0 end) as is_changed,
            max(case when rule = 'harmed' and fired then 1 else 0 end) as is_harmed,
            max(case when rule = 'no_look_due' and fired then 1 else 0 end) as is_early,
            max(case when rule = 'launchable' and fired then 1 else 0 end) as is_launchable,
            max(case when rule = 'guardrail_unsettled' and fired then 1 else 0 end) as is_unsettled,
            max(case when rule = 'looks_remain' and fired then 1 else 0 end) as has_looks,
            max(case when rule = 'ruled_out' and fired then 1 else 0 end) as is_ruled_out,
            min(case when rule = 'launchable' then observed end) as p_launch,
            min(case when rule = 'harmed' then observed end) as p_harm,
            min(case when rule = 'no_look_due' then message end) as look_message,
            min(case when rule = 'looks_remain' then message end) as remain_message,
            min(case when rule = 'plan_changed' then message end) as plan_message,
            {{
                experimentos.text_list(
                    "case when rule = 'health_blocked' and fired then message end"
                )
            }} as blocks,
            {{ experimentos.text_list("case when rule = 'harmed' and fired then message end") }}
            as harms,
            {{ experimentos.text_list("case when rule = 'superior' and fired then metric end") }}
            as winners,
            {{
                experimentos.text_list(
                    "case when (rule = 'noninferior' and not fired) or (rule = 'worse' and fired) then message end"
                )
            }}
            as unsettled,
            {{ experimentos.text_list("case when rule = 'inconclusive' then message end") }}
            as findable
        from evidence
        group by experiment_id, variant

    ),

    ruled as (

        select
            *,
            case
                when is_blocked = 1
                then 'health_blocked'
                when is_changed = 1
                then 'plan_changed'
                when is_harmed = 1
                then 'harmed'
                when is_early = 1
                then 'no_look_due'
                when is_launchable = 1
                then 'launchable'
                when is_unsettled = 1
                then 'guardrail_unsettled'
                when has_looks = 1
                then 'looks_remain'
                when is_ruled_out = 1
                then 'ruled_out'
                else 'inconclusive'
            end as rule
        from fired_rules

    ),

    -- Of the rules that would change the verdict, the one that came closest to firing.
    nearest as (

        select
            experiment_id,
            variant,
            rule,
            row_number() over (partition by experiment_id, variant order by distance, rule) as place
        from evidence
        where rule in ('harmed', 'launchable') and not fired and distance > 0

    )

select
    ruled.experiment_id,
    ruled.variant,
    cast(
        case
            ruled.rule when 'harmed' then 'rollback' when 'launchable' then 'launch' else 'hold'
        end as {{ text }}
    ) as verdict,
    cast(ruled.rule as {{ text }}) as rule,
    ruled.p_launch,
    ruled.p_harm,
    cast(
        case
            ruled.rule
            when 'health_blocked'
            then
                'the data are not fit to decide on: '
                || ruled.blocks
                || case
                    when ruled.is_harmed = 1
                    then '; unverified: consider stopping, because ' || ruled.harms
                    else ''
                end
            when 'plan_changed'
            then
                ruled.plan_message || case
                    when ruled.is_harmed = 1
                    then '; unverified: consider stopping, because ' || ruled.harms
                    else ''
                end
            when 'harmed'
            then ruled.harms
            when 'no_look_due'
            then ruled.look_message
            when 'launchable'
            then
                'better than control on ' || ruled.winners || ', and no guardrail stands against it'
            when 'guardrail_unsettled'
            then
                'better than control on '
                || ruled.winners
                || ', but '
                || coalesce(
                    ruled.unsettled,
                    'the guardrails of all variants together are not shown within their margins'
                )
            when 'looks_remain'
            then ruled.remain_message
            when 'ruled_out'
            then 'an effect of the size looked for is ruled out'
            else
                'inconclusive: neither a benefit nor its absence is shown' || coalesce(
                    '; the planned power would have found a change of ' || ruled.findable, ''
                )
        end as {{ text }}
    ) as reason,
    cast(nearest.rule as {{ text }}) as nearest_rule
from ruled
left join
    nearest
    on ruled.experiment_id = nearest.experiment_id
    and ruled.variant = nearest.variant
    and nearest.place = 1
