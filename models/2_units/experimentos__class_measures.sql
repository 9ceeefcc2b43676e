-- One row per class of events and measure that reads it. `is_whole`: the metric reads no other
-- class, so a unit's row there is already its number.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__unit_days") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}, {{ ref("stg_experimentos__pairs") }}
-- depends_on: {{ ref("experimentos__stale_pairs") }}, {{ ref("stg_experimentos__arms") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

{% if experimentos.is_at_once(definitions, plan) -%}
    with unit_events as (select * from {{ ref("experimentos__unit_events") }})
{%- endif %}
select *
from ({{ experimentos.class_measures(definitions, plan) }}) as class_measures
