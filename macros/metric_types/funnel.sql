{# The share of units that take all steps in their order, counted among all that were exposed. #}
{% macro funnel_parts(problems, where, given, model) %}
    {{ return({"num": experimentos.metric_part(problems, where, {}, model, "funnel")}) }}
{% endmacro %}

{# [{model, where}] in order. A step is a condition, or a map of `where` and `model`. #}
{% macro funnel_steps(problems, where, given, model) %}
    {% set entries, steps = given.get("steps"), [] %}
    {% if entries is string or entries is mapping or entries is not sequence or entries | length < 2 %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`steps` must list at least two conditions, in their order, got '"
                ~ (entries if "steps" in given else "nothing")
                ~ "'",
            )
        ) %}
        {{ return({}) }}
    {% endif %}
    {% for entry in entries %}
        {% set place = where ~ ", step " ~ loop.index %}
        {% set step = experimentos.funnel_step(problems, place, entry, model) %}
        {% if step is not none %}
            {% if steps and steps[-1] == step %}
                {% do problems.append(
                    experimentos.problem(
                        place,
                        "is the same as the step before it, so every unit that takes one takes both",
                    )
                ) %}
            {% endif %}
            {% do steps.append(step) %}
        {% endif %}
    {% endfor %}
    {{ return({"steps": steps}) }}
{% endmacro %}

{% macro funnel_step(problems, where, entry, model) %}
    {% if entry is string %} {% set entry = {"where": entry} %} {% endif %}
    {% if entry is not mapping or not entry %}
        {% do problems.append(
            experimentos.problem(
                where,
                "must be a condition, or a map of `where` and `model`, got '"
                ~ entry
                ~ "'",
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% do experimentos.check_keys(problems, where, entry, ["where", "model"]) %}
    {% do experimentos.check_expressions(problems, where, entry, ["where"]) %}
    {% if entry.get("model", model) is not string %}
        {% do problems.append(
            experimentos.problem(
                where, "`model` must be a fact model, got '" ~ entry.model ~ "'"
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% set condition = entry.get("where") %}
    {{
        return(
            {
                "model": entry.get("model", model),
                "where": condition | string | trim if condition is not none else none,
            }
        )
    }}
{% endmacro %}
