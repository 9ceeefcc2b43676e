{# The share of units that have a row in [anchor + from, anchor + to). #}
{% macro retention_parts(problems, where, given, model) %}
    {% set part = {"where": given.get("where")} %}
    {{ return({"num": experimentos.metric_part(problems, where, part, model, "any")}) }}
{% endmacro %}

{# `from` and `to` as the delay and the window that other metrics have. #}
{% macro retention_times(metric, is_dated, by_date, problems) %}
    {% set where, seconds = metric.where, {} %}
    {% for key in ["from", "to"] %}
        {% set text = metric.given.get(key) %}
        {% set span = experimentos.read_duration(text) %}
        {% if key not in metric.given %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "a retention needs `"
                    ~ key
                    ~ "`: a time after exposure, like '7 days'",
                )
            ) %}
        {% elif not is_dated %} {% do problems.append(experimentos.no_times(where, key)) %}
        {% elif span is none %}
            {% do problems.append(experimentos.bad_duration(where, key, text)) %}
        {% elif by_date and span % 86400 %}
            {% do problems.append(experimentos.part_of_day(where, key, text)) %}
        {% else %}
            {% do seconds.update({key: span}) %}
            {% do metric.update({key ~ "_text": text | string}) %}
        {% endif %}
    {% endfor %}
    {% if seconds | length < 2 %} {{ return(none) }} {% endif %}
    {% if seconds["to"] <= seconds["from"] %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`to` ("
                ~ metric.to_text
                ~ ") must be after `from` ("
                ~ metric.from_text
                ~ ")",
            )
        ) %}
    {% endif %}
    {% do metric.update(
        {
            "delay": seconds["from"],
            "delay_text": metric.from_text,
            "window": [seconds["to"] - seconds["from"], 0] | max,
            "window_text": metric.from_text ~ " to " ~ metric.to_text,
        }
    ) %}
{% endmacro %}
