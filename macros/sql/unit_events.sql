{# The events of one source, joined to the units that use it, as slots per unit and class. #}
{% macro unit_events(source, fact, width, masks, units_relation, as_text) %}
    {%- set relation = experimentos.user_ref(source.model) -%}
    {%- set columns = experimentos.relation_columns(relation) -%}
    {%- set dated = fact.is_dated -%}
    {%- set unit = experimentos.expression(
        relation, columns, fact.units[source.kind], fact.where
    ) -%}
    {%- set mask_names = [] -%}
    {%- for mask in range(masks) -%} {%- do mask_names.append("mask_" ~ mask) -%} {%- endfor -%}
    {%- set key = (["arm_id", "unit"] + mask_names) | join(", ") -%}
    select
        arm_id,
        unit,
        cast({{ source.index }} as integer) as source,
        {{ mask_names | join(", ") }},
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
                {%- if dated %} {{ experimentos.phase_flags(source) }} {%- endif %}
                {%- for value in source["values"] %} events.value_{{ loop.index0 }}, {%- endfor %}
                {%- for mask in mask_names %} events.{{ mask }}, {%- endfor %}
                units.arm_id,
                units.unit
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
                        {%- for mask in mask_names %}
                            {{ experimentos.class_mask(source.predicates, columns, loop.index0) }}
                            as {{ mask }}{{ "," if not loop.last }}
                        {%- endfor %}
                    from
                        {{ relation }}
                        {%- set conditions = (
                            source.predicates if "" not in source.predicates else []
                        ) %}
                    {%- if source.only %} where {{ source.only }}
                    {%- elif conditions and conditions | length == 1 %} where {{ conditions[0] }}
                    {%- endif %}
                ) as events
            inner join
                ({{ experimentos.unit_bounds(source, fact, units_relation) | indent(8) }}) as units
                on events.unit = units.unit
                {%- if dated %}
                    {%- set outer = experimentos.outer_bounds(source) %}
                    and events.event_at >= {{ outer[0] }}
                    and events.event_at < {{ outer[1] }}
                {%- endif %}
            {%- if "" not in source.predicates and source.predicates | length > 1 %}
                where
                    {% for mask in mask_names %}
                        {{ " or " if not loop.first }}events.{{ mask }} <> 0
                    {% endfor %}
            {%- endif %}
        ) as joined
    group by {{ key }}
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

