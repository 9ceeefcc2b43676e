{# The instants at which phases begin and end: (from exposure or from the anchor, seconds or 'end'). Where
   nobody is activated the anchor is the exposure, and what comes before it is bounded by the same. #}
{% macro bounds(source) %}
    {% set split = experimentos.has_activation(experimentos.definitions()) %}
    {% set found = [] if source.is_exact else [["anchor", 0]] %}
    {% for phase in source.phases.values() %}
        {% set of = "exposed" if phase.side == "pre" and split else "anchor" %}
        {% for seconds in [phase["from"], phase.to if phase.to is not none else "end"] %}
            {% if [of, seconds] not in found %} {% do found.append([of, seconds]) %} {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro phase_bounds(source, phase) %}
    {% set bounds = experimentos.bounds(source) %}
    {% set split = experimentos.has_activation(experimentos.definitions()) %}
    {% set of = "exposed" if phase.side == "pre" and split else "anchor" %}
    {{
        return(
            [
                bounds.index([of, phase["from"]]),
                bounds.index([of, phase.to if phase.to is not none else "end"]),
            ]
        )
    }}
{% endmacro %}

{# A bound as a column of unit_bounds. The anchor is there already: each column that a join carries costs. #}
{% macro bound_of_unit(source, place, by_date) %}
    {% set is_anchor = experimentos.bounds(source)[place] == ["anchor", 0] %}
    {{ return("units.anchor_at" if is_anchor and not by_date else "units.bound_" ~ place) }}
{% endmacro %}

{# The positions of the first and the last bound of all; -1 where which is first depends on the unit. #}
{% macro outer_bounds(source) %}
    {% set bounds = experimentos.bounds(source) %}
    {% set outer = namespace(first=-1, last=-1) %}
    {% for of, seconds in bounds if seconds is number %}
        {% set earlier = bounds | selectattr("1", "number") | map(attribute="1") | min %}
        {% set later = bounds | selectattr("1", "number") | map(attribute="1") | max %}
        {% if seconds == earlier and (seconds < 0 or of == "anchor") %}
            {% set outer.first = bounds.index([of, seconds]) %}
        {% endif %}
    {% endfor %}
    {% set split = experimentos.has_activation(experimentos.definitions()) %}
    {#- a unit that was activated late may be observed beyond the end of its experiment -#}
    {% if ["anchor", "end"] in bounds and split %}
        {% elif ["anchor", "end"] in bounds %}
        {% set outer.last = bounds.index(["anchor", "end"]) %}
    {% else %}
        {% for of, seconds in bounds if of == "anchor" %}
            {% if outer.last < 0 or seconds > bounds[outer.last][1] %}
                {% set outer.last = bounds.index([of, seconds]) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return([outer.first, outer.last]) }}
{% endmacro %}

{# Whether a joined event is in each phase. What the join has asked already is not asked again. #}
{% macro phase_flags(source) %}
    {%- set outer = experimentos.outer_bounds(source) -%}
    {%- for phase in source.phases.values() -%}
        {%- set ends = experimentos.phase_bounds(source, phase) -%}
        {%- set conditions = [] -%}
        {%- if ends[0] != outer[0] -%}
            {%- do conditions.append("events.event_at >= units.bound_" ~ ends[0]) -%}
        {%- endif -%}
        {%- if ends[1] != outer[1] -%}
            {%- do conditions.append("events.event_at < units.bound_" ~ ends[1]) -%}
        {%- endif -%}
        {{ conditions | join(" and ") if conditions else "true" }} as is_in_{{ phase.index }},
    {%- endfor -%}
{% endmacro %}

{# The analysed units of a source, with the instants at which its phases begin and end, and the span in
   which it has to be read. #}
{% macro unit_bounds(source, fact, by_date, only_changed=false) %}
    {%- set bounds = experimentos.bounds(source) if fact.is_dated else [] -%}
    {%- set outer = experimentos.outer_bounds(source) if fact.is_dated else [] -%}
    {%- set expressions = [] -%}
    {%- for of, seconds in bounds -%}
        {%- set from = "analysed." ~ of ~ "_at" -%}
        {%- set base = experimentos.start_of_day(from) if by_date else from -%}
        {%- do expressions.append(
            "coalesce(experiments.observe_until, experiments.data_as_of)"
            if seconds == "end"
            else experimentos.add_seconds(base, seconds)
        ) -%}
    {%- endfor -%}
    {%- set last = (
        expressions[outer[1]]
        if outer and outer[1] >= 0
        else "greatest(" ~ expressions | join(", ") ~ ")"
    ) -%}
    select
        analysed.unit_key,
        analysed.unit
        {%- if fact.is_dated %}
            ,
            analysed.anchor_at
            {%- for bound in expressions %}, {{ bound }} as bound_{{ loop.index0 }} {%- endfor %},
            {{ expressions[outer[0]] }} as reads_from,
            least({{ last }}, experiments.data_as_of) as reads_to
        {%- endif %}
        {%- if only_changed %}
            , analysed.experiment_index, {{ experimentos.is_fresh(source) }} as is_fresh
        {%- endif %}
    from {{ ref("experimentos__analysed_units") }} as analysed
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on analysed.experiment_index = experiments.experiment_index
    {%- if only_changed %}
        inner join
            ({{ experimentos.changes_of_source(source) | indent(8) }}) as changes
            on experiments.experiment_id = changes.experiment
    {%- endif %}
    where
        analysed.experiment_index in (
            select experiment_index
            from {{ ref("stg_experimentos__measures") }}
            where source = {{ source.index }}
        )
        {%- if fact.is_dated %} and analysed.anchor_at < experiments.data_as_of {%- endif %}
        {%- if only_changed %}
            and (
                {{ experimentos.is_fresh(source) }}
                {%- if fact.is_dated %}
                    or (
                        {{ last }} > changes.first_day
                        and {{ expressions[outer[0]] }}
                        < {{ experimentos.add_seconds("changes.last_day", 86400) }}
                    )
                {%- endif %}
            )
        {%- endif %}
{% endmacro %}
