{# The metric types: what may be written under each, how a unit's numerator and denominator come out of
   it (`read`), and what else the type keeps (`keep`). A type is one file of this folder; this is its
   line in the list. #}
{% macro metric_types() %}
    {% set spans = ["window", "delay", "covariate"] %}
    {{
        return(
            {
                "mean": {
                    "keys": spans
                    + ["value", "aggregate", "where", "cap", "lower", "missing", "by"],
                    "read": experimentos.mean_parts,
                    "covariate": "14 days",
                },
                "proportion": {
                    "keys": spans + ["value", "where", "threshold", "aggregate", "by"],
                    "read": experimentos.proportion_parts,
                    "keep": experimentos.proportion_threshold,
                    "covariate": none,
                },
                "ratio": {
                    "keys": spans + ["numerator", "denominator", "by"],
                    "part_keys": ["model", "value", "aggregate", "where", "cap", "lower"],
                    "read": experimentos.ratio_parts,
                    "covariate": "14 days",
                },
                "retention": {
                    "keys": ["from", "to", "where", "by"],
                    "read": experimentos.retention_parts,
                    "covariate": none,
                },
                "quantile": {
                    "keys": ["window", "delay", "quantile", "of"]
                    + ["value", "aggregate", "where", "missing"],
                    "read": experimentos.quantile_parts,
                    "keep": experimentos.quantile_level,
                    "covariate": none,
                },
                "funnel": {
                    "keys": ["window", "delay", "steps"],
                    "read": experimentos.funnel_parts,
                    "keep": experimentos.funnel_steps,
                    "covariate": none,
                },
            }
        )
    }}
{% endmacro %}

{# The keys that every metric may have. #}
{% macro common_metric_keys() %}
    {{ return(["type", "goal", "mature", "format", "label", "description", "prior"]) }}
{% endmacro %}

{# Adds a problem for each key that the type does not have; one of another type is told from a typo. #}
{% macro check_metric_keys(problems, where, type, given) %}
    {% set types = experimentos.metric_types() %}
    {% set allowed = experimentos.common_metric_keys() + types[type]["keys"] %}
    {% for key in given if key not in allowed %}
        {% set owners = [] %}
        {% for name, other in types.items() if key in other["keys"] %}
            {% do owners.append(name) %}
        {% endfor %}
        {% if key == "covariate" and given[key] == "none" %}
        {% elif key in types[type].get("part_keys", []) %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`"
                    ~ key
                    ~ "` of a "
                    ~ type
                    ~ " belongs to its `numerator` or `denominator`",
                )
            ) %}
        {% elif owners %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "a " ~ type ~ " has no `" ~ key ~ "`, only " ~ owners | join(", "),
                    none,
                    allowed,
                )
            ) %}
        {% else %}
            {% do problems.append(
                experimentos.problem(
                    where, "unknown key `" ~ key ~ "`", key | string, allowed
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# One part of a metric: rows of a fact model, a value in each, and how a unit's rows are put together. #}
{% macro metric_part(problems, where, given, model, default_aggregate) %}
    {% set allowed = experimentos.written_aggregates() %}
    {% set aggregate = given.get("aggregate", default_aggregate) %}
    {% set value = given.get("value") %}
    {% if aggregate != default_aggregate and aggregate not in allowed %}
        {% do problems.append(
            experimentos.problem(
                where,
                "unknown aggregate '" ~ aggregate ~ "'",
                aggregate | string,
                allowed,
            )
        ) %}
        {% set aggregate = default_aggregate %}
    {% elif value is none and aggregate not in ["any", "count", "funnel"] %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`aggregate: "
                ~ aggregate
                ~ "` needs a `value`: a column or SQL expression",
            )
        ) %}
    {% endif %}
    {% do experimentos.check_expressions(problems, where, given, ["value", "where"]) %}
    {% set condition = given.get("where") %}
    {% set part = {
        "model": model,
        "value": value | string if value is not none else none,
        "aggregate": aggregate,
        "where": condition | string if condition is not none else none,
        "cap": none,
        "lower": none,
    } %}
    {% if "cap" in given or "lower" in given %}
        {% do part.update(experimentos.read_caps(problems, where, given)) %}
    {% endif %}
    {{ return(part) }}
{% endmacro %}
