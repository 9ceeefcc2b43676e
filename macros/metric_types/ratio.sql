{# A ratio of two sums over units; the parts may come from different fact models. #}
{% macro ratio_parts(problems, where, given, model) %}
    {% set parts = {} %}
    {% set allowed = experimentos.metric_types()["ratio"]["part_keys"] %}
    {% for key, name in [("numerator", "num"), ("denominator", "den")] %}
        {% set part = given.get(key) %}
        {% set place = where ~ ", `" ~ key ~ "`" %}
        {% if part is none %}
            {% do problems.append(experimentos.problem(where, "a ratio needs a `" ~ key ~ "`")) %}
        {% elif part is not mapping %}
            {% do problems.append(
                experimentos.problem(
                    place, "must be a map, got '" ~ part ~ "'", none, allowed
                )
            ) %}
        {% else %}
            {% do experimentos.check_keys(problems, place, part, allowed) %}
            {% if part.get("model", model) is not string %}
                {% do problems.append(
                    experimentos.problem(
                        place, "`model` must be a fact model, got '" ~ part.model ~ "'"
                    )
                ) %}
            {% endif %}
            {% set default = "sum" if part.get("value") is not none else "count" %}
            {% do parts.update(
                {
                    name: experimentos.metric_part(
                        problems, place, part, part.get("model", model) | string, default
                    )
                }
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}
