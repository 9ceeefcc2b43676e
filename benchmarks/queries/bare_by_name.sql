-- The bare query with the grouping that metrics on events of a kind need: one sum for each unit and
-- event name, otherwise as bare.sql.
with

    assigned as (

        select experiment, user_id, min(assigned_at) as exposed_at
        from raw.assignments
        group by experiment, user_id
        having min(variant) = max(variant)

    ),

    -- One number stands for experiment and user: grouping by both would take half as long again.
    units as (select user_id, exposed_at, row_number() over () as unit_id from assigned),

    unit_sums as (

        select units.unit_id, events.event_name, sum(events.value) as total
        from raw.events as events
        inner join
            units
            on events.user_id = units.user_id
            and events.event_at >= units.exposed_at - interval 14 day
            and events.event_at < units.exposed_at + interval 7 day
        group by units.unit_id, events.event_name

    )

-- Every column is used, so that none is left out of the work.
select count(*), sum(total), sum(total * total), bit_xor(hash(unit_id)), max(event_name)
from unit_sums
