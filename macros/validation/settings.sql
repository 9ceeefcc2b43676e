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
        inputs.alpha_harm,
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
