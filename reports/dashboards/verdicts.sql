-- Verdicts: one row per experiment with its reason, and how often it was decided otherwise before.
-- Chart: a table with verdict as a coloured cell, or a bar of counts by verdict and month of
-- starts_at.
-- Plain SQL for DuckDB and PostgreSQL: set the search path to the schema of the tables, or write
-- the schema before their names.
with

    past as (

        select experiment_id, count(*) as n_recorded, max(n_edits) as n_edits
        from experimentos__history
        group by experiment_id

    ),

    others as (

        -- Recorded verdicts that differ from the one of now, also in the variant they name.
        select history.experiment_id, count(*) as n_otherwise
        from experimentos__history as history
        inner join
            experimentos__decisions as decisions on history.experiment_id = decisions.experiment_id
        where
            history.verdict <> decisions.verdict
            or history.variant is distinct from decisions.variant
        group by history.experiment_id

    )

select
    experiments.experiment_id,
    experiments.label,
    experiments.owner,
    experiments.status,
    experiments.starts_at,
    experiments.ends_at,
    experiments.is_final,
    decisions.verdict,
    decisions.variant,
    decisions.rule,
    decisions.reason,
    decisions.data_as_of,
    coalesce(past.n_recorded, 0) as n_recorded,
    coalesce(others.n_otherwise, 0) as n_otherwise,
    coalesce(past.n_edits, 0) as n_edits
from experimentos__decisions as decisions
inner join
    experimentos__experiments as experiments on decisions.experiment_id = experiments.experiment_id
left join past on decisions.experiment_id = past.experiment_id
left join others on decisions.experiment_id = others.experiment_id
order by
    case decisions.verdict when 'rollback' then 1 when 'launch' then 2 else 3 end,
    experiments.starts_at desc nulls last,
    experiments.experiment_id
