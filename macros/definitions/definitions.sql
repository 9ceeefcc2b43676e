{# All definitions of the project, read from the graph, checked, and numbered. Raises once with every
   problem. stg_experimentos__definitions reads them first; models after it are skipped when it raises. #}
{% macro definitions() %}
    {% if not execute %} {{ return(experimentos.read_definitions()) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "definitions" not in kept %}
        {% do kept.update(
            {"definitions": experimentos.read_definitions(experimentos.may_open())}
        ) %}
    {% endif %}
    {% set found = kept["definitions"] %}
    {% if found.problems %}
        {{ exceptions.raise_compiler_error(experimentos.problem_report(found.problems)) }}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{# The definitions as the first model reads them, before any model of the user is built. Where an archived
   one was edited they are read again after those, as its raw rows are then counted. #}
{% macro first_definitions() %}
    {% set found = experimentos.read_definitions() %}
    {% if found.problems %}
        {{ exceptions.raise_compiler_error(experimentos.problem_report(found.problems)) }}
    {% endif %}
    {% if execute and not found.experiments | map(attribute="edit_note") | select | list %}
        {% do experimentos.kept().update({"definitions": found}) %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{# What is read once and used by many models of one run. dbt 1 shows the same graph to all of them, so
   it is kept there; elsewhere each model reads for itself. #}
{% macro kept() %}
    {% if not dbt_version.startswith("1.") %} {{ return({}) }} {% endif %}
    {% set kept = graph.setdefault("experimentos", {}) %}
    {% if kept.get("run") != invocation_id %}
        {% do kept.clear() %} {% do kept.update({"run": invocation_id}) %}
    {% endif %}
    {{ return(kept) }}
{% endmacro %}

{% macro problem_report(problems) %}
    {% set lines = ["experimentos: " ~ (problems | length) ~ " problem(s) in your definitions"] %}
    {% for text in problems %} {% do lines.append("  - " ~ text) %} {% endfor %}
    {{ return(lines | join("\n")) }}
{% endmacro %}

{% macro read_definitions(may_open=false) %}
    {% set problems = [] %}
    {% if not execute %}
        {{
            return(
                {
                    "problems": problems,
                    "assignments": [],
                    "facts": {},
                    "metrics": {},
                    "experiments": [],
                    "numbers": {},
                }
            )
        }}
    {% endif %}
    {% do experimentos.check_settings(problems) %}
    {% set found = experimentos.read_sources(problems) %}
    {% for metric in found.metrics.values() %}
        {% do metric.update({"hash": experimentos.metric_hash(metric, found.facts)}) %}
    {% endfor %}
    {% set table = experimentos.experiments_from_table() %}
    {% do problems.extend(table.problems) %}
    {% do found.update({"experiment_rows": table.rows}) %}
    {% set experiments = experimentos.read_experiments(found) %}
    {% do experimentos.use_archived(experiments, may_open) %}
    {% set hold = experimentos.settings().get("invalid_experiments", "fail") == "hold" %}
    {% for experiment in experiments if experiment.problems %}
        {% if not hold %} {% do problems.extend(experiment.problems) %} {% endif %}
        {% do experiment.update({"variants": [], "pairs": [], "ids": [], "phases": []}) %}
        {% do experiment.update({"segments": [], "segments_daily": false, "activation": none}) %}
    {% endfor %}
    {% do found.update(
        {
            "experiments": experiments,
            "problems": problems,
            "numbers": experimentos.known_numbers(),
        }
    ) %}
    {% do experimentos.number_arms(found) %}
    {{ return(found) }}
{% endmacro %}

{% macro metric_hash(metric, facts) %}
    {% set sources = [] %}
    {% for model in metric.models if model in facts %}
        {% do sources.append(facts[model].hashed) %}
    {% endfor %}
    {% set shown = ["label", "description", "format"] %}
    {{
        return(
            local_md5(
                tojson(
                    [
                        metric.name,
                        metric.model,
                        sources,
                        metric.given.items()
                        | rejectattr("0", "in", shown)
                        | map("string")
                        | list
                        | sort,
                    ]
                )
            )
        )
    }}
{% endmacro %}

{% macro check_settings(problems) %}
    {% set where = "vars.experimentos (dbt_project.yml)" %}
    {% set given = var("experimentos", {}) %}
    {% if given is not mapping %}
        {% do problems.append(experimentos.problem(where, "must be a map, got '" ~ given ~ "'")) %}
        {{ return(none) }}
    {% endif %}
    {% set lists = ["assignment_models", "fact_models", "summary_models"] %}
    {% set allowed = lists + ["as_of", "invalid_experiments", "inference", "lookback", "daily"] %}
    {% set allowed = allowed + ["archive", "distributions", "health"] %}
    {% set allowed = allowed + ["segment_levels", "experiments_from", "memory_schema"] %}
    {% do experimentos.check_keys(problems, where, given, allowed) %}
    {% for key in lists if key in given %}
        {% if (
            given[key] is string
            or given[key] is mapping
            or given[key] is not sequence
            or given[key] | length != experimentos.listed_models(key) | length
        ) %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`"
                    ~ key
                    ~ "` must be a list of names of models, each once, got '"
                    ~ given[key]
                    ~ "'",
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% set as_of = given.get("as_of") %}
    {% if as_of is not none and experimentos.read_instant(as_of) is none %}
        {% do problems.append(
            experimentos.problem(
                where, "`as_of` must be a date or a timestamp, got '" ~ as_of ~ "'"
            )
        ) %}
    {% endif %}
    {% for key, allowed in [
        ("invalid_experiments", ["fail", "hold"]), ("inference", ["python_model", "client"])
    ] if given.get(key, allowed[0]) not in allowed %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`" ~ key ~ "` is '" ~ given[key] ~ "'",
                given[key] | string,
                allowed,
            )
        ) %}
    {% endfor %}
    {% do experimentos.check_build_settings(problems, where, given) %}
    {% do problems.extend(experimentos.project_limits().problems) %}
{% endmacro %}

{% macro check_build_settings(problems, where, given) %}
    {% if experimentos.read_duration(given.get("lookback", "3 days")) is none %}
        {% do problems.append(experimentos.bad_duration(where, "lookback", given.lookback)) %}
    {% endif %}
    {% for key in ["daily", "archive", "distributions"] if given.get(key, true) is not boolean %}
        {% do problems.append(
            experimentos.problem(
                where, "`" ~ key ~ "` must be true or false, got '" ~ given[key] ~ "'"
            )
        ) %}
    {% endfor %}
    {% set levels = given.get("segment_levels", 20) %}
    {% if levels is not integer or levels is boolean or levels < 1 %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`segment_levels` must be a whole number from 1, got '" ~ levels ~ "'",
            )
        ) %}
    {% endif %}
    {% for key, what in [("experiments_from", "a model"), ("memory_schema", "a schema")] if key in given %}
        {% if given[key] is not string or not given[key] | trim %}
            {% do problems.append(
                experimentos.problem(
                    where, "`" ~ key ~ "` must name " ~ what ~ ", got '" ~ given[key] ~ "'"
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
