{# The limits of `known` with those that are given: check -> {warn, block, block_from}. #}
{% macro read_limits(where, given, known, source, problems) %}
    {% if given is none %} {{ return(known) }} {% endif %}
    {% if given is not mapping %}
        {% do problems.append(
            experimentos.problem(
                where,
                "must be a map like {crossovers: {warn: '0.2%', block: '2%'}}, got '"
                ~ given
                ~ "'",
            )
        ) %}
        {{ return(known) }}
    {% endif %}
    {% set limits = {} %}
    {% do limits.update(known) %}
    {% for check, levels in given.items() %}
        {% do limits.update(
            experimentos.read_check(where, check, levels, known, source, problems)
        ) %}
    {% endfor %}
    {{ return(limits) }}
{% endmacro %}

{# The limits of one check: {check: {warn, block, block_from}}, empty where nothing can be read. #}
{% macro read_check(where, check, levels, known, source, problems) %}
    {% set checks, place = experimentos.health_checks(), where ~ ", `" ~ check ~ "`" %}
    {% if check not in checks %}
        {% do problems.append(
            experimentos.problem(
                where,
                "there is no check `" ~ check ~ "` whose limits can be set",
                check | string,
                checks.keys() | list,
            )
        ) %}
        {{ return({}) }}
    {% endif %}
    {% if levels is not mapping %}
        {% do problems.append(
            experimentos.problem(
                place,
                "must be a map with `warn`, `block` or both, got '" ~ levels ~ "'",
            )
        ) %}
        {{ return({}) }}
    {% endif %}
    {{
        return(
            {
                check: experimentos.read_limit_pair(
                    place, levels, checks[check], known[check], source, problems
                )
            }
        )
    }}
{% endmacro %}

{% macro read_limit_pair(where, given, check, known, source, problems) %}
    {% set before, limit = problems | length, {} %}
    {% do limit.update(known) %}
    {% do experimentos.check_keys(problems, where, given, ["warn", "block"]) %}
    {% for level in ["warn", "block"] if level in given %}
        {% set number = experimentos.read_level(given[level], check.kind) %}
        {% if number is none and given[level] != "never" %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`"
                    ~ level
                    ~ "` must be "
                    ~ experimentos.level_words(check.kind)
                    ~ ", or never, got '"
                    ~ given[level]
                    ~ "'",
                )
            ) %}
        {% else %} {% do limit.update({level: number}) %}
        {% endif %}
    {% endfor %}
    {% if limit.block != known.block %} {% do limit.update({"block_from": source}) %} {% endif %}
    {% if problems | length == before %}
        {% do problems.extend(experimentos.late_warning(where, limit, check.kind)) %}
    {% endif %}
    {{ return(limit if problems | length == before else known) }}
{% endmacro %}

{# The problem of a check that blocks before it warns, if it does. #}
{% macro late_warning(where, limit, kind) %}
    {% set sign = -1 if kind in ["p_value", "factor"] else 1 %}
    {% set is_late = limit.block is not none and (
        limit.warn is none or sign * limit.warn > sign * limit.block
    ) %}
    {% if not is_late %} {{ return([]) }} {% endif %}
    {{
        return(
            [
                experimentos.problem(
                    where,
                    "blocks ("
                    ~ experimentos.level_text(limit.block, kind)
                    ~ ") before it warns ("
                    ~ experimentos.level_text(limit.warn, kind)
                    ~ "): `warn` must be as strict as `block` or stricter",
                )
            ]
        )
    }}
{% endmacro %}

{% macro level_words(kind) %}
    {{
        return(
            {
                "p_value": "a p-value: a number between 0 and 1",
                "share": "a percentage from 0% to 100%, like 0.2%",
                "days": "whole days, like '2 days'",
                "factor": "a number above 0",
            }[kind]
        )
    }}
{% endmacro %}

{# A limit as a number; none: it is not one of this kind. #}
{% macro read_level(value, kind) %}
    {% if kind == "share" %}
        {% set found = modules.re.match(
            "^\\s*(\\d+(?:\\.\\d+)?|\\.\\d+)\\s*%\\s*$", value | string
        ) %}
        {% if not found or (found.group(1) | float) > 100 %} {{ return(none) }} {% endif %}
        {% set decimals = (found.group(1) ~ ".").split(".")[1] | length %}
        {{ return(((found.group(1) | float) / 100) | round(decimals + 2)) }}
    {% elif kind == "days" %}
        {% set seconds = experimentos.read_duration(value) %}
        {{ return(seconds // 86400 if seconds is not none and seconds % 86400 == 0 else none) }}
    {% elif kind == "p_value" %} {{ return(value if experimentos.is_fraction(value) else none) }}
    {% endif %}
    {{ return(value if value is number and value is not boolean and 0 < value < 1e9 else none) }}
{% endmacro %}

{% macro level_text(value, kind) %}
    {% if value is none %} {{ return("never") }} {% endif %}
    {% if kind == "share" %}
        {{ return(((100 * value) | round(6) | string).removesuffix(".0") ~ "%") }}
    {% endif %}
    {{ return(value ~ (" days" if kind == "days" else "")) }}
{% endmacro %}
