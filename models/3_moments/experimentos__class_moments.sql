-- One row per arm, class of events and shape: moments straight from the classes, for metrics that
-- read one class. A class is aggregated once however many metrics read it in this shape.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__class_measures") }}
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set size = experimentos.plan_size(plan) %}
{%- set masks = [] %}
{%- for mask in range(size.masks) %} {%- do masks.append("mask_" ~ mask) %} {%- endfor %}

{%- for source, shape in experimentos.whole_shapes(plan) %}
    {{ "union all" if not loop.first }}
    {{ experimentos.class_moments(source, shape, masks, size.has_open) }}
{%- else %}
    select
        arm_id,
        source,
        {{ masks | join(", ") }},
        cast(null as integer) as shape,
        {{ experimentos.moment_aggregates([]) }}
    from
        (
            select
                arm_id,
                source,
                {{ masks | join(", ") }},
                cast(null as {{ experimentos.type_double() }}) as num,
                cast(null as {{ experimentos.type_double() }}) as n_events,
                cast(null as {{ experimentos.type_double() }}) as n_skipped
            from {{ ref("experimentos__unit_events") }}
            where 1 = 0
        ) as nothing
    group by arm_id, source, {{ masks | join(", ") }}
{%- endfor %}
