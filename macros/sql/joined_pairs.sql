{# Metrics of two classes of events, such as a ratio of two facts, where nothing needs single units: the
   moments of each side are those of its class, and what they have together comes from a join of the two
   classes. Putting the classes of each unit together first would cost twice as much. #}
{# [source, mask column, bit, shape] of numerator and denominator of the metrics that are joined, each
   once. Each is a join of its own, so many of them are put together by unit instead (unit_pairs). #}
{% macro joined_parts(definitions, plan) %}
    {% if not experimentos.is_at_once(definitions, plan) %} {{ return([]) }} {% endif %}
    {% set shapes = {} %}
    {% for shape in plan.shapes.values() %}
        {% do shapes.update({shape.index: shape}) %}
    {% endfor %}
    {% set found = {} %}
    {% for template in plan.templates.values() %}
        {% set parts = {} %}
        {% for source, _, part, column, bit, shape, _, _, _ in template %}
            {% do parts.update(
                {
                    part: {
                        "source": source,
                        "column": column,
                        "bit": bit,
                        "shape": shapes[shape],
                    }
                }
            ) %}
        {% endfor %}
        {% set is_simple = (
            "den" in parts
            and parts.num.shape.is_zero_filled
            and parts.num.shape.threshold is none
            and experimentos.is_plain(parts.num.shape)
            and experimentos.is_plain(parts.den.shape)
        ) %}
        {% if is_simple %}
            {% do found.setdefault(
                [
                    parts.num.source,
                    parts.num.column,
                    parts.num.bit,
                    parts.num.shape.index,
                    parts.den.source,
                    parts.den.column,
                    parts.den.bit,
                    parts.den.shape.index,
                ]
                | join("|"),
                parts,
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(found.values() | list if found | length <= 8 else []) }}
{% endmacro %}

{# (source, shape) of denominators whose moments the joins need. #}
{% macro denominators_of_joins(definitions, plan) %}
    {% set found = {} %}
    {% for parts in experimentos.joined_parts(definitions, plan) %}
        {% do found.update(
            {
                parts.den.source
                ~ "|"
                ~ parts.den.shape.index: (parts.den.source, parts.den.shape)
            }
        ) %}
    {% endfor %}
    {{ return(found.values() | list) }}
{% endmacro %}

{# The metrics that read one class for each side, by arm. Which classes there are, the data tell. #}
{% macro joined_classes(definitions, plan) %}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) -%}
    select
        two.pair_id,
        arms.arm_id
        {%- for side in ["num", "den"] %}
            ,
            {{ side }}_measures.source as {{ side }}_source,
            {{ side }}_measures.mask_column as {{ side }}_mask_column,
            {{ side }}_measures.bit as {{ side }}_bit,
            {{ side }}_measures.shape as {{ side }}_shape
            {%- for mask in masks %}
                , {{ side }}_classes.{{ mask }} as {{ side }}_{{ mask }}
            {%- endfor %}
        {%- endfor %}
    from
        (
            select pair_id, max(experiment_index) as experiment_index
            from class_measures
            group by pair_id
            having count(*) = 2 and min(part) = 'den' and max(part) = 'num'
        ) as two
    inner join
        {{ ref("stg_experimentos__arms") }} as arms on two.experiment_index = arms.experiment_index
    {%- for side in ["num", "den"] %}
        inner join
            class_measures as {{ side }}_classes
            on two.pair_id = {{ side }}_classes.pair_id
            and {{ side }}_classes.part = '{{ side }}'
        inner join
            {{ ref("stg_experimentos__measures") }} as {{ side }}_measures
            on two.pair_id = {{ side }}_measures.pair_id
            and {{ side }}_measures.part = '{{ side }}'
    {%- endfor %}
    where
        {% for parts in experimentos.joined_parts(definitions, plan) -%}
            {{ "or " if not loop.first }}
            (
                {{ experimentos.is_part("num_measures.", parts.num) }}
                and {{ experimentos.is_part("den_measures.", parts.den) }}
            )
        {% endfor %}
{% endmacro %}

{# Whether the columns of a measure, behind a prefix, are this part of a metric. #}
{% macro is_part(prefix, part) %}
    {%- for column, value in [
        ("source", part.source),
        ("mask_column", part.column),
        ("bit", part.bit),
        ("shape", part.shape.index),
    ] -%}
        {{ "and " if not loop.first }}{{ prefix ~ column }} = {{ value }}
    {% endfor -%}
{% endmacro %}

{# Whether the columns are the class of a joined metric's side. #}
{% macro is_class_of(relation, side, masks) %}
    {%- for mask in masks -%}
        {{ "and " if not loop.first }}{{ relation }}.{{ mask }} = joined.{{ side }}_{{ mask }}
    {% endfor -%}
{% endmacro %}

{# The moments of one side over the units that have events of its class. #}
{% macro joined_side(definitions, plan, side) %}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) -%}
    {%- set all_shapes = experimentos.wide_shapes(definitions, plan) -%}
    {%- set parts = {} -%}
    {%- for joined in experimentos.joined_parts(definitions, plan) -%}
        {%- do parts.setdefault(
            joined[side].source ~ "|" ~ joined[side].shape.index, joined[side]
        ) -%}
    {%- endfor -%}
    {%- for part in parts.values() %}
        {%- set shape = part.shape -%}
        {%- set found = experimentos.class_expressions(all_shapes[part.source]) -%}
        {%- set value = found.numbers[experimentos.shape_number(shape, side)] -%}
        {%- set cov = (
            found.numbers[experimentos.shape_number(shape, side ~ "_cov")]
            if side ~ "_cov" in experimentos.shape_sides(shape)
            else none
        ) -%}
        {{ "union all" if not loop.first }}
        select
            wide.cohort,
            joined.pair_id,
            wide.n_{{ value }} as n,
            wide.mean_{{ value }} as mean,
            wide.m2_{{ value }} as m2,
            {{ "0" if cov is none else "wide.mean_" ~ cov }} as mean_cov,
            {{ "0" if cov is none else "wide.m2_" ~ cov }} as m2_cov,
            {% if cov is none -%} 0
            {%- else -%}
                wide.c2_{{ experimentos.places_of(found, shape, side, side ~ "_cov") | join("_") }}
            {%- endif %} as c2,
            {{ "wide.m3_" ~ value if side == "num" else "0" }} as m3,
            {%- for name in ["events", "skipped"] %}
                {{
                    (
                        "wide.sum_" ~ found.counts[shape[name] | join(" + ")]
                        if shape[name]
                        else "0"
                    )
                }} as n_{{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        from wide_{{ part.source }} as wide
        inner join
            joined_classes as joined
            on {{ experimentos.arm_of("wide.cohort") }} = joined.arm_id
            and joined.{{ side }}_source = {{ part.source }}
            and joined.{{ side }}_shape = {{ shape.index }}
            and {{ experimentos.is_class_of("wide", side, masks) }}
    {%- endfor %}
{% endmacro %}

{# What both sides have together, over the units with events of both classes. #}
{% macro joined_both(definitions, plan) %}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) -%}
    {%- for parts in experimentos.joined_parts(definitions, plan) %}
        {{ "union all" if not loop.first }}
        select
            {{ experimentos.cohort_of("nums.unit_key") }} as cohort,
            joined.pair_id,
            count(*) as n
            {%- for x in experimentos.moment_means() %}, avg({{ x }}) as {{ x }} {%- endfor %}
            {%- for x, y in experimentos.cross_products() %}
                , {{ experimentos.c2(x, y) }} as c2_{{ x }}_{{ y }}
            {%- endfor %}
        from ({{ experimentos.joined_rows("num", parts.num, masks) | indent(8) }}) as nums
        inner join
            ({{ experimentos.joined_rows("den", parts.den, masks) | indent(8) }}) as dens
            on nums.unit_key = dens.unit_key
        inner join
            joined_classes as joined
            on {{ experimentos.arm_of(experimentos.cohort_of("nums.unit_key")) }} = joined.arm_id
            and {{ experimentos.is_class_of("nums", "num", masks) }}
            and {{ experimentos.is_class_of("dens", "den", masks) }}
            and {{ experimentos.is_part("joined.num_", parts.num) }}
            and {{ experimentos.is_part("joined.den_", parts.den) }}
        group by {{ experimentos.cohort_of("nums.unit_key") }}, joined.pair_id
    {%- endfor %}
{% endmacro %}

{# The numbers of one side by unit and class. #}
{% macro joined_rows(side, part, masks) %}
    {%- set present = experimentos.shape_sides(part.shape) -%}
    select
        unit_key,
        {%- for mask in masks %} {{ mask }}, {%- endfor %}
        {{ experimentos.shape_number(part.shape, side) }} as {{ side }},
        {{
            (
                experimentos.shape_number(part.shape, side ~ "_cov")
                if side ~ "_cov" in present
                else "cast(0 as " ~ experimentos.type_double() ~ ")"
            )
        }} as {{ side }}_cov
    from pair_events
    where
        source = {{ part.source }}
        and {{ experimentos.bit_is_set("mask_" ~ part.column, part.bit) }}
{% endmacro %}

{# Numerators beside denominators. #}
{% macro cross_products() %}
    {{ return([("num", "den"), ("num", "den_cov"), ("num_cov", "den"), ("num_cov", "den_cov")]) }}
{% endmacro %}

{# The moments of joined metrics over the units with events of either class. A unit without events of one
   class has zeros there, which are merged as a group of their own (Chan, Golub and LeVeque 1983). #}
{% macro joined_moments(definitions, plan) %}
    select
        cohort,
        pair_id,
        {%- if experimentos.has_caps(plan) %}
            cast('both' as {{ dbt.type_string() }}) as basis,
        {%- endif %}
        0 as step_from,
        {{ experimentos.last_step() }} as step_to,
        n_active,
        n_events,
        n_skipped,
        0 as n_capped
        {%- for x in experimentos.moment_means() %}
            , mean_{{ x }}, {{ experimentos.with_zeros(x, x) }} as m2_{{ x }}
        {%- endfor %},
        {{ experimentos.with_both("num", "den") }} as c2_num_den,
        {{ experimentos.with_zeros("num", "num_cov") }} as c2_num_num_cov,
        {{ experimentos.with_both("num", "den_cov") }} as c2_num_den_cov,
        {{ experimentos.with_both("num_cov", "den") }} as c2_den_num_cov,
        {{ experimentos.with_zeros("den", "den_cov") }} as c2_den_den_cov,
        {{ experimentos.with_both("num_cov", "den_cov") }} as c2_num_cov_den_cov,
        own_m3
        + 3 * (own_num - mean_num) * own_num_num
        + n_num * (own_num - mean_num) * (own_num - mean_num) * (own_num - mean_num)
        - (n_active - n_num) * mean_num * mean_num * mean_num as m3_num
    from
        (
            select
                sides.*,
                {%- for x in experimentos.moment_means() %}
                    n_{{ x[:3] }} * own_{{ x }} / n_active as mean_{{ x }}{{ "," if not loop.last }}
                {%- endfor %}
            from
                (
                    select
                        coalesce(nums.cohort, dens.cohort) as cohort,
                        coalesce(nums.pair_id, dens.pair_id) as pair_id,
                        coalesce(nums.n, 0)
                        + coalesce(dens.n, 0)
                        - coalesce(united.n, 0) as n_active,
                        coalesce(united.n, 0) as n_both,
                        {%- for side in ["num", "den"] %}
                            {%- for name, column in [
                                ("n_" ~ side, "n"),
                                ("own_" ~ side, "mean"),
                                ("own_" ~ side ~ "_cov", "mean_cov"),
                                ("own_" ~ side ~ "_" ~ side, "m2"),
                                ("own_" ~ side ~ "_cov_" ~ side ~ "_cov", "m2_cov"),
                                ("own_" ~ side ~ "_" ~ side ~ "_cov", "c2"),
                            ] %}
                                coalesce({{ side }}s.{{ column }}, 0) as {{ name }},
                            {%- endfor %}
                        {%- endfor %}
                        coalesce(nums.m3, 0) as own_m3,
                        {%- for x in experimentos.moment_means() %}
                            coalesce(united.{{ x }}, 0) as both_{{ x }},
                        {%- endfor %}
                        {%- for x, y in experimentos.cross_products() %}
                            coalesce(united.c2_{{ x }}_{{ y }}, 0) as both_{{ x }}_{{ y }},
                        {%- endfor %}
                        {%- for name in ["n_events", "n_skipped"] %}
                            coalesce(nums.{{ name }}, 0)
                            + coalesce(dens.{{ name }}, 0) as {{ name }}{{ "," if not loop.last }}
                        {%- endfor %}
                    from
                        (
                            {{ experimentos.joined_side(definitions, plan, "num") | indent(8) }}
                        ) as nums
                    full outer join
                        (
                            {{ experimentos.joined_side(definitions, plan, "den") | indent(8) }}
                        ) as dens
                        on nums.cohort = dens.cohort
                        and nums.pair_id = dens.pair_id
                    left join
                        ({{ experimentos.joined_both(definitions, plan) | indent(8) }}) as united
                        on coalesce(nums.cohort, dens.cohort) = united.cohort
                        and coalesce(nums.pair_id, dens.pair_id) = united.pair_id
                ) as sides
        ) as centred
{% endmacro %}

{# A sum of products of deviations of numbers of one side: its own units, and zeros of the others. #}
{% macro with_zeros(x, y) %}
    {%- set n = "n_" ~ x[:3] -%}
    own_{{ x }}_{{ y }}
    + {{ n }} * (own_{{ x }} - mean_{{ x }}) * (own_{{ y }} - mean_{{ y }})
    + (n_active - {{ n }}) * mean_{{ x }} * mean_{{ y }}
{%- endmacro %}

{# The same of a numerator and a denominator: units with both, with one and with the other. #}
{% macro with_both(x, y) %}
    both_{{ x }}_{{ y }}
    + n_both * (both_{{ x }} - mean_{{ x }}) * (both_{{ y }} - mean_{{ y }})
    - mean_{{ y }} * {{ experimentos.deviations_alone(x) }}
    - mean_{{ x }} * {{ experimentos.deviations_alone(y) }}
{%- endmacro %}

{# The sum of deviations of one side's units without the other. #}
{% macro deviations_alone(x) %}
    {%- set n = "n_" ~ x[:3] -%}
    case
        when {{ n }} = n_both
        then 0
        else {{ n }} * own_{{ x }} - n_both * both_{{ x }} - ({{ n }} - n_both) * mean_{{ x }}
    end
{%- endmacro %}

{# The events of units that metrics of several classes may read: of conditions that others may share a row
   with, and of metrics with two parts. #}
{% macro pair_events(definitions, plan) %}
    select *
    from unit_events
    where
        {%- for source in plan.sources.values() if source.mode != "values" %}
            {{ "or " if not loop.first }}
            (source = {{ source.index }} and {{ experimentos.may_be_paired(plan, source) }})
        {%- else %} 1 = 0
        {%- endfor %}
{% endmacro %}

{# Whether metrics of several classes may read a row of a source, by its bits. #}
{% macro may_be_paired(plan, source) %}
    {%- set bits = {} -%}
    {%- for predicate, bit in source.predicates.items() -%}
        {%- if not experimentos.is_one_class(source, predicate) -%}
            {%- do bits.setdefault(bit // 60, {}).update({bit % 60: true}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for template in plan.templates.values() -%}
        {%- if "den" in template | map(attribute=2) -%}
            {%- for measure in template if measure[0] == source.index -%}
                {%- do bits.setdefault(measure[3], {}).update({measure[4]: true}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ experimentos.any_bit(bits) }}
{%- endmacro %}

{# Whether all rows that meet a condition are of one class, whatever the data: it asks for a word of a
   column, and so do all others, for other words of the same. #}
{% macro is_one_class(source, predicate) %}
    {% if source.numbers.get("bit " ~ source.index, {}).get("next") != source.predicates | length %}
        {#- rows of earlier runs may also be told apart by conditions that are no more -#}
        {{ return(false) }}
    {% endif %}
    {% set own = experimentos.word_of(predicate) %}
    {% set columns = experimentos.relation_columns(experimentos.user_ref(source.model)) %}
    {% if own.name is not none and columns.get(own.name, {}).get("class") != "text" %}
        {#- '1' and '01' are the same number -#}
        {{ return(false) }}
    {% endif %}
    {% for other in source.predicates if other not in [predicate, ""] %}
        {% set word = experimentos.word_of(other) %}
        {% if word.name is none or word.name != own.name or word.word == own.word %}
            {{ return(false) }}
        {% endif %}
    {% endfor %}
    {{ return(own.name is not none or source.predicates | length == 1) }}
{% endmacro %}
