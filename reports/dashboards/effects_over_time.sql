-- Effects over time: one row per success metric or guardrail, variant and day: the estimate on all
-- data until then, by the estimator that decides.
-- Chart: a line of lift by as_of, one panel per metric, with lower and upper as error bars where
-- they are not null. Those hold at the looks they stand at. lower_fixed and upper_fixed hold for a
-- single look alone: whoever reads them every day and acts is wrong far more often than they say.
-- Plain SQL for DuckDB and PostgreSQL: set the search path to the schema of the tables, or write
-- the schema before their names.
select
    effects.experiment_id,
    effects.metric,
    effects.role,
    effects.goal,
    effects.variant,
    effects.as_of,
    effects.n_control,
    effects.n_treatment,
    effects.value_control,
    effects.value_treatment,
    effects.estimate,
    effects.lower,
    effects.upper,
    effects.level,
    effects.lift,
    effects.lift_lower,
    effects.lift_upper,
    effects.lower_fixed,
    effects.upper_fixed,
    effects.is_latest
from experimentos__effects as effects
inner join
    experimentos__effects as deciding
    on effects.experiment_id = deciding.experiment_id
    and effects.metric = deciding.metric
    and effects.variant = deciding.variant
    and effects.population = deciding.population
    and effects.basis = deciding.basis
    and effects.adjustment = deciding.adjustment
where
    effects.segment = 'all'
    and deciding.segment = 'all'
    and deciding.used_for_decision
    and effects.role in ('success', 'guardrail')
order by effects.experiment_id, effects.role desc, effects.metric, effects.variant, effects.as_of
