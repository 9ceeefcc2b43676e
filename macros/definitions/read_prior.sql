{# What is believed before the data, for the posteriors alone: `flat`, `lift` (mean and sd) about the
   difference as a fraction of control, or `alpha` and `beta` about a rate. none where it is not given or
   wrong. `type` is that of the metric; none for an experiment, whose metrics may be of any. #}
{% macro checked_prior(where, given, type, problems) %}
    {% if "prior" not in given or given.prior is none %} {{ return(none) }} {% endif %}
    {% set prior = given.prior %}
    {% if prior == "flat" %} {{ return({"kind": "flat"}) }} {% endif %}
    {% set place = where ~ ", `prior`" %}
    {% set forms = "`flat`, a map with `lift`, or (for rates) one with `alpha` and `beta`" %}
    {% if prior is not mapping %}
        {% do problems.append(
            experimentos.problem(
                where, "`prior` must be " ~ forms ~ ", got '" ~ prior ~ "'"
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% do experimentos.check_keys(problems, place, prior, ["lift", "alpha", "beta"]) %}
    {% if "lift" in prior and ("alpha" in prior or "beta" in prior) %}
        {% do problems.append(
            experimentos.problem(place, "has both `lift` and `alpha` or `beta`: give one")
        ) %}
        {% elif "lift" in prior %}
        {{ return(experimentos.checked_lift_prior(place, prior["lift"], problems)) }}
        {% elif "alpha" in prior or "beta" in prior %}
        {{ return(experimentos.checked_beta_prior(place, prior, type, problems)) }}
    {% elif not prior %}
        {% do problems.append(
            experimentos.problem(where, "`prior` must be " ~ forms ~ ", got an empty map")
        ) %}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{% macro checked_lift_prior(place, given, problems) %}
    {% set place = place ~ ", `lift`" %}
    {% if given is not mapping %}
        {% do problems.append(
            experimentos.problem(
                place, "must be a map with `mean` and `sd`, got '" ~ given ~ "'"
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% do experimentos.check_keys(problems, place, given, ["mean", "sd"]) %}
    {% set mean = experimentos.read_percent(given.get("mean", 0)) %}
    {% set sd = experimentos.read_percent(given.get("sd")) %}
    {% if mean is none %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`mean` must be 0 or a percentage like '1%' or '-1%', got '"
                ~ given["mean"]
                ~ "'",
            )
        ) %}
    {% endif %}
    {% if "sd" not in given %}
        {% do problems.append(experimentos.problem(place, "`sd` is missing")) %}
    {% elif sd is none or sd <= 0 %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`sd` must be a percentage above 0 like '5%', got '" ~ given["sd"] ~ "'",
            )
        ) %}
    {% else %} {{ return({"kind": "lift", "mean": mean, "sd": sd}) }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{% macro checked_beta_prior(place, given, type, problems) %}
    {% set rates = ["proportion", "retention", "funnel"] %}
    {% if type is not none and type not in rates %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`alpha` and `beta` are for rates (" ~ rates
                | join(", ") ~ "), not for a " ~ type ~ ": use `lift`",
            )
        ) %}
    {% endif %}
    {% set wrong = [] %}
    {% for key in ["alpha", "beta"] %}
        {% set value = given.get(key) %}
        {% if key not in given %} {% do wrong.append("`" ~ key ~ "` is missing") %}
        {% elif value is not number or value is boolean or not 0.1 <= value <= 1e9 %}
            {% do wrong.append("`" ~ key ~ "` must be a number from 0.1, got '" ~ value ~ "'") %}
        {% endif %}
    {% endfor %}
    {% for text in wrong %} {% do problems.append(experimentos.problem(place, text)) %} {% endfor %}
    {% if wrong %} {{ return(none) }} {% endif %}
    {{ return({"kind": "beta", "alpha": given["alpha"], "beta": given["beta"]}) }}
{% endmacro %}

{% macro read_percent(value) %}
    {#- '-2.5%' as -0.025, and 0 as it is -#}
    {% if value is number and value is not boolean and value == 0 %} {{ return(0.0) }} {% endif %}
    {% if value is not string %} {{ return(none) }} {% endif %}
    {% set found = modules.re.match(
        "^\\s*([+-]?(?:\\d{1,6}(?:\\.\\d{1,12})?|\\.\\d{1,12}))\\s*%\\s*$", value
    ) %}
    {% if not found %} {{ return(none) }} {% endif %}
    {% set decimals = (found.group(1) ~ ".").split(".")[1] | length %}
    {{ return(((found.group(1) | float) / 100) | round(decimals + 2)) }}
{% endmacro %}
