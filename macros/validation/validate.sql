{# dbt run-operation experimentos.validate: what `experimentos validate` asks the warehouse about one
   experiment, as one line of JSON. What is wrong with the question is in `problem`. #}
{% macro validate(experiment, salt, buckets=4096, arms="control", metrics=none) %}
    {% set found = experimentos.definitions() %}
    {% set answer = {"problem": experimentos.not_validated(found, experiment, metrics)} %}
    {% if not answer.problem %}
        {% for one in found.experiments if one.name == experiment %}
            {#- the units of an archived one are there until the next build: to be planned for, too -#}
            {% do one.update({"is_archived": false}) %}
            {% do answer.update(
                experimentos.validation_of(found, one, salt, buckets, arms, metrics)
            ) %}
        {% endfor %}
    {% endif %}
    {% do log("experimentos_validate " ~ tojson(answer), info=true) %}
{% endmacro %}

{# dbt run-operation experimentos.validated_experiments: which experiments can be validated. #}
{% macro validated_experiments() %}
    {% set names = [] %}
    {% set found = experimentos.definitions() %}
    {% for experiment in found.experiments %}
        {% if not experimentos.not_validated(found, experiment.name, none) %}
            {% if experimentos.has_units(experiment) %} {% do names.append(experiment.name) %} {% endif %}
        {% endif %}
    {% endfor %}
    {% do log("experimentos_validated_experiments " ~ tojson({"names": names}), info=true) %}
{% endmacro %}

{# Why an experiment cannot be validated, or none. #}
{% macro not_validated(found, name, metrics) %}
    {% set ids = found.experiments | map(attribute="name") | list %}
    {% if name not in ids %}
        {{ return(experimentos.not_defined("experiment", name, ids)) }}
    {% endif %}
    {% set experiment = found.experiments[ids.index(name)] %}
    {% set named = "experiment '" ~ name ~ "' " %}
    {% if experiment.status == "draft" %}
        {{ return(named ~ "is a draft: it has no units yet") }}
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
        {% if reason %} {% do problems.append("metric '" ~ pair.metric.name ~ "' " ~ reason) %} {% endif %}
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
    {% if not rows %}
        {{ return("experiment '" ~ experiment.name ~ "' is not built yet: " ~ how) }}
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
                "experiment '"
                ~ experiment.name
                ~ "' was edited after the last build: "
                ~ how
            )
        }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{% macro has_units(experiment) %}
    {% set arm_ids = experiment.arms | map(attribute="arm_id") | list %}
    {{ return(experimentos.count_of_units(arm_ids) > 0) }}
{% endmacro %}

{# The statements, and what they are about. #}
{% macro validation_of(found, experiment, salt, buckets, arms, metrics) %}
    {% set population = "activated" if experiment.activation else "assigned" %}
    {% set arm_ids = [] %}
    {% for arm in experiment.arms
        if arm.population == population and (arms == "all" or arm.is_control) %}
        {% do arm_ids.append(arm.arm_id) %}
    {% endfor %}
    {% set pairs, left_out = [], [] %}
    {% for pair in experiment.pairs if not metrics or pair.metric.name in metrics %}
        {% set reason = experimentos.without_bucket_moments(pair) %}
        {% if reason %} {% do left_out.append({"metric": pair.metric.name, "reason": reason}) %}
        {% else %} {% do pairs.append(pair) %}
        {% endif %}
    {% endfor %}
    {% set n_units = experimentos.count_of_units(arm_ids) %}
    {% set shares = experimentos.least_share(experiment) %}
    {% set sql = (
        experimentos.bucket_moments(
            found, pairs, arm_ids, population, salt, buckets, n_units
        )
        if pairs
        else none
    ) %}
    {{
        return(
            {
                "experiment_id": experiment.name,
                "definitions_hash": experiment.hash,
                "control": experiment.control,
                "variants": experiment.variants | map(attribute="label") | list,
                "n_phases": experiment.phases | length,
                "population": population,
                "arm_ids": arm_ids,
                "control_share": shares[0],
                "treatment_share": shares[1],
                "n_units": n_units,
                "n_buckets": [buckets, n_units] | min,
                "metrics": pairs | map(attribute="metric.name") | list,
                "left_out": left_out,
                "settings_sql": experimentos.validation_settings(experiment),
                "looks_sql": experimentos.validation_looks(experiment),
                "sql": sql,
            }
        )
    }}
{% endmacro %}

{% macro count_of_units(arm_ids) %}
    {% set query %}
        select count(*)
        from {{ ref("experimentos__analysed_units") }}
        where arm_id in ({{ (arm_ids or [-1]) | join(", ") }})
    {% endset %}
    {{ return(run_query(query).rows[0][0] | int) }}
{% endmacro %}

{# The shares of control and of the treatment with the smallest, in the last phase of the split that has
   both. #}
{% macro least_share(experiment) %}
    {% set found = namespace(shares=[0.5, 0.5]) %}
    {% set phases = experiment.arms | map(attribute="phase") | unique | sort | list %}
    {% for phase in phases %}
        {% set in_phase = namespace(control=0, least=none) %}
        {% for arm in experiment.arms if arm.phase == phase and arm.share > 0 %}
            {% if arm.is_control %} {% set in_phase.control = arm.share %}
            {% elif in_phase.least is none or arm.share < in_phase.least %}
                {% set in_phase.least = arm.share %}
            {% endif %}
        {% endfor %}
        {% if in_phase.control > 0 and in_phase.least is not none %}
            {% set found.shares = [in_phase.control, in_phase.least] %}
        {% endif %}
    {% endfor %}
    {{ return(found.shares) }}
{% endmacro %}

{# One row per metric and treatment: what the verdict is told of it. #}
{% macro validation_settings(experiment) %}
    select
        inputs.metric,
        inputs.variant,
        inputs.role,
        inputs.metric_type,
        inputs.goal,
        inputs.margin,
        inputs.margin_kind,
        inputs.mde,
        inputs.mde_kind,
        inputs.alpha,
        inputs.power,
        inputs.design,
        inputs.planned_n,
        inputs.spending,
        inputs.spending_parameter,
        inputs.has_covariate,
        pairs.is_dated
        and not pairs.is_endless
        and (pairs.decides_on = 'mature' or pairs.is_aged) as enters_by_day,
        experiments.starts_at,
        experiments.data_as_of
    from {{ ref("experimentos__inference_inputs") }} as inputs
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on inputs.experiment_id = experiments.experiment_id
    inner join
        {{ ref("stg_experimentos__pairs") }} as pairs
        on experiments.experiment_index = pairs.experiment_index
        and inputs.metric = pairs.metric
    where
        inputs.is_deciding
        and not inputs.is_control
        and inputs.experiment_id = {{ experimentos.text_literal(experiment.name) }}
    order by inputs.metric, inputs.variant
{% endmacro %}

{# The scheduled looks: the day at whose start each is due, counted from that of the start, or the share of
   units. #}
{% macro validation_looks(experiment) %}
    select
        looks.scheduled_look,
        looks.unit_share,
        {{
            experimentos.whole_days(
                experimentos.start_of_day("experiments.starts_at"), "looks.look_at"
            )
        }} as day
    from {{ ref("stg_experimentos__looks") }} as looks
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on looks.experiment_index = experiments.experiment_index
    where experiments.experiment_id = {{ experimentos.text_literal(experiment.name) }}
    order by looks.scheduled_look
{% endmacro %}
