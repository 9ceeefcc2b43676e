-- One row per experiment and unit whose assignments have changed since units was built. Written by
-- assigned_days, emptied by units. Where this table, or what assigned_days has taken in, was lost,
-- nobody knows which those are: all units count as changed.
-- depends_on: {{ ref("experimentos__reads") }}
{{ config(materialized="incremental" if experimentos.remembers() else "table") }}
{%- set is_known = is_incremental() and experimentos.has_notes("assigned") %}
{%- set is_lost = execute and experimentos.remembers() and not is_known %}
{%- set tables = [] %}
{%- for name in ["experimentos__assigned_days", "experimentos__units"] if is_lost %}
    {%- if experimentos.earlier(name) is not none and not experimentos.refreshes(name) %}
        {%- do tables.append(experimentos.earlier(name)) %}
    {%- endif %}
{%- endfor %}

select experiment_index, unit
from
    (
        select cast(null as integer) as experiment_index, unit
        from {{ ref("stg_experimentos__assignments") }}
        where 1 = 0
    ) as nothing
{%- for table in tables %}
    union
    select experiment_index, unit
    from {{ table }}
{%- endfor %}
