-- One row per experiment, metric with caps, population and basis: whether a percentile was refused.
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
select experiments.experiment_id, pairs.metric, caps.population, caps.basis, caps.is_refused
from {{ ref("experimentos__caps") }} as caps
inner join {{ ref("stg_experimentos__pairs") }} as pairs on caps.pair_id = pairs.pair_id
inner join
    {{ ref("experimentos__experiments") }} as experiments
    on pairs.experiment_index = experiments.experiment_index
where
    {{ experimentos.is_active("experiments.experiment_id") }}
    {{
        experimentos.archived_rows(
            ["experiment_id", "metric", "population", "basis", "is_refused"]
        )
    }}
