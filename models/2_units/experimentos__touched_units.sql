-- One row per experiment and unit whose assignments have changed since units was built. Written by
-- assigned_days, emptied by units.
-- depends_on: {{ ref("experimentos__reads") }}
{{ config(materialized="incremental" if experimentos.remembers() else "table") }}
select experiment_index, unit
from
    (
        select cast(null as integer) as experiment_index, unit
        from {{ ref("stg_experimentos__assignments") }}
        where 1 = 0
    ) as nothing
