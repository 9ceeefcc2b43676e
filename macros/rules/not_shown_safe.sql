{# A guardrail without a margin can only be shown worse. Where it was not, it is not shown safe either:
   what is told is the smallest harm that 80 % power would have found. It decides nothing. #}
{% macro rule_not_shown_safe() %}
    select
        effects.experiment_id,
        effects.variant,
        'not_shown_safe' as rule,
        effects.metric,
        not coalesce(effects.p_value_harm_corrected <= effects.alpha_harm, false) as fired,
        power.harm_found as observed,
        cast(null as {{ experimentos.type_double() }}) as threshold,
        effects.metric || case
            when effects.p_value_harm_corrected <= effects.alpha_harm
            then ' is shown worse'
            else
                ' is not shown safe: ' || coalesce(
                    '80 % power would have found a harm of '
                    || {{ experimentos.percent_text("power.harm_found") }}
                    || ' of control''s value',
                    'the harm that would have been found is not known'
                )
        end as message
    from effects
    left join
        {{ ref("experimentos__power") }} as power
        on effects.experiment_id = power.experiment_id
        and effects.metric = power.metric
        and effects.variant = power.variant
        and power.test = 'harm'
    where effects.role = 'guardrail' and effects.margin is null
{% endmacro %}
