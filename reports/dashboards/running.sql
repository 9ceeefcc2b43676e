-- What is running: one row per experiment that is not over, those that can act soonest first.
-- Chart: a table; days_left as a bar, worst_health as a coloured cell.
-- Plain SQL for DuckDB and PostgreSQL: set the search path to the schema of the tables, or write
-- the schema before their names.
with

    units as (

        select experiment_id, sum(n_units) as n_units
        from experimentos__assignment_counts
        where population = 'analysed' and segment = 'all'
        group by experiment_id

    ),

    checks as (

        select
            experiment_id,
            sum(case when status = 'blocked' then 1 else 0 end) as n_blocked,
            sum(case when status = 'warning' then 1 else 0 end) as n_warnings
        from experimentos__health
        group by experiment_id

    ),

    waits as (

        -- Of all that has to be shown, the one that waits longest. Unknown where one of them is.
        select
            experiment_id,
            case when count(*) = count(days_left) then max(days_left) end as days_left
        from experimentos__power
        where n_needed is not null
        group by experiment_id

    )

select
    experiments.experiment_id,
    experiments.label,
    experiments.owner,
    experiments.design,
    experiments.starts_at,
    experiments.decides_at,
    experiments.data_as_of,
    coalesce(units.n_units, 0) as n_units,
    experiments.planned_n,
    waits.days_left,
    decisions.verdict,
    decisions.reason,
    case
        when checks.n_blocked > 0
        then 'blocked'
        when checks.n_warnings > 0
        then 'warning'
        else 'healthy'
    end as worst_health
from experimentos__experiments as experiments
left join units on experiments.experiment_id = units.experiment_id
left join checks on experiments.experiment_id = checks.experiment_id
left join waits on experiments.experiment_id = waits.experiment_id
left join
    experimentos__decisions as decisions on experiments.experiment_id = decisions.experiment_id
where experiments.status = 'running' and not experiments.is_final
order by waits.days_left nulls last, experiments.experiment_id
