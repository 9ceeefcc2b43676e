{# What only the warehouse knows of the definitions: columns that exist, types that fit, and ids of one
   type in facts and assignments. Raises once, with every problem. #}
{% macro check_columns(found) %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set problems = [] %}
    {% set units = {} %}
    {% for table in found.assignments %}
        {% do experimentos.check_assignment_columns(table, units, problems) %}
    {% endfor %}
    {% for fact in found.facts.values() %}
        {% do experimentos.check_fact_columns(fact, found, units, problems) %}
    {% endfor %}
    {% for kind, places in units.items() %}
        {% for place in places if place.class != places[0].class %}
            {% do problems.append(
                experimentos.problem(
                    place.where,
                    "unit '"
                    ~ kind
                    ~ "' is "
                    ~ place.type
                    ~ ", but "
                    ~ places[0].type
                    ~ " in "
                    ~ places[0].where
                    ~ ": cast one of them so that both have one type",
                )
            ) %}
        {% endfor %}
    {% endfor %}
    {% if problems %}
        {{ exceptions.raise_compiler_error(experimentos.problem_report(problems)) }}
    {% endif %}
{% endmacro %}

{# The expression under `key`, with a problem where it is no column or not of an allowed class. #}
{% macro checked_expression(relation, columns, text, where, key, problems, allowed=none, hint="") %}
    {% set read = experimentos.expression(relation, columns, text, where ~ ", " ~ key) %}
    {% if read.class == "missing" %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`" ~ key ~ "`: the model has no column '" ~ text ~ "'",
                text | string,
                columns.values() | map(attribute="name") | list,
            )
        ) %}
    {% elif allowed and read.class not in allowed %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`" ~ key ~ "`: '" ~ text ~ "' is " ~ read.type ~ hint,
                none,
                allowed,
            )
        ) %}
    {% endif %}
    {{ return(read) }}
{% endmacro %}

{% macro check_units(relation, columns, table, units, problems) %}
    {% for kind, text in table.units.items() %}
        {% set read = experimentos.checked_expression(
            relation,
            columns,
            text,
            table.where,
            "unit",
            problems,
            ["integer", "number", "text", "uuid"],
        ) %}
        {% if read.class != "missing" %}
            {% do units.setdefault(kind, []).append(
                {"where": table.where, "class": read.class, "type": read.type}
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{% macro check_assignment_columns(table, units, problems) %}
    {% set relation = experimentos.user_ref(table.name) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% set labels = ["integer", "number", "text", "boolean", "date", "uuid"] %}
    {% if table.experiment is string %}
        {% do experimentos.checked_expression(
            relation,
            columns,
            table.experiment,
            table.where,
            "experiment",
            problems,
            labels,
        ) %}
    {% endif %}
    {% do experimentos.checked_expression(
        relation, columns, table.variant, table.where, "variant", problems, labels
    ) %}
    {% do experimentos.check_units(relation, columns, table, units, problems) %}
    {% do experimentos.check_timestamp(relation, columns, table, problems) %}
{% endmacro %}

{% macro check_timestamp(relation, columns, table, problems) %}
    {% if table.is_dated %}
        {% do experimentos.checked_expression(
            relation,
            columns,
            table.timestamp,
            table.where,
            "timestamp",
            problems,
            ["timestamp", "timestamptz", "date"],
            ", not a time: cast it in the model",
        ) %}
    {% endif %}
{% endmacro %}

{% macro check_fact_columns(fact, found, units, problems) %}
    {% set relation = experimentos.user_ref(fact.name) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% do experimentos.check_units(relation, columns, fact, units, problems) %}
    {% do experimentos.check_timestamp(relation, columns, fact, problems) %}
    {% for metric in found.metrics.values() %}
        {% for part in metric.parts.values() if part.model == fact.name %}
            {% set any_type = part.aggregate in ["count", "count_distinct"] %}
            {% if part.value is not none %}
                {% do experimentos.checked_expression(
                    relation,
                    columns,
                    part.value,
                    metric.where,
                    "value",
                    problems,
                    none if any_type else ["integer", "number", "boolean"],
                    (
                        ""
                        if any_type
                        else ", which `aggregate: " ~ part.aggregate ~ "` cannot use"
                    ),
                ) %}
            {% endif %}
            {% if part.where is not none %}
                {% do experimentos.checked_expression(
                    relation,
                    columns,
                    part.where,
                    metric.where,
                    "where",
                    problems,
                    ["boolean"],
                    ", not a condition",
                ) %}
            {% endif %}
        {% endfor %}
        {% if metric.covariate_column is not none and metric.model == fact.name %}
            {% do experimentos.checked_expression(
                relation,
                columns,
                metric.covariate_column,
                metric.where,
                "covariate",
                problems,
                ["integer", "number", "boolean"],
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# One column holds the units of all kinds; where their types differ it holds them as text. #}
{% macro units_are_text(found) %}
    {% set classes = [] %}
    {% for table in found.assignments %}
        {% set relation = experimentos.user_ref(table.name) %}
        {% set columns = experimentos.relation_columns(relation) %}
        {% for kind, text in table.units.items() %}
            {% do classes.append(experimentos.expression(relation, columns, text, table.where).class) %}
        {% endfor %}
    {% endfor %}
    {{ return(classes | unique | list | length > 1) }}
{% endmacro %}
