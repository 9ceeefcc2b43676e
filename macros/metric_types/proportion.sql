{# The share of units with at least one row, or with one row whose value is true or above zero; with a
   `threshold`, of units whose total is at least that. #}
{% macro proportion_parts(problems, where, given, model) %}
    {% set default = "any" %}
    {% if "threshold" in given %}
        {% set default = "sum" if given.get("value") is not none else "count" %}
        {% elif "aggregate" in given %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`aggregate` of a proportion needs a `threshold`, which the unit's total has to reach",
            )
        ) %}
    {% endif %}
    {{
        return(
            {
                "num": experimentos.metric_part(
                    problems,
                    where,
                    {
                        "value": given.get("value"),
                        "where": given.get("where"),
                        "aggregate": (
                            given.get("aggregate", default) if "threshold" in given else default
                        ),
                    },
                    model,
                    default,
                )
            }
        )
    }}
{% endmacro %}

{% macro proportion_threshold(problems, where, given, model) %}
    {% set threshold = given.get("threshold") %}
    {% if "threshold" not in given %} {{ return({}) }} {% endif %}
    {% if threshold is not number or threshold is boolean or not 0 < threshold < 1e100 %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`threshold` must be a number above 0, which the unit's total has to reach, got '"
                ~ threshold
                ~ "'",
            )
        ) %}
        {{ return({}) }}
    {% endif %}
    {{ return({"threshold": threshold}) }}
{% endmacro %}
