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
    {% do experimentos.check_days(found, problems) %}
    {% do experimentos.check_summary_columns(found, problems) %}
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

{# Facts whose time column turns out to be a date count by days, as those with `timestamp_is_date` do,
   so spans of their metrics are whole days. #}
{% macro check_days(found, problems) %}
    {% set by_date = [] %}
    {% for fact in found.facts.values() if fact.is_dated %}
        {% set relation = experimentos.user_ref(fact.name) %}
        {% set columns = experimentos.relation_columns(relation) %}
        {% if experimentos.fact_is_by_date(fact, relation, columns) %}
            {% do by_date.append(fact.name) %}
        {% endif %}
    {% endfor %}
    {% set counted = [] %}
    {% for metric in found.metrics.values() %}
        {% if metric.parts.values() | selectattr("model", "in", by_date) | list %}
            {% do counted.append(metric.name) %}
            {% for key in ["window", "delay", "covariate"] if metric[key] % 86400 %}
                {% do problems.append(
                    experimentos.part_of_day(metric.where, key, metric[key ~ "_text"])
                ) %}
            {% endfor %}
        {% endif %}
    {% endfor %}
    {% for experiment in found.experiments if counted and experiment.summary is none %}
        {% for pair in experiment.pairs if pair.window % 86400 and pair.metric.name in counted %}
            {% if pair.window != pair.metric.window %}
                {% set key = "guardrails" if pair.role == "guardrail" else pair.role %}
                {% do problems.append(
                    experimentos.part_of_day(
                        experiment.where ~ ", `" ~ key ~ "`, metric " ~ pair.metric.name,
                        "window",
                        pair.window_text,
                    )
                ) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{# The counts and sums of summary models that experiments use are numbers. #}
{% macro check_summary_columns(found, problems) %}
    {% set checked = {} %}
    {% for experiment in found.experiments if experiment.summary is not none and experiment.pairs %}
        {% set model = experiment.summary %}
        {% if model not in checked %}
            {% set relation = experimentos.user_ref(model) %}
            {% do checked.update(
                {model: {"columns": experimentos.relation_columns(relation), "names": []}}
            ) %}
        {% endif %}
        {% set columns, done = checked[model]["columns"], checked[model]["names"] %}
        {% set names = ["users"] %}
        {% for pair in experiment.pairs %}
            {% do names.append(pair.metric.parts.num.value) %}
            {% if pair.metric.type == "mean" %}
                {% do names.append(pair.metric.name ~ "_sum_sq") %}
            {% endif %}
        {% endfor %}
        {% for name in names if name not in done %}
            {% do done.append(name) %}
            {% set column = columns[name | lower] %}
            {% if column.class not in ["integer", "number"] %}
                {% do problems.append(
                    experimentos.problem(
                        experiment.where ~ ", summary model " ~ model,
                        "column `"
                        ~ name
                        ~ "` is "
                        ~ column.type
                        ~ ", not a number: cast it in the model, or leave it out",
                    )
                ) %}
            {% endif %}
        {% endfor %}
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
