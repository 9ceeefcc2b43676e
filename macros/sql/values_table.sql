{# A typed table of plain values. `columns` are (name, type), `rows` are lists of texts, numbers,
   booleans and none. Without rows it is an empty table of the same types. #}
{% macro values_table(columns, rows) %}
    {%- if rows -%} {{ experimentos.given_rows(columns, rows) }}
    {%- else -%}
        select
            {%- for name, type in columns %}
                cast(null as {{ type }}) as {{ name }}{{ "," if not loop.last }}
            {% endfor %}
        where 1 = 0
    {%- endif -%}
{% endmacro %}

{# null for what is none, otherwise the number or boolean as SQL spells it #}
{% macro plain_literal(value) %}
    {% if value is none %} {{ return("null") }} {% endif %}
    {% if value is boolean %} {{ return("true" if value else "false") }} {% endif %}
    {{ return(value | string) }}
{% endmacro %}
