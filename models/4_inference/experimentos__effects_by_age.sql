-- One row per experiment, metric, variant and days since exposure: the effect on what units did
-- up to then.
select
    ages.experiment_id,
    ages.metric,
    ages.variant,
    cast(ages.age_days as integer) as age_days,
    ages.n_units,
    ages.estimate,
    ages.std_error,
    ages.lower,
    ages.upper
from {{ experimentos.inferred("ages") }} as ages
-- What is no longer defined is not shown, also where a store still holds it. Nor are ramps: their
-- phases
-- pooled, a difference between weeks would look like one between variants.
inner join
    {{ ref("experimentos__age_inputs") }} as inputs
    on ages.experiment_id = inputs.experiment_id
    and ages.metric = inputs.metric
    and ages.variant = inputs.variant
    and ages.age_days = inputs.age_days
where inputs.n_phases = 1
