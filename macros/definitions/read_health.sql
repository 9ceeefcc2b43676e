{# `health`: from where on a check warns, and blocks. Checks whose limits may be set, with the defaults;
   none: never. docs/health.md says what each looks at. `kind`: a p_value is bad below its limits, a share
   of units or rows and a number of days above them, a factor of the units needed the larger it is. #}
{% macro health_checks() %}
    {% set checks = {} %}
    {% for check, kind, warn, block in [
        ("sample_ratio", "p_value", 0.01, 0.001),
        ("activation_rate", "p_value", 0.01, 0.001),
        ("covariate_balance", "p_value", 0.001, 0.001),
        ("crossovers", "share", 0.001, 0.01),
        ("unknown_variants", "share", 0.01, none),
        ("values_skipped", "share", 0.01, none),
        ("skipped_alike", "p_value", 0.001, none),
        ("values_missing", "p_value", 0.001, none),
        ("assigned_before_facts", "share", 0.01, none),
        ("freshness", "days", 2, none),
        ("capped_share", "share", 0.05, none),
        ("skewness", "factor", 355, none),
    ] %}
        {% do checks.update({check: {"kind": kind, "warn": warn, "block": block}}) %}
    {% endfor %}
    {{ return(checks) }}
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
                "restated": 0.1,
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
        where,
        experimentos.settings().get("health"),
        known,
        "project",
        problems,
    ) %}
    {% set found = {"limits": limits, "problems": problems} %}
    {% do kept.update({"limits": found}) %}
    {{ return(found) }}
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
