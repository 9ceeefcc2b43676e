{# Parts of definitions as texts, for the registry and `experimentos check`. #}
{% macro limit_text(limit) %}
    {{ return(limit.kind ~ " " ~ limit.amount if limit is not none else none) }}
{% endmacro %}

{# The caps of a metric: 'percentile 0.999', or by part: 'numerator percentile 0.999'. #}
{% macro limits_text(metric, side) %}
    {% if metric.type != "ratio" %}
        {{ return(experimentos.limit_text(metric.parts.num[side])) }}
    {% endif %}
    {% set texts = [] %}
    {% for name, part in [("numerator", "num"), ("denominator", "den")] %}
        {% set limit = metric.parts[part][side] if part in metric.parts else none %}
        {% if limit is not none %}
            {% do texts.append(name ~ " " ~ experimentos.limit_text(limit)) %}
        {% endif %}
    {% endfor %}
    {{ return(texts | join(", ") if texts else none) }}
{% endmacro %}

{# 'page = 'cart' > any row of fct_orders' #}
{% macro steps_text(metric) %}
    {% set texts = [] %}
    {% for step in metric.steps %}
        {% set place = " of " ~ step.model if step.model != metric.model else "" %}
        {% do texts.append((step.where if step.where is not none else "any row") ~ place) %}
    {% endfor %}
    {{ return(texts | join(" > ") if texts else none) }}
{% endmacro %}

{# '2026-09-01: control 0.9, treatment 0.1; 2026-09-08: ...', none without a ramp #}
{% macro phases_text(experiment) %}
    {% if experiment.phases | length < 2 %} {{ return(none) }} {% endif %}
    {% set texts = [] %}
    {% for phase in experiment.phases %}
        {% set shares = [] %}
        {% for label, share in phase.shares.items() %}
            {% do shares.append(label ~ " " ~ share | round(6)) %}
        {% endfor %}
        {% do texts.append(phase.label ~ ": " ~ shares | join(", ")) %}
    {% endfor %}
    {{ return(texts | join("; ")) }}
{% endmacro %}
