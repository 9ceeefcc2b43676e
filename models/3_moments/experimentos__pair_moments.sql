-- One row per cohort, metric, basis, segment and step at which anything changes: moments of what
-- its classes alone do not give, which is several classes, caps, segments, slices and windows of
-- hours.
-- depends_on: {{ ref("experimentos__analysed_units") }}, {{ ref("experimentos__class_measures") }}
-- depends_on: {{ ref("experimentos__unit_metrics") }}, {{ ref("experimentos__unit_events") }}
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("experimentos__stale_pairs") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}, {{ ref("stg_experimentos__pairs") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("experimentos__unit_caps") }}, {{ ref("experimentos__unit_pairs") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

{% if experimentos.is_at_once(definitions, plan) -%}
    {{
        experimentos.no_moments(
            {
                "cohort": "bigint",
                "matures_after": "integer",
                "pair_id": "integer",
                "basis": dbt.type_string(),
                "segment": dbt.type_string(),
                "segment_value": dbt.type_string(),
            }
        )
    }}
{%- else -%} {{ experimentos.pair_moments(definitions, plan) }}
{%- endif %}
