{# Rows of a model that hold a number which is not one: undefined is null, never NaN or infinite. #}
{% test finite_numbers(model) %}
    {{ config(severity="warn", store_failures=true) }}
    {%- set conditions = [] %}
    {%- if execute %}
        {%- for column in adapter.get_columns_in_relation(model)
            if experimentos.type_class(column.dtype) == "number" %}
            {%- do conditions.append("abs(" ~ experimentos.quoted(column.name) ~ ") >= 1e308") %}
        {%- endfor %}
    {%- endif %}
    select *
    from {{ model }}
    where {{ conditions | join(" or ") if conditions else "1 = 0" }}
{% endtest %}
