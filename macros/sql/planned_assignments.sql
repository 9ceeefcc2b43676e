{# The rows of the assignments that name a planned variant of an experiment. `by_day` keeps the model and
   day that a row came from, by which changed rows are found. #}
{% macro planned_assignments(found, by_day, only_changed=false) %}
    {%- set segments = experimentos.used_segments(found) -%}
    {%- set assigned_on = (
        "case when assignments.is_dated then cast(assignments.assigned_at as date) else "
        ~ experimentos.no_day()
        ~ " end"
    ) -%}
    select
        plans.experiment_index,
        assignments.unit,
        plans.arm_id,
        {%- for _ in segments %} assignments.segment_{{ loop.index0 }}, {%- endfor %}
        case
            when assignments.is_dated then assignments.assigned_at else plans.starts_at
        end as assigned_at,
        {%- if by_day %}
            {{ "assignments.model," if found.assignments | length > 1 }}
            {{ assigned_on }} as assigned_on,
        {%- endif %}
        assignments.is_dated and assignments.assigned_at < plans.starts_at as is_before,
        not assignments.is_dated
        or (
            assignments.assigned_at >= plans.starts_at
            and assignments.assigned_at < plans.stops_at
            and assignments.assigned_at <= plans.as_of
        ) as is_within
    from {{ ref("stg_experimentos__assignments") }} as assignments
    inner join
        (
            select
                experiment_ids.experiment_value,
                experiment_ids.kind,
                arms.variant,
                arms.arm_id,
                experiments.experiment_index,
                experiments.experiment_id,
                experiments.starts_at,
                coalesce(experiments.ends_at, experiments.as_of) as stops_at,
                experiments.as_of
            from {{ ref("stg_experimentos__experiment_ids") }} as experiment_ids
            inner join
                {{ ref("experimentos__experiments") }} as experiments
                on experiment_ids.experiment_index = experiments.experiment_index
            inner join
                {{ ref("stg_experimentos__arms") }} as arms
                on experiment_ids.experiment_index = arms.experiment_index
            where arms.phase = 0 and arms.population = 'assigned'
        ) as plans
        on assignments.experiment_value = plans.experiment_value
        and assignments.kind = plans.kind
        and assignments.variant = plans.variant
    {%- if only_changed %}
        left join
            {{ ref("stg_experimentos__assignment_changes") }} as days
            on days.item = 'assignments ' || assignments.model
            and days.day = {{ assigned_on }}
        left join
            {{ ref("stg_experimentos__assignment_changes") }} as populations
            on populations.item = 'population'
            and populations.experiment = plans.experiment_id
    {%- endif %}
    where
        assignments.unit is not null
        {%- if only_changed %}
            and (days.item is not null or populations.item is not null)
        {%- endif %}
{% endmacro %}

{# What a unit's planned assignments come to. #}
{% macro first_assignment(found) %}
    {%- set segments = experimentos.used_segments(found) -%}
    min(case when is_within then assigned_at end) as assigned_at,
    min(case when is_within then arm_id end) as arm_id,
    max(case when is_within then arm_id end) as other_arm_id,
    {%- for _ in segments %}
        {{ experimentos.first_text("segment_" ~ loop.index0, "assigned_at", "is_within") }}
        as segment_{{ loop.index0 }},
    {%- endfor %}
    cast(sum(case when is_within then 1 else 0 end) as bigint) as n_rows,
    max(case when is_before then 1 else 0 end) as was_before
{% endmacro %}
