{# What the experiment could have found: the smallest relative change of a success metric that the
   planned power finds with the error seen. It is told, and decides nothing. #}
{% macro rule_power_reached() %}
    select
        experiment_id,
        variant,
        'power_reached' as rule,
        metric,
        false as fired,
        mde_reached as observed,
        mde_planned as threshold,
        metric || coalesce(
            ' by ' || {{ experimentos.percent_text("mde_reached") }}, ': not known'
        ) as message
    from effects
    where role = 'success'
{% endmacro %}
