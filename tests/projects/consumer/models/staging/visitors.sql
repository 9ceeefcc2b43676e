-- One row per visitor: 4,000, one every ten minutes of September.
select visitor, timestamp '2026-09-01' + visitor * interval '10' minute as arrived_at
from range(4000) as visitors(visitor)
