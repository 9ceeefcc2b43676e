{# What remembers: tables that are only added to, and read by models that they depend on. Where
   vars.experimentos.memory_schema is given, those of that schema are read too, and go first. #}
{% macro memories(name) %}
    {% set found = [] %}
    {% set own = experimentos.earlier(name) %}
    {% set schema = experimentos.settings().get("memory_schema") %}
    {% for node in graph.nodes.values() if node.name == name and node.package_name == "experimentos" %}
        {% if schema and schema != node.schema %}
            {% set relation = load_cached_relation(
                api.Relation.create(
                    database=node.database, schema=schema, identifier=node.alias
                )
            ) %}
            {% if relation is not none %} {% do found.append(relation) %} {% endif %}
        {% endif %}
    {% endfor %}
    {% if own is not none %} {% do found.append(own) %} {% endif %}
    {{ return(found) }}
{% endmacro %}

{# The columns of experimentos__looks. #}
{% macro look_columns() %}
    {% set text, double = dbt.type_string(), experimentos.type_double() %}
    {% set columns = [
        ("experiment_id", text),
        ("metric", text),
        ("variant", text),
        ("test", text),
        ("look", "integer"),
        ("data_date", "date"),
        ("information_fraction", double),
        ("statistic", double),
        ("boundary", double),
        ("alpha_spent", double),
        ("outcome", text),
        ("look_date", "timestamp"),
        ("seen_at", "timestamp"),
        ("information", double),
        ("p_value", double),
        ("plan_hash", text),
        ("is_final", "boolean"),
        ("spending", text),
        ("plan_override", text),
    ] %}
    {% for name in [
        "spending_parameter",
        "planned_n",
        "estimate",
        "std_error",
        "level",
        "lower",
        "upper",
        "lift",
        "lift_lower",
        "lift_upper",
        "futility_boundary",
        "p_value_stagewise",
        "estimate_stagewise",
        "lower_stagewise",
        "upper_stagewise",
    ] %}
        {% do columns.append((name, double)) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{# What a look showed of its hypotheses, and not what it spent of the error rate. #}
{% macro shown_of_looks() %}
    {{
        return(
            [
                "statistic",
                "p_value",
                "estimate",
                "std_error",
                "level",
                "lower",
                "upper",
                "lift",
                "lift_lower",
                "lift_upper",
                "futility_boundary",
                "p_value_stagewise",
                "estimate_stagewise",
                "lower_stagewise",
                "upper_stagewise",
            ]
        )
    }}
{% endmacro %}

{# One relation of looks as it is now: what an older version of the package did not write is null. #}
{% macro looks_of(relation) %}
    {%- set known = experimentos.column_names(relation) %}
    select
        {%- for name, type in experimentos.look_columns() %}
            cast({{ name if name in known else "null" }} as {{ type }}) as {{ name }}
            {{- "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
{% endmacro %}
