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
            {% if experimentos.has_units(experiment) %}
                {% do names.append(experiment.name) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {% do log("experimentos_validated_experiments " ~ tojson({"names": names}), info=true) %}
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
