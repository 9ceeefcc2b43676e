-- The moments at the end of one day of the daily series, written by hand and without any cleverness.
-- {mature} units: those whose window has closed; otherwise all that were assigned by then, with the
-- events until then.
with

    units as (

        select experiment, user_id, min(assigned_at) as exposed_at, min(variant) as variant
        from raw.assignments
        group by experiment, user_id
        having count(distinct variant) = 1

    ),

    entered as (

        select *
        from units
        where
            case
                when {mature}
                then exposed_at + interval 7 day <= timestamp '{as_of}'
                else exposed_at < timestamp '{as_of}'
            end

    ),

    numbers as (

        select
            entered.experiment,
            entered.variant,
            entered.user_id,
            count(*) filter (event_name = 'purchase' and event_at >= exposed_at) as purchases,
            count(*) filter (event_name = 'purchase' and event_at < exposed_at) as purchases_before,
            coalesce(
                sum(value) filter (event_name = 'purchase' and event_at >= exposed_at), 0
            ) as revenue,
            coalesce(
                sum(value) filter (event_name = 'purchase' and event_at < exposed_at), 0
            ) as revenue_before,
            count(*) filter (event_name = 'session_start' and event_at >= exposed_at) as sessions,
            count(*) filter (
                event_name = 'session_start' and event_at < exposed_at
            ) as sessions_before
        from entered
        left join
            raw.events as events
            on entered.user_id = events.user_id
            and events.event_at >= entered.exposed_at - interval 14 day
            and events.event_at < entered.exposed_at + interval 7 day
            and events.event_at < timestamp '{as_of}'
        group by entered.experiment, entered.variant, entered.user_id

    ),

    metrics as (

        select
            experiment,
            variant,
            'purchases' as metric,
            purchases as num,
            purchases_before as num_cov,
            null as den,
            null as den_cov
        from numbers
        union all
        select experiment, variant, 'revenue', revenue, revenue_before, null, null
        from numbers
        union all
        select
            experiment,
            variant,
            'order_value',
            revenue,
            revenue_before,
            purchases,
            purchases_before
        from numbers
        union all
        select
            experiment,
            variant,
            'session_value',
            revenue,
            revenue_before,
            sessions,
            sessions_before
        from numbers

    )

select
    experiment,
    variant,
    metric,
    count(*) as n_units,
    avg(num) as mean_num,
    var_pop(num) * count(*) as m2_num,
    avg(num_cov) as mean_num_cov,
    var_pop(num_cov) * count(*) as m2_num_cov,
    covar_pop(num, num_cov) * count(*) as c2_num_num_cov,
    avg(den) as mean_den,
    var_pop(den) * count(*) as m2_den,
    covar_pop(num, den) * count(*) as c2_num_den,
    avg(den_cov) as mean_den_cov,
    var_pop(den_cov) * count(*) as m2_den_cov,
    covar_pop(num, den_cov) * count(*) as c2_num_den_cov,
    covar_pop(den, num_cov) * count(*) as c2_den_num_cov,
    covar_pop(den, den_cov) * count(*) as c2_den_den_cov,
    covar_pop(num_cov, den_cov) * count(*) as c2_num_cov_den_cov
from metrics
group by experiment, variant, metric
order by experiment, variant, metric
