{# The metrics that stand beside one fact model. Adds to `found.metrics` (by name) and to `problems`; a
   name that is `refused` has its problem already, so experiments that use it need not repeat it. #}
{% macro read_metrics(fact, given, found, problems) %}
    {% set metrics = found.metrics %}
    {% if given is not mapping %}
        {% do problems.append(
            experimentos.problem(
                fact.where,
                "`metrics` must be a map of name to definition, got '" ~ given ~ "'",
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% for name, metric in given.items() %}
        {% set where = "metric " ~ name ~ " of " ~ fact.where %}
        {% if metric is not mapping %}
            {% do problems.append(
                experimentos.problem(
                    where, "must be a map with a `type`, got '" ~ metric ~ "'"
                )
            ) %}
        {% elif name is not string %}
            {% do problems.append(
                experimentos.problem(where, "a metric's name must be text: quote it")
            ) %}
        {% elif name in metrics %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "the name is taken by the metric of model " ~ metrics[name].model,
                )
            ) %}
        {% else %}
            {% set read = experimentos.read_metric(fact, name, metric, where, problems) %}
            {% if read is not none %} {% do metrics.update({name: read}) %}
            {% endif %}
        {% endif %}
        {% if name not in metrics %} {% do found.refused.append(name) %} {% endif %}
    {% endfor %}
{% endmacro %}

{% macro read_metric(fact, name, given, where, problems) %}
    {% set types = experimentos.metric_types() %}
    {% set type = given.get("type") %}
    {% if type is not string or type not in types %}
        {% do problems.append(
            experimentos.problem(
                where,
                "unknown type '" ~ type ~ "'" if type is not none else "`type` is missing",
                type | string if type is not none else none,
                types.keys() | list,
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% do experimentos.check_metric_keys(problems, where, type, given) %}
    {% do experimentos.check_metric_texts(problems, where, given) %}
    {% set metric = {
        "name": name,
        "type": type,
        "model": fact.name,
        "file": fact.file,
        "where": where,
        "parts": types[type]["read"](problems, where, given, fact.name),
        "goal": given.get("goal", "increase"),
        "prior": experimentos.checked_prior(where, given, type, problems),
        "format": given.get("format", "number") | string,
        "label": given.get("label", name) | string,
        "description": given.get("description", "") | string,
        "given": given,
        "default_covariate": types[type]["covariate"],
        "is_summary": false,
        "steps": [],
        "threshold": none,
        "quantile": none,
        "of": none,
        "from_text": none,
        "to_text": none,
    } %}
    {% if "keep" in types[type] %}
        {% do metric.update(types[type]["keep"](problems, where, given, fact.name)) %}
    {% endif %}
    {% do metric.update(experimentos.read_counted_units(metric, problems)) %}
    {{ return(metric) }}
{% endmacro %}

{% macro check_metric_texts(problems, where, given) %}
    {% for key in ["format", "label", "description"] if key in given %}
        {% if given[key] is not string and (given[key] is boolean or given[key] is not number) %}
            {% do problems.append(
                experimentos.problem(
                    where, "`" ~ key ~ "` must be text, got '" ~ given[key] ~ "'"
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% if given.get("goal", "increase") not in ["increase", "decrease"] %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`goal` is '" ~ given.goal ~ "'",
                given.goal | string,
                ["increase", "decrease"],
            )
        ) %}
    {% endif %}
{% endmacro %}

{# Which units a metric counts (`mature`, `missing`), and in what slices (`by`). #}
{% macro read_counted_units(metric, problems) %}
    {% set given, where = metric.given, metric.where %}
    {% set aggregate = metric.parts.get("num", {}).get("aggregate", "sum") %}
    {% set is_filled = {
        "mean": experimentos.aggregates()[aggregate].zero_filled,
        "quantile": false,
    }.get(metric.type, true) %}
    {% set missing = given.get("missing") if metric.type in ["mean", "quantile"] else none %}
    {% if missing != "zero" and "missing" in given and metric.type in ["mean", "quantile"] %}
        {% do problems.append(
            experimentos.problem(
                where, "`missing` is '" ~ missing ~ "'", missing | string, ["zero"]
            )
        ) %}
    {% elif missing and metric.of == "events" %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`missing: zero` needs `of: units`: events that never were are no zeros",
            )
        ) %}
    {% elif missing and is_filled %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`missing: zero` is for min, max, avg and latest: with `aggregate: "
                ~ aggregate
                ~ "` units without rows are 0 anyway",
            )
        ) %}
    {% endif %}
    {% if given.get("mature", true) is not boolean %}
        {% do problems.append(
            experimentos.problem(
                where, "`mature` must be true or false, got '" ~ given.mature ~ "'"
            )
        ) %}
    {% endif %}
    {{
        return(
            {
                "missing": "zero" if missing == "zero" else none,
                "is_zero_filled": is_filled or missing == "zero",
                "mature": given.get("mature", true) != false,
                "by": experimentos.read_slices(metric, problems),
            }
        )
    }}
{% endmacro %}

{# The column of `by`: rows of a slice are zero-filled with all units, so slices are parts of one sum. #}
{% macro read_slices(metric, problems) %}
    {% set given, where, by = metric.given, metric.where, metric.given.get("by") %}
    {% set parts = metric.parts.values() | list %}
    {% set models = parts | map(attribute="model") | unique | list %}
    {% if by is none or metric.type in ["quantile", "funnel"] %} {{ return(none) }} {% endif %}
    {% do experimentos.check_expressions(problems, where, given, ["by"]) %}
    {% if by is string and by | trim | lower in ["all", "phase"] %}
        {% do problems.append(experimentos.reserved_name(where, "by", by)) %}
    {% endif %}
    {% if parts | selectattr("aggregate", "equalto", "count_distinct") | list %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`by` cannot slice count_distinct: values of two slices may be the same",
            )
        ) %}
    {% endif %}
    {% if models | length > 1 %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`by` needs both parts from one model, got " ~ models | join(" and "),
            )
        ) %}
    {% endif %}
    {{ return(by | string | trim) }}
{% endmacro %}
