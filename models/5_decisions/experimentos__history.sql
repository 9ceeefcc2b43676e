-- One row per experiment, end of data and definition: what was decided. Remembers: written once,
-- never rebuilt.
{{ config(materialized="incremental", full_refresh=false, on_schema_change="append_new_columns") }}

with

    units as (

        select
            counts.experiment_id,
            -- A summary has no units that could be left out.
            sum(
                case
                    when counts.population = 'analysed' or experiments.summary_model is not null
                    then counts.n_units
                end
            ) as n_units
        from {{ ref("experimentos__assignment_counts") }} as counts
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on counts.experiment_id = experiments.experiment_id
        where counts.segment = 'all'
        group by counts.experiment_id

    ),

    edits as (

        select
            experiment_id,
            cast(count(*) as bigint) as n_edits,
            cast({{ experimentos.text_list("change") }} as {{ dbt.type_string() }}) as edits
        from {{ ref("experimentos__edits") }}
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
    coalesce(edits.n_edits, 0) as n_edits,
    edits.edits,
    versions.status,
    versions.definition_number,
    versions.definition
from {{ ref("experimentos__decisions") }} as decisions
left join units on decisions.experiment_id = units.experiment_id
left join edits on decisions.experiment_id = edits.experiment_id
left join
    {{ ref("stg_experimentos__versions") }} as versions
    on decisions.experiment_id = versions.experiment_id
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
