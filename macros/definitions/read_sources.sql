{# The models of the user that carry config.meta.experimentos: who was assigned what, and what happened. #}
{% macro read_sources(problems) %}
    {% set found = {
        "assignments": [],
        "facts": {},
        "metrics": {},
        "refused": [],
        "summaries": {},
    } %}
    {% set listed = {
        "assignments": experimentos.listed_models("assignment_models"),
        "metrics": experimentos.listed_models("fact_models"),
    } %}
    {% set nodes = experimentos.listed_nodes() %}
    {% do experimentos.check_listing(nodes, found, problems) %}
    {% for name in listed["assignments"] if name in nodes %}
        {% do experimentos.read_assignments(nodes[name], name, found, problems) %}
    {% endfor %}
    {% for name in listed["metrics"] if name in nodes %}
        {% do experimentos.read_fact(nodes[name], name, found, problems) %}
    {% endfor %}
    {% do experimentos.semantic_metrics(found, problems) %}
    {% for metric in found.metrics.values() %}
        {% do experimentos.read_metric_times(metric, found.facts, problems) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# name as written in vars -> {node, meta, where, file}, for every model that is listed or carries meta #}
{% macro listed_nodes() %}
    {% set names = experimentos.listed_models("assignment_models") + experimentos.listed_models(
        "fact_models"
    ) %}
    {% set found = {} %}
    {% for node in graph.nodes.values() if node.resource_type in ["model", "seed", "snapshot"] %}
        {% set meta = node.config.get("meta") or {} %}
        {% set full = node.package_name ~ "." ~ node.name %}
        {% set ours = node.package_name == project_name and full not in names %}
        {% set name = node.name if ours else full %}
        {% if "experimentos" in meta or name in names %}
            {% set file = experimentos.file_of(node) %}
            {% do found.update(
                {
                    name: {
                        "given": meta.get("experimentos"),
                        "meta": (
                            meta["experimentos"]
                            if meta.get("experimentos") is mapping
                            else {}
                        ),
                        "file": file,
                        "where": "model " ~ name ~ " (" ~ file ~ ")",
                    }
                }
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro check_listing(nodes, found, problems) %}
    {% set allowed = [
        "assignments",
        "unit",
        "units",
        "timestamp",
        "timestamp_is_date",
        "complete_until",
        "loaded_at",
        "lookback",
        "unique_key",
        "metrics",
    ] %}
    {% for name, node in nodes.items() %}
        {% if node.given is not none and node.given is not mapping %}
            {% do problems.append(
                experimentos.problem(
                    node.where, "`experimentos` must be a map, got '" ~ node.given ~ "'"
                )
            ) %}
        {% endif %}
        {% do experimentos.check_keys(problems, node.where, node.meta, allowed) %}
        {% for key, variable in [
            ("assignments", "assignment_models"),
            ("metrics", "fact_models"),
        ] %}
            {% set names = experimentos.listed_models(variable) %}
            {% if key in node.meta and name not in names %}
                {% do problems.append(
                    experimentos.problem(
                        node.where,
                        "has `"
                        ~ key
                        ~ "` but is not listed: add it to vars.experimentos."
                        ~ variable
                        ~ " in dbt_project.yml",
                        none,
                        names,
                    )
                ) %}
                {% do found.refused.extend(
                    (
                        node.meta[key]
                        if key == "metrics" and node.meta[key] is mapping
                        else {}
                    )
                ) %}
            {% elif name in names and key not in node.meta and not (
                key == "metrics" and ("unit" in node.meta or "units" in node.meta)
            ) %}
                {% do problems.append(
                    experimentos.problem(
                        node.where,
                        "is listed in vars.experimentos."
                        ~ variable
                        ~ " but has no `"
                        ~ key
                        ~ "` under config.meta.experimentos",
                    )
                ) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{# `unit: user_id`, or by kind: `unit: {user: user_id}`, `units: {user: user_id, device: device_id}` #}
{% macro read_units(where, given, problems) %}
    {% if given.get("unit") is not none and given.get("units") is not none %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`unit` ('"
                ~ given.unit
                ~ "') and `units` ('"
                ~ given["units"]
                ~ "') both say what the unit is: keep one of them",
            )
        ) %}
    {% endif %}
    {% set units = given.get("units", given.get("unit")) %}
    {% if units is string and units | trim %} {{ return({"unit": units}) }} {% endif %}
    {% if units is mapping and units %}
        {% set texts = (units.keys() | list + units.values() | list) | select("string") | list %}
        {% if texts | map("trim") | select | list | length == 2 * (units | length) %}
            {{ return(units) }}
        {% endif %}
    {% endif %}
    {% do problems.append(
        experimentos.problem(
            where,
            "`unit` must name the column of the unit, or map kinds of unit to columns, got '"
            ~ (units if units is not none else "nothing")
            ~ "'",
        )
    ) %}
    {{ return({}) }}
{% endmacro %}

{% macro read_assignments(node, name, found, problems) %}
    {% set given = node.meta.get("assignments") %}
    {% set where = node.where ~ ", `assignments`" %}
    {% if given is not mapping %}
        {% if "assignments" in node.meta %}
            {% do problems.append(
                experimentos.problem(where, "must be a map, got '" ~ given ~ "'")
            ) %}
        {% endif %}
        {{ return(none) }}
    {% endif %}
    {% set allowed = ["experiment", "variant", "unit", "units", "timestamp"] %}
    {% set allowed = allowed + ["segments", "loaded_at", "lookback"] %}
    {% do experimentos.check_keys(problems, where, given, allowed) %}
    {% do experimentos.check_assignment_keys(where, given, problems) %}
    {% set experiment = given.get("experiment") %}
    {% do experimentos.check_expressions(
        problems,
        where,
        given,
        ["variant", "timestamp", "loaded_at"]
        + ([] if experiment is mapping else ["experiment"]),
    ) %}
    {% do experimentos.check_literal(where, experiment, problems) %}
    {% set is_dated = given.get("timestamp") != "none" %}
    {% set table = {
        "name": name,
        "file": node.file,
        "where": where,
        "experiment": experiment,
        "variant": given.get("variant"),
        "units": experimentos.read_units(where, given, problems),
        "timestamp": given.get("timestamp"),
        "is_dated": is_dated,
        "segments": experimentos.read_table_segments(where, given, problems),
        "loaded_at": given.get("loaded_at"),
        "lookback": experimentos.read_lookback(where, given, is_dated, problems),
    } %}
    {% do table.update(
        {
            "hashed": [
                name,
                experiment | string,
                table.variant | string,
                table["units"] | string,
                table.timestamp | string,
            ]
        }
    ) %}
    {% do found.assignments.append(table) %}
{% endmacro %}

{% macro check_assignment_keys(where, given, problems) %}
    {% for key in ["experiment", "variant", "timestamp"] if given.get(key) is none %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "` is missing"
                ~ (
                    ": name the column, or `none` for a table without one"
                    if key == "timestamp"
                    else ""
                ),
            )
        ) %}
    {% endfor %}
{% endmacro %}

{% macro check_literal(where, experiment, problems) %}
    {% if experiment is mapping and (
        experiment.keys() | list != ["literal"]
        or experimentos.read_label(experiment["literal"]) is none
    ) %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`experiment` must name a column, or be {literal: name}, got "
                ~ experiment,
            )
        ) %}
    {% endif %}
{% endmacro %}

