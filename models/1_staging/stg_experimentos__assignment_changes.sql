-- One row per day of an assignment model, and per experiment, that is not as it was last taken in.
{%- set definitions = experimentos.definitions() %}
{%- set as_of = experimentos.as_of() if execute else none %}
{%- set rows = [] %}
{%- for experiment in definitions.experiments
    if experiment.summary is none and not experiment.is_archived %}
    {%- do rows.append([experiment.name, experimentos.population_hash(experiment, definitions)]) %}
{%- endfor %}
{%- set text = dbt.type_string() %}

with

    populations as (

        {{ experimentos.values_table([("experiment", text), ("fingerprint", text)], rows) }}

    ),

    now_read as (

        -- What lies after the run is taken in later, although it is there already.
        select
            cast('' as {{ text }}) as experiment,
            item,
            day,
            case
                when last_at >= cast({{ experimentos.text_literal(as_of) }} as timestamp)
                then fingerprint || {{ experimentos.text_literal("|" ~ as_of) }}
                else fingerprint
            end as fingerprint
        from {{ ref("stg_experimentos__model_days") }}
        where item like 'assignments %'
        union all
        select experiment, 'population', {{ experimentos.no_day() }}, fingerprint
        from populations

    )

    {{ experimentos.changed_reads("assigned", "now_read") }}
