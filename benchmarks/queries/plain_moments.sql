-- Four metrics written by hand and without any cleverness: a left join, a number for each unit, and the
-- moments of those numbers. What the package computes has to equal this.
with

    units as (

        select experiment, user_id, min(assigned_at) as exposed_at, min(variant) as variant
        from raw.assignments
        group by experiment, user_id
        having count(distinct variant) = 1

    ),

    events as (

        select
            user_id,
            event_at,
            if(event_name = 'purchase', 1.0, 0) as purchases,
            if(event_name = 'purchase', value, 0) as revenue,
            if(event_name = 'add_to_cart', 1.0, 0) as additions,
            if(event_name = 'search', 1.0, 0) as searches
        from raw.events
        where event_name in ('purchase', 'add_to_cart', 'search')

    ),

    numbers as (

        select
            units.experiment,
            units.variant,
            units.user_id,
            coalesce(sum(purchases) filter (event_at >= exposed_at), 0) as purchases,
            coalesce(sum(purchases) filter (event_at < exposed_at), 0) as purchases_before,
            coalesce(sum(revenue) filter (event_at >= exposed_at), 0) as revenue,
            coalesce(sum(revenue) filter (event_at < exposed_at), 0) as revenue_before,
            coalesce(sum(additions) filter (event_at >= exposed_at), 0) as additions,
            coalesce(sum(additions) filter (event_at < exposed_at), 0) as additions_before,
            coalesce(sum(searches) filter (event_at >= exposed_at), 0) as searches,
            coalesce(sum(searches) filter (event_at < exposed_at), 0) as searches_before
        from units
        left join
            events
            on units.user_id = events.user_id
            and events.event_at >= units.exposed_at - interval 14 day
            and events.event_at < units.exposed_at + interval 7 day
        group by units.experiment, units.variant, units.user_id

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
            'search_to_cart',
            additions,
            additions_before,
            searches,
            searches_before
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
