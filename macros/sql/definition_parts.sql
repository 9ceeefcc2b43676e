-- fmt: off
{# The readable parts of a definition: {experiment: part -> text, metrics: name -> key -> text}. Written for
   new versions only: there may be 20,000 pairs. #}
{% macro definition_parts(experiment, found) %}
    {% set parts, metrics = {}, {} %}
    {% for key in [
        "alpha", "power", "correction", "start", "end", "control", "kind", "design", "planned_n", "spending",
        "spending_parameter", "futility", "segments_daily", "summary",
    ] %}
        {% do parts.update({key: experimentos.part_text(experiment.get(key))}) %}
    {% endfor %}
    {% do parts.update(
        {
            "alpha_harm": experimentos.part_text(experiment.get("given_alpha_harm")),
            "id": experiment.get("ids", []) | join(", "),
            "segments": (experiment.get("segments") or []) | join(", ") or none,
            "variants": experimentos.split_text(experiment),
            "looks": experimentos.part_text((experiment.get("looks") or {}).get("values")),
            "activation": (experiment.get("activation") or {}).get("text"),
            "prior": experimentos.part_text(experiment.get("prior")),
            "override": experiment.get("plan_override"),
        }
    ) %}
    {% for check, block in experimentos.own_blocks(experiment) + experimentos.own_blocks(experiment, "project") %}
        {% set kind = experimentos.health_checks()[check].kind %}
        {% do parts.update({"health, " ~ check ~ ", block": experimentos.level_text(block, kind)}) %}
    {% endfor %}
    {% for role, key in [("success", "success"), ("guardrail", "guardrails"), ("explore", "explore")] %}
        {% set names = experiment.pairs | selectattr("role", "equalto", role) | map(attribute="metric.name") | list %}
        {% do parts.update({key: names | join(", ") or none}) %}
    {% endfor %}
    {#- most experiments use a metric as others do, and what is said of it is read once -#}
    {% set known = experimentos.kept().setdefault("metric_parts", {}) %}
    {% for pair in experiment.pairs %}
        {% set key = [
            pair.metric.name, pair.metric.get("hash"), pair.role, pair.goal, pair.window_text, pair.margin,
            pair.mde, pair.get("prior"), pair.get("cap"), pair.get("lower"), experiment.get("is_archived"),
        ] | join("|") %}
        {% if key not in known %} {% do known.update({key: experimentos.metric_parts(pair, found)}) %} {% endif %}
        {% do metrics.update({pair.metric.name: known[key]}) %}
    {% endfor %}
    {{ return({"experiment": parts, "metrics": metrics}) }}
{% endmacro %}

{% macro metric_parts(pair, found) %}
    {% set metric, parts = pair.metric, {"role": pair.role} %}
    {% for key, value in (metric.get("given") or {}).items() if key not in ["label", "description", "format"] %}
        {% do parts.update({key: experimentos.part_text(value)}) %}
    {% endfor %}
    {% do parts.update(
        {
            "goal": pair.goal,
            "window": experimentos.part_text(pair.window_text),
            "delay": experimentos.part_text(metric.delay_text),
            "covariate": experimentos.part_text(metric.covariate_column or metric.covariate_text),
            "margin": experimentos.given_amount(pair.margin),
            "mde": experimentos.given_amount(pair.mde),
            "prior": experimentos.part_text(pair.get("prior")),
            "model": metric.model,
        }
    ) %}
    {% for side in ["cap", "lower"] if pair.get(side) is not none %}
        {% do parts.update({side: experimentos.part_text(pair[side])}) %}
    {% endfor %}
    {% for model in metric.models if model in found.facts %}
        {% do parts.update({"rows of " ~ model: found.facts[model].hashed | map("string") | join(", ")}) %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}

{# A value of YAML on one line; none: it is not set. #}
{% macro part_text(value) %}
    {% if value is none or value is not defined %} {{ return(none) }} {% endif %}
    {% if value is string or value is number %} {{ return(value | string) }} {% endif %}
    {% if value is mapping %}
        {% set texts = [] %}
        {% for key, each in value.items() if each is not none %}
            {% do texts.append(key ~ ": " ~ experimentos.part_text(each)) %}
        {% endfor %}
        {{ return("{" ~ texts | join(", ") ~ "}") }}
    {% endif %}
    {{ return(value | map("string") | join(", ")) }}
{% endmacro %}

{% macro given_amount(amount) %}
    {% if not amount %} {{ return(none) }} {% endif %}
    {{
        return(
            experimentos.level_text(amount.amount, "share")
            if amount.kind == "relative"
            else "{absolute: " ~ amount.amount ~ "}"
        )
    }}
{% endmacro %}

{% macro split_text(experiment) %}
    {% if experiment.phases | length > 1 %} {{ return(experimentos.phases_text(experiment)) }} {% endif %}
    {% set shares = [] %}
    {% for variant in experiment.variants %} {% do shares.append(variant.label ~ " " ~ variant.share | round(6)) %} {% endfor %}
    {{ return(shares | join(", ")) }}
{% endmacro %}
