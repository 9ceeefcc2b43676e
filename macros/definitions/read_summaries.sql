{# A summary model has one row per variant: variant, users, conversions, <metric>_sum and
   <metric>_sum_sq, and other columns that are guardrail counts. An experiment names it. #}
{% macro read_summary(node, given, where, problems) %}
    {% set listed = experimentos.listed_models("summary_models") %}
    {% set named = given.get("summary") %}
    {% if named is not none and named not in listed %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`summary` model '"
                ~ named
                ~ "' is not listed: add it to vars.experimentos.summary_models",
                named | string,
                listed,
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% if named is none %}
        {% for reference in node.get("refs", []) if reference["name"] in listed %}
            {{ return(reference["name"]) }}
        {% endfor %}
    {% endif %}
    {{ return(named) }}
{% endmacro %}

{% macro summary_columns(model) %}
    {% set relation = load_cached_relation(experimentos.user_ref(model)) %}
    {% if relation is none %} {{ return([]) }} {% endif %}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute="name") | list) }}
{% endmacro %}

{# name -> metric, read from the columns; none while the model has not been built #}
{% macro summary_metrics(experiment, found, problems) %}
    {% set model = experiment.summary %}
    {% if model not in found.summaries %}
        {% do found.summaries.update({model: experimentos.summary_columns(model)}) %}
    {% endif %}
    {% set columns = found.summaries[model] %}
    {% if not columns %} {{ return(none) }} {% endif %}
    {% set where = experiment.where ~ ", summary model " ~ model %}
    {% for column in ["variant", "users", "conversions"] if column not in columns %}
        {% do problems.append(
            experimentos.problem(
                where, "column `" ~ column ~ "` is missing", column, columns
            )
        ) %}
    {% endfor %}
    {% set metrics = {} %}
    {% for column in columns if column not in ["variant", "users", "experiment"] %}
        {% set stem = column[:-4] if column.endswith("_sum") else none %}
        {% if stem and stem ~ "_sum_sq" in columns %}
            {% do metrics.update(
                {stem: experimentos.summary_metric(stem, "mean", model, column)}
            ) %}
        {% elif stem %}
            {% do problems.append(
                experimentos.problem(
                    where, "column `" ~ column ~ "` needs `" ~ stem ~ "_sum_sq` beside it"
                )
            ) %}
        {% elif not (column.endswith("_sum_sq") and column[:-3] in columns) %}
            {% do metrics.update(
                {column: experimentos.summary_metric(column, "proportion", model, column)}
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(metrics) }}
{% endmacro %}

{% macro summary_metric(name, type, model, column) %}
    {{
        return(
            {
                "name": name,
                "type": type,
                "model": model,
                "file": "",
                "label": name,
                "description": "",
                "where": "column " ~ column ~ " of summary model " ~ model,
                "parts": {
                    "num": {
                        "model": model,
                        "value": column,
                        "aggregate": "sum",
                        "where": none,
                        "cap": none,
                        "lower": none,
                    }
                },
                "models": [model],
                "is_summary": true,
                "steps": [],
                "threshold": none,
                "quantile": none,
                "of": none,
                "from_text": none,
                "to_text": none,
                "missing": none,
                "is_zero_filled": true,
                "mature": true,
                "by": none,
                "is_endless": false,
                "is_by_date": false,
                "goal": "increase",
                "format": "number",
                "is_dated": false,
                "hash": name ~ type ~ model,
                "kinds": none,
                "window": 0,
                "window_text": none,
                "delay": 0,
                "delay_text": none,
                "covariate": 0,
                "covariate_column": none,
                "covariate_text": "none",
            }
        )
    }}
{% endmacro %}

{# Where an experiment over a summary names no metrics: conversions decide, sums are explored,
   and every other count is a guardrail that should fall. #}
{% macro summary_roles(given, metrics) %}
    {% set roles = {} %}
    {% do roles.update(given) %}
    {% set named = [] %}
    {% for key in ["success", "guardrails", "explore"] if key in given %}
        {% for name in given[key] %} {% do named.append(name) %} {% endfor %}
    {% endfor %}
    {% if "success" not in given and "conversions" in metrics and "conversions" not in named %}
        {% do roles.update({"success": ["conversions"]}) %} {% do named.append("conversions") %}
    {% endif %}
    {% set guardrails = {} %}
    {% set entries = given.get("guardrails", {}) %}
    {% for name in entries %}
        {% set settings = (entries[name] or {}) if entries is mapping else {} %}
        {% set fallback = (
            metrics[name].type == "proportion" and name != "conversions"
            if name in metrics
            else false
        ) %}
        {% set merged = {"goal": "decrease"} if fallback else {} %}
        {% do merged.update(settings) %}
        {% do guardrails.update({name: merged}) %}
    {% endfor %}
    {% if "guardrails" not in given %}
        {% for name, metric in metrics.items() if metric.type == "proportion" and name not in named %}
            {% do guardrails.update({name: {"goal": "decrease"}}) %}
        {% endfor %}
    {% endif %}
    {% do roles.update({"guardrails": guardrails}) %}
    {% if "explore" not in given %}
        {% do roles.update(
            {
                "explore": metrics.values()
                | selectattr("type", "equalto", "mean")
                | map(attribute="name")
                | reject("in", named)
                | list
            }
        ) %}
    {% endif %}
    {{ return(roles) }}
{% endmacro %}
