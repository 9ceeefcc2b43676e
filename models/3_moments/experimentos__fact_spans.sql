-- One row per experiment and fact with times that its metrics read: where the history of the fact
-- begins, its rows that lie before all of it or in the future, and an end that does.
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
select
    experiments.experiment_id,
    facts.fact,
    facts.first_at,
    facts.n_ancient,
    facts.n_future,
    facts.ahead_until
from
    (
        select distinct experiment_index, fact from {{ ref("stg_experimentos__measures") }}
    ) as measures
inner join
    {{ ref("experimentos__experiments") }} as experiments
    on measures.experiment_index = experiments.experiment_index
inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
where
    facts.is_dated
    and facts.first_at is not null
    and {{ experimentos.is_active("experiments.experiment_id") }}
    {{
        experimentos.archived_rows(
            ["experiment_id", "fact", "first_at", "n_ancient", "n_future", "ahead_until"]
        )
    }}
