{# Rule 1. Health is blocked: Hold. A check of the experiment, of the variant or of control; once per
   check: a split that is wrong among the units assigned is so among those analysed. #}
{% macro rule_health_blocked() %}
    select
        treatments.experiment_id,
        treatments.variant,
        'health_blocked' as rule,
        coalesce(health.metric, 'all') as metric,
        health.check_name is not null as fired,
        min(coalesce(health.p_value, health.observed)) as observed,
        min(health.threshold) as threshold,
        coalesce(
            health.check_name || ': ' || max(health.message), 'no check of health is blocked'
        ) as message
    from treatments
    left join
        {{ ref("experimentos__health") }} as health
        on treatments.experiment_id = health.experiment_id
        and health.variant in ('all', treatments.variant, treatments.control)
        and health.status = 'blocked'
    group by
        treatments.experiment_id,
        treatments.variant,
        health.metric,
        health.check_name,
        health.variant
{% endmacro %}
