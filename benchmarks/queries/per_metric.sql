-- One metric of one experiment by itself, as tools that write one query per metric do it: units, a join
-- on the user alone with the windows as conditions, a number for each unit, sums of them. With a cap the
-- numbers of all units are read twice more: for the percentile, and to be cut off at it.
with

    units as (

        select user_id, min(variant) as variant, min(assigned_at) as exposed_at
        from raw.assignments
        where experiment = '{experiment}'
        group by user_id
        having count(distinct variant) = 1

    ),

    events as (

        select
            user_id,
            event_at,
            case when {num_where} then {num_value} end as num_value,
            case when {den_where} then {den_value} end as den_value
        from raw.events
        where {num_where} or {den_where}

    ),

    numbers as (

        select
            units.variant,
            units.user_id,
            coalesce(
                sum(
                    case
                        when
                            events.event_at >= units.exposed_at
                            and events.event_at < units.exposed_at + interval 7 day
                        then events.num_value
                    end
                ),
                0
            ) as num,
            coalesce(
                sum(
                    case
                        when
                            events.event_at >= units.exposed_at - interval 14 day
                            and events.event_at < units.exposed_at
                        then events.num_value
                    end
                ),
                0
            ) as num_cov,
            coalesce(
                sum(
                    case
                        when
                            events.event_at >= units.exposed_at
                            and events.event_at < units.exposed_at + interval 7 day
                        then events.den_value
                    end
                ),
                0
            ) as den,
            coalesce(
                sum(
                    case
                        when
                            events.event_at >= units.exposed_at - interval 14 day
                            and events.event_at < units.exposed_at
                        then events.den_value
                    end
                ),
                0
            ) as den_cov
        from units
        left join events on units.user_id = events.user_id
        group by units.variant, units.user_id

    ),

    caps as (

        select
            quantile_cont(num, {percentile}) as num_cap,
            quantile_cont(num_cov, {percentile}) as num_cov_cap
        from numbers

    ),

    capped as (

        select
            variant,
            {capped_num} as num,
            {capped_num_cov} as num_cov,
            den,
            den_cov
        from numbers
        cross join caps

    )

select
    variant,
    count(*) as n_units,
    sum(num) as sum_num,
    sum(num * num) as sum_num_num,
    sum(num_cov) as sum_num_cov,
    sum(num_cov * num_cov) as sum_num_cov_num_cov,
    sum(num * num_cov) as sum_num_num_cov,
    sum(den) as sum_den,
    sum(den * den) as sum_den_den,
    sum(num * den) as sum_num_den,
    sum(den_cov) as sum_den_cov,
    sum(den_cov * den_cov) as sum_den_cov_den_cov,
    sum(num * den_cov) as sum_num_den_cov,
    sum(den * num_cov) as sum_den_num_cov,
    sum(den * den_cov) as sum_den_den_cov,
    sum(num_cov * den_cov) as sum_num_cov_den_cov
from capped
group by variant
