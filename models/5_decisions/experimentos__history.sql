-- One row per experiment, end of data and definition: what was decided. Remembers: written once,
-- never rebuilt.
{{ config(materialized="incremental", full_refresh=false, on_schema_change="append_new_columns") }}

with

    units as (

        select experiment_id, sum(n_units) as n_units
        from {{ ref("experimentos__assignment_counts") }}
        where population = 'analysed' and segment = 'all'
        group by experiment_id

    ),

    -- A verdict over inference that is older than the data is no decision to remember.
    stale as (

        select experiment_id
        from {{ ref("experimentos__health") }}
        where check_name = 'inference_current' and status = 'blocked'

    )

select
    decisions.experiment_id,
    decisions.data_as_of,
    decisions.definitions_hash,
    decisions.verdict,
    decisions.variant,
    decisions.reason,
    decisions.decided_at,
    cast(coalesce(units.n_units, 0) as bigint) as n_units,
    {%- if is_incremental() %}
        cast(
            (
                select count(distinct earlier.definitions_hash)
                from {{ this }} as earlier
                where
                    earlier.experiment_id = decisions.experiment_id
                    and earlier.definitions_hash != decisions.definitions_hash
            ) as bigint
        ) as n_edits
    {%- else %} cast(0 as bigint) as n_edits
    {%- endif %}
from {{ ref("experimentos__decisions") }} as decisions
left join units on decisions.experiment_id = units.experiment_id
where
    decisions.experiment_id not in (select experiment_id from stale)
    {%- if is_incremental() %}
        and not exists (
            select 1
            from {{ this }} as earlier
            where
                earlier.experiment_id = decisions.experiment_id
                and earlier.data_as_of is not distinct from decisions.data_as_of
                and earlier.definitions_hash = decisions.definitions_hash
        )
    {%- endif %}
