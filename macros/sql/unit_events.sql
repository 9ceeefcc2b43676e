{# The events of one fact for one source, joined to the units that use it. `daily`: one row per unit,
   class and step, otherwise one per unit and class whose slots have a phase each. #}
{% macro joined_events(source, fact, size, as_text, daily, only_changed=false) %}
    {%- set relation = experimentos.user_ref(fact.name) -%}
    {%- set columns = experimentos.relation_columns(relation) -%}
    {%- set dated = fact.is_dated -%}
    {%- set by_date = dated and experimentos.fact_is_by_date(fact, relation, columns) -%}
    {%- set masks = experimentos.mask_names(size.masks) -%}
    {%- set items = experimentos.item_columns(source) -%}
    {#- a class and a step in one number are grouped a tenth faster, where few conditions leave the bits -#}
    {%- set packed = (
        daily
        and masks | length == 1
        and source.mode == "rows"
        and source.predicates.values() | max < 33
    ) -%}
    {%- set classes = ["class_step"] if packed else masks + (["step"] if daily else []) -%}
    {%- set key = ["unit_key"] + classes + items.keys() | list -%}
    select
        unit_key,
        cast({{ source.index }} as integer) as source,
        {% if packed -%} {{ experimentos.shifted_right("class_step", 29) }} as mask_0,
        {%- else -%} {{ masks | join(", ") }},
        {%- endif %}
        {%- for name, type in size["items"].items() %}
            {{ experimentos.given_or_null(items, name, type) }},
        {%- endfor %}
        {%- if daily %}
            {% if packed -%}
                cast(
                    {{ experimentos.remainder("class_step", 536870912) }} - 268435456 as integer
                ) as step,
            {%- else -%} step,
            {%- endif %}
            {{ experimentos.slot_columns(source, source.day_slots, size.day_slots, false) }}
        {%- else %} {{ experimentos.slot_columns(source, source.slots, size.slots, dated) }}
        {%- endif %}
    from
        (
            select
                {%- if packed %}
                    events.mask_0 * 536870912
                    + 268435456
                    + ({{ experimentos.step_of_event(source, dated, by_date) }}) as class_step,
                {%- elif daily %} {{ experimentos.step_of_event(source, dated, by_date) }} as step,
                {%- elif dated %} {{ experimentos.phase_flags(source) }}
                {%- endif %}
                {%- for value in source["values"] %} events.value_{{ loop.index0 }}, {%- endfor %}
                {%- for mask in masks if not packed %} events.{{ mask }}, {%- endfor %}
                {%- for item in items %} events.{{ item }}, {%- endfor %}
                {%- if dated and source.mode == "latest" %} events.event_at, {%- endif %}
                units.unit_key
            from
                (
                    {{
                        experimentos.fact_rows(
                            source, fact, relation, columns, size, as_text, only_changed
                        )
                    }}
                ) as events
            inner join
                (
                    {{ experimentos.unit_bounds(source, fact, by_date, only_changed) | indent(8) }}
                ) as units
                on events.unit = units.unit
                {%- if dated %}
                    and events.event_at >= units.reads_from and events.event_at < units.reads_to
                {%- endif %}
                {%- if only_changed %}
                    {{ experimentos.join_changed_days(source, fact) }}
                {%- endif %}
            where
                true
                {%- if source.mode == "funnel" or source.only is none and "" not in source.predicates %}
                    and (
                        {% for mask in masks %}
                            {{ " or " if not loop.first }}events.{{ mask }} <> 0
                        {% endfor %}
                    )
                {%- endif %}
                {%- if only_changed %}
                    and (units.is_fresh {{ "or changed_days.day is not null" if dated }})
                {%- endif %}
        ) as joined
    {%- if daily and experimentos.has_gaps(source, dated) %}
        where {{ "class_step" if packed else "step" }} is not null
    {%- endif %}
    group by {{ key | join(", ") }}
{% endmacro %}

{# The rows of a fact: unit, time, values, and the conditions that each row meets. #}
{% macro fact_rows(source, fact, relation, columns, size, as_text, only_changed) %}
    {%- set unit = experimentos.expression(
        relation, columns, fact.units[source.kind], fact.where
    ) -%}
    {%- set predicates = experimentos.source_predicates(source, fact) -%}
    select
        {{ experimentos.as_text(unit.sql) if as_text else unit.sql }} as unit,
        {%- if fact.is_dated %}
            {{ experimentos.event_time(fact, relation, columns) }} as event_at,
        {%- endif %}
        {%- for value in source["values"] %}
            {{ experimentos.slot_value(source, value, relation, columns, fact) }}
            as value_{{ loop.index0 }},
        {%- endfor %}
        {%- for name, expression in experimentos.item_columns(source).items() %}
            {%- if name == "item_at" %} {{ experimentos.event_time(fact, relation, columns) }}
            {%- else %} {{ experimentos.item_value(name, expression, relation, columns, fact) }}
            {%- endif %} as {{ name }},
        {%- endfor %}
        {%- for mask in range(size.masks) %}
            {{ experimentos.class_mask(predicates, columns, mask, fact) }}
            as mask_{{ mask }}{{ "," if not loop.last }}
        {%- endfor %}
    from
        {{ experimentos.fact_without_repeats(fact, relation, columns) }}
        {%- set asked = predicates.keys() | list %}
        {%- set conditions = [] %}
        {%- if source.only %}
            {%- do conditions.append(experimentos.named_condition(columns, source.only, fact)) %}
        {%- elif asked | length == 1 and asked[0] %}
            {%- do conditions.append(experimentos.named_condition(columns, asked[0], fact)) %}
        {%- endif %}
        {%- set needed = experimentos.is_read_from(fact, relation, columns) %}
        {%- if needed %} {%- do conditions.append(needed) %} {%- endif %}
        {%- if only_changed and fact.is_dated %}
            {%- set first = experimentos.first_change(source, fact) %}
            {%- if first is not none %}
                {%- do conditions.append(
                    experimentos.event_time(fact, relation, columns)
                    ~ " >= cast('"
                    ~ first
                    ~ "' as timestamp)"
                ) %}
            {%- endif %}
        {%- endif %}
        {{ "where " ~ conditions | join(" and ") if conditions }}
{% endmacro %}

{# condition -> bit, of those that rows of this fact may meet: the steps of a funnel may be elsewhere. #}
{% macro source_predicates(source, fact) %}
    {% if source.mode != "funnel" %} {{ return(source.predicates) }} {% endif %}
    {% set found = {} %}
    {% for step in source.steps %}
        {% if step.model == fact.name %}
            {% do found.setdefault(step["where"] or "true", []).append(loop.index0) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# What rows are kept apart by, beside their class: nothing, or different values, instants or slices. #}
{% macro item_columns(source) %}
    {% if source.mode == "distinct" %} {{ return({"item": source.item}) }} {% endif %}
    {% if source.mode == "values" %} {{ return({"item_number": source.item}) }} {% endif %}
    {% if source.mode == "funnel" %} {{ return({"item_at": none}) }} {% endif %}
    {% if source.slice is not none %} {{ return({"item": source.slice}) }} {% endif %}
    {{ return({}) }}
{% endmacro %}

{% macro item_value(name, expression, relation, columns, fact) %}
    {% set read = experimentos.expression(relation, columns, expression, fact.where) %}
    {% set sql = experimentos.named_sql(read.sql, expression, fact, "value") %}
    {% set finite = experimentos.finite_double(sql, read.class) %}
    {% if name == "item_number" %} {{ return(finite) }} {% endif %}
    {% set text = experimentos.as_text(sql) %}
    {% if read.class == "number" %}
        {{ return("case when (" ~ finite ~ ") is not null then " ~ text ~ " end") }}
    {% endif %}
    {{ return(text) }}
{% endmacro %}

{% macro given_or_null(items, name, type) %}
    {{ return(name if name in items else "cast(null as " ~ type ~ ") as " ~ name) }}
{% endmacro %}

{% macro mask_names(masks) %}
    {% set names = [] %}
    {% for mask in range(masks) %} {% do names.append("mask_" ~ mask) %} {% endfor %}
    {{ return(names) }}
{% endmacro %}

{# The step of an event: the days begun since the day of the anchor and the full days since the anchor,
   added up. Steps are in the order of time, and a new one begins where either changes. Before exposure
   it is minus the seconds of the shortest covariate window that holds the event. #}
{% macro step_of_event(source, dated, by_date) %}
    {% if not dated %} {{ return("0") }} {% endif %}
    {%- set ends = [] -%}
    {%- for phase in source.phases.values() if phase.side == "post" -%}
        {%- do ends.append(experimentos.phase_bounds(source, phase)) -%}
    {%- endfor -%}
    {%- set anchor = experimentos.bounds(source).index(["anchor", 0]) if not source.is_exact -%}
    {%- set first = ends[0][0] if source.is_exact else anchor -%}
    {%- set days = experimentos.days_from_anchor("units.unit_key", "events.event_at") -%}
    case
        when
            events.event_at >= {{ experimentos.bound_of_unit(source, first, by_date) }}
            {% if source.is_exact -%}
                and events.event_at < {{ experimentos.bound_of_unit(source, ends[0][1], by_date) }}
            {%- endif %}
        then
            {{ days }}
            + {{
                (
                    days
                    if by_date
                    else experimentos.whole_days("units.anchor_at", "events.event_at")
                )
            }}
        {%- for phase in source.phases.values() | selectattr(
                "side", "equalto", "pre"
            ) | sort(attribute="from", reverse=true) %}
                {%- set bounds = experimentos.phase_bounds(source, phase) %}
                {%- set is_all_that_is_left = (
                    loop.last
                    and not experimentos.has_gaps(source, dated)
                    and experimentos.outer_bounds(source)[0] == bounds[0]
                ) %}
            {% if is_all_that_is_left -%} else {{ phase["from"] }}
            {%- else -%}
                when
                    events.event_at < {{ experimentos.bound_of_unit(source, bounds[1], by_date) }}
                    and events.event_at
                    >= {{ experimentos.bound_of_unit(source, bounds[0], by_date) }}
                then {{ phase["from"] }}
            {%- endif %}
        {%- endfor %}
    end
{% endmacro %}

{# Whether events may be joined that are in no phase. #}
{% macro has_gaps(source, dated) %}
    {{
        return(
            dated and (source.is_exact or experimentos.has_activation(experimentos.definitions()))
        )
    }}
{% endmacro %}

{# When a row happened: its instant in UTC, or its day where the time says no more. #}
{% macro event_time(fact, relation, columns) %}
    {% set time = experimentos.expression(relation, columns, fact.timestamp, fact.where) %}
    {% set instant = experimentos.to_utc(time.sql, time.class) %}
    {% if fact.get("timestamp_is_date") and time.class != "date" %}
        {{ return(experimentos.start_of_day(instant)) }}
    {% endif %}
    {{ return(instant) }}
{% endmacro %}

{# A date counts from the day of exposure on; so does a fact whose times are only dates. #}
{% macro fact_is_by_date(fact, relation, columns) %}
    {% if fact.timestamp_is_date %} {{ return(true) }} {% endif %}
    {{
        return(
            experimentos.expression(relation, columns, fact.timestamp, fact.where).class
            == "date"
        )
    }}
{% endmacro %}

{# A fact in which each key stands once: the row loaded last, of those the earliest, and of those the
   first in the order of its columns. Rows without a key are all kept. #}
{% macro fact_without_repeats(fact, relation, columns) %}
    {% if not fact.get("unique_key") %} {{ return(relation) }} {% endif %}
    {%- set key = experimentos.expression(relation, columns, fact.unique_key, fact.where).sql -%}
    {%- set order = [] -%}
    {%- for name, way in [(fact.get("loaded_at"), " desc nulls last"), (fact.timestamp, " nulls last")]
        if name not in [none, "none"] -%}
        {%- do order.append(
            experimentos.expression(relation, columns, name, fact.where).sql ~ way
        ) -%}
    {%- endfor -%}
    {%- for column in columns.values() -%}
        {%- do order.append(experimentos.quoted(column.name) ~ " nulls last") -%}
    {%- endfor -%}
    (
        select *
        from
            (
                select
                    *,
                    row_number() over (
                        partition by {{ key }} order by {{ order | join(", ") }}
                    ) as experimentos_repeat
                from {{ relation }}
            ) as numbered
        where experimentos_repeat = 1 or {{ key }} is null
    ) as without_repeats
{% endmacro %}


{# The events of units: one row per unit, source, class and version, with the running totals of its slots.
   Without daily series there is one version. #}
{% macro unit_events(definitions, plan) %}
    {%- set size = experimentos.plan_size(plan) %}
    {%- set masks = experimentos.mask_names(size.masks) %}
    {%- set as_text = experimentos.units_are_text(definitions) if execute else false %}

    {%- for source in plan.sources.values() if source.mode != "values" %}
        {{ "union all" if not loop.first }}
        {% if experimentos.is_daily() or source.mode not in ["rows", "latest"] %}
            select
                unit_key,
                {{ masks | join(", ") }},
                item,
                source,
                {{ "step_from" if experimentos.is_daily() else "0 as step_from" }},
                step_to,
                {%- for slot in range(size.slots) %}
                    slot_{{ slot }}{{ "," if not loop.last }}
                {%- endfor %}
            from ({{ experimentos.versions(source, size) }}) as versions
            {%- if not experimentos.is_daily() %}
                where step_to = {{ experimentos.last_step() }}
            {%- endif %}
        {%- else %}
            select
                unit_key,
                {{ masks | join(", ") }},
                {{ experimentos.slice_level(source) }} as item,
                source,
                0 as step_from,
                {{ experimentos.last_step() }} as step_to,
                {%- for slot in range(size.slots) %} slot_{{ slot }}{{ "," if not loop.last }}
                {%- endfor %}
            from
                (
                    {{
                        experimentos.joined_events(
                            source, definitions.facts[source.model], size, as_text, false
                        )
                    }}
                ) as events
        {%- endif %}
    {%- else %}
        select
            unit_key,
            {%- for mask in masks %} cast(null as bigint) as {{ mask }},
            {%- endfor %}
            '' as item,
            cast(null as integer) as source,
            0 as step_from,
            0 as step_to,
            cast(null as {{ experimentos.type_double() }}) as slot_0
        from {{ ref("experimentos__analysed_units") }}
        where 1 = 0
    {%- endfor %}
{% endmacro %}
