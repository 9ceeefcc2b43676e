-- One row per experiment, variant, population, segment and day: units first assigned, before and
-- after
-- crossover units are removed, and those that were activated.
-- depends_on: {{ ref("experimentos__activations") }}
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set definitions = experimentos.definitions() %}
{%- set segments = experimentos.used_segments(definitions) %}
{%- set text = dbt.type_string() %}
with

    arms as (select * from {{ ref("stg_experimentos__arms") }} where population = 'assigned'),

    units as (

        select units.*
        from {{ ref("experimentos__units") }} as units
        where coalesce(units.exclusion, 'crossover') = 'crossover'

    ),

    -- The first variant of a unit that had several: looked up for those few only. Where two came
    -- at the same instant, none was first.
    first_variants as (

        select units.experiment_index, units.unit, min(arms.arm_id) as arm_id
        from units
        inner join
            {{ ref("stg_experimentos__experiment_ids") }} as experiment_ids
            on units.experiment_index = experiment_ids.experiment_index
        inner join
            {{ ref("stg_experimentos__assignments") }} as assignments
            on units.unit = assignments.unit
            and experiment_ids.experiment_value = assignments.experiment_value
            and experiment_ids.kind = assignments.kind
            and (not assignments.is_dated or units.exposed_at = assignments.assigned_at)
        inner join arms as given on units.arm_id = given.arm_id
        inner join
            arms
            on units.experiment_index = arms.experiment_index
            and given.phase = arms.phase
            and assignments.variant = arms.variant
        where units.exclusion = 'crossover'
        group by units.experiment_index, units.unit
        having min(arms.arm_id) = max(arms.arm_id)

    ),

    shown as (

        select experiment_index, 'all' as segment, -1 as segment_place
        from {{ ref("experimentos__experiments") }}
        union all
        select experiment_index, 'phase' as segment, -1 as segment_place
        from {{ ref("stg_experimentos__phases") }}
        where n_phases > 1 and phase = 0
        {%- for experiment in definitions.experiments %}
            {%- for name in experiment.get("segments") or [] %}
                union all
                select
                    {{ experiment.index }},
                    {{ experimentos.text_literal(name) }},
                    {{ segments.index(name) }}
            {%- endfor %}
        {%- endfor %}

    ),

    counted as (

        select
            coalesce(first_variants.arm_id, units.arm_id) as arm_id,
            shown.segment,
            case
                shown.segment_place
                {%- for name in segments %}
                    when {{ loop.index0 }} then units.segment_{{ loop.index0 }}
                {%- endfor %}
                when -1
                then 'all'
            end as segment_value,
            cast(units.exposed_at as date) as assigned_on,
            count(*) as n_assigned,
            sum(case when units.exclusion is null then 1 else 0 end) as n_analysed,
            {% if experimentos.has_activation(definitions) -%}
                sum(
                    case
                        when units.exclusion is null and activations.activated_at is not null
                        then 1
                        else 0
                    end
                )
            {%- else -%} 0
            {%- endif %} as n_activated
        from units
        inner join shown on units.experiment_index = shown.experiment_index
        {%- if experimentos.has_activation(definitions) %}
            left join
                {{ ref("experimentos__activations") }} as activations
                on units.experiment_index = activations.experiment_index
                and units.unit = activations.unit
        {%- endif %}
        left join
            first_variants
            on units.experiment_index = first_variants.experiment_index
            and units.unit = first_variants.unit
        where units.exclusion is null or first_variants.arm_id is not null
        group by 1, 2, 3, 4

    ),

    summarised as (

        select arm_id, max(users) as n_units
        from {{ ref("experimentos__summary_counts") }}
        group by arm_id

    ),

    united as (

        select
            arm_id,
            'assigned' as population,
            segment,
            segment_value,
            assigned_on,
            n_assigned as n_units
        from counted
        union all
        select arm_id, 'analysed', segment, segment_value, assigned_on, n_analysed
        from counted
        union all
        select arm_id, 'activated', segment, segment_value, assigned_on, n_activated
        from counted
        union all
        select arm_id, 'assigned', 'all', 'all', cast(null as date), n_units
        from summarised

    )

select
    experiments.experiment_id,
    arms.variant,
    cast(united.population as {{ text }}) as population,
    cast(united.segment as {{ text }}) as segment,
    cast(
        case
            when united.segment = 'phase'
            then arms.phase_label
            when united.segment = 'all'
            then 'all'
            else levels.shown_value
        end as {{ text }}
    ) as segment_value,
    united.assigned_on,
    cast(sum(united.n_units) as bigint) as n_units,
    case
        when united.segment = 'phase' then max(arms.planned_share) else max(variants.planned_share)
    end as planned_share
from united
inner join arms on united.arm_id = arms.arm_id
inner join
    {{ ref("stg_experimentos__variants") }} as variants
    on arms.experiment_index = variants.experiment_index
    and arms.variant = variants.variant
inner join
    {{ ref("experimentos__experiments") }} as experiments
    on arms.experiment_index = experiments.experiment_index
left join
    {{ ref("experimentos__segment_levels") }} as levels
    on arms.experiment_index = levels.experiment_index
    and united.segment = levels.segment
    and united.segment_value = levels.segment_value
where united.n_units > 0 and {{ experimentos.is_active("experiments.experiment_id") }}
group by
    experiments.experiment_id,
    arms.variant,
    united.population,
    united.segment,
    case
        when united.segment = 'phase'
        then arms.phase_label
        when united.segment = 'all'
        then 'all'
        else levels.shown_value
    end,
    united.assigned_on
    {{
        experimentos.archived_rows(
            [
                "experiment_id",
                "variant",
                "population",
                "segment",
                "segment_value",
                "assigned_on",
                "n_units",
                "planned_share",
            ]
        )
    }}
