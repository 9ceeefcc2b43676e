{# The metric types: what may be written under each, and how a unit's numerator and denominator
   come out of it. A type is one file of this folder; this is its line in the list. #}
{% macro metric_types() %}
    {{
        return(
            {
                "mean": {
                    "keys": ["value", "aggregate", "where"],
                    "read": experimentos.mean_parts,
                    "covariate": "14 days",
                },
                "proportion": {
                    "keys": ["value", "where"],
                    "read": experimentos.proportion_parts,
                    "covariate": none,
                },
                "ratio": {
                    "keys": ["numerator", "denominator"],
                    "read": experimentos.ratio_parts,
                    "covariate": "14 days",
                },
            }
        )
    }}
{% endmacro %}

{# Types and keys of the contract that a later release brings: refused, never ignored. #}
{% macro later_metric_types() %} {{ return(["retention", "quantile", "funnel"]) }} {% endmacro %}

{% macro later_metric_keys() %}
    {{
        return(
            [
                "cap",
                "lower",
                "threshold",
                "mature",
                "missing",
                "by",
                "from",
                "to",
                "steps",
                "of",
                "quantile",
                "percentile",
                "unique_key",
                "activation",
            ]
        )
    }}
{% endmacro %}

{# One part of a metric: rows of a fact model, a value in each, and how a unit's rows are put together. #}
{% macro metric_part(problems, where, given, model, default_aggregate) %}
    {% set aggregates = experimentos.aggregates().keys() | reject("equalto", "any") | list %}
    {% set aggregate = given.get("aggregate", default_aggregate) %}
    {% set value = given.get("value") %}
    {% if aggregate == "latest" %}
        {% do problems.append(
            experimentos.problem(where, "`aggregate: latest` is not supported yet")
        ) %}
    {% elif aggregate != "any" and aggregate not in aggregates %}
        {% do problems.append(
            experimentos.problem(
                where,
                "unknown aggregate '" ~ aggregate ~ "'",
                aggregate | string,
                aggregates,
            )
        ) %}
    {% elif value is none and aggregate not in ["any", "count"] %}
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
    {{
        return(
            {
                "model": model,
                "value": value | string if value is not none else none,
                "aggregate": aggregate,
                "where": condition | string if condition is not none else none,
            }
        )
    }}
{% endmacro %}
