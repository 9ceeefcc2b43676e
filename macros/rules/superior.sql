{# A success metric is better than control: its one-sided p-value, corrected over success metrics and
   variants, is at most half of alpha. #}
{% macro rule_superior() %}
    select
        experiment_id,
        variant,
        'superior' as rule,
        metric,
        coalesce(p_value_corrected <= alpha_side, false) as fired,
        p_value_corrected as observed,
        alpha_side as threshold,
        p_value as tested,
        test_level as tested_at,
        metric || case
            when p_value_corrected <= alpha_side
            then ' is better than control'
            when is_too_skewed
            then {{ experimentos.too_skewed_text() }}
            else ': better than control is not shown'
        end as message
    from effects
    where role = 'success'
{% endmacro %}
