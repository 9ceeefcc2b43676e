{# The times of a metric need its fact models, so they are read when all of those are known. #}
{% macro read_metric_times(metric, facts, problems) %}
    {% set models = metric.parts.values() | map(attribute="model") | list %}
    {% set models = (models + metric.steps | map(attribute="model") | list) | unique | list %}
    {% do metric.update({"models": models, "kinds": experimentos.shared_kinds(models, facts)}) %}
    {% set found = experimentos.check_metric_models(metric, facts, problems) %}
    {% set dated, by_date = found.dated, found.by_date %}
    {% set is_dated = dated | length > 0 %}
    {% do metric.update(
        {
            "is_dated": is_dated,
            "is_by_date": by_date | length > 0,
            "is_endless": false,
            "window": 0,
            "delay": 0,
            "window_text": none,
            "delay_text": none,
            "covariate": 0,
            "covariate_column": none,
            "covariate_text": "none",
        }
    ) %}
    {% if found.is_known %}
        {% do experimentos.check_timeless(metric, problems) %}
        {% if metric.type == "retention" %}
            {% do experimentos.retention_times(metric, is_dated, by_date, problems) %}
        {% else %} {% do experimentos.read_window(metric, by_date, problems) %}
        {% endif %}
        {% do metric.update(experimentos.read_covariate(metric, dated, by_date, problems)) %}
    {% endif %}
{% endmacro %}

{# Which of a metric's models have times, and times that are dates; whether all are known. #}
{% macro check_metric_models(metric, facts, problems) %}
    {% set found = {"dated": [], "by_date": [], "is_known": true} %}
    {% for model in metric.models %}
        {% if model not in facts %}
            {% do found.update({"is_known": false}) %}
            {% do problems.append(experimentos.unlisted_fact(metric.where, model, facts)) %}
        {% else %}
            {% if facts[model].is_dated %} {% do found.dated.append(model) %}
            {% endif %}
            {% if facts[model].timestamp_is_date %} {% do found.by_date.append(model) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {% if found.dated and found.is_known and found.dated | length < metric.models | length %}
        {% do problems.append(
            experimentos.problem(
                metric.where,
                "its parts mix a fact that has a time column with one that has none",
            )
        ) %}
    {% elif metric.type == "funnel" %}
        {% do experimentos.check_funnel_times(metric, found.by_date, problems) %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{# The steps of a funnel are put in order, and a day has no place among instants. #}
{% macro check_funnel_times(metric, by_date, problems) %}
    {% if by_date and by_date | length < metric.models | length %}
        {% do problems.append(
            experimentos.problem(
                metric.where,
                "its steps mix facts by date (" ~ by_date
                | join(", ") ~ ") with facts by instant, so their order is not known",
            )
        ) %}
    {% endif %}
{% endmacro %}

{% macro unlisted_fact(where, model, facts) %}
    {{
        return(
            experimentos.problem(
                where,
                "model '"
                ~ model
                ~ "' is not a listed fact model: add it to vars.experimentos.fact_models",
                model | string,
                facts.keys() | list,
            )
        )
    }}
{% endmacro %}

{# What needs times and stands on facts that have none. #}
{% macro check_timeless(metric, problems) %}
    {% if metric.is_dated %} {{ return(none) }} {% endif %}
    {% if metric.type == "funnel" %}
        {% do problems.append(experimentos.no_times(metric.where, "steps")) %}
    {% endif %}
    {% if "mature" in metric.given %}
        {% do problems.append(experimentos.no_times(metric.where, "mature")) %}
    {% endif %}
    {% for part in metric.parts.values() if part.aggregate == "latest" %}
        {% do problems.append(experimentos.no_times(metric.where, "aggregate: latest")) %}
    {% endfor %}
{% endmacro %}

{% macro no_times(where, key) %}
    {{
        return(
            experimentos.problem(
                where,
                "`" ~ key ~ "` needs a time column, but the model says `timestamp: none`",
            )
        )
    }}
{% endmacro %}

{% macro read_window(metric, by_date, problems) %}
    {% set given, where = metric.given, metric.where %}
    {% for key, default in [("window", "7 days"), ("delay", "0 days")] %}
        {% set text = given.get(key, default) %}
        {% set seconds = experimentos.read_duration(text) %}
        {% if not metric.is_dated %}
            {% if key in given %}
                {% do problems.append(experimentos.no_times(where, key)) %}
            {% endif %}
        {% elif text == "none" and key == "window" %}
            {% do metric.update({"is_endless": true, "window_text": "none"}) %}
        {% else %}
            {% if seconds is none or (key == "window" and seconds == 0) %}
                {% do problems.append(experimentos.bad_duration(where, key, text)) %}
            {% elif by_date and seconds % 86400 %}
                {% do problems.append(experimentos.part_of_day(where, key, text)) %}
            {% endif %}
            {% do metric.update({key: seconds or 0, key ~ "_text": text}) %}
        {% endif %}
    {% endfor %}
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
        {% do problems.append(
            experimentos.bad_duration(metric.where, "covariate", given)
            ~ "; a column may be the covariate where the model says `timestamp: none`"
        ) %}
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
