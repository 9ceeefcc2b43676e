{# success, guardrails and explore: lists of metric names, or maps of name to what is set for it here. #}
{% macro read_roles(experiment, given, found, problems) %}
    {% set known = found.metrics %}
    {% if experiment.summary is not none %}
        {% set known = experimentos.summary_metrics(experiment, found, problems) %}
        {% if known is none %} {{ return(none) }} {% endif %}
        {% set given = experimentos.summary_roles(given, known) %}
    {% endif %}
    {% set taken = {} %}
    {% for key, role in [
        ("success", "success"),
        ("guardrails", "guardrail"),
        ("explore", "explore"),
    ] %}
        {% set where = experiment.where ~ ", `" ~ key ~ "`" %}
        {% set entries = experimentos.role_entries(where, given.get(key), problems) %}
        {% for name, settings in entries.items() %}
            {% if name in found.refused %}
            {% elif name not in known and name in found.unavailable %}
                {% do problems.append(experimentos.problem(where, found.unavailable[name])) %}
            {% elif name not in known %}
                {% do problems.append(
                    experimentos.problem(
                        where,
                        "metric '" ~ name ~ "' is not defined",
                        name | string,
                        known.keys() | list,
                    )
                ) %}
            {% elif name in taken %}
                {% do problems.append(
                    experimentos.problem(
                        where,
                        "metric '" ~ name ~ "' already stands under `" ~ taken[name] ~ "`",
                    )
                ) %}
            {% else %}
                {% do taken.update({name: key}) %}
                {% set metric = known[name] %}
                {% set pair = {
                    "metric": metric,
                    "role": role,
                    "position": loop.index,
                    "goal": metric.goal,
                    "window": metric.window,
                    "window_text": metric.window_text,
                    "margin": none,
                    "mde": experiment.mde,
                    "prior": metric.get("prior") or experiment.prior,
                    "cap": none,
                    "lower": none,
                    "is_endless": metric.is_endless,
                } %}
                {% if settings %}
                    {% do experimentos.override_pair(pair, settings, where, problems) %}
                {% endif %}
                {% if metric.kinds is not none and experiment.kind not in metric.kinds %}
                    {% do experimentos.refuse_kind(experiment, metric, found, where, problems) %}
                {% endif %}
                {% do experiment.pairs.append(pair) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% if not given.get("success") %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`success` needs at least one metric",
                none,
                known.keys() | list,
            )
        ) %}
    {% endif %}
{% endmacro %}

{% macro role_entries(where, given, problems) %}
    {% set entries = {} %}
    {% if given is string %} {% set given = [given] %} {% endif %}
    {% if given is mapping %}
        {% for name, settings in given.items() %}
            {% if settings is not none and settings is not mapping %}
                {% do problems.append(
                    experimentos.problem(
                        where ~ ", metric " ~ name,
                        "must be a map like {margin: '2%'}, got '" ~ settings ~ "'",
                    )
                ) %}
            {% endif %}
            {% do entries.update({name: settings if settings is mapping else dict()}) %}
        {% endfor %}
    {% elif given is sequence %}
        {% for name in given %}
            {% if name is not string %}
                {% do problems.append(
                    experimentos.problem(
                        where,
                        "a list holds metric names only, got '"
                        ~ name
                        ~ "': use a map to set something",
                    )
                ) %}
            {% elif name in entries %}
                {% do problems.append(
                    experimentos.problem(where, "metric '" ~ name ~ "' is named twice")
                ) %}
            {% else %} {% do entries.update({name: dict()}) %}
            {% endif %}
        {% endfor %}
    {% elif given is not none %}
        {% do problems.append(
            experimentos.problem(
                where, "must be a list or a map of metrics, got '" ~ given ~ "'"
            )
        ) %}
    {% endif %}
    {{ return(entries) }}
{% endmacro %}

{# What an experiment sets for a metric. There may be 20,000 pairs: only those that set something come here. #}
{% macro override_pair(pair, given, where, problems) %}
    {% set place = where ~ ", metric " ~ pair.metric.name %}
    {% do experimentos.check_keys(
        problems,
        place,
        given,
        ["margin", "mde", "window", "goal", "cap", "lower", "prior"],
        {
            "weight": "is not supported: `correction` takes all success metrics alike, in no order. "
            ~ "Name fewer under `success` for more power; what is only looked at stands under `explore`"
        },
    ) %}
    {% if "margin" in given and pair.role != "guardrail" %}
        {% do problems.append(experimentos.problem(place, "`margin` belongs to guardrails only")) %}
    {% endif %}
    {% for key in ["margin", "mde"] if key in given %}
        {% do pair.update({key: experimentos.checked_amount(place, key, given[key], problems)}) %}
    {% endfor %}
    {% if given.get("goal", "increase") not in ["increase", "decrease"] %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`goal` is '" ~ given.goal ~ "'",
                given.goal | string,
                ["increase", "decrease"],
            )
        ) %}
    {% endif %}
    {% do pair.update({"goal": given.get("goal", pair.goal)}) %}
    {% set prior = experimentos.checked_prior(place, given, pair.metric.type, problems) %}
    {% do pair.update({"prior": prior or pair.prior}) %}
    {% if "window" in given %}
        {% do experimentos.override_window(pair, given.window, place, problems) %}
    {% endif %}
    {% if "cap" in given or "lower" in given %}
        {% do experimentos.override_caps(pair, given, place, problems) %}
    {% endif %}
{% endmacro %}

{% macro override_window(pair, text, where, problems) %}
    {% set seconds = experimentos.read_duration(text) %}
    {% if pair.metric.type == "retention" %}
        {% do problems.append(
            experimentos.problem(
                where,
                "a retention has no `window`: its `from` and `to` stand beside the model",
            )
        ) %}
    {% elif not pair.metric.is_dated %}
        {% do problems.append(experimentos.no_times(where, "window")) %}
    {% elif text == "none" %}
        {% do pair.update({"window": 0, "window_text": "none", "is_endless": true}) %}
    {% elif seconds is none or seconds == 0 %}
        {% do problems.append(experimentos.bad_duration(where, "window", text)) %}
    {% elif pair.metric.is_by_date and seconds % 86400 %}
        {% do problems.append(experimentos.part_of_day(where, "window", text)) %}
    {% else %} {% do pair.update({"window": seconds, "window_text": text, "is_endless": false}) %}
    {% endif %}
{% endmacro %}

{% macro refuse_kind(experiment, metric, found, where, problems) %}
    {% for model in metric.models if model in found.facts %}
        {% set fact = found.facts[model] %}
        {% if experiment.kind is not none and experiment.kind not in fact["units"] %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "metric '"
                    ~ metric.name
                    ~ "' needs units of kind '"
                    ~ experiment.kind
                    ~ "', but "
                    ~ fact.where
                    ~ " has only "
                    ~ fact["units"].keys()
                    | join(", "),
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
