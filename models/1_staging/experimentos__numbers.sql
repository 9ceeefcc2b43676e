-- One row per name that has a number: experiments, arms, sources, conditions and slots.
-- Remembered, so
-- that what earlier runs wrote down keeps its meaning.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{{ config(materialized="incremental", full_refresh=false, unique_key=["scope", "item"]) }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}
{%- set rows = [] %}
{%- for scope in plan.numbers.values() %} {%- do rows.extend(scope.added) %} {%- endfor %}

{{
    experimentos.values_table(
        [("scope", dbt.type_string()), ("item", dbt.type_string()), ("number", "integer")], rows
    )
}}
