-- One row per cohort, class of events, shape and step at which anything changes: moments straight
-- from
-- the classes, for metrics that read one class. A class is aggregated once however many metrics
-- read it.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__class_measures") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("experimentos__stale_pairs") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

{% if experimentos.is_at_once(definitions, plan) -%} {{ experimentos.no_class_moments(plan) }}
{%- else -%} {{ experimentos.class_moments(definitions, plan) }}
{%- endif %}
