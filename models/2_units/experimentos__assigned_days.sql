-- One row per experiment, unit, assignment model and day with a planned variant: the first and
-- the other variants of the day. Without rows where nothing is remembered from run to run.
-- depends_on: {{ ref("experimentos__touched_units") }}, {{ ref("experimentos__reads") }}
-- depends_on: {{ ref("experimentos__numbers") }}
{{
    config(
        materialized=experimentos.kept_materialization(),
        incremental_strategy="append" if experimentos.remembers() else none,
        on_schema_change="append_new_columns",
        pre_hook=[
            "{{ experimentos.keep_numbers() }}",
            "{{ experimentos.forget_assigned_days() }}",
        ],
        post_hook="{{ experimentos.note_assigned_days() }}",
    )
}}
{%- set definitions = experimentos.definitions() %}
{%- set models = definitions.assignments | map(attribute="name") | list %}
{%- set only_changed = experimentos.remembers() and is_incremental() %}
-- depends_on: {{ ref("stg_experimentos__assignments") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("stg_experimentos__experiment_ids") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("stg_experimentos__assignment_changes") }}
-- depends_on: {{ ref("stg_experimentos__model_days") }}
with

    planned as (

        {{ experimentos.planned_assignments(definitions, by_day=true, only_changed=only_changed) }}

    )

select
    experiment_index,
    unit,
    {#- a text among the keys costs a third more -#}
    {{
        (
            "model"
            if models | length > 1
            else experimentos.text_literal(models | first | default("", true))
        )
    }} as model,
    assigned_on,
    {{ experimentos.first_assignment(definitions) }}
from planned
where (is_within or is_before) {{ "and 1 = 0" if not experimentos.remembers() }}
group by experiment_index, unit, {{ "model," if models | length > 1 }} assigned_on
