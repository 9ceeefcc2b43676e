-- One row per visitor and test.
select
    visitor,
    'checkout' as test,
    case when visitor % 2 = 0 then 'three pages' else 'one page' end as variant,
    arrived_at as assigned_at
from {{ ref("visitors") }}
union all
select
    visitor,
    'badge' as test,
    case when visitor % 4 < 2 then 'without' else 'with' end as variant,
    arrived_at as assigned_at
from {{ ref("visitors") }}
