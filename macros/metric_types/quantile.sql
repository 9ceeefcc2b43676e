{# A quantile over units of what a mean is taken of, or with `of: events` over the values of events. #}
{% macro quantile_parts(problems, where, given, model) %}
    {% set of_events = given.get("of") == "events" %}
    {% if of_events and "aggregate" in given %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`aggregate` has no meaning with `of: events`: each event counts by itself",
            )
        ) %}
    {% endif %}
    {% set part = {"value": given.get("value"), "where": given.get("where")} %}
    {% if "aggregate" in given and not of_events %}
        {% do part.update({"aggregate": given["aggregate"]}) %}
    {% endif %}
    {{ return({"num": experimentos.metric_part(problems, where, part, model, "sum")}) }}
{% endmacro %}

{% macro quantile_level(problems, where, given, model) %}
    {% set level, of = given.get("quantile"), given.get("of", "units") %}
    {% if "quantile" not in given %}
        {% do problems.append(
            experimentos.problem(
                where, "`quantile` is missing: a number between 0 and 1, like 0.9"
            )
        ) %}
    {% elif not experimentos.is_fraction(level) %}
        {% do problems.append(experimentos.bad_fraction(where, "quantile", level)) %}
        {% set level = none %}
    {% endif %}
    {% if of not in ["units", "events"] %}
        {% do problems.append(
            experimentos.problem(
                where, "`of` is '" ~ of ~ "'", of | string, ["units", "events"]
            )
        ) %}
    {% endif %}
    {{ return({"quantile": level, "of": of if of in ["units", "events"] else "units"}) }}
{% endmacro %}
