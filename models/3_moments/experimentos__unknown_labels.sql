-- One row per experiment: a label in its assignments that is not among the planned variants.
-- depends_on: {{ ref("experimentos__experiments") }}
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
select experiments.experiment_id, min(assignments.variant) as example
from {{ ref("stg_experimentos__assignments") }} as assignments
inner join
    {{ ref("stg_experimentos__experiment_ids") }} as experiment_ids
    on assignments.experiment_value = experiment_ids.experiment_value
    and assignments.kind = experiment_ids.kind
inner join
    {{ ref("stg_experimentos__experiments") }} as experiments
    on experiment_ids.experiment_index = experiments.experiment_index
left join
    {{ ref("stg_experimentos__variants") }} as variants
    on experiment_ids.experiment_index = variants.experiment_index
    and assignments.variant = variants.variant
where
    variants.variant is null
    and assignments.variant is not null
    and {{ experimentos.is_active("experiments.experiment_id") }}
group by experiments.experiment_id {{ experimentos.archived_rows(["experiment_id", "example"]) }}
