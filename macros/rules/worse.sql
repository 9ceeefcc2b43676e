{# A guardrail is worse than control: one-sided at half of alpha, uncorrected. It only withholds a
   launch. #}
{% macro rule_worse() %}
    select
        experiment_id,
        variant,
        'worse' as rule,
        metric,
        coalesce(p_value_worse <= alpha_side, false) as fired,
        p_value_worse as observed,
        alpha_side as threshold,
        p_value_worse as tested,
        alpha_side as tested_at,
        metric || case
            when p_value_worse <= alpha_side
            then ' is worse than control'
            when is_too_skewed
            then {{ experimentos.too_skewed_text() }}
            else ': not shown worse than control'
        end as message
    from effects
    where role = 'guardrail'
{% endmacro %}
