-- One row per page: every visitor sees two to four.
select
    visitor,
    arrived_at + page * interval '1' minute as seen_at,
    200 + (visitor * 7) % 90 as milliseconds
from {{ ref("visitors") }}
cross join range(4) as pages(page)
where page < 2 + visitor % 3
