{# The (source, shape) pairs by which a metric may read one class of events and be complete, and whose
   units need nothing but their cohort. #}
{% macro whole_shapes(plan) %}
    {% set found = {} %}
    {% set shapes = {} %}
    {% for shape in plan.shapes.values() %}
        {% do shapes.update({shape.index: shape}) %}
    {% endfor %}
    {#- most measures share their source and shape with others -#}
    {% for measure in plan.measures if measure[10] is none %}
        {% do found.setdefault((measure[2], measure[7]), none) %}
    {% endfor %}
    {% set whole = [] %}
    {% for source, index in found %}
        {% set shape = shapes[index] %}
        {% if "num_value" in shape and experimentos.is_plain(shape) %}
            {% do whole.append((source, shape)) %}
        {% endif %}
    {% endfor %}
    {{ return(whole) }}
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

{# The numbers that the shapes of one source need, each expression once: {expression: its place}. #}
{% macro class_expressions(shapes) %}
    {% set found = {"numbers": {}, "numerators": [], "products": [], "counts": {}} %}
    {% for shape in shapes %}
        {% set present = experimentos.shape_sides(shape) %}
        {% for x in present %}
            {% do found.numbers.setdefault(
                experimentos.shape_number(shape, x), found.numbers | length
            ) %}
        {% endfor %}
        {% if "num" in present %}
            {% set num = found.numbers[experimentos.shape_number(shape, "num")] %}
            {% if num not in found.numerators %} {% do found.numerators.append(num) %} {% endif %}
        {% endif %}
        {% for x, y in experimentos.moment_products() if x in present and y in present %}
            {% set product = experimentos.places_of(found, shape, x, y) %}
            {% if product not in found.products %}
                {% do found.products.append(product) %}
            {% endif %}
        {% endfor %}
        {% for name in ["events", "skipped"] if shape[name] %}
            {% do found.counts.setdefault(shape[name] | join(" + "), found.counts | length) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The places of two numbers of a shape, smaller first: their product is the same either way. #}
{% macro places_of(found, shape, x, y) %}
    {{
        return(
            [
                found.numbers[experimentos.shape_number(shape, x)],
                found.numbers[experimentos.shape_number(shape, y)],
            ]
            | sort
        )
    }}
{% endmacro %}

{# The arms and classes of one source that any of the shapes reads as a whole. #}
{% macro whole_classes(definitions, plan, source, shapes, masks) %}
    select distinct arms.arm_id {%- for mask in masks %}, measures.{{ mask }} {%- endfor %}
    from {{ experimentos.measures_of_classes(definitions, plan) }} as measures
    inner join
        {{ ref("stg_experimentos__arms") }} as arms
        on measures.experiment_index = arms.experiment_index
    where
        measures.source = {{ source }}
        and measures.shape in ({{ shapes | map(attribute="index") | join(", ") }})
        and measures.slice is null
        and measures.is_whole
{% endmacro %}

{# Moments of everything that the shapes of one source need, in one pass over its units. Classes that no
   metric reads alone are left out afterwards: asking for each unit's row would cost more. #}
{% macro wide_cells(definitions, plan, source, shapes, masks) %}
    {%- set found = experimentos.class_expressions(shapes) -%}
    {%- set keys = (
        ["cohort"]
        + masks
        + (["step_from", "step_to"] if experimentos.is_daily() else [])
    ) -%}
    select
        {{ keys | join(", ") }}
        {%- for place in found.numbers.values() %}
            {%- set x = "number_" ~ place %},
            count({{ x }}) as n_{{ place }},
            avg({{ x }}) as mean_{{ place }},
            {{ experimentos.m2(x) }} as m2_{{ place }}
        {%- endfor %}
        {%- for place in found.numerators %}
            {%- set x = "number_" ~ place %}, {{ experimentos.m3(x) }} as m3_{{ place }}
        {%- endfor %}
        {%- for x, y in found.products %}
            , {{ experimentos.c2("number_" ~ x, "number_" ~ y) }} as c2_{{ x }}_{{ y }}
        {%- endfor %}
        {%- for place in found.counts.values() %}
            , sum(count_{{ place }}) as sum_{{ place }}
        {%- endfor %}
    from
        (
            select
                {{ experimentos.cohort_of("unit_events.unit_key") }} as cohort,
                {%- for mask in masks %} unit_events.{{ mask }}, {%- endfor %}
                unit_events.step_from,
                unit_events.step_to
                {%- for expression, place in found.numbers.items() %}
                    , {{ expression }} as number_{{ place }}
                {%- endfor %}
                {%- for expression, place in found.counts.items() %}
                    , {{ expression }} as count_{{ place }}
                {%- endfor %}
            from {{ experimentos.rows_of_source(definitions, plan, source) }} as unit_events
            where
                unit_events.source = {{ source }}
                {%- set read = experimentos.may_be_read(
                    plan, source, shapes | map(attribute="index") | list
                ) %}
                {{ "and " ~ read if read is not none }}
        ) as numbers
    group by {{ keys | join(", ") }}
{% endmacro %}

{# The moments of one shape, out of those of its source. #}
{% macro cells_of_shape(definitions, plan, source, shape, shapes, masks) %}
    {%- set found = experimentos.class_expressions(shapes) -%}
    {%- set present = experimentos.shape_sides(shape) -%}
    {%- set null = "cast(null as " ~ experimentos.type_double() ~ ")" -%}
    {%- set num = found.numbers[experimentos.shape_number(shape, "num")] -%}
    select
        wide.cohort,
        {{ source }} as source,
        {%- for mask in masks %} wide.{{ mask }}, {%- endfor %}
        {{ shape.index }} as shape,
        {{ "wide.step_from" if experimentos.is_daily() else "0 as step_from" }},
        {{
            (
                "wide.step_to"
                if experimentos.is_daily()
                else experimentos.last_step() ~ " as step_to"
            )
        }},
        0 as n_capped,
        wide.n_{{ num }} as n_active,
        wide.sum_{{ found.counts[shape.events | join(" + ")] }} as n_events,
        wide.sum_{{ found.counts[shape.skipped | join(" + ")] }} as n_skipped
        {%- for x in experimentos.moment_means() %}
            {%- set place = found.numbers.get(experimentos.shape_number(shape, x)) if x in present %},
            {{ "wide.mean_" ~ place if x in present else null }} as mean_{{ x }},
            {{ "wide.m2_" ~ place if x in present else null }} as m2_{{ x }}
        {%- endfor %}
        {%- for x, y in experimentos.moment_products() %}
            {%- set is_here = x in present and y in present %}
            {%- set places = experimentos.places_of(found, shape, x, y) if is_here else [] %},
            {{ "wide.c2_" ~ places | join("_") if is_here else null }} as c2_{{ x }}_{{ y }}
        {%- endfor %},
        wide.m3_{{ num }} as m3_num
    from wide_{{ source }} as wide
    inner join
        (
            {{ experimentos.whole_classes(definitions, plan, source, [shape], masks) | indent(8) }}
        ) as classes
        on {{ experimentos.arm_of("wide.cohort") }} = classes.arm_id
        {%- for mask in masks %} and wide.{{ mask }} = classes.{{ mask }} {%- endfor %}
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

{# The shapes whose numbers are computed in one pass over the classes of their source. #}
{% macro wide_shapes(definitions, plan) %}
    {% set found = {} %}
    {% for source, shape in experimentos.whole_shapes(plan) + experimentos.denominators_of_joins(
        definitions, plan
    ) %}
        {% do found.setdefault(source, []).append(shape) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The moments of all classes, a common table expression for each source. #}
{% macro wide_moments(definitions, plan) %}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
    {%- for source, shapes in experimentos.wide_shapes(definitions, plan).items() %}

        wide_{{ source }} as materialized(
            {{ experimentos.wide_cells(definitions, plan, source, shapes, masks) | indent(8) }}
        ),
    {%- endfor %}
{% endmacro %}

{# Moments straight from the classes, for metrics that read one class. A class is aggregated once however
   many metrics read it. #}
{% macro class_moments(definitions, plan) %}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
    {%- set keys = ["cohort", "source"] + masks + ["shape"] %}
    {%- set whole = experimentos.whole_shapes(plan) %}

    {%- set by_source = experimentos.wide_shapes(definitions, plan) %}

    {%- if whole %}
        with
            {%- if not experimentos.is_at_once(definitions, plan) %}
                {{ experimentos.wide_moments(definitions, plan) }}
            {%- endif %}

            cells as materialized(

                {%- for source, shape in whole %}
                    {{ "union all" if not loop.first }}
                    {{
                        experimentos.cells_of_shape(
                            definitions, plan, source, shape, by_source[source], masks
                        )
                    }}
                {%- endfor %}

            )
            {% if experimentos.is_daily() %}
                ,
                covering as materialized(
                    {{ experimentos.covering_cells("cells", keys) | indent(8) }}
                )
            {%- endif %}

            {{ experimentos.moments_at_steps(keys) }}
    {%- else %} {{ experimentos.no_class_moments(plan) }}
    {%- endif %}
{% endmacro %}

{# The versions of the units of one source, from where they are. #}
{% macro rows_of_source(definitions, plan, index) %}
    {% if not experimentos.is_daily() or experimentos.needs_unit_metrics(definitions, plan) %}
        {{ return(experimentos.events_of_units(definitions, plan)) }}
    {% endif %}
    {% for source in plan.sources.values() if source.index == index %}
        {{ return("(" ~ experimentos.versions(source, experimentos.plan_size(plan)) ~ ")") }}
    {% endfor %}
{% endmacro %}

{% macro no_class_moments(plan) %}
    {%- set types = {"cohort": "bigint", "source": "bigint"} %}
    {%- for mask in experimentos.mask_names(experimentos.plan_size(plan).masks) %}
        {%- do types.update({mask: "bigint"}) %}
    {%- endfor %}
    {%- do types.update({"shape": "bigint"}) %}
    {{ experimentos.no_moments(types) }}
{% endmacro %}
