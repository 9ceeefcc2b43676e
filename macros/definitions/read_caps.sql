{# `cap` and `lower`: {percentile: 0.999} of all units, or {absolute: 100}. A cap may hold its `lower` of
   the same kind. Gives {"cap": none | {kind, amount}, "lower": the same}. #}
{% macro read_caps(problems, where, given) %}
    {% set caps = {"cap": none, "lower": none} %}
    {% for key in ["cap", "lower"] if key in given and given[key] != "none" %}
        {% set limits = experimentos.read_limit(problems, where, key, given[key]) %}
        {% if "lower" in limits and caps.lower is none and key == "cap" and "lower" in given %}
            {% do problems.append(
                experimentos.problem(where, "`lower` stands both in `cap` and beside it")
            ) %}
        {% endif %}
        {% do caps.update(limits) %}
    {% endfor %}
    {% do experimentos.check_caps(problems, where, caps.cap, caps.lower) %}
    {{ return(caps) }}
{% endmacro %}

{% macro read_limit(problems, where, key, given) %}
    {% set kinds = ["percentile", "absolute"] %}
    {% set named = kinds | select("in", given) | list if given is mapping else [] %}
    {% if named | length != 1 %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "` must be {percentile: 0.999} of all units, or {absolute: 100} in metric units, got '"
                ~ given
                ~ "'",
            )
        ) %}
        {{ return({}) }}
    {% endif %}
    {% do experimentos.check_keys(
        problems,
        where ~ ", `" ~ key ~ "`",
        given,
        kinds + (["lower"] if key == "cap" else []),
    ) %}
    {% set limits = {} %}
    {% set amounts = {key: given[named[0]]} %}
    {% if key == "cap" and "lower" in given %}
        {% do amounts.update({"lower": given["lower"]}) %}
    {% endif %}
    {% for side, amount in amounts.items() %}
        {% set place = where if side == key else where ~ ", `cap`" %}
        {% set name = named[0] if side == key else "lower" %}
        {% if experimentos.check_limit(problems, place, name, named[0], amount) %}
            {% do limits.update({side: {"kind": named[0], "amount": amount}}) %}
        {% endif %}
    {% endfor %}
    {{ return(limits) }}
{% endmacro %}

{% macro check_limit(problems, where, name, kind, amount) %}
    {% if kind == "percentile" %}
        {% if experimentos.is_fraction(amount) %} {{ return(true) }} {% endif %}
        {% do problems.append(experimentos.bad_fraction(where, name, amount)) %}
    {% elif amount is number and amount is not boolean and amount | abs < 1e100 %}
        {{ return(true) }}
    {% else %}
        {% do problems.append(
            experimentos.problem(
                where, "`" ~ name ~ "` must be a number, got '" ~ amount ~ "'"
            )
        ) %}
    {% endif %}
    {{ return(false) }}
{% endmacro %}

{# Limits of different kinds meet only in the data, where an upper one wins. #}
{% macro check_caps(problems, where, cap, lower) %}
    {% if cap is not none and lower is not none and cap.kind == lower.kind %}
        {% if lower.amount >= cap.amount %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`lower` ("
                    ~ lower.amount
                    ~ ") must be below `cap` ("
                    ~ cap.amount
                    ~ ")",
                )
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}

{# What an experiment sets for a metric's numerator: another cap, or `none` for no cap at all. #}
{% macro override_caps(pair, given, where, problems) %}
    {% set metric = pair.metric %}
    {% set keys = ["cap", "lower"] | select("in", given) | list %}
    {% for key in keys if metric.type not in ["mean", "ratio"] or metric.is_summary %}
        {% do problems.append(
            experimentos.problem(
                where,
                (
                    "`" ~ key ~ "` needs units, and a summary has only their sums"
                    if metric.is_summary
                    else "a " ~ metric.type ~ " has no `" ~ key ~ "`, only mean, ratio"
                ),
            )
        ) %}
        {{ return(none) }}
    {% endfor %}
    {% for key in keys if metric.type == "ratio" and given[key] != "none" %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "` of a ratio stands beside its model, on a part: here only `"
                ~ key
                ~ ": none`",
            )
        ) %}
        {{ return(none) }}
    {% endfor %}
    {% set count = problems | length %}
    {% set caps = experimentos.read_caps(problems, where, given) %}
    {% for side in ["cap", "lower"] if side in given or caps[side] is not none %}
        {% do pair.update({side: {"num": caps[side], "den": none}}) %}
    {% endfor %}
    {% set own = metric.parts.get("num", {}) %}
    {% if problems | length == count %}
        {% do experimentos.check_caps(
            problems,
            where,
            (pair.cap or {"num": own.get("cap")})["num"],
            (pair.lower or {"num": own.get("lower")})["num"],
        ) %}
    {% endif %}
{% endmacro %}
