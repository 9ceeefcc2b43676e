{# A typed table of literals, in chunks that parsers take quickly. `columns` are (name, type), `rows`
   are lists of SQL literals. Without rows it is an empty table of the same types. #}
{% macro values_table(columns, rows) %}
    {%- set names = columns | map("first") | join(", ") -%}
    {%- if not rows -%}
        select
            {%- for name, type in columns %}
                cast(null as {{ type }}) as {{ name }}{{ "," if not loop.last }}
            {% endfor %}
        where 1 = 0
    {%- endif -%}
    {%- for chunk in rows | batch(500) -%}
            {{ "union all" if not loop.first }}
        select
            {%- for name, type in columns %}
                cast({{ name }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
            {% endfor %}
        from
            (
                values
                    {% for row in chunk %}
                        ({{ row | join(", ") }}){{ "," if not loop.last }}
                    {% endfor -%}
            ) as given({{ names }})
    {% endfor -%}
{% endmacro %}

{# null for what is none, otherwise the number or boolean as SQL spells it #}
{% macro plain_literal(value) %}
    {% if value is none %} {{ return("null") }} {% endif %}
    {% if value is boolean %} {{ return("true" if value else "false") }} {% endif %}
    {{ return(value | string) }}
{% endmacro %}
