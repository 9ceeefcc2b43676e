-- One row per analysed unit, source, class of events and version: its running totals from one
-- step in time to the next, over each span of time. Without daily series there is one version.
-- Without rows where nothing but moments is needed, which are computed at once.
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("experimentos__analysed_units") }}
-- depends_on: {{ ref("stg_experimentos__facts") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}, {{ ref("experimentos__stale_pairs") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}
{%- for model in experimentos.listed_models("assignment_models") + experimentos.listed_models(
    "fact_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}

select *
from
    ({{ experimentos.unit_events(definitions, plan) }}) as unit_events
    {{ "where 1 = 0" if not experimentos.needs_unit_metrics(definitions, plan) }}
