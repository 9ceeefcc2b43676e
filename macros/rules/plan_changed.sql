{# The plan (error rate, success, margins, goal, window, cap, spending, split) was changed after the first
   look: Hold, unless an override with a reason stands in the definition. #}
{% macro rule_plan_changed() %}
    {%- set double = experimentos.type_double() %}
    select
        treatments.experiment_id,
        treatments.variant,
        'plan_changed' as rule,
        'all' as metric,
        coalesce(plans.is_changed and plans.plan_override is null, false) as fired,
        cast(null as {{ double }}) as observed,
        cast(null as {{ double }}) as threshold,
        case
            when plans.first_look_on is null
            then 'no look has been taken that a plan has to be kept for'
            when not plans.is_changed
            then 'the plan is that of the first look'
            else
                'plan changed after data were seen (first look: '
                || {{ experimentos.as_text("plans.first_look_on") }}
                || ')'
                || coalesce(
                    '; allowed because: ' || plans.plan_override,
                    ': undo it, or say why in `monitoring.override`'
                )
        end as message
    from treatments
    left join
        {{ ref("experimentos__plan_changes") }} as plans
        on treatments.experiment_id = plans.experiment_id
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
        cast(plans.n_moved_looks as {{ double }}) as observed,
        cast(0 as {{ double }}) as threshold,
        {{ experimentos.dates_changed_text("plans") }} as message
    from treatments
    inner join
        {{ ref("experimentos__plan_changes") }} as plans
        on treatments.experiment_id = plans.experiment_id
    where plans.n_moved_looks > 0 or plans.date_edits is not null
{% endmacro %}

{% macro dates_changed_text(plans) %}
    case
        when {{ plans }}.n_moved_looks > 0
        then
            {{ experimentos.as_text(plans ~ ".n_moved_looks") }}
            || ' look(s) were taken on dates that are no longer planned; '
        else ''
    end
    || coalesce('edited after a look: ' || {{ plans }}.date_edits || '; ', '')
    || 'what looks spent stays spent'
{% endmacro %}
