{# What a unit's slots are from one step to the next: running totals of the days of a source, beside the
   totals before exposure. A unit with rows before exposure alone has one version without anything. #}
{% macro versions(source, size) %}
    {%- set masks = experimentos.mask_names(size.masks) -%}
    {%- set sliced = ["item"] if source.slice is not none else [] -%}
    {%- set keys = ["unit_key"] + masks + sliced -%}
    {#- rows of unit_days are one for each class, and with one covariate window one before exposure -#}
    {%- set pre = source.phases.values() | selectattr("side", "equalto", "pre") | list -%}
    {%- set is_single = (
        pre | length == 1
        and source.mode in ["rows", "latest"]
        and not sliced
        and experimentos.has_one_span_before(source)
    ) -%}
    {%- set has_pre = "pre" in source.phases.values() | map(attribute="side") -%}
    with

        days as ({{ experimentos.source_days(source, size) | indent(8) }}),

        versions as (

            select
                {{ keys | join(", ") }},
                step as step_from,
                coalesce(lead(step) over place, {{ experimentos.last_step() }}) as step_to,
                lag(step) over place is null as is_first,
                {{ experimentos.running_slots(source, "post") }}
            from days
            where step >= 0
            window
                place as (
                    partition by {{ keys | join(", ") }}
                    order by step
                    rows between unbounded preceding and current row
                )

        )
        {%- if has_pre %}
            ,

            before as (

                select {{ keys | join(", ") }}, {{ experimentos.slots_before(source, is_single) }}
                from days
                where step < 0 {{ "group by " ~ keys | join(", ") if not is_single }}

            ),

            joined as materialized(

                select
                    {%- for key in keys %}
                        coalesce(versions.{{ key }}, before.{{ key }}) as {{ key }},
                    {%- endfor %}
                    versions.step_from,
                    versions.step_to,
                    versions.is_first,
                    before.unit_key is not null as was_before,
                    {%- for slot in source.slots.values() %}
                        {{ slot.name }}{{ "," if not loop.last }}
                    {%- endfor %}
                from versions
                full outer join
                    before
                    on {% for key in keys %}
                        {{ "and " if not loop.first }} versions.{{ key }} = before.{{ key }}
                    {% endfor %}

            )
        {%- endif %}

    select
        {{ keys | join(", ") }},
        {{ "'' as item," if not sliced }}
        cast({{ source.index }} as integer) as source,
        step_from,
        step_to,
        {{ experimentos.version_slots(source, size, "both") }}
    from {{ "joined" if has_pre else "versions" }}
    {%- if has_pre %}
        where step_from is not null
        union all
        select
            {{ keys | join(", ") }},
            {{ "'' as item," if not sliced }}
            cast({{ source.index }} as integer) as source,
            0 as step_from,
            coalesce(step_from, {{ experimentos.last_step() }}) as step_to,
            {{ experimentos.version_slots(source, size, "pre") }}
        from joined
        where was_before and (step_from is null or (is_first and step_from > 0))
    {%- endif %}
{% endmacro %}

{# Whether rows before exposure have one span only: earlier definitions may have left several. #}
{% macro has_one_span_before(source) %}
    {% if not execute %} {{ return(true) }} {% endif %}
    {% set query %}
        select count(distinct step)
        from {{ ref("experimentos__unit_days") }}
        where source = {{ source.index }} and step < 0
    {% endset %}
    {{ return(run_query(query).rows[0][0] <= 1) }}
{% endmacro %}

{# A step after all steps. #}
{% macro last_step() %} {{ return("2000000000") }} {% endmacro %}

{% macro running_slots(source, side) %}
    {%- for slot in source.slots.values() if source.phases[slot.phase].side == side %}
        {%- set number = experimentos.day_number(source, slot) %}
        {% if slot.operation == "latest" -%} {{ experimentos.running_latest(number, "place") }}
        {%- else -%} {{ experimentos.joining(slot.operation) }} ({{ number }}) over place
        {%- endif %} as {{ slot.name }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{% macro slots_before(source, is_single) %}
    {%- for slot in source.slots.values() if source.phases[slot.phase].side == "pre" %}
        {%- set number = experimentos.day_number(source, slot) %}
        {%- set way = (
            "max" if slot.operation == "latest" else experimentos.joining(slot.operation)
        ) %}
        {{ number if is_single else way ~ "(" ~ number ~ ")" }}
        as {{ slot.name }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# The number of a day that goes into a slot: null on days that are not in its phase. #}
{% macro day_number(source, slot) %}
    {% set number = (
        {"distinct": "n_different", "done": "n_done"}[slot.operation]
        if slot.day_slot is none
        else slot.day_slot.name
    ) %}
    {% set phase = source.phases[slot.phase] %}
    {% set others = source.phases.values() | selectattr("side", "equalto", phase.side) | list %}
    {% if others | length == 1 and (phase.side == "pre" or source.is_exact or phase["from"] == 0) %}
        {{ return(number) }}
    {% elif phase.side == "pre" %}
        {{ return("case when step >= " ~ phase["from"] ~ " then " ~ number ~ " end") }}
    {% endif %}
    {% set conditions = ["step >= " ~ (phase["from"] // 43200)] %}
    {% if phase.to is not none %}
        {% do conditions.append("step < " ~ (phase.to // 43200)) %}
    {% endif %}
    {{ return("case when " ~ conditions | join(" and ") ~ " then " ~ number ~ " end") }}
{% endmacro %}

{% macro version_slots(source, size, sides) %}
    {%- set names = {} -%}
    {%- for slot in source.slots.values() -%}
        {%- if sides == "both" or source.phases[slot.phase].side == "pre" -%}
            {%- do names.update({slot.place: slot.name}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for place in range(size.slots) %}
        cast(
            {{ names.get(place, "null") }} as {{ experimentos.type_double() }}
        ) as slot_{{ place }}{{ "," if not loop.last }}
    {%- endfor -%}
{% endmacro %}

{# The days of a source as running totals need them: one row per unit, class and step. #}
{% macro source_days(source, size) %}
    {%- set masks = experimentos.mask_names(size.masks) | join(", ") -%}
    {%- if source.mode == "distinct" -%} {{ experimentos.days_of_values(source, masks, size) }}
    {%- elif source.mode == "funnel" -%} {{ experimentos.days_of_funnel(source, masks, size) }}
    {%- else -%}
        select
            unit_key,
            {{ masks }},
            {{ experimentos.slice_level(source) }} as item,
            step,
            {%- for place in range(size.day_slots) %} slot_{{ place }}{{ "," if not loop.last }}
            {%- endfor %}
        from {{ experimentos.working_days(source) }} as unit_days
        where source = {{ source.index }}
    {%- endif -%}
{% endmacro %}

{# A value counts on the day it is first seen, before exposure and after it. #}
{% macro days_of_values(source, masks, size) %}
    select
        unit_key,
        {{ masks }},
        '' as item,
        step,
        {%- for place in range(size.day_slots) %}
            sum(slot_{{ place }}) as slot_{{ place }},
        {%- endfor %}
        sum(case when is_new and item is not null then 1 else 0 end) as n_different
    from
        (
            select
                *,
                row_number() over (
                    partition by unit_key, item, case when step < 0 then 0 else 1 end order by step
                )
                = 1 as is_new
            from {{ experimentos.working_days(source) }} as unit_days
            where source = {{ source.index }}
        ) as seen
    group by unit_key, {{ masks }}, step
{% endmacro %}

{# A funnel is done at the first instant of its last step at or after those of the steps before. #}
{% macro days_of_funnel(source, masks, size) %}
    with

        happened as (
            select *
            from {{ experimentos.working_days(source) }} as unit_days
            where source = {{ source.index }}
        ),
        {%- for _ in source.steps %}
            {%- set condition = experimentos.bit_is_set("happened.mask_0", loop.index0) %}
            done_{{ loop.index }} as (
                select
                    happened.unit_key, min(happened.item_at) as done_at, min(happened.step) as step
                from happened
                {%- if not loop.first %}
                    inner join
                        done_{{ loop.index0 }} as before
                        on happened.unit_key = before.unit_key
                        and happened.item_at >= before.done_at
                {%- endif %}
                where {{ condition }}
                group by happened.unit_key
            ),
        {%- endfor %}
        counted as (
            select
                unit_key,
                step,
                {%- for place in range(size.day_slots) %}
                    sum(slot_{{ place }}) as slot_{{ place }}{{ "," if not loop.last }}
                {%- endfor %}
            from happened
            group by unit_key, step
        )

    select
        counted.unit_key,
        {{ experimentos.class_of_days(source, size) }},
        '' as item,
        counted.step,
        {%- for place in range(size.day_slots) %} counted.slot_{{ place }}, {%- endfor %}
        case when done_{{ source.steps | length }}.step = counted.step then 1 else 0 end as n_done
    from counted
    left join
        done_{{ source.steps | length }}
        on counted.unit_key = done_{{ source.steps | length }}.unit_key
{% endmacro %}

{# The level of a slice as it is shown. Sources without slices have one empty level. #}
{% macro slice_level(source) %}
    {% if source.slice is none %} {{ return("''") }} {% endif %}
    {{ return("case when item = 'all' then '(all)' else coalesce(item, '(none)') end") }}
{% endmacro %}
