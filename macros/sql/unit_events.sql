{# The events of one source, joined to the units that use it, as slots per unit and class. #}
{% macro unit_events(source, fact, width, masks, units_relation, as_text) %}
    {%- set relation = experimentos.user_ref(source.model) -%}
    {%- set columns = experimentos.relation_columns(relation) -%}
    {%- set dated = fact.is_dated -%}
    {%- set unit = experimentos.expression(
        relation, columns, fact.units[source.kind], fact.where
    ) -%}
    select
        units.arm_id,
        units.unit,
        cast({{ source.index }} as integer) as source,
        {%- for mask in range(masks) %} events.mask_{{ mask }}, {%- endfor %}
        {%- for slot in source.slots.values() %}
            {{ experimentos.slot_aggregate(slot, source, dated) }}
            as {{ slot.name }}{{ "," if not loop.last or loop.index < width }}
        {%- endfor %}
        {%- for empty in range(source.slots | length, width) %}
            cast(
                null as {{ experimentos.type_double() }}
            ) as slot_{{ empty }}{{ "," if not loop.last }}
        {%- endfor %}
    from
        (
            select
                {{ experimentos.as_text(unit.sql) if as_text else unit.sql }} as unit,
                {%- if dated %}
                    {{ experimentos.event_time(fact, relation, columns) }} as event_at,
                {%- endif %}
                {%- for value in source["values"] %}
                    {{ experimentos.slot_value(source, value, relation, columns, fact) }}
                    as value_{{ loop.index0 }},
                {%- endfor %}
                {%- for mask in range(masks) %}
                    {{ experimentos.class_mask(source.predicates, mask) }}
                    as mask_{{ mask }}{{ "," if not loop.last }}
                {%- endfor %}
            from
                {{ relation }}
                {%- set conditions = source.predicates if "" not in source.predicates else [] %}
            {%- if source.only %} where {{ source.only }}
            {%- elif conditions and conditions | length == 1 %} where {{ conditions[0] }}
            {%- endif %}
        ) as events
    inner join
        ({{ experimentos.unit_phases(source, fact, units_relation) | indent(8) }}) as units
        on events.unit = units.unit
        {%- if dated %}
            and events.event_at >= units.first_from and events.event_at < units.last_to
        {%- endif %}
    {%- if "" not in source.predicates and source.predicates | length > 1 %}
        where
            {% for mask in range(masks) %}
                {{ " or " if not loop.first }}events.mask_{{ mask }} <> 0
            {% endfor %}
    {%- endif %}
    group by
        units.arm_id, units.unit{% for mask in range(masks) %}, events.mask_{{ mask }}{% endfor %}
{% endmacro %}

{% macro event_time(fact, relation, columns) %}
    {% set time = experimentos.expression(relation, columns, fact.timestamp, fact.where) %}
    {{ return(experimentos.to_utc(time.sql, time.class)) }}
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

{% macro class_mask(predicates, mask) %}
    {% set terms = [] %}
    {% for predicate in predicates[mask * 60 : mask * 60 + 60] %}
        {% set bit = 2**loop.index0 %}
        {% do terms.append(
            bit | string
            if predicate == ""
            else "case when " ~ predicate ~ " then " ~ bit ~ " else 0 end"
        ) %}
    {% endfor %}
    {{ return("cast(" ~ (terms | join(" + ") if terms else "0") ~ " as bigint)") }}
{% endmacro %}

{% macro slot_value(source, value, relation, columns, fact) %}
    {% set read = experimentos.expression(relation, columns, value, fact.where) %}
    {% set operations = [] %}
    {% for slot in source.slots.values() if slot.value == source["values"].index(value) %}
        {% do operations.append(slot.operation) %}
    {% endfor %}
    {% set numeric = operations | reject("in", ["distinct", "values", "skipped"]) | list %}
    {% if not numeric and read.class not in ["number"] %} {{ return(read.sql) }} {% endif %}
    {{ return(experimentos.finite_double(read.sql, read.class)) }}
{% endmacro %}

{% macro slot_aggregate(slot, source, dated) %}
    {% set value = "events.value_" ~ slot.value %}
    {% set aggregate = {
        "rows": "count(*)",
        "sum": "sum(" ~ value ~ ")",
        "values": "count(" ~ value ~ ")",
        "smallest": "min(" ~ value ~ ")",
        "largest": "max(" ~ value ~ ")",
        "skipped": "count(*)",
        "distinct": "count(distinct " ~ value ~ ")",
    }[slot.operation] %}
    {% set conditions = [value ~ " is null"] if slot.operation == "skipped" else [] %}
    {% if dated %}
        {% set phase = source.phases[slot.phase].index %}
        {% do conditions.append("events.event_at >= units.from_" ~ phase) %}
        {% do conditions.append("events.event_at < units.to_" ~ phase) %}
    {% endif %}
    {{
        return(
            "cast("
            ~ experimentos.filtered(aggregate, conditions | join(" and "))
            ~ " as "
            ~ experimentos.type_double()
            ~ ")"
        )
    }}
{% endmacro %}

{# The analysed units of a source, with the half-open span of each phase; the span of a unit whose
   window has not closed is empty, so that each unit enters once and never changes. #}
{% macro unit_phases(source, fact, units_relation) %}
    {%- set dated = fact.is_dated -%}
    {%- set relation = experimentos.user_ref(source.model) -%}
    {%- set by_date = dated and experimentos.fact_is_by_date(
        fact, relation, experimentos.relation_columns(relation)
    ) -%}
    select
        *
        {%- if dated %}
            ,
            {{ experimentos.outermost("least", "from", source.phases | length) }} as first_from,
            {{ experimentos.outermost("greatest", "to", source.phases | length) }} as last_to
        {%- endif %}
    from
        (
            select
                analysed.arm_id,
                analysed.unit
                {%- if dated %}
                    {%- set base = (
                        experimentos.start_of_day("analysed.exposed_at")
                        if by_date
                        else "analysed.exposed_at"
                    ) %}
                    {%- for phase in source.phases.values() %}
                        {%- set closed = (
                            experimentos.add_seconds(
                                "analysed.exposed_at", phase.delay + phase.window
                            )
                            ~ " <= experiments.data_as_of"
                        ) %}
                        {%- set span = (
                            (-phase.covariate, 0)
                            if phase.side == "pre"
                            else (phase.delay, phase.delay + phase.window)
                        ) %},
                        case
                            when {{ closed }} then {{ experimentos.add_seconds(base, span[0]) }}
                        end as from_{{ phase.index }},
                        case
                            when {{ closed }} then {{ experimentos.add_seconds(base, span[1]) }}
                        end as to_{{ phase.index }}
                    {%- endfor %}
                {%- endif %}
            from {{ units_relation }} as analysed
            inner join
                {{ ref("experimentos__experiments") }} as experiments
                on analysed.experiment_id = experiments.experiment_id
            where
                analysed.exclusion is null
                and analysed.experiment_index in (
                    select experiment_index
                    from {{ ref("stg_experimentos__measures") }}
                    where source = {{ source.index }}
                )
        ) as spans
{% endmacro %}

{# least() and greatest() skip nulls on every warehouse we know; one argument they do not take. #}
{% macro outermost(function, side, phases) %}
    {% if phases == 1 %} {{ return(side ~ "_0") }} {% endif %}
    {% set names = [] %}
    {% for index in range(phases) %} {% do names.append(side ~ "_" ~ index) %} {% endfor %}
    {{ return(function ~ "(" ~ names | join(", ") ~ ")") }}
{% endmacro %}
