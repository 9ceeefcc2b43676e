{# A guardrail with a margin stays within it: shown at the level at which its variant was tested.
   Guardrails are corrected over variants, not over guardrails. #}
{% macro rule_noninferior() %}
    select
        experiment_id,
        variant,
        'noninferior' as rule,
        metric,
        coalesce(p_value_noninferior <= launch_level, false) as fired,
        p_value_noninferior as observed,
        launch_level as threshold,
        p_value_noninferior as tested,
        launch_level as tested_at,
        metric || case
            when p_value_noninferior <= launch_level
            then ' stays within its margin'
            when is_too_skewed
            then {{ experimentos.too_skewed_text() }}
            else ': not shown to stay within its margin'
        end as message
    from effects
    where role = 'guardrail' and margin is not null
{% endmacro %}
