-- One row per name that has a number: experiments, arms, sources, conditions and slots.
-- Remembered, so
-- that what earlier runs wrote down keeps its meaning.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{{ config(materialized="incremental", full_refresh=false, unique_key=["scope", "item"]) }}
{%- set rows = experimentos.added_numbers() if execute else [] %}

{{ experimentos.values_table(experimentos.number_columns(), rows) }}
