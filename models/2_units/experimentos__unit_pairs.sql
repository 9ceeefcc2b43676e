-- One row per unit, metric that reads several classes of events, slice and version: numerator,
-- denominator and their values before exposure, before zeros are filled in. Without rows where
-- nothing but their moments is needed, which are computed at once.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__class_measures") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("experimentos__slice_levels") }}
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("experimentos__stale_pairs") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

{% if experimentos.needs_unit_metrics(definitions, plan) -%}
    {{ experimentos.unit_pairs(definitions, plan) }}
{%- else -%} {{ experimentos.no_unit_pairs() }}
{%- endif %}
