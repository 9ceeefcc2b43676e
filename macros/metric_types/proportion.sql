{# The share of units with at least one row, or with one row whose value is true or above zero. #}
{% macro proportion_parts(problems, where, given, model) %}
    {{ return({"num": experimentos.metric_part(problems, where, given, model, "any")}) }}
{% endmacro %}
