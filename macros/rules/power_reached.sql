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

{# A fraction for people, as a percentage; null where it is beyond all sense. #}
{% macro percent_text(x) %}
    {%- set shown = "case when abs(" ~ x ~ ") < 1e6 then 100 * " ~ x ~ " end" -%}
    {{ experimentos.as_text("round(cast(" ~ shown ~ " as numeric(18, 6)), 1)") }} || ' %'
{%- endmacro %}
