{# The columns of a user's relation by lower-case name, and what each holds. #}
{% macro relation_columns(relation) %}
    {% set columns = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do columns.update(
            {
                column.name
                | lower: {
                    "name": column.name,
                    "type": column.dtype,
                    "class": experimentos.type_class(column.dtype),
                }
            }
        ) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{# What somebody wrote where a column or SQL expression may stand: its SQL, and the class of its type.
   A lone name that is no column has the class 'missing'. Other expressions are asked of the warehouse;
   `label` stands in that query, so that an error of the warehouse shows whose expression it was. #}
{% macro expression(relation, columns, text, label) %}
    {% set column = experimentos.lone_column(columns, text) %}
    {% if column == "missing" %} {{ return({"sql": text, "class": "missing", "type": none}) }}
    {% elif column is not none %}
        {{ return({"sql": experimentos.quoted(column.name), "class": column.class, "type": column.type}) }}
    {% endif %}
    {% set asked = experimentos.kept().setdefault("expressions", {}) %}
    {% set key = relation ~ "|" ~ text %}
    {% if key not in asked %}
        {% set query %}
            select {{ experimentos.labelled(text, label) }} as asked from {{ relation }}
        {% endset %}
        {% do asked.update({key: get_column_schema_from_query(query)[0].dtype}) %}
    {% endif %}
    {% set type = asked[key] %}
    {{
        return(
            {
                "sql": experimentos.in_parentheses(text),
                "class": experimentos.type_class(type),
                "type": type,
            }
        )
    }}
{% endmacro %}

{# A condition as SQL, without asking for its type. #}
{% macro condition(columns, text) %}
    {% set column = experimentos.lone_column(columns, text) %}
    {{
        return(
            experimentos.quoted(column.name)
            if column is mapping
            else experimentos.in_parentheses(text)
        )
    }}
{% endmacro %}

{# The text may end in a comment. #}
{% macro in_parentheses(text) %}
    {{ return("(" ~ text ~ ("\n" if "--" in text | string else "") ~ ")") }}
{% endmacro %}
