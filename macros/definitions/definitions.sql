{# All definitions of the project, read from the graph, checked, and numbered. Raises once with every
   problem. stg_experimentos__experiments calls it first; models after it are skipped when it raises. #}
{% macro definitions() %}
    {% if not execute %} {{ return(experimentos.read_definitions()) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "definitions" not in kept %}
        {% do kept.update({"definitions": experimentos.read_definitions()}) %}
    {% endif %}
    {% set found = kept["definitions"] %}
    {% if found.problems %}
        {{ exceptions.raise_compiler_error(experimentos.problem_report(found.problems)) }}
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

{% macro read_definitions() %}
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
                }
            )
        }}
    {% endif %}
    {% do experimentos.check_settings(problems) %}
    {% set found = experimentos.read_sources(problems) %}
    {% for metric in found.metrics.values() %}
        {% do metric.update({"hash": experimentos.metric_hash(metric, found.facts)}) %}
    {% endfor %}
    {% set experiments = experimentos.read_experiments(found) %}
    {% set hold = experimentos.settings().get("invalid_experiments", "fail") == "hold" %}
    {% for experiment in experiments if experiment.problems %}
        {% if not hold %} {% do problems.extend(experiment.problems) %} {% endif %}
        {% do experiment.update({"variants": [], "pairs": [], "ids": []}) %}
    {% endfor %}
    {% do experimentos.number_arms(experiments) %}
    {% do found.update({"experiments": experiments, "problems": problems}) %}
    {{ return(found) }}
{% endmacro %}

{% macro metric_hash(metric, facts) %}
    {% set sources = [] %}
    {% for part in metric.parts.values() if part.model in facts %}
        {% do sources.append(facts[part.model].hashed) %}
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

{# Experiments, arms and pairs are joined by number: shorter SQL, and faster grouping than by text. #}
{% macro number_arms(experiments) %}
    {% set next = namespace(arm=0, pair=0) %}
    {% for experiment in experiments %}
        {% do experiment.update({"index": loop.index0}) %}
        {% for variant in experiment.variants if experiment.status != "draft" %}
            {% do variant.update({"arm_id": next.arm}) %} {% set next.arm = next.arm + 1 %}
        {% endfor %}
        {% for pair in experiment.pairs %}
            {% do pair.update({"pair_id": next.pair}) %} {% set next.pair = next.pair + 1 %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{% macro check_settings(problems) %}
    {% set where = "vars.experimentos (dbt_project.yml)" %}
    {% set given = var("experimentos", {}) %}
    {% if given is not mapping %}
        {% do problems.append(experimentos.problem(where, "must be a map, got '" ~ given ~ "'")) %}
        {{ return(none) }}
    {% endif %}
    {% set lists = ["assignment_models", "fact_models", "summary_models"] %}
    {% do experimentos.check_keys(
        problems,
        where,
        given,
        lists + ["as_of", "invalid_experiments", "inference"],
        ["experiments_from", "memory_schema", "lookback", "segments_daily"],
    ) %}
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
{% endmacro %}
