-- One row per metric, cohort, basis, segment and step at which anything changes: moments of the
-- units
-- with events, from one step in time after exposure to the next. Cohorts whose windows have
-- closed stay
-- as they are until what they read changes.
-- depends_on: {{ ref("experimentos__stale_pairs") }}, {{ ref("experimentos__reads") }}
-- depends_on: {{ ref("experimentos__numbers") }}, {{ ref("experimentos__kept_bins") }}
{{
    config(
        materialized=experimentos.kept_materialization(),
        incremental_strategy="append" if experimentos.remembers() else none,
        pre_hook=["{{ experimentos.keep_numbers() }}", "{{ experimentos.forget_moments() }}"],
        post_hook="{{ experimentos.note_moments() }}",
    )
}}
-- depends_on: {{ ref("experimentos__analysed_units") }}, {{ ref("experimentos__unit_events") }}
-- depends_on: {{ ref("experimentos__class_measures") }}, {{ ref("experimentos__unit_metrics") }}
-- depends_on: {{ ref("experimentos__class_moments") }}, {{ ref("experimentos__pair_moments") }}
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("stg_experimentos__facts") }}
-- depends_on: {{ ref("experimentos__experiments") }}, {{ ref("stg_experimentos__measures") }}
-- depends_on: {{ ref("stg_experimentos__pairs") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("experimentos__unit_caps") }}, {{ ref("experimentos__slice_levels") }}
-- depends_on: {{ ref("experimentos__unit_counts") }}
{%- for model in experimentos.listed_models("assignment_models") + experimentos.listed_models(
    "fact_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}
{%- set at_once = experimentos.is_at_once(definitions, plan) %}
{%- set caps_at_once = experimentos.caps_at_once(definitions, plan) %}
{%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
{%- set text = dbt.type_string() %}
{%- set plain = experimentos.plain_shapes(plan) %}
{%- set names = experimentos.cell_columns() %}

with

    {%- if at_once %}
        unit_events as materialized({{ experimentos.unit_events(definitions, plan) }}),

        pair_events as materialized({{ experimentos.pair_events(definitions, plan) }}),

        class_measures as materialized({{ experimentos.class_measures(definitions, plan) }}),

        {{ experimentos.wide_moments(definitions, plan) }}

        class_moments as ({{ experimentos.class_moments(definitions, plan) }}),

        {% if experimentos.joined_parts(definitions, plan) -%}
            joined_classes as materialized({{ experimentos.joined_classes(definitions, plan) }}),
        {%- endif %}

        grouped_measures as materialized({{ experimentos.grouped_measures(definitions, plan) }}),

        {% if caps_at_once -%}
            unit_metrics as materialized({{ experimentos.unit_metrics(definitions, plan, true) }}),

            unit_caps as materialized({{ experimentos.caps_of_units(definitions) }}),
        {%- endif %}

        pair_moments as ({{ experimentos.pair_moments(definitions, plan) }}),
    {%- endif %}

    of_classes as (

        select
            measures.experiment_index,
            stale.metric,
            moments.cohort,
            -1 as matures_after,
            cast('both' as {{ text }}) as basis,
            cast('all' as {{ text }}) as segment,
            cast('all' as {{ text }}) as segment_value,
            moments.step_from,
            moments.step_to
            {%- for name in names %}, moments.{{ name }} {%- endfor %}
            {%- if caps_at_once %}
                -- What numbers were cut at, which experimentos__caps reads.
                {%- for column in experimentos.cap_columns() %}
                    , cast(null as {{ experimentos.type_double() }}) as {{ column }}
                {%- endfor %}
            {%- endif %}
        from {{ "class_moments" if at_once else ref("experimentos__class_moments") }} as moments
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on {{ experimentos.arm_of("moments.cohort") }} = arms.arm_id
        inner join
            {{ experimentos.measures_of_classes(definitions, plan) }} as measures
            on arms.experiment_index = measures.experiment_index
            and moments.source = measures.source
            and moments.shape = measures.shape
            {%- for mask in masks %} and moments.{{ mask }} = measures.{{ mask }} {%- endfor %}
        inner join
            {{ ref("experimentos__stale_pairs") }} as stale on measures.pair_id = stale.pair_id
        where
            {{ experimentos.day_of("moments.cohort") }} >= stale.from_day
            and measures.is_whole
            and measures.slice is null
            and measures.shape in ({{ plain | join(", ") }})

    ),

    united as (

        select *
        from of_classes
        union all
        select
            stale.experiment_index,
            stale.metric,
            moments.cohort,
            moments.matures_after,
            moments.basis,
            moments.segment,
            moments.segment_value,
            moments.step_from,
            moments.step_to
            {%- for name in names %}, moments.{{ name }} {%- endfor %}
            {%- if caps_at_once %}
                {%- for column in experimentos.cap_columns() %}, caps.{{ column }} {%- endfor %}
            {%- endif %}
        from {{ "pair_moments" if at_once else ref("experimentos__pair_moments") }} as moments
        inner join
            {{ ref("experimentos__stale_pairs") }} as stale on moments.pair_id = stale.pair_id
        {%- if caps_at_once %}
            inner join
                {{ ref("stg_experimentos__arms") }} as arms
                on {{ experimentos.arm_of("moments.cohort") }} = arms.arm_id
            left join
                unit_caps as caps
                on moments.pair_id = caps.pair_id
                and moments.basis = caps.basis
                and arms.population = caps.population
        {%- endif %}
        where {{ experimentos.day_of("moments.cohort") }} >= stale.from_day

    )

select *
from united
