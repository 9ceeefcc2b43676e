-- One row per unit, metric, slice and version, for units with events: numerator, denominator and
-- their
-- values before exposure, not capped. Units without events have no row. Without rows where nothing
-- but moments is needed, which are computed at once.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__unit_pairs") }}
-- depends_on: {{ ref("experimentos__class_measures") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("stg_experimentos__pairs") }}
{{ config(materialized="view") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

{% if experimentos.is_at_once(definitions, plan) -%} {{ experimentos.no_unit_pairs() }}
{%- else -%} {{ experimentos.unit_metrics(definitions, plan) }}
{%- endif %}
