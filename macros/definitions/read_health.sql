{# `health`: from where on a check warns, and blocks. Checks whose limits may be set, with the defaults;
   none: never. docs/health.md says what each looks at. `kind`: a p_value is bad below its limits, a share
   of units or rows and a number of days above them, a factor of the units needed the larger it is. #}
{% macro health_checks() %}
    {% set p_value = {"kind": "p_value", "warn": 0.01, "block": 0.001, "may_block": true} %}
    {% set values = {"kind": "p_value", "warn": 0.001, "block": none, "may_block": true} %}
    {% set balance = {"kind": "p_value", "warn": 0.001, "block": 0.001, "may_block": true} %}
    {% set crossed = {"kind": "share", "warn": 0.001, "block": 0.01, "may_block": true} %}
    {% set share = {"kind": "share", "warn": 0.01, "block": none, "may_block": true} %}
    {% set capped = {"kind": "share", "warn": 0.05, "block": none, "may_block": false} %}
    {% set days = {"kind": "days", "warn": 2, "block": none, "may_block": true} %}
    {% set factor = {"kind": "factor", "warn": 355, "block": none, "may_block": false} %}
    {{
        return(
            {
                "sample_ratio": p_value,
                "activation_rate": p_value,
                "covariate_balance": balance,
                "crossovers": crossed,
                "unknown_variants": share,
                "values_skipped": share,
                "skipped_alike": values,
                "values_missing": values,
                "assigned_before_facts": share,
                "freshness": days,
                "capped_share": capped,
                "skewness": factor,
            }
        )
    }}
{% endmacro %}

{# What stays as it is: the pre-check of covariates, units that a comparison needs, the digits of doubles,
   and when history begins. #}
{% macro health_constants() %}
    {{
        return(
            {
                "covered": 0.95,
                "fewest_units": 2,
                "few_digits": 1e8,
                "no_digits": 1e12,
                "first_day": "2000-01-01",
            }
        )
    }}
{% endmacro %}

{# The limits that hold where an experiment says nothing: {limits, problems}. #}
{% macro project_limits() %}
    {% set kept = experimentos.kept() %}
    {% if "limits" in kept %} {{ return(kept["limits"]) }} {% endif %}
    {% set problems, known = [], {} %}
    {% for check, default in experimentos.health_checks().items() %}
        {% do known.update(
            {
                check: {
                    "warn": default.warn,
                    "block": default.block,
                    "block_from": "default",
                }
            }
        ) %}
    {% endfor %}
    {% set where = "vars.experimentos (dbt_project.yml), `health`" %}
    {% set limits = experimentos.read_limits(
        where, experimentos.settings().get("health"), known, "project", problems
    ) %}
    {% set found = {"limits": limits, "problems": problems} %}
    {% do kept.update({"limits": found}) %}
    {{ return(found) }}
{% endmacro %}

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
    {% set checks, limits = experimentos.health_checks(), {} %}
    {% do limits.update(known) %}
    {% for check, levels in given.items() %}
        {% if check not in checks %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "there is no check `" ~ check ~ "` whose limits can be set",
                    check | string,
                    checks.keys() | list,
                )
            ) %}
        {% elif levels is not mapping %}
            {% do problems.append(
                experimentos.problem(
                    where ~ ", `" ~ check ~ "`",
                    "must be a map with `warn`, `block` or both, got '" ~ levels ~ "'",
                )
            ) %}
        {% else %}
            {% do limits.update(
                {
                    check: experimentos.read_limit_pair(
                        where ~ ", `" ~ check ~ "`",
                        levels,
                        checks[check],
                        known[check],
                        source,
                        problems,
                    )
                }
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(limits) }}
{% endmacro %}

{% macro read_limit_pair(where, given, check, known, source, problems) %}
    {% set before, limit = problems | length, {} %}
    {% do limit.update(known) %}
    {% do experimentos.check_keys(problems, where, given, ["warn", "block"]) %}
    {% for level in ["warn", "block"] if level in given %}
        {% if level == "block" and not check.may_block and given.block != "never" %}
            {% do problems.append(
                experimentos.problem(
                    where, "the check never blocks, got `block: " ~ given.block ~ "`"
                )
            ) %}
        {% else %}
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
        {% endif %}
    {% endfor %}
    {% if limit.block != known.block %} {% do limit.update({"block_from": source}) %} {% endif %}
    {% set sign = -1 if check.kind == "p_value" else 1 %}
    {% set is_late = limit.block is not none and (
        limit.warn is none or sign * limit.warn > sign * limit.block
    ) %}
    {% if is_late and problems | length == before %}
        {% do problems.append(
            experimentos.problem(
                where,
                "blocks ("
                ~ experimentos.level_text(limit.block, check.kind)
                ~ ") before it warns ("
                ~ experimentos.level_text(limit.warn, check.kind)
                ~ "): `warn` must be as strict as `block` or stricter",
            )
        ) %}
        {{ return(known) }}
    {% endif %}
    {{ return(limit) }}
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

{# What an experiment lets pass that the defaults would not: one text for each check, for the memo. #}
{% macro loosened_limits(experiment) %}
    {% set texts = [] %}
    {% for check, default in experimentos.health_checks().items() %}
        {% set limit = (experiment.get("limits") or experimentos.project_limits().limits)[check] %}
        {% set is_low = default.kind in ["p_value", "factor"] %}
        {% set sign = -1 if is_low else 1 %}
        {% for level, word in [("warn", "warns"), ("block", "blocks")] %}
            {% set is_looser = default[level] is not none and (
                limit[level] is none or sign * limit[level] > sign * default[level]
            ) %}
            {% if is_looser %}
                {% set way = "below " if is_low else "above " %}
                {% set is_never = limit[level] is none %}
                {% do texts.append(
                    check
                    ~ (" never " if is_never else " ")
                    ~ word
                    ~ (
                        ""
                        if is_never
                        else " "
                        ~ way
                        ~ experimentos.level_text(limit[level], default.kind)
                    )
                    ~ " (default: "
                    ~ way
                    ~ experimentos.level_text(default[level], default.kind)
                    ~ ")"
                ) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(texts | join("; ") if texts else none) }}
{% endmacro %}

{# Limits that may block, where the definition sets them: they are part of its hash. Those that only warn
   change neither number nor verdict. #}
{% macro own_blocks(experiment, source="experiment") %}
    {% set found = [] %}
    {% for check, limit in (experiment.get("limits") or {}).items() if limit.block_from == source %}
        {% do found.append([check, limit.block]) %}
    {% endfor %}
    {{ return(found | sort) }}
{% endmacro %}

{# The hash as tables show it: with the limits of the project that may block. What is archived is compared
   without them, so that another default computes no archived experiment again. #}
{% macro shown_hash(experiment) %}
    {% set blocks = experimentos.own_blocks(experiment, "project") %}
    {{ return(local_md5(experiment.hash ~ tojson(blocks)) if blocks else experiment.hash) }}
{% endmacro %}
