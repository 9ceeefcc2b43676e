{# Why an experiment cannot be validated, or none. #}
{% macro not_validated(found, name, metrics) %}
    {% set ids = found.experiments | map(attribute="name") | list %}
    {% if name not in ids %}
        {{ return(experimentos.not_defined("experiment", name, ids)) }}
    {% endif %}
    {% set experiment = found.experiments[ids.index(name)] %}
    {% set named = "experiment '" ~ name ~ "' " %}
    {% if experiment.status == "draft" %} {{ return(named ~ "is a draft: it has no units yet") }}
    {% elif experiment.summary is not none %}
        {{
            return(
                named
                ~ "is known by a summary alone: totals of arms cannot be dealt to other arms"
            )
        }}
    {% endif %}
    {% set used = experiment.pairs | map(attribute="metric.name") | list %}
    {% set problems = [] %}
    {% for metric in metrics or [] if metric not in used %}
        {% do problems.append(
            experimentos.problem(
                "metric '" ~ metric ~ "'",
                "is not used by " ~ named.strip(),
                metric | string,
                used,
            )
        ) %}
    {% endfor %}
    {% for pair in experiment.pairs if metrics and pair.metric.name in metrics %}
        {% set reason = experimentos.without_bucket_moments(pair) %}
        {% if reason %}
            {% do problems.append("metric '" ~ pair.metric.name ~ "' " ~ reason) %}
        {% endif %}
    {% endfor %}
    {% if problems %} {{ return(problems | join("\n")) }} {% endif %}
    {{ return(experimentos.not_built_as_defined(experiment)) }}
{% endmacro %}

{# Why a metric cannot be validated, or none. #}
{% macro without_bucket_moments(pair) %}
    {% if pair.metric.type == "quantile" %}
        {{
            return(
                "is a quantile: it does not follow from the moments of buckets, and the single "
                ~ "values stay in the warehouse"
            )
        }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{# Which table is missing, or was built by other definitions; or none. #}
{% macro not_built_as_defined(experiment) %}
    {% set how = "run `dbt build` (or `experimentos build --full`) first" %}
    {% for relation in [
        ref("experimentos__analysed_units"),
        ref("experimentos__experiments"),
        ref("experimentos__unit_days"),
        ref("experimentos__caps"),
        ref("experimentos__inference_inputs"),
        ref("experimentos__validation"),
        ref("stg_experimentos__pairs"),
        ref("stg_experimentos__looks"),
    ] if load_cached_relation(relation) is none %}
        {{ return(relation.identifier ~ " is not there yet: " ~ how) }}
    {% endfor %}
    {% set query %}
        select definitions_hash
        from {{ ref("experimentos__experiments") }}
        where experiment_id = {{ experimentos.text_literal(experiment.name) }}
    {% endset %}
    {% set rows = run_query(query).rows %}
    {% if not rows %} {{ return("experiment '" ~ experiment.name ~ "' is not built yet: " ~ how) }}
    {% elif experiment.is_archived and not experimentos.has_units(experiment) %}
        {{
            return(
                "experiment '"
                ~ experiment.name
                ~ "' is archived, and its units are not kept: `experimentos build --reopen "
                ~ experiment.name
                ~ "` computes it again while its raw rows are there; validate it before the next build"
            )
        }}
    {% elif rows[0][0] != experiment.hash %}
        {{
            return(
                "experiment '" ~ experiment.name ~ "' was edited after the last build: " ~ how
            )
        }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{% macro has_units(experiment) %}
    {% set arm_ids = experiment.arms | map(attribute="arm_id") | list %}
    {{ return(experimentos.count_of_units(arm_ids) > 0) }}
{% endmacro %}
