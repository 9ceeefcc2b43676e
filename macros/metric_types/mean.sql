{# A mean over units of the sum, count, min, max, avg, latest or count_distinct of a unit's rows. #}
{% macro mean_parts(problems, where, given, model) %}
    {{ return({"num": experimentos.metric_part(problems, where, given, model, "sum")}) }}
{% endmacro %}
