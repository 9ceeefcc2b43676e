-- One row per unit, metric, slice and version, for units with events: numerator, denominator and
-- their
-- values before exposure, not capped. Units without events have no row.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__unit_pairs") }}
-- depends_on: {{ ref("experimentos__class_measures") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("stg_experimentos__pairs") }}
{{ config(materialized="view") }}
{%- set definitions = experimentos.definitions() %}
{{ experimentos.unit_metrics(definitions, experimentos.plan(definitions)) }}
