-- One row per metric with caps, population and basis: what a unit's numbers are cut at.
-- depends_on: {{ ref("experimentos__unit_caps") }}, {{ ref("experimentos__kept_moments") }}
-- depends_on: {{ ref("experimentos__unit_counts") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("stg_experimentos__pairs") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

{% if experimentos.caps_at_once(definitions, plan) -%}
    {{ experimentos.caps_of_moments(definitions) }}
{%- else -%} select * from {{ ref("experimentos__unit_caps") }}
{%- endif %}
