{# The (source, shape) pairs by which a metric may read one class of events and be complete, and whose
   units need nothing but their cohort. #}
{% macro whole_shapes(plan) %}
    {% set found = {} %}
    {% set shapes = {} %}
    {% for shape in plan.shapes.values() %}
        {% do shapes.update({shape.index: shape}) %}
    {% endfor %}
    {% for measure in plan.measures if measure[10] is none %}
        {% set shape = shapes[measure[7]] %}
        {% if "num_value" in shape and experimentos.is_plain(shape) %}
            {% do found.setdefault(measure[2] ~ "|" ~ shape.index, (measure[2], shape)) %}
        {% endif %}
    {% endfor %}
    {{ return(found.values() | list) }}
{% endmacro %}

{# Whether a unit's cohort tells when its window closes, and its number needs no cap. #}
{% macro is_plain(shape) %}
    {{
        return(
            shape.closes % 86400 == 0
            and not experimentos.is_capped(shape)
            and not experimentos.has_part_days(experimentos.definitions())
        )
    }}
{% endmacro %}

{# Whether the data of any fact may end within a day. #}
{% macro has_part_days(found) %}
    {% for fact in found.facts.values() if fact.complete_until %}
        {% if not fact.complete_until.endswith(" 00:00:00") %} {{ return(true) }} {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# The numbers of the units of one source that read one of its classes as a whole. #}
{% macro class_numbers(source, shape, masks) %}
    {%- set present = experimentos.shape_sides(shape) %}
    select
        {{ experimentos.cohort_of("unit_events.unit_key") }} as cohort,
        unit_events.source,
        {%- for mask in masks %} unit_events.{{ mask }}, {%- endfor %}
        {{ shape.index }} as shape,
        unit_events.step_from,
        unit_events.step_to,
        {%- for x in present %} {{ experimentos.shape_number(shape, x) }} as {{ x }}, {%- endfor %}
        {{ shape.events | join(" + ") }} as n_events,
        {{ shape.skipped | join(" + ") }} as n_skipped,
        0 as n_capped
    from {{ ref("experimentos__unit_events") }} as unit_events
    inner join
        (
            select distinct arms.arm_id {%- for mask in masks %}, measures.{{ mask }} {%- endfor %}
            from {{ ref("experimentos__class_measures") }} as measures
            inner join
                {{ ref("stg_experimentos__arms") }} as arms
                on measures.experiment_index = arms.experiment_index
            where
                measures.source = {{ source }}
                and measures.shape = {{ shape.index }}
                and measures.slice is null
                and measures.is_whole
        ) as classes
        on {{ experimentos.arm_of(experimentos.cohort_of("unit_events.unit_key")) }}
        = classes.arm_id
        {%- for mask in masks %} and unit_events.{{ mask }} = classes.{{ mask }} {%- endfor %}
    where unit_events.source = {{ source }}
{% endmacro %}

{# Whether any window closes within a day. #}
{% macro has_exact_closes(plan) %}
    {% for shape in plan.shapes.values() if shape.closes % 86400 %} {{ return(true) }} {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# The shapes that are plain, and a number that is none, for lists in SQL. #}
{% macro plain_shapes(plan) %}
    {% set indexes = [-1] %}
    {% for shape in plan.shapes.values() if experimentos.is_plain(shape) %}
        {% do indexes.append(shape.index) %}
    {% endfor %}
    {{ return(indexes) }}
{% endmacro %}
