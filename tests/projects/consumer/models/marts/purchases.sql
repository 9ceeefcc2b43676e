-- One row per purchase: every fifth visitor of the old checkout buys, and every third of the new.
select
    visitor, arrived_at + interval '1' hour as bought_at, cast(20 + visitor % 13 as double) as paid
from {{ ref("visitors") }}
where visitor % 10 = 0 or (visitor % 2 = 1 and visitor % 3 = 0)
