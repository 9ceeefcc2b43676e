-- One row per metric with caps, population and basis: what a unit's numbers are cut at. Without
-- rows
-- where moments are computed at once, and the caps with them.
-- depends_on: {{ ref("experimentos__unit_metrics") }}, {{ ref("experimentos__unit_counts") }}
-- depends_on: {{ ref("experimentos__analysed_units") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("stg_experimentos__pairs") }}
{%- set definitions = experimentos.definitions() %}

{% if experimentos.is_at_once(definitions, experimentos.plan(definitions)) -%}
    {{ experimentos.no_caps() }}
{%- else -%} {{ experimentos.caps_of_units(definitions) }}
{%- endif %}
