{# Rule 2. Harmed: Rollback. One family over all variants, of every success metric and guardrail (not
   worse than control; with a margin, than the margin), Holm at the error rate of harm. No look is needed:
   an always-valid test is read in every build. #}
{% macro rule_harmed() %}
    select
        experiment_id,
        variant,
        'harmed' as rule,
        metric,
        coalesce(p_value_harm_corrected <= alpha_harm, false) as fired,
        p_value_harm_corrected as observed,
        alpha_harm as threshold,
        p_value_harm as tested,
        harm_level as tested_at,
        metric || case
            when p_value_harm_corrected <= alpha_harm and margin is not null
            then ' is worse than its margin allows'
            when p_value_harm_corrected <= alpha_harm
            then ' is worse than control'
            when is_too_skewed
            then {{ experimentos.too_skewed_text() }}
            when p_value_harm_corrected is null
            then ': harm is not shown, because nothing could be computed'
            else ': harm is not shown'
        end as message
    from effects
{% endmacro %}
