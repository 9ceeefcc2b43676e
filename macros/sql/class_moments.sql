{# The (source, shape) pairs by which a metric may read one class of events and be complete. #}
{% macro whole_shapes(plan) %}
    {% set found = {} %}
    {% set shapes = {} %}
    {% for shape in plan.shapes.values() %}
        {% do shapes.update({shape.index: shape}) %}
    {% endfor %}
    {% for measure in plan.measures %}
        {% set shape = shapes[measure[7]] %}
        {% if "num_value" in shape %}
            {% do found.setdefault(measure[2] ~ "|" ~ shape.index, (measure[2], shape)) %}
        {% endif %}
    {% endfor %}
    {{ return(found.values() | list) }}
{% endmacro %}

{# Moments of one shape over the classes of one source that are read by it as a whole. #}
{% macro class_moments(source, shape, masks, has_open) %}
    {%- set present = [] %}
    {%- for x in ["num", "den"] if shape.get(x ~ "_value") is not none and x ~ "_value" in shape %}
        {%- do present.append(x) %}
        {%- if shape[x ~ "_cov"] is not none %} {%- do present.append(x ~ "_cov") %} {%- endif %}
    {%- endfor %}
    select
        arm_id,
        source,
        {{ masks | join(", ") }},
        {{ shape.index }} as shape,
        {{ experimentos.moment_aggregates(present) }}
    from
        (
            select
                unit_events.arm_id,
                unit_events.source,
                {%- for mask in masks %} unit_events.{{ mask }}, {%- endfor %}
                {%- for x in present %}
                    {{ experimentos.shape_number(shape, x) }} as {{ x }},
                {%- endfor %}
                {{ shape.events | join(" + ") }} as n_events,
                {{ shape.skipped | join(" + ") }} as n_skipped
            from {{ ref("experimentos__unit_events") }} as unit_events
            inner join
                (
                    select distinct arm_id, source, {{ masks | join(", ") }}
                    from {{ ref("experimentos__class_measures") }}
                    where source = {{ source }} and shape = {{ shape.index }} and is_whole
                ) as classes
                on unit_events.arm_id = classes.arm_id
                and unit_events.source = classes.source
                {%- for mask in masks %}
                    and unit_events.{{ mask }} = classes.{{ mask }}
                {%- endfor %}
            where
                unit_events.source = {{ source }}
                {{ "and " ~ shape.seen ~ " is not null" if has_open }}
        ) as numbers
    group by arm_id, source, {{ masks | join(", ") }}
{% endmacro %}

{# A unit's number as a double; without one it is 0, or left out where the metric is not zero-filled. #}
{% macro shape_number(shape, x) %}
    {% set side = x[:3] %}
    {% set is_covariate = x.endswith("_cov") %}
    {% set value = experimentos.divided(
        shape[side ~ ("_cov" if is_covariate else "_value")],
        shape[side ~ ("_cov_weight" if is_covariate else "_weight")],
    ) %}
    {% set filled = "coalesce(cast(" ~ value ~ " as " ~ experimentos.type_double() ~ "), 0)" %}
    {% if shape.is_zero_filled %} {{ return(filled) }} {% endif %}
    {% set number = experimentos.divided(shape.num_value, shape.num_weight) %}
    {% if is_covariate %}
        {{ return("case when " ~ number ~ " is not null then " ~ filled ~ " end") }}
    {% endif %}
    {{ return("cast(" ~ number ~ " as " ~ experimentos.type_double() ~ ")") }}
{% endmacro %}

{% macro divided(value, weight) %}
    {{ return(value if weight is none else value ~ " / nullif(" ~ weight ~ ", 0)") }}
{% endmacro %}
