{# Where the package's tables lie in another schema, as one line of JSON: what `experimentos diff` and `memo --changed` read. Without a schema that of vars.experimentos.memory_schema, where one is given. #}
{% macro tables_of(schema=none) %}
    {% set remembered = experimentos.settings().get("memory_schema") %}
    {% set answer = {"tables": {}, "schema": schema or remembered, "problem": none} %}
    {% set own, schemas = [], [] %}
    {% for node in graph.nodes.values() if node.package_name == "experimentos" and node.resource_type == "model" %}
        {% do own.append(node) %}
    {% endfor %}
    {% if answer.schema %}
        {% for node in own if node.schema != answer.schema %}
            {% set relation = adapter.get_relation(
                database=node.database, schema=answer.schema, identifier=node.alias
            ) %}
            {% if relation is not none %}
                {% do answer.tables.update({node.name: relation | string}) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {% if schema and not answer.tables %}
        {% for row in list_schemas(own[0].database) %} {% do schemas.append(row[0]) %} {% endfor %}
        {% set same = own | selectattr("schema", "equalto", schema) | list %}
        {% do answer.update(
            {
                "problem": (
                    (
                        "`--base` must be another schema than the one that this target builds, got "
                        ~ schema
                    )
                    if same
                    else (
                        "`--base` must be a schema with the package's tables, or a DuckDB file; got "
                        ~ schema
                        ~ "; schemas: "
                        ~ schemas
                        | unique
                        | sort
                        | join(", ")
                    )
                )
            }
        ) %}
    {% endif %}
    {% do log("experimentos_tables_of " ~ tojson(answer), info=true) %}
{% endmacro %}
