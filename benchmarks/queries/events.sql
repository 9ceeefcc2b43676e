-- {events} events of {users} users over 42 days, appended in time order. All randomness is the hash of
-- one integer: hash(a, b) combines by XOR, so hash(i, 1) and hash(i, 2) would depend on each other.
create or replace table raw.events as
with

    numbers as (select i from range({events}) as numbers(i)),

    draws as (

        select
            i,
            hash(i * 8 + 1) / 18446744073709551616.0 as for_user,
            hash(i * 8 + 2) / 18446744073709551616.0 as for_name,
            hash(i * 8 + 3) / 18446744073709551616.0 as for_value
        from numbers

    ),

    ranked as (

        -- The power gives few users many events: median 15, 99th percentile 100, largest 14,000.
        select *, cast(floor({users} * power(for_user, 1 / 0.525)) as bigint) as user_rank from draws

    )

select
    -- Ranks are scattered over the ids; 611953 is a prime that does not divide the number of users.
    (user_rank * 611953 + 17) % {users} as user_id,
    case
        when for_name < 0.34 then 'page_view'
        when for_name < 0.52 then 'product_view'
        when for_name < 0.64 then 'search'
        when for_name < 0.74 then 'session_start'
        when for_name < 0.81 then 'add_to_cart'
        when for_name < 0.86 then 'wishlist'
        when for_name < 0.90 then 'checkout'
        when for_name < 0.93 then 'purchase'
        when for_name < 0.955 then 'review'
        when for_name < 0.975 then 'share'
        when for_name < 0.99 then 'support'
        else 'refund'
    end as event_name,
    timestamp '2025-01-01' + to_microseconds(cast(i * (42 * 86400e6 / {events}) as bigint)) as event_at,
    round(-20 * ln(1 - for_value), 2) as value
from ranked
order by i