{# `segments: [country]`, or names of SQL expressions: {country: "upper(country_code)"} #}
{% macro read_table_segments(where, given, problems) %}
    {% set entries, segments = given.get("segments"), {} %}
    {% if "segments" not in given %} {{ return(segments) }} {% endif %}
    {% if entries is string or entries is not sequence and entries is not mapping or not entries %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`segments` must list columns, or map names to SQL expressions, got '"
                ~ entries
                ~ "'",
            )
        ) %}
        {{ return(segments) }}
    {% endif %}
    {% for name in entries %}
        {% set text = entries[name] if entries is mapping else name %}
        {% if name is not string or text is not string or not name | trim or not text | trim %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`segments` must be names and columns or SQL expressions as text, got '"
                    ~ name
                    ~ (": " ~ text if entries is mapping else "")
                    ~ "'",
                )
            ) %}
        {% elif name | lower in ["all", "phase"] %}
            {% do problems.append(experimentos.reserved_name(where, "segments", name)) %}
        {% elif name in segments %}
            {% do problems.append(
                experimentos.problem(where, "segment '" ~ name ~ "' is listed twice")
            ) %}
        {% else %} {% do segments.update({name: text}) %}
        {% endif %}
    {% endfor %}
    {{ return(segments) }}
{% endmacro %}

