-- Health: one row per check that is not healthy, blocked ones first. No row is good news.
-- Chart: a table, or a bar of counts by check_name and status. A blocked check withholds the
-- verdict of its experiment; a warning does not.
-- Plain SQL for DuckDB and PostgreSQL: set the search path to the schema of the tables, or write
-- the schema before their names.
select
    health.experiment_id,
    experiments.label,
    experiments.owner,
    experiments.status as experiment_status,
    health.check_name,
    health.status,
    health.population,
    health.metric,
    health.variant,
    health.segment,
    health.segment_value,
    health.observed,
    health.threshold,
    health.p_value,
    health.message
from experimentos__health as health
left join
    experimentos__experiments as experiments on health.experiment_id = experiments.experiment_id
where health.status <> 'healthy'
order by
    case health.status when 'blocked' then 1 else 2 end,
    health.experiment_id,
    health.check_name,
    health.metric,
    health.variant
