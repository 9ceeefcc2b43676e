-- One row per hypothesis that decides: the smallest effect it would have found, and the units and
-- days that the planned one needs.
with

    effects as (

        select experiment_id, metric, variant, mde_reached
        from {{ experimentos.inferred("effects") }}
        where used_for_decision and role != 'explore'

    )

select
    power.experiment_id,
    power.metric,
    power.variant,
    power.test,
    power.role,
    power.mde_planned,
    effects.mde_reached,
    power.harm_found,
    power.n_needed,
    -- The window of a metric without an end closes when observation ends, however many units enter.
    case when not inputs.is_endless then power.days_left end as days_left
from {{ experimentos.inferred("power") }} as power {{ experimentos.with_current_inputs("power") }}
left join
    effects
    on power.experiment_id = effects.experiment_id
    and power.metric = effects.metric
    and power.variant = effects.variant
