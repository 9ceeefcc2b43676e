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
    {% set found = modules.re.match('^\\s*"?([A-Za-z_][A-Za-z0-9_ $]*?)"?\\s*$', text | string) %}
    {% if found %}
        {% set column = columns.get(found.group(1) | lower) %}
        {% if column is none %}
            {% if " " not in found.group(1) and found.group(1) | lower not in ["true", "false"] %}
                {{ return({"sql": text, "class": "missing", "type": none}) }}
            {% endif %}
        {% else %}
            {{ return({"sql": experimentos.quoted(column.name), "class": column.class, "type": column.type}) }}
        {% endif %}
    {% endif %}
    {% set asked = experimentos.kept().setdefault("expressions", {}) %}
    {% set key = relation ~ "|" ~ text %}
    {% if key not in asked %}
        {% set query %}
            select ({{ text }}) as {{ experimentos.quoted(label | replace('"', "'")) }} from {{ relation }}
        {% endset %}
        {% do asked.update({key: get_column_schema_from_query(query)[0].dtype}) %}
    {% endif %}
    {% set type = asked[key] %}
    {{ return({"sql": "(" ~ text ~ ")", "class": experimentos.type_class(type), "type": type}) }}
{% endmacro %}