{# The bits of the conditions that a row meets. Comparisons of one text column with different words
   exclude each other, so they are one CASE: most rows are done after a few of them. #}
{% macro class_mask(predicates, columns, mask) %}
    {% set terms = [] %}
    {% set words = {} %}
    {% for predicate in predicates[mask * 60 : mask * 60 + 60] %}
        {% set bit = 2**loop.index0 %}
        {% set equality = modules.re.match(
            "^\\s*([A-Za-z_][A-Za-z0-9_]*)\\s*=\\s*'([A-Za-z0-9_ .:/-]*)'\\s*$", predicate
        ) %}
        {% set name = equality.group(1) | lower if equality else none %}
        {% set word = equality.group(2) | lower | trim if equality else none %}
        {% if predicate == "" %} {% do terms.append(bit | string) %}
        {% elif columns.get(name, {}).get("class") == "text" and word not in words.get(name, {}) %}
            {% do words.setdefault(name, {}).update(
                {word: "'" ~ equality.group(2) ~ "' then " ~ bit}
            ) %}
        {% else %} {% do terms.append("case when " ~ predicate ~ " then " ~ bit ~ " else 0 end") %}
        {% endif %}
    {% endfor %}
    {% for name, branches in words.items() %}
        {% do terms.append(
            "case "
            ~ experimentos.quoted(columns[name].name)
            ~ " when "
            ~ branches.values()
            | join(" when ") ~ " else 0 end"
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
    {% set numeric = operations | reject("in", ["distinct", "values"]) | list %}
    {% if not numeric and read.class not in ["number"] %} {{ return(read.sql) }} {% endif %}
    {% if not numeric %}
        {#- distinct decimals stay what they are: as doubles, long ones would become the same -#}
        {% set finite = experimentos.finite_double(read.sql, read.class) %}
        {{ return("case when (" ~ finite ~ ") is not null then " ~ read.sql ~ " end") }}
    {% endif %}
    {{ return(experimentos.finite_double(read.sql, read.class)) }}
{% endmacro %}

{% macro slot_aggregate(slot, source, dated) %}
    {% set value = "value_" ~ slot.value %}
    {% set aggregate = {
        "rows": "count(*)",
        "sum": "sum(" ~ value ~ ")",
        "values": "count(" ~ value ~ ")",
        "smallest": "min(" ~ value ~ ")",
        "largest": "max(" ~ value ~ ")",
        "distinct": "count(distinct " ~ value ~ ")",
    }[slot.operation] %}
    {% set conditions = [] %}
    {% set known = "" %}
    {% if dated %}
        {% set phase = source.phases[slot.phase].index %}
        {% if slot.operation == "sum" %}
            {#- a sixth faster on DuckDB than a filter, which copies the values that pass -#}
            {% set aggregate = "sum(case when is_in_" ~ phase ~ " then " ~ value ~ " else 0 end)" %}
        {% else %} {% do conditions.append("is_in_" ~ phase) %}
        {% endif %}
        {% if slot.operation == "rows" and experimentos.has_several_horizons(source) %}
            {% set known = "case when max(from_" ~ phase ~ ") is not null then " %}
        {% endif %}
    {% endif %}
    {{
        return(
            known
            ~ "cast("
            ~ experimentos.filtered(aggregate, conditions | join(" and "))
            ~ " as "
            ~ experimentos.type_double()
            ~ ")"
            ~ (" end" if known else "")
        )
    }}
{% endmacro %}

{# Whether a unit's window may be closed for one metric and open for another. Then the number of its
   rows is null where it is open, because such a unit is not one of the metric yet. #}
{% macro has_several_horizons(source) %}
    {% set horizons = [] %}
    {% for phase in source.phases.values() %}
        {% do horizons.append(phase.delay + phase.window) %}
    {% endfor %}
    {{ return(horizons | unique | list | length > 1) }}
{% endmacro %}

{# The ends of a phase, as (seconds after exposure until the window closes, seconds of the end). #}
{% macro phase_ends(phase) %}
    {% set closes = phase.delay + phase.window %}
    {% if phase.side == "pre" %} {{ return([(closes, -phase.covariate), (closes, 0)]) }} {% endif %}
    {{ return([(closes, phase.delay), (closes, closes)]) }}
{% endmacro %}

{# The different instants at which phases begin and end, in order; neighbours share theirs. #}
{% macro bounds(source) %}
    {% set found = [] %}
    {% for phase in source.phases.values() %}
        {% for end in experimentos.phase_ends(phase) if end not in found %}
            {% do found.append(end) %}
        {% endfor %}
    {% endfor %}
    {{ return(found | sort(attribute="1")) }}
{% endmacro %}

{# Whether a joined event is in each phase. What the join has asked already is not asked again. #}
{% macro phase_flags(source) %}
    {%- set bounds = experimentos.bounds(source) -%}
    {%- set several = experimentos.has_several_horizons(source) -%}
    {%- for phase in source.phases.values() -%}
        {%- set ends = experimentos.phase_ends(phase) -%}
        {%- set first, last = bounds.index(ends[0]), bounds.index(ends[1]) -%}
        {%- set conditions = [] -%}
        {%- if several or first > 0 -%}
            {%- do conditions.append("events.event_at >= units.bound_" ~ first) -%}
        {%- endif -%}
        {%- if several or last < bounds | length - 1 -%}
            {%- do conditions.append("events.event_at < units.bound_" ~ last) -%}
        {%- endif -%}
        {{ conditions | join(" and ") if conditions else "true" }} as is_in_{{ phase.index }},
        {% if several %} units.bound_{{ first }} as from_{{ phase.index }}, {% endif %}
    {%- endfor -%}
{% endmacro %}

{# The first and last of a unit's bounds. With several horizons some may be null, which least() and
   greatest() skip on every warehouse we know. #}
{% macro outer_bounds(source) %}
    {% set names = [] %}
    {% for bound in experimentos.bounds(source) %}
        {% do names.append("units.bound_" ~ loop.index0) %}
    {% endfor %}
    {% if experimentos.has_several_horizons(source) %}
        {% set all = names | join(", ") %}
        {{ return(["least(" ~ all ~ ")", "greatest(" ~ all ~ ")"]) }}
    {% endif %}
    {{ return([names[0], names[-1]]) }}
{% endmacro %}

{# The analysed units of a source, with the instants at which its phases begin and end. They are null
   for a unit whose window has not closed, so that each unit enters once and never changes. #}
{% macro unit_bounds(source, fact, units_relation) %}
    {%- set dated = fact.is_dated -%}
    {%- set relation = experimentos.user_ref(source.model) -%}
    {%- set by_date = dated and experimentos.fact_is_by_date(
        fact, relation, experimentos.relation_columns(relation)
    ) -%}
    select
        analysed.arm_id,
        analysed.unit
        {%- if dated %}
            {%- set exposed = "analysed.exposed_at" %}
            {%- set base = experimentos.start_of_day(exposed) if by_date else exposed %}
            {%- for closes, seconds in experimentos.bounds(source) %}
                ,
                case
                    when {{ experimentos.add_seconds(exposed, closes) }} <= experiments.data_as_of
                    then {{ experimentos.add_seconds(base, seconds) }}
                end as bound_{{ loop.index0 }}
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
{% endmacro %}
