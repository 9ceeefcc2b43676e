{# dbt run-operation experimentos.history: where the history of metrics lies and who had an event in it, as
   one line of JSON for `experimentos plan`. What is wrong with the question is in `problems`. #}
{% macro history(metrics, on=none, unit=none, where=none) %}
    {% set found, answer, problems = experimentos.definitions(), {}, [] %}
    {% set asked = {} %}
    {% for name in metrics %}
        {% set problem = experimentos.unplannable(found, name) %}
        {% if problem %} {% do problems.append(problem) %}
        {% else %} {% do asked.update({name: found.metrics[name]}) %}
        {% endif %}
    {% endfor %}
    {% set kind = experimentos.history_kind(found, asked, unit, problems) if asked else none %}
    {% set listed = experimentos.history_populations(found, kind) if kind is not none else {} %}
    {% if on is not none and listed and on not in listed %}
        {% do problems.append(
            experimentos.problem(
                "--on '" ~ on ~ "'",
                "is no listed model with times and units of kind '" ~ kind ~ "'",
                on,
                listed.keys() | list,
            )
        ) %}
    {% elif kind is not none and not listed %}
        {% do problems.append(
            "no listed model has times and units of kind '"
            ~ kind
            ~ "', so nobody is seen to come: plan needs one"
        ) %}
    {% endif %}
    {% if not problems %}
        {% do answer.update(
            experimentos.history_answer(found, asked, kind, listed, on, where, problems)
        ) %}
    {% endif %}
    {% do answer.update({"problem": problems | join("\n")}) %}
    {% do log("experimentos_history " ~ tojson(answer), info=true) %}
{% endmacro %}

{# Why a metric has no plan, or none. #}
{% macro unplannable(found, name) %}
    {% if name in found.get("unavailable", {}) %}
        {{ return("metric '" ~ name ~ "': " ~ found.unavailable[name]) }}
    {% elif name not in found.metrics %}
        {{ return(experimentos.not_defined("metric", name, found.metrics.keys() | list)) }}
    {% elif found.metrics[name].is_endless %}
        {{
            return(
                "metric '"
                ~ name
                ~ "' has `window: none`: what it is grows with the length of the experiment, so its history "
                ~ "says nothing of it; give it a window"
            )
        }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{# The kind of unit: the one asked for, the only one that is assigned, or the only one that all metrics
   have. #}
{% macro history_kind(found, asked, unit, problems) %}
    {% set known, assigned = [], [] %}
    {% for table in found.assignments %} {% do assigned.extend(table.units.keys()) %} {% endfor %}
    {% for name, metric in asked.items() %}
        {% set kinds = metric.kinds or [] %}
        {% do known.append(kinds | list) %}
        {% if unit is not none and unit not in kinds %}
            {% do problems.append(
                experimentos.problem(
                    "--unit '" ~ unit ~ "'",
                    "the models of metric '" ~ name ~ "' have no such kind of unit",
                    unit,
                    kinds,
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% if unit is not none %} {{ return(unit if not problems else none) }} {% endif %}
    {% set shared = namespace(kinds=known[0]) %}
    {% for kinds in known %}
        {% set shared.kinds = shared.kinds | select("in", kinds) | list %}
    {% endfor %}
    {% set chosen = shared.kinds | select("in", assigned) | list or shared.kinds %}
    {% if chosen | length == 1 %} {{ return(chosen[0]) }} {% endif %}
    {% do problems.append(
        "the metrics have several kinds of unit: say which is assigned with --unit; allowed: "
        ~ chosen
        | join(", ")
        if chosen
        else "the metrics have no kind of unit in common: " ~ asked.keys() | join(", ")
    ) %}
    {{ return(none) }}
{% endmacro %}

{# The models whose rows may say who comes: facts with times, and assignments of past experiments. #}
{% macro history_populations(found, kind) %}
    {% set listed = {} %}
    {% for table in found.facts.values() | list + found.assignments %}
        {% if table.is_dated and kind in table.units %}
            {% do listed.setdefault(table.name, table) %}
        {% endif %}
    {% endfor %}
    {{ return(listed) }}
{% endmacro %}

{% macro history_answer(found, asked, kind, listed, on, where, problems) %}
    {% set names, metrics, facts, populations = [], {}, {}, {} %}
    {% for name, metric in asked.items() %}
        {% do metrics.update({name: experimentos.history_metric(metric)}) %}
        {% do names.extend(metric.models) %}
    {% endfor %}
    {% for name in names | unique(case_sensitive=true) %}
        {% set relation = load_cached_relation(experimentos.user_ref(name)) %}
        {% if relation is none %} {% do problems.append(experimentos.not_built(name)) %}
        {% else %}
            {% do facts.update({name: experimentos.history_fact(found.facts[name], relation)}) %}
        {% endif %}
    {% endfor %}
    {# without --on the broadest fact is looked for; assignments have to be asked for #}
    {% for name, table in listed.items() if name == on or (on is none and name in found.facts) %}
        {% set relation = load_cached_relation(experimentos.user_ref(name)) %}
        {% if relation is not none %}
            {% do populations.update(
                {name: experimentos.history_population(table, relation, kind, where)}
            ) %}
        {% elif on is not none %} {% do problems.append(experimentos.not_built(name)) %}
        {% endif %}
    {% endfor %}
    {{
        return(
            {
                "kind": kind,
                "as_of": experimentos.as_of(),
                "metrics": metrics,
                "facts": facts,
                "populations": populations,
                "names": listed.keys() | list,
            }
        )
    }}
{% endmacro %}

{% macro not_built(name) %}
    {{
        return(
            "model "
            ~ name
            ~ " is not built yet: run `dbt build` (or `experimentos build --full`) first"
        )
    }}
{% endmacro %}

{# What is read of a metric, and how it is defined. #}
{% macro history_metric(metric) %}
    {{
        return(
            {
                "type": metric.type,
                "model": metric.model,
                "models": metric.models,
                "goal": metric.goal,
                "format": metric.format,
                "is_dated": metric.is_dated,
                "is_mature": metric.mature,
                "is_capped": metric.parts.values() | selectattr("cap") | list | length > 0,
                "horizon": metric.delay + metric.window,
                "window": metric.window_text,
                "covariate": metric.covariate,
                "covariate_text": metric.covariate_text,
                "given": metric.given,
            }
        )
    }}
{% endmacro %}

{# How a fact is defined, without its metrics, and the query that counts its rows of each day. #}
{% macro history_fact(fact, relation) %}
    {% set given = {"units": fact.units, "timestamp": fact.timestamp} %}
    {% for key in ["loaded_at", "unique_key", "complete_until"] if fact[key] is not none %}
        {% do given.update({key: fact[key]}) %}
    {% endfor %}
    {% if fact.timestamp_is_date %} {% do given.update({"timestamp_is_date": true}) %} {% endif %}
    {% set days = none %}
    {% if fact.is_dated %}
        {% set time = experimentos.event_time(
            fact, relation, experimentos.relation_columns(relation)
        ) %}
        {% set days = (
            "select cast("
            ~ time
            ~ " as date) as day, cast(count(*) as bigint) as n_rows from "
            ~ relation
            ~ " group by cast("
            ~ time
            ~ " as date)"
        ) %}
    {% endif %}
    {{ return({"relation": relation | string, "given": given, "days": days}) }}
{% endmacro %}

{# Rows that bring a unit into the population: `unit` and `entered_at`. #}
{% macro history_population(table, relation, kind, where) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% set unit = experimentos.expression(relation, columns, table.units[kind], table.where).sql %}
    {% set time = experimentos.event_time(table, relation, columns) %}
    {% set rows %}
        select {{ unit }} as unit, {{ time }} as entered_at
        from {{ relation }}
        where
            {{ unit }} is not null
            {%- if where is not none %} and {{ experimentos.condition(columns, where) }} {%- endif %}
    {% endset %}
    {{ return({"relation": relation | string, "rows": rows}) }}
{% endmacro %}
