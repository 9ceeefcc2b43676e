-- fmt: off
-- One row per metric, cohort and cell of a grid: units whose totals are in it. Cohorts whose windows have
-- closed stay as they are until what they read changes. Built before kept_moments, which notes for both what
-- they have taken in.
-- depends_on: {{ ref("experimentos__stale_pairs") }}, {{ ref("experimentos__numbers") }}
{{
    config(
        materialized=experimentos.kept_materialization(),
        incremental_strategy="append" if experimentos.remembers() else none,
        pre_hook=["{{ experimentos.keep_numbers() }}", "{{ experimentos.forget_moments() }}"],
        post_hook="{{ experimentos.note_bins() }}",
    )
}}
-- depends_on: {{ ref("experimentos__unit_metrics") }}, {{ ref("experimentos__analysed_units") }}
-- depends_on: {{ ref("experimentos__experiments") }}, {{ ref("stg_experimentos__pairs") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("experimentos__unit_caps") }}
-- depends_on: {{ ref("experimentos__reads") }}
{%- set definitions = experimentos.definitions() %}

{% if execute and experimentos.has_any_bins(definitions) -%}
    {{ experimentos.unit_cells(definitions, experimentos.plan(definitions)) }}
{%- else -%} {{ experimentos.no_unit_cells() }}
{%- endif %}
