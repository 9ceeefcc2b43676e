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
    {% for experiment in found.experiments
        if experiment.activation is not none and not experiment.is_archived %}
        {% do experimentos.check_activation_columns(experiment, problems) %}
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

{# What may be a label or a level: everything that is the same text wherever it is read. #}
{% macro label_classes() %}
    {{ return(["integer", "number", "text", "boolean", "date", "uuid"]) }}
{% endmacro %}

{% macro check_assignment_columns(table, units, problems) %}
    {% set relation = experimentos.user_ref(table.name) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% set labels = {"variant": table.variant} %}
    {% if table.experiment is string %}
        {% do labels.update({"experiment": table.experiment}) %}
    {% endif %}
    {% for name, text in table.segments.items() %}
        {% do labels.update({"segments: " ~ name: text}) %}
    {% endfor %}
    {% for key, text in labels.items() %}
        {% do experimentos.checked_expression(
            relation,
            columns,
            text,
            table.where,
            key,
            problems,
            experimentos.label_classes(),
        ) %}
    {% endfor %}
    {% do experimentos.check_units(relation, columns, table, units, problems) %}
    {% do experimentos.check_timestamp(relation, columns, table, problems) %}
{% endmacro %}

{% macro check_timestamp(relation, columns, table, problems) %}
    {% set keys = [("timestamp", ["timestamp", "timestamptz", "date"])] if table.is_dated else [] %}
    {% if table.loaded_at is not none %}
        {% do keys.append(("loaded_at", ["timestamp", "timestamptz"])) %}
    {% endif %}
    {% for key, classes in keys %}
        {% do experimentos.checked_expression(
            relation,
            columns,
            table[key],
            table.where,
            key,
            problems,
            classes,
            ", not a time: cast it in the model",
        ) %}
    {% endfor %}
{% endmacro %}

{% macro check_fact_columns(fact, found, units, problems) %}
    {% set relation = experimentos.user_ref(fact.name) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% do experimentos.check_units(relation, columns, fact, units, problems) %}
    {% do experimentos.check_timestamp(relation, columns, fact, problems) %}
    {% if fact.unique_key is not none %}
        {% do experimentos.checked_expression(
            relation, columns, fact.unique_key, fact.where, "unique_key", problems
        ) %}
    {% endif %}
    {% for metric in found.metrics.values() if fact.name in metric.models %}
        {% for part in metric.parts.values() if part.model == fact.name %}
            {% do experimentos.check_part_columns(relation, columns, part, metric, problems) %}
        {% endfor %}
        {% for step in metric.steps if step.model == fact.name and step.where is not none %}
            {% do experimentos.check_condition(
                relation, columns, step.where, metric.where, "steps", problems
            ) %}
        {% endfor %}
        {% if metric.by is not none and metric.parts.num.model == fact.name %}
            {% do experimentos.checked_expression(
                relation,
                columns,
                metric.by,
                metric.where,
                "by",
                problems,
                experimentos.label_classes(),
            ) %}
        {% endif %}
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

{% macro check_part_columns(relation, columns, part, metric, problems) %}
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
            "" if any_type else ", which `aggregate: " ~ part.aggregate ~ "` cannot use",
        ) %}
    {% endif %}
    {% if part.where is not none %}
        {% do experimentos.check_condition(
            relation, columns, part.where, metric.where, "where", problems
        ) %}
    {% endif %}
{% endmacro %}

{% macro check_condition(relation, columns, text, where, key, problems) %}
    {% do experimentos.checked_expression(
        relation, columns, text, where, key, problems, ["boolean"], ", not a condition"
    ) %}
{% endmacro %}

{% macro check_activation_columns(experiment, problems) %}
    {% set activation, where = experiment.activation, experiment.where ~ ", `activation`" %}
    {% if activation.where is not none %}
        {% set relation = experimentos.user_ref(activation.model) %}
        {% set columns = experimentos.relation_columns(relation) %}
        {% do experimentos.check_condition(
            relation, columns, activation.where, where, "where", problems
        ) %}
    {% endif %}
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
    {% for metric in found.metrics.values() if metric.models | select("in", by_date) | list %}
        {% do counted.append(metric.name) %}
        {% do experimentos.check_metric_days(metric, by_date, problems) %}
    {% endfor %}
    {% for experiment in found.experiments
        if by_date and experiment.summary is none and not experiment.is_archived %}
        {% do experimentos.check_experiment_days(experiment, counted, by_date, problems) %}
    {% endfor %}
{% endmacro %}

{% macro check_metric_days(metric, by_date, problems) %}
    {% if metric.type == "retention" %}
        {% for text, key in [(metric.from_text, "from"), (metric.to_text, "to")] %}
            {% if experimentos.read_duration(text) % 86400 %}
                {% do problems.append(experimentos.part_of_day(metric.where, key, text)) %}
            {% endif %}
        {% endfor %}
    {% else %}
        {% for key in ["window", "delay", "covariate"] if metric[key] % 86400 %}
            {% do problems.append(
                experimentos.part_of_day(metric.where, key, metric[key ~ "_text"])
            ) %}
        {% endfor %}
    {% endif %}
    {% if metric.type == "funnel" %}
        {% set days = metric.models | select("in", by_date) | list %}
        {% do experimentos.check_funnel_times(metric, days, problems) %}
    {% endif %}
{% endmacro %}

{% macro check_experiment_days(experiment, counted, by_date, problems) %}
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
    {% set activation = experiment.activation %}
    {% if activation is not none and activation.model in by_date and activation.within %}
        {% if activation.within % 86400 %}
            {% do problems.append(
                experimentos.part_of_day(
                    experiment.where ~ ", `activation`", "within", activation.within_text
                )
            ) %}
        {% endif %}
    {% endif %}
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
