{# Slots in the order of their places, and nulls for places that the source does not use. #}
{% macro slot_columns(source, slots, width, by_phase) %}
    {%- set by_place = {} -%}
    {%- for slot in slots.values() -%} {%- do by_place.update({slot.place: slot}) -%} {%- endfor -%}
    {%- for place in range(width) %}
        {% if place in by_place -%}
            {{ experimentos.slot_aggregate(by_place[place], source, by_phase) }}
        {%- else -%} cast(null as {{ experimentos.type_double() }})
        {%- endif %} as slot_{{ place }}{{ "," if not loop.last }}
    {%- endfor -%}
{% endmacro %}

{% macro slot_value(source, value, relation, columns, fact) %}
    {% set read = experimentos.expression(relation, columns, value, fact.where) %}
    {% set sql = experimentos.named_sql(read.sql, value, fact, "value") %}
    {% set operations = [] %}
    {% for slot in source.slots.values() if slot.value == source["values"].index(value) %}
        {% do operations.append(slot.operation) %}
    {% endfor %}
    {% set numeric = operations | reject("in", ["distinct", "values"]) | list %}
    {% if not numeric and read.class not in ["number"] %} {{ return(sql) }} {% endif %}
    {% if not numeric %}
        {#- distinct decimals stay what they are: as doubles, long ones would become the same -#}
        {% set finite = experimentos.finite_double(sql, read.class) %}
        {{ return("case when (" ~ finite ~ ") is not null then " ~ sql ~ " end") }}
    {% endif %}
    {{ return(experimentos.finite_double(sql, read.class)) }}
{% endmacro %}

{% macro slot_aggregate(slot, source, by_phase) %}
    {% set value = "value_" ~ slot.value %}
    {% set flag = "is_in_" ~ source.phases[slot.phase].index if by_phase else "" %}
    {% set double = experimentos.type_double() %}
    {% if slot.operation == "latest" %}
        {% set dated = experimentos.definitions().facts[source.model].is_dated %}
        {{ return(experimentos.latest_value(value, "event_at" if dated else "unit_key", flag)) }}
    {% elif slot.operation == "sum" and by_phase %}
        {#- a sixth faster on DuckDB than a filter, which copies the values that pass -#}
        {{ return("sum(case when " ~ flag ~ " then " ~ value ~ " else 0 end)") }}
    {% endif %}
    {% set aggregate = {
        "rows": "count(*)",
        "sum": "sum(" ~ value ~ ")",
        "values": "count(" ~ value ~ ")",
        "smallest": "min(" ~ value ~ ")",
        "largest": "max(" ~ value ~ ")",
        "distinct": "count(distinct " ~ value ~ ")",
    }[slot.operation] %}
    {{ return("cast(" ~ experimentos.filtered(aggregate, flag) ~ " as " ~ double ~ ")") }}
{% endmacro %}

{# How the slots of two sets of rows become one. #}
{% macro joining(operation) %}
    {{ return({"smallest": "min", "largest": "max"}.get(operation, "sum")) }}
{% endmacro %}
