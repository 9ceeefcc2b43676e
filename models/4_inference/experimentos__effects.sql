-- One row per comparison of a variant with control and adjustment: the effect, its intervals and
-- p-values.
select
    effects.experiment_id,
    effects.metric,
    effects.variant,
    effects.population,
    effects.segment,
    effects.segment_value,
    effects.as_of,
    effects.basis,
    effects.adjustment,
    effects.control,
    effects.role,
    effects.goal,
    effects.n_control,
    effects.n_treatment,
    effects.value_control,
    effects.value_treatment,
    effects.estimate,
    effects.std_error,
    effects.p_value_fixed,
    effects.lower_fixed,
    effects.upper_fixed,
    effects.p_value,
    effects.p_value_corrected,
    effects.lower,
    effects.upper,
    effects.level,
    effects.lift,
    effects.lift_lower,
    effects.lift_upper,
    effects.margin,
    effects.margin_kind,
    effects.p_value_noninferior,
    effects.p_value_harm,
    effects.p_value_harm_corrected,
    effects.theta,
    effects.variance_reduction,
    effects.method,
    effects.used_for_decision,
    effects.is_latest,
    effects.is_final
from {{ experimentos.inferred("effects") }} as effects
-- What is no longer defined is not shown, also where a store still holds it.
inner join
    {{ ref("experimentos__inference_inputs") }} as inputs
    on effects.experiment_id = inputs.experiment_id
    and effects.metric = inputs.metric
    and effects.variant = inputs.variant
    and effects.segment = inputs.segment
    and effects.segment_value = inputs.segment_value
