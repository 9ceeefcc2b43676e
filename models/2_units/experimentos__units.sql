-- One row per experiment and unit with a planned variant within the dates: its arm, its exposure,
-- its
-- segments, and why it is left out if it is. A unit keeps its number for ever.
-- depends_on: {{ ref("stg_experimentos__phases") }}, {{ ref("experimentos__touched_units") }}
-- depends_on: {{ ref("experimentos__reads") }}, {{ ref("experimentos__numbers") }}
-- depends_on: {{ ref("experimentos__assigned_days") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("stg_experimentos__assignments") }}, {{ ref("stg_experimentos__experiment_ids") }}
{{
    config(
        materialized=experimentos.kept_materialization(),
        incremental_strategy="delete+insert" if experimentos.remembers() else none,
        unique_key=["experiment_index", "unit"] if experimentos.remembers() else none,
        on_schema_change="append_new_columns",
        pre_hook="{{ experimentos.keep_numbers() }}",
        post_hook="{{ experimentos.note_units() }}",
    )
}}
{%- set segments = experimentos.used_segments(experimentos.definitions()) %}
{%- set has_phases = experimentos.has_phases(experimentos.definitions()) %}
{%- set only_touched = experimentos.remembers() and is_incremental() %}
with

    arms as (select * from {{ ref("stg_experimentos__arms") }} where population = 'assigned'),

    {%- if only_touched %}
        touched as (
            select distinct experiment_index, unit from {{ ref("experimentos__touched_units") }}
        ),

        earlier as (

            select units.*
            from {{ this }} as units
            inner join
                touched
                on units.experiment_index = touched.experiment_index
                and units.unit = touched.unit

        ),
    {%- endif %}

    first_assignments as (

        {%- if experimentos.remembers() %}
            select
                days.experiment_index,
                days.unit,
                min(days.assigned_at) as assigned_at,
                min(days.arm_id) as arm_id,
                max(days.other_arm_id) as other_arm_id,
                {%- for segment in segments %}
                    {{
                        experimentos.first_text(
                            "days.segment_" ~ loop.index0, "days.assigned_at", "days.n_rows > 0"
                        )
                    }} as segment_{{ loop.index0 }},
                {%- endfor %}
                cast(sum(days.n_rows) as bigint) as n_rows,
                max(days.was_before) as was_before
            from {{ ref("experimentos__assigned_days") }} as days
            {%- if only_touched %}
                inner join
                    touched
                    on days.experiment_index = touched.experiment_index
                    and days.unit = touched.unit
            {%- endif %}
            group by days.experiment_index, days.unit
        {%- else %}
            select
                experiment_index,
                unit,
                {{ experimentos.first_assignment(experimentos.definitions()) }}
            from
                (
                    {{ experimentos.planned_assignments(experimentos.definitions(), by_day=false) }}
                ) as planned
            where is_within or is_before
            group by experiment_index, unit
        {%- endif %}

    ),

    placed as (

        select
            first_assignments.experiment_index,
            first_assignments.unit,
            {{ "in_phase.arm_id" if has_phases else "first_assignments.arm_id" }} as arm_id,
            first_assignments.assigned_at as exposed_at,
            {%- for segment in segments %}
                case
                    when first_assignments.segment_{{ loop.index0 }} = 'all'
                    then '(all)'
                    else coalesce(first_assignments.segment_{{ loop.index0 }}, '(none)')
                end as segment_{{ loop.index0 }},
            {%- endfor %}
            first_assignments.n_rows,
            case
                when first_assignments.was_before = 1
                then 'assigned_before_start'
                when first_assignments.arm_id != first_assignments.other_arm_id
                then 'crossover'
            end as exclusion
        from first_assignments
        {%- if has_phases %}
            inner join arms as in_first on first_assignments.arm_id = in_first.arm_id
            inner join
                {{ ref("stg_experimentos__phases") }} as phases
                on first_assignments.experiment_index = phases.experiment_index
                and first_assignments.assigned_at >= phases.starts_at
                and first_assignments.assigned_at < phases.ends_at
            inner join
                arms as in_phase
                on in_first.experiment_index = in_phase.experiment_index
                and in_first.variant = in_phase.variant
                and phases.phase = in_phase.phase
        {%- endif %}
        where first_assignments.n_rows > 0

    )

    {%- set columns = ["arm_id", "exposed_at"] %}
    {%- for segment in segments %} {%- do columns.append("segment_" ~ loop.index0) %} {%- endfor %}

{%- if only_touched %}
    select
        coalesce(placed.experiment_index, earlier.experiment_index) as experiment_index,
        coalesce(placed.unit, earlier.unit) as unit,
        coalesce(
            earlier.unit_number,
            (select coalesce(max(unit_number), 0) from {{ this }})
            + row_number() over (order by earlier.unit_number nulls first)
        ) as unit_number,
        {%- for column in columns %} placed.{{ column }}, {%- endfor %}
        coalesce(placed.n_rows, 0) as n_rows,
        case when placed.unit is null then 'withdrawn' else placed.exclusion end as exclusion,
        case
            when
                placed.unit is not null and placed.exclusion is not distinct from earlier.exclusion
                {%- for column in columns %}
                    and placed.{{ column }} is not distinct from earlier.{{ column }}
                {%- endfor %}
            then earlier.changed_at
            else {{ experimentos.run_stamp() }}
        end as changed_at,
        -- stays where it was until every reader has seen an earlier change
        least(placed.exposed_at, earlier.exposed_at, earlier.changed_from) as changed_from
    from placed
    full outer join
        earlier on placed.experiment_index = earlier.experiment_index and placed.unit = earlier.unit
{%- else %}
    select
        experiment_index,
        unit,
        row_number() over () as unit_number,
        {%- for column in columns %} {{ column }},
        {%- endfor %}
        n_rows,
        exclusion,
        {{ experimentos.run_stamp() }} as changed_at,
        exposed_at as changed_from
    from placed
{%- endif %}