{% macro reserved_name(where, key, name) %}
    {{
        return(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "`: the name '"
                ~ name
                ~ "' is taken: rows of all units are called 'all', those of a ramp 'phase'",
            )
        )
    }}
{% endmacro %}

{# How far back rows may come late where no `loaded_at` says so, in seconds. #}
{% macro read_lookback(where, given, is_dated, problems) %}
    {% set default = experimentos.lookback_seconds() %}
    {% if "lookback" not in given %} {{ return(default) }} {% endif %}
    {% set seconds = experimentos.read_duration(given.lookback) %}
    {% if seconds is none %}
        {% do problems.append(experimentos.bad_duration(where, "lookback", given.lookback)) %}
    {% elif not is_dated %} {% do problems.append(experimentos.no_times(where, "lookback")) %}
    {% endif %}
    {{ return(seconds if seconds is not none else default) }}
{% endmacro %}

{% macro read_fact(node, name, found, problems) %}
    {% set given = node.meta %}
    {% if "metrics" not in given and "unit" not in given and "units" not in given %}
        {{ return(none) }}
    {% endif %}
    {% do experimentos.check_expressions(
        problems, node.where, given, ["timestamp", "loaded_at", "unique_key"]
    ) %}
    {% if given.get("timestamp_is_date", false) is not boolean %}
        {% do problems.append(
            experimentos.problem(
                node.where,
                "`timestamp_is_date` must be true or false, got '"
                ~ given.timestamp_is_date
                ~ "'",
            )
        ) %}
    {% endif %}
    {% set timestamp = given.get("timestamp") %}
    {% if timestamp is none %}
        {% do problems.append(
            experimentos.problem(
                node.where,
                "`timestamp` is missing: name the column, or `none` for one row per unit",
            )
        ) %}
    {% endif %}
    {% set complete_until = given.get("complete_until") %}
    {% if complete_until is not none and experimentos.read_instant(complete_until) is none %}
        {% do problems.append(
            experimentos.problem(
                node.where,
                "`complete_until` must be a date or timestamp, got '"
                ~ complete_until
                ~ "'",
            )
        ) %}
    {% endif %}
    {% for key in ["timestamp_is_date", "complete_until"] if timestamp == "none" and given.get(key) %}
        {% do problems.append(experimentos.no_times(node.where, key)) %}
    {% endfor %}
    {% set fact = {
        "name": name,
        "file": node.file,
        "where": node.where,
        "index": found.facts | length,
        "units": experimentos.read_units(node.where, given, problems),
        "timestamp": timestamp,
        "is_dated": timestamp != "none",
        "timestamp_is_date": given.get("timestamp_is_date", false),
        "complete_until": (
            experimentos.read_instant(complete_until)
            if complete_until is not none
            else none
        ),
        "loaded_at": given.get("loaded_at"),
        "lookback": experimentos.read_lookback(
            node.where, given, timestamp != "none", problems
        ),
        "unique_key": given.get("unique_key"),
    } %}
    {% do fact.update({"hashed": experimentos.fact_hashed(given)}) %}
    {% do found.facts.update({name: fact}) %}
    {% if "metrics" in given %}
        {% do experimentos.read_metrics(fact, given.metrics, found, problems) %}
    {% endif %}
{% endmacro %}

{# What of a fact changes numbers. Which of repeated rows is read hangs on `loaded_at`; without
   `unique_key` it changes only how changes are found. #}
{% macro fact_hashed(given) %}
    {% set repeated = [] %}
    {% if given.get("unique_key") is not none %}
        {% do repeated.extend([given.unique_key, given.get("loaded_at")]) %}
    {% endif %}
    {{
        return(
            [
                given.get("unit"),
                given.get("units"),
                given.get("timestamp"),
                given.get("timestamp_is_date"),
            ]
            + repeated
        )
    }}
{% endmacro %}
