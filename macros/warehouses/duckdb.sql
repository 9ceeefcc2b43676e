{% macro duckdb__type_double() %} {{ return("double") }} {% endmacro %}
