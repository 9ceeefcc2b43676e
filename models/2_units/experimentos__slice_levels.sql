-- One row per metric with slices and level of its column that has events in a window: the level
-- it is
-- shown as. Beyond those with most events levels are shown together.
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set shapes = plan.shapes.values() | list %}
{%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__class_measures") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}
{% if experimentos.has_slices(plan) %}
    with

        -- A class that is read by both parts of a ratio counts once.
        classes as (

            select
                pair_id,
                experiment_index,
                source,
                {%- for mask in masks %} {{ mask }}, {%- endfor %}
                min(shape) as shape
            from {{ ref("experimentos__class_measures") }}
            where slice is not null
            group by
                pair_id, experiment_index, source {%- for mask in masks %}, {{ mask }} {%- endfor %}

        ),

        levels as (

            select
                measures.pair_id,
                unit_events.item as level,
                sum({{ experimentos.shape_case(shapes, "seen") }}) as n_events
            from {{ ref("experimentos__unit_events") }} as unit_events
            inner join
                {{ ref("stg_experimentos__arms") }} as arms
                on {{ experimentos.arm_of(experimentos.cohort_of("unit_events.unit_key")) }}
                = arms.arm_id
            inner join
                classes as measures
                on arms.experiment_index = measures.experiment_index
                and unit_events.source = measures.source
                {%- for mask in masks %}
                    and unit_events.{{ mask }} = measures.{{ mask }}
                {%- endfor %}
            where unit_events.step_to = {{ experimentos.last_step() }}
            group by measures.pair_id, unit_events.item

        ),

        ranked as (

            select
                pair_id,
                level,
                row_number() over (partition by pair_id order by n_events desc, level) as place
            from levels
            where n_events > 0

        )

    select
        pair_id,
        level,
        case
            when place <= {{ experimentos.segment_levels() }} then level else '(other)'
        end as shown_value
    from ranked
{% else %}
    {{
        experimentos.values_table(
            [
                ("pair_id", "integer"),
                ("level", dbt.type_string()),
                ("shown_value", dbt.type_string()),
            ],
            [],
        )
    }}
{% endif %}
