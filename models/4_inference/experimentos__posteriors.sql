-- One row per experiment, metric and treatment: posterior probabilities, which never decide.
select
    posteriors.experiment_id,
    posteriors.metric,
    posteriors.variant,
    posteriors.probability_better,
    posteriors.probability_best,
    posteriors.expected_loss,
    posteriors.lower,
    posteriors.upper,
    posteriors.method,
    posteriors.prior_kind,
    posteriors.prior_mean,
    posteriors.prior_sd,
    posteriors.prior_alpha,
    posteriors.prior_beta
from
    {{ experimentos.inferred("posteriors") }} as posteriors
    {{ experimentos.with_current_inputs("posteriors") }}
