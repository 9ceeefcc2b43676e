-- One row per experiment, unit, assignment model and day with a planned variant: the first and
-- the other
-- variants of the day.
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
{%- set segments = experimentos.used_segments(experimentos.definitions()) %}
{%- set only_changed = experimentos.remembers() and is_incremental() %}
with

    changes as (select * from {{ ref("stg_experimentos__assignment_changes") }}),

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    planned as (

        select
            experiments.experiment_index,
            assignments.unit,
            assignments.model,
            arms.arm_id,
            {%- for segment in segments %} assignments.segment_{{ loop.index0 }}, {%- endfor %}
            case
                when assignments.is_dated then assignments.assigned_at else experiments.starts_at
            end as assigned_at,
            case
                when assignments.is_dated
                then cast(assignments.assigned_at as date)
                else {{ experimentos.no_day() }}
            end as assigned_on,
            assignments.is_dated and assignments.assigned_at < experiments.starts_at as is_before,
            not assignments.is_dated
            or (
                assignments.assigned_at >= experiments.starts_at
                and assignments.assigned_at < coalesce(experiments.ends_at, experiments.as_of)
                and assignments.assigned_at <= experiments.as_of
            ) as is_within
        from {{ ref("stg_experimentos__assignments") }} as assignments
        inner join
            {{ ref("stg_experimentos__experiment_ids") }} as experiment_ids
            on assignments.experiment_value = experiment_ids.experiment_value
            and assignments.kind = experiment_ids.kind
        inner join experiments on experiment_ids.experiment_index = experiments.experiment_index
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on experiment_ids.experiment_index = arms.experiment_index
            and assignments.variant = arms.variant
            and arms.phase = 0
            and arms.population = 'assigned'
        {%- if only_changed %}
            left join
                changes as days
                on days.item = 'assignments ' || assignments.model
                and days.day = case
                    when assignments.is_dated
                    then cast(assignments.assigned_at as date)
                    else {{ experimentos.no_day() }}
                end
            left join
                changes as populations
                on populations.item = 'population'
                and populations.experiment = experiments.experiment_id
        {%- endif %}
        where
            assignments.unit is not null
            {%- if only_changed %}
                and (days.item is not null or populations.item is not null)
            {%- endif %}

    )

select
    experiment_index,
    unit,
    model,
    assigned_on,
    min(case when is_within then assigned_at end) as assigned_at,
    min(case when is_within then arm_id end) as arm_id,
    max(case when is_within then arm_id end) as other_arm_id,
    {%- for segment in segments %}
        {{ experimentos.first_text("segment_" ~ loop.index0, "assigned_at", "is_within") }}
        as segment_{{ loop.index0 }},
    {%- endfor %}
    cast(sum(case when is_within then 1 else 0 end) as bigint) as n_rows,
    max(case when is_before then 1 else 0 end) as was_before
from planned
where is_within or is_before
group by experiment_index, unit, model, assigned_on
