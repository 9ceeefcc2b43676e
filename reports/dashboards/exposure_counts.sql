-- Exposure counts: one row per experiment, variant and day: units that came in, all until then, and
-- the share of the variant beside the planned one.
-- Chart: a line of n_units_so_far by assigned_on and variant; share_so_far less planned_share shows
-- a sample ratio that drifts. Whether it is more than chance is for the health check sample_ratio.
-- Plain SQL for DuckDB and PostgreSQL: set the search path to the schema of the tables, or write
-- the schema before their names.
with

    variants as (

        -- Every variant on every day on which any came in, so that lines have no holes.
        select days.experiment_id, days.assigned_on, names.variant
        from
            (
                select distinct experiment_id, assigned_on
                from experimentos__assignment_counts
                where population = 'assigned' and segment = 'all'
            ) as days
        inner join
            (
                select distinct experiment_id, variant
                from experimentos__assignment_counts
                where population = 'assigned' and segment = 'all'
            ) as names
            on days.experiment_id = names.experiment_id

    ),

    counts as (

        select
            variants.experiment_id,
            variants.variant,
            variants.assigned_on,
            coalesce(counts.n_units, 0) as n_units,
            counts.planned_share,
            sum(coalesce(counts.n_units, 0)) over (
                partition by variants.experiment_id, variants.variant
                order by variants.assigned_on
                rows between unbounded preceding and current row
            ) as n_units_so_far
        from variants
        left join
            experimentos__assignment_counts as counts
            on variants.experiment_id = counts.experiment_id
            and variants.variant = counts.variant
            and variants.assigned_on is not distinct from counts.assigned_on
            and counts.population = 'assigned'
            and counts.segment = 'all'

    )

select
    experiment_id,
    variant,
    assigned_on,
    n_units,
    n_units_so_far,
    cast(n_units_so_far as double precision) / nullif(
        cast(
            sum(n_units_so_far) over (partition by experiment_id, assigned_on) as double precision
        ),
        0
    ) as share_so_far,
    planned_share
from counts
order by experiment_id, assigned_on, variant
