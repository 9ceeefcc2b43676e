{# Rows of a model that are not the only one of their grain. #}
{% test one_row_per(model, columns) %}
    {{ config(severity="warn", store_failures=true) }}
    select {{ columns | join(", ") }}, count(*) as n_rows
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}
