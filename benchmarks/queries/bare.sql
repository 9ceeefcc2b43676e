with units as (
  select *, row_number() over () as unit_id from (
        select experiment, user_id, min(assigned_at) as exposed_at, min(variant) as variant
        from raw.assignments
        group by experiment, user_id
        having min(variant) = max(variant)) ),
 unit_sums as (
        select units.unit_id, sum(events.value) as total
        from raw.events as events
        inner join
            units
            on events.user_id = units.user_id
            and events.event_at >= units.exposed_at - interval 14 day
            and events.event_at < units.exposed_at + interval 7 day
        group by units.unit_id
    )
select count(*), sum(total), sum(total * total), bit_xor(hash(unit_id))
from unit_sums
