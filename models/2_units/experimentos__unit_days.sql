-- One row per analysed unit, source, class of events and step in time: additive numbers. Without
-- daily series only what does not add up over classes: values, funnels, quantiles of events.
-- depends_on: {{ ref("experimentos__fact_changes") }}, {{ ref("experimentos__reads") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("experimentos__units") }}
-- depends_on: {{ ref("experimentos__numbers") }}, {{ ref("stg_experimentos__model_days") }}
{{
    config(
        materialized=experimentos.kept_materialization(),
        incremental_strategy="append" if experimentos.remembers() else none,
        on_schema_change="append_new_columns",
        pre_hook=["{{ experimentos.keep_numbers() }}", "{{ experimentos.forget_days() }}"],
        post_hook="{{ experimentos.note_days() }}",
    )
}}
-- depends_on: {{ ref("stg_experimentos__facts") }}, {{ ref("experimentos__analysed_units") }}
-- depends_on: {{ ref("experimentos__experiments") }}, {{ ref("stg_experimentos__measures") }}
{%- for model in experimentos.listed_models("assignment_models") + experimentos.listed_models(
    "fact_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}
{%- set size = experimentos.plan_size(plan) %}
{%- set as_text = experimentos.units_are_text(definitions) if execute else false %}
{%- set parts = [] %}
{%- for source in plan.sources.values()
    if experimentos.is_daily() or source.mode not in ["rows", "latest"] %}
    {%- for model in experimentos.source_models(source) %}
        {%- do parts.append(
            experimentos.joined_events(
                source,
                definitions.facts[model],
                size,
                as_text,
                true,
                experimentos.remembers() and is_incremental(),
            )
        ) %}
    {%- endfor %}
{%- endfor %}


{% for part in parts %} {{ "union all" if not loop.first }} {{ part }}
{%- else %}
    {%- set double = experimentos.type_double() %}
    select
        unit_key,
        cast(null as integer) as source,
        {%- for mask in range(size.masks) %} cast(null as bigint) as mask_{{ mask }},
        {%- endfor %}
        0 as step,
        {%- for slot in range(size.day_slots) %}
            cast(null as {{ double }}) as slot_{{ slot }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref("experimentos__analysed_units") }}
    where 1 = 0
{%- endfor %}
