{# dbt run-operation experimentos.check: checks every definition without building anything. The result
   is logged as one line of JSON, which `experimentos check` prints as a table. #}
{% macro check() %}
    {% set found = experimentos.read_definitions(may_open=true) %}
    {% set problems = found.problems %}
    {% set held = [] %}
    {% for experiment in found.experiments %}
        {% for text in experiment.problems if text not in problems %}
            {% do held.append(text) %}
        {% endfor %}
    {% endfor %}
    {% set listing = experimentos.listing(found, problems, held) %}
    {% set warnings = (
        experimentos.slow_guardrails(found.experiments)
        + experimentos.lost_lineages()
        + experimentos.segments_of_no_day(found.experiments)
    ) %}
    {% do listing.update({"warnings": warnings}) %}
    {% do log("experimentos_check " ~ tojson(listing), info=true) %}
    {% if problems %}
        {{ exceptions.raise_compiler_error(experimentos.problem_report(problems)) }}
    {% endif %}
    {% if held %} {% do exceptions.warn(experimentos.problem_report(held)) %} {% endif %}
    {% do log(
        "experimentos: "
        ~ (found.experiments | length)
        ~ " experiment(s), "
        ~ (found.metrics | length)
        ~ " metric(s), no problem that stops a build",
        info=true,
    ) %}
{% endmacro %}

{# Deciding metrics count units whose windows have closed, so harm is seen that much later. #}
{% macro slow_guardrails(experiments) %}
    {% set longest, warnings = 3 * 86400, [] %}
    {% for experiment in experiments
        if not experiment.problems and experiment.summary is none and not experiment.is_archived %}
        {% set slow = [] %}
        {% for pair in experiment.pairs if pair.role == "guardrail" and pair.metric.is_dated %}
            {% set is_long = pair.metric.delay + pair.window > longest %}
            {% if pair.metric.mature and (pair.is_endless or is_long) %}
                {% set delay = pair.metric.delay_text %}
                {% do slow.append(
                    pair.metric.name
                    ~ " ("
                    ~ pair.window_text
                    ~ (" after " ~ delay if pair.metric.delay else "")
                    ~ ")"
                ) %}
            {% endif %}
        {% endfor %}
        {% if slow %}
            {% do warnings.append(
                experiment.where ~ ", `guardrails`: " ~ slow
                | join(", ")
                ~ ": only units whose windows have closed are counted, so harm is seen that much "
                ~ "later; a guardrail that must stop harm fast needs a window of at most 3 days"
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(warnings) }}
{% endmacro %}

{# dbt knows what an exposure is made of by its `depends_on` alone, and says nothing where it is missing. #}
{% macro lost_lineages() %}
    {% set warnings = [] %}
    {% for node in graph.exposures.values() | sort(attribute="name")
        if "experimentos" in (node.config.get("meta") or {}) %}
        {% set ours = [] %}
        {% for above in (node.depends_on or {}).get("nodes") or [] %}
            {% if above.split(".")[1] == "experimentos" %} {% do ours.append(above) %} {% endif %}
        {% endfor %}
        {% if not ours %}
            {% do warnings.append(
                "exposure "
                ~ node.name
                ~ " ("
                ~ node.original_file_path
                ~ "): `depends_on` names no model of experimentos, so the lineage in `dbt docs` does not "
                ~ "lead to it, and `dbt build --select +exposure:"
                ~ node.name
                ~ "` builds nothing that it needs; write depends_on: [ref('experimentos__decisions')]"
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(warnings) }}
{% endmacro %}

{# `daily: false` is often set for one build, so what an experiment asks for beside it is no mistake. #}
{% macro segments_of_no_day(experiments) %}
    {% set warnings = [] %}
    {% for experiment in experiments if experiment.segments_daily and not experimentos.is_daily() %}
        {% do warnings.append(
            experiment.where
            ~ ": `segments_daily` has no effect, because vars.experimentos (dbt_project.yml) says "
            ~ "`daily: false`, which keeps the latest day only"
        ) %}
    {% endfor %}
    {{ return(warnings) }}
{% endmacro %}

{# What is defined, as plain lists for people and machines. #}
{% macro listing(found, problems, held) %}
    {% set experiments, metrics = [], [] %}
    {% for experiment in found.experiments %}
        {% set roles = {"success": [], "guardrail": [], "explore": []} %}
        {% for pair in experiment.pairs %}
            {% do roles[pair.role].append(pair.metric.name) %}
        {% endfor %}
        {% do experiments.append(
            {
                "experiment_id": experiment.name,
                "file": experiment.file,
                "status": experiment.status,
                "start": experiment.start,
                "end": experiment.end,
                "control": experiment.control,
                "variants": experiment.variants | map(attribute="label") | list,
                "success": roles.success,
                "guardrails": roles.guardrail,
                "explore": roles.explore,
                "segments": experiment.segments,
                "activation": (
                    experiment.activation.text if experiment.activation else none
                ),
                "ramp": experimentos.phases_text(experiment),
                "problems": experiment.problems | length,
            }
        ) %}
    {% endfor %}
    {% for metric in found.metrics.values() %}
        {% do metrics.append(experimentos.metric_line(metric, found.problems)) %}
    {% endfor %}
    {{
        return(
            {"experiments": experiments, "metrics": metrics, "problems": problems, "held": held}
        )
    }}
{% endmacro %}

{# A metric with a problem may lack parts, so the rest is shown only where all definitions are right. #}
{% macro metric_line(metric, problems) %}
    {% set line = {
        "metric": metric.name,
        "type": metric.type,
        "model": metric.model,
        "goal": metric.goal,
        "window": metric.window_text | string if metric.window_text else none,
        "covariate": (metric.covariate_column or metric.covariate_text) | string,
        "file": metric.file,
    } %}
    {% if not problems %}
        {% do line.update(
            {
                "cap": experimentos.limits_text(metric, "cap"),
                "lower": experimentos.limits_text(metric, "lower"),
                "threshold": metric.threshold,
                "quantile": metric.quantile,
                "of": metric.of,
                "steps": experimentos.steps_text(metric),
                "by": metric.by,
                "missing": metric.missing,
                "mature": metric.mature,
            }
        ) %}
    {% endif %}
    {{ return(line) }}
{% endmacro %}
