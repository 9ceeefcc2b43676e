-- One row per experiment and metric: what the metric is for in the experiment.
select
    experiments.experiment_id,
    pairs.metric,
    pairs.role,
    pairs.position,
    pairs.metric_type,
    pairs.goal,
    pairs.margin,
    pairs.margin_kind,
    pairs.mde,
    pairs.mde_kind,
    pairs.window_text,
    pairs.delay_text,
    pairs.covariate_text,
    pairs.format
from {{ ref("stg_experimentos__pairs") }} as pairs
inner join
    {{ ref("stg_experimentos__experiments") }} as experiments
    on pairs.experiment_index = experiments.experiment_index
