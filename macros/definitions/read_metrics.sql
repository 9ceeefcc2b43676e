{# The metrics that stand beside one fact model. Adds to `found.metrics` (by name) and to `problems`; a
   name that is `refused` has its problem already, so experiments that use it need not repeat it. #}
{% macro read_metrics(fact, given, found, problems) %}
    {% set metrics = found.metrics %}
    {% if given is not mapping %}
        {% do problems.append(
            experimentos.problem(
                fact.where,
                "`metrics` must be a map of name to definition, got '" ~ given ~ "'",
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% for name, metric in given.items() %}
        {% set where = "metric " ~ name ~ " of " ~ fact.where %}
        {% if metric is not mapping %}
            {% do problems.append(
                experimentos.problem(
                    where, "must be a map with a `type`, got '" ~ metric ~ "'"
                )
            ) %}
        {% elif name is not string %}
            {% do problems.append(
                experimentos.problem(where, "a metric's name must be text: quote it")
            ) %}
        {% elif name in metrics %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "the name is taken by the metric of model " ~ metrics[name].model,
                )
            ) %}
        {% else %}
            {% set read = experimentos.read_metric(fact, name, metric, where, problems) %}
            {% if read is not none %} {% do metrics.update({name: read}) %}
            {% endif %}
        {% endif %}
        {% if name not in metrics %} {% do found.refused.append(name) %} {% endif %}
    {% endfor %}
{% endmacro %}

{% macro read_metric(fact, name, given, where, problems) %}
    {% set types = experimentos.metric_types() %}
    {% set type = given.get("type") %}
    {% if type in experimentos.later_metric_types() %}
        {% do problems.append(
            experimentos.problem(where, "type '" ~ type ~ "' is not supported yet")
        ) %}
        {{ return(none) }}
    {% elif type is not string or type not in types %}
        {% do problems.append(
            experimentos.problem(
                where,
                "unknown type '" ~ type ~ "'" if type is not none else "`type` is missing",
                type | string if type is not none else none,
                types.keys() | list,
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% set common = [
        "type",
        "window",
        "delay",
        "covariate",
        "goal",
        "format",
        "label",
        "description",
    ] %}
    {% do experimentos.check_keys(
        problems,
        where,
        given,
        common + types[type]["keys"],
        experimentos.later_metric_keys(),
    ) %}
    {% for key in ["format", "label", "description"] if key in given %}
        {% if given[key] is not string and (given[key] is boolean or given[key] is not number) %}
            {% do problems.append(
                experimentos.problem(
                    where, "`" ~ key ~ "` must be text, got '" ~ given[key] ~ "'"
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% if given.get("goal", "increase") not in ["increase", "decrease"] %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`goal` is '" ~ given.goal ~ "'",
                given.goal | string,
                ["increase", "decrease"],
            )
        ) %}
    {% endif %}
    {% set metric = {
        "name": name,
        "type": type,
        "model": fact.name,
        "file": fact.file,
        "where": where,
        "parts": types[type]["read"](problems, where, given, fact.name),
        "goal": given.get("goal", "increase"),
        "format": given.get("format", "number") | string,
        "label": given.get("label", name) | string,
        "description": given.get("description", "") | string,
        "given": given,
        "default_covariate": types[type]["covariate"],
    } %}
    {{ return(metric) }}
{% endmacro %}

{# The times of a metric need its fact models, so they are read when all of those are known. #}
{% macro read_metric_times(metric, facts, problems) %}
    {% set given, where = metric.given, metric.where %}
    {% set known = metric.parts.values() | map(attribute="model") | unique | list %}
    {% for model in known if model not in facts %}
        {% do problems.append(
            experimentos.problem(
                where,
                "model '"
                ~ model
                ~ "' is not a listed fact model: add it to vars.experimentos.fact_models",
                model | string,
                facts.keys() | list,
            )
        ) %}
    {% endfor %}
    {% do metric.update({"kinds": experimentos.shared_kinds(known, facts)}) %}
    {% set dated = [] %}
    {% set by_date = [] %}
    {% for model in known if model in facts %}
        {% if facts[model].is_dated %} {% do dated.append(model) %} {% endif %}
        {% if facts[model].timestamp_is_date %} {% do by_date.append(model) %} {% endif %}
    {% endfor %}
    {% if dated and dated | length < known | length %}
        {% do problems.append(
            experimentos.problem(
                where, "its parts mix a fact that has a time column with one that has none"
            )
        ) %}
    {% endif %}
    {% for key in ["window", "delay"] %}
        {% set default = ("7 days" if key == "window" else "0 days") if dated else "0 days" %}
        {% set text = given.get(key, default) %}
        {% set seconds = experimentos.read_duration(text) %}
        {% if not dated and key in given %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`"
                    ~ key
                    ~ "` needs a time column, but the model says `timestamp: none`",
                )
            ) %}
        {% elif text == "none" and key == "window" %}
            {% do problems.append(
                experimentos.problem(where, "`window: none` is not supported yet")
            ) %}
        {% elif seconds is none or (key == "window" and dated and seconds == 0) %}
            {% do problems.append(experimentos.bad_duration(where, key, text)) %}
        {% elif by_date and seconds % 86400 %}
            {% do problems.append(experimentos.part_of_day(where, key, text)) %}
        {% endif %}
        {% do metric.update({key: seconds or 0, key ~ "_text": text if dated else none}) %}
    {% endfor %}
    {% do metric.update(experimentos.read_covariate(metric, dated, by_date, problems)) %}
    {% do metric.update({"is_dated": dated | length > 0, "is_by_date": by_date | length > 0}) %}
{% endmacro %}

{# The kinds of unit that all fact models of a metric have; none while one of them is not known. #}
{% macro shared_kinds(models, facts) %}
    {% set kinds = namespace(shared=none) %}
    {% for model in models %}
        {% if model not in facts or not facts[model].units %} {{ return(none) }} {% endif %}
        {% set units = facts[model].units.keys() | list %}
        {% set kinds.shared = (
            units if kinds.shared is none else kinds.shared | select("in", units) | list
        ) %}
    {% endfor %}
    {{ return(kinds.shared) }}
{% endmacro %}

{% macro read_covariate(metric, dated, by_date, problems) %}
    {% set given = metric.given.get("covariate", metric.default_covariate if dated else none) %}
    {% set covariate = {"covariate": 0, "covariate_column": none, "covariate_text": "none"} %}
    {% if given is none or given == "none" %} {{ return(covariate) }} {% endif %}
    {% set seconds = experimentos.read_duration(given) %}
    {% if dated and (seconds is none or seconds == 0) %}
        {% do problems.append(experimentos.bad_duration(metric.where, "covariate", given)) %}
    {% elif dated and by_date and seconds % 86400 %}
        {% do problems.append(experimentos.part_of_day(metric.where, "covariate", given)) %}
    {% elif not dated and seconds is not none %}
        {% do problems.append(
            experimentos.problem(
                metric.where,
                "`covariate: "
                ~ given
                ~ "` needs a time column, but the model says `timestamp: none`: name a column",
            )
        ) %}
    {% elif not dated and metric.type == "ratio" %}
        {% do problems.append(
            experimentos.problem(
                metric.where,
                "a ratio without a time column cannot have a covariate: write `covariate: none`",
            )
        ) %}
    {% elif dated %} {% do covariate.update({"covariate": seconds, "covariate_text": given}) %}
    {% else %}
        {% do covariate.update({"covariate_column": given | string, "covariate_text": given}) %}
    {% endif %}
    {{ return(covariate) }}
{% endmacro %}

{% macro part_of_day(where, key, text) %}
    {{
        return(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ ": "
                ~ text
                ~ "` must be whole days, because the fact's time is a date",
            )
        )
    }}
{% endmacro %}

{% macro bad_duration(where, key, got) %}
    {{
        return(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "` must be an integer and minutes, hours, days or weeks, like '7 days', got '"
                ~ got
                ~ "'",
            )
        )
    }}
{% endmacro %}
