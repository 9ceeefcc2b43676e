{# The plan (error rate, success, margins, goal, window, cap, spending, split) was changed after the first
   look: Hold, unless an override with a reason stands in the definition. #}
{% macro rule_plan_changed() %}
    {%- set double = experimentos.type_double() %}
    select
        experiment_id,
        variant,
        'plan_changed' as rule,
        'all' as metric,
        is_changed and plan_override is null as fired,
        cast(null as {{ double }}) as observed,
        cast(null as {{ double }}) as threshold,
        case
            when first_date is null
            then 'no look has been taken that a plan has to be kept for'
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
    from
        (
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
            left join
                {{ ref("experimentos__past_looks") }} as past
                on treatments.experiment_id = past.experiment_id
            group by treatments.experiment_id, treatments.variant, plans.plan_override
        ) as plans
{% endmacro %}

{# Dates may change: what was spent stays spent. It is told, and decides nothing. #}
{% macro rule_dates_changed() %}
    {%- set double = experimentos.type_double() %}
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
{% endmacro %}
