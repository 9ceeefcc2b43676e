{# The numbers of units in metrics that read several classes of events: their classes put together, before
   zeros are filled in and before caps. One row per unit, metric, slice and version. #}
{% macro unit_pairs(definitions, plan) %}
    {%- set sliced = experimentos.has_slices(plan) -%}
    {%- set key = ["unit_key", "pair_id"] + (["item"] if sliced else []) -%}
    {%- set ways = {
        "num": experimentos.used_ways(plan, "num"),
        "den": experimentos.used_ways(plan, "den"),
    } -%}
    {%- set daily = experimentos.is_daily() -%}
    {%- set text = dbt.type_string() -%}
    select
        {{ key | join(", ") }},
        {{ "slice" if sliced else "cast(null as " ~ text ~ ") as slice" }},
        {{ "" if sliced else "'' as item," }}
        {{ "greatest(step, 0)" if daily else "0" }} as step_from,
        {{ "step_to" if daily else experimentos.last_step() ~ " as step_to" }},
        {%- for side in ["num", "den"] %}
            {%- for x in ["", "_cov"] %}
                {%- set weight = side ~ x ~ "_weight" %}
                {{ experimentos.weighed(side ~ x, weight, "combine_" ~ side, ways[side]) }}
                as {{ side }}{{ x }},
            {%- endfor %}
        {%- endfor %}
        n_events,
        n_skipped
    from
    {% if daily %}
            (
                select
                    {{ key | join(", ") }},
                    {{ "slice," if sliced }}
                    step,
                    coalesce(lead(step) over place, {{ experimentos.last_step() }}) as step_to,
                    {{ experimentos.combined_numbers(ways, "over place") }}
                from ({{ experimentos.pair_steps(definitions, plan, key, ways) }}) as steps
                window
                    place as (
                        partition by {{ key | join(", ") }}
                        order by step
                        rows between unbounded preceding and current row
                    )
            ) as versions
        -- what was before exposure has no span where something happened on the first day
        where step_to > 0
        {% else %} ({{ experimentos.pair_steps(definitions, plan, key, ways) }}) as units
        {% endif %}
{% endmacro %}

{# The same columns without rows. #}
{% macro no_unit_pairs() %}
    {%- set types = {
        "unit_key": "bigint",
        "pair_id": "integer",
        "slice": dbt.type_string(),
        "item": dbt.type_string(),
        "step_from": "integer",
        "step_to": "integer",
    } %}
    {%- for column in experimentos.moment_means() + ["n_events", "n_skipped"] %}
        {%- do types.update({column: experimentos.type_double()}) %}
    {%- endfor %}
    select
        {%- for column, type in types.items() %}
            cast(null as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    where 1 = 0
{% endmacro %}

{# What the steps of a unit add to a metric; all that was before exposure is step -1. Without daily series
   a unit has one step. #}
{% macro pair_steps(definitions, plan, key, ways) %}
    {%- set size = experimentos.plan_size(plan) -%}
    {%- set daily = experimentos.is_daily() -%}
    {%- set sources = plan.sources.values() | rejectattr("mode", "equalto", "values") | list -%}
    select
        {{ key | join(", ") }},
        {{ "max(slice) as slice," if "item" in key }}
        {{ "step," if daily }}
        {{ experimentos.combined_numbers(ways, "") }}
    from
        (
            {% if daily %}
                {%- for source in sources %}
                    {{ "union all" if not loop.first }}
                    {{
                        experimentos.pair_rows(
                            definitions,
                            plan,
                            "(" ~ experimentos.slots_of_steps(source, size) ~ ")",
                            source,
                            key,
                        )
                    }}
                {%- else %}
                    {%- set nothing = (
                        "(select *, step_from as step from "
                        ~ ref("experimentos__unit_events")
                        ~ " where 1 = 0)"
                    ) %}
                    {{ experimentos.pair_rows(definitions, plan, nothing, none, key) }}
                {%- endfor %}
            {% else %}
                {{
                    experimentos.pair_rows(
                        definitions,
                        plan,
                        (
                            "(select * from pair_events where exists (select * from grouped_measures))"
                            if experimentos.is_at_once(definitions, plan)
                            else experimentos.events_of_units(definitions, plan)
                        ),
                        none,
                        key,
                    )
                }}
            {% endif %}
        ) as read
    group by {{ key | join(", ") }} {{ ", step" if daily }}
{% endmacro %}

{# The rows of classes beside the metrics that read them together with other classes. #}
{% macro pair_rows(definitions, plan, relation, source, key) %}
    {%- set shapes = plan.shapes.values() | list -%}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) -%}
    {%- set sliced = "item" in key and (source is none or source.slice is not none) -%}
    select
        rows_of_units.unit_key,
        measures.pair_id,
        {%- if "item" in key %}
            {{
                (
                    "case when measures.slice is null then '' else levels.shown_value end"
                    if sliced
                    else "''"
                )
            }} as item, measures.slice,
        {%- endif %}
        {%- if experimentos.is_daily() %}
            case when rows_of_units.step < 0 then -1 else rows_of_units.step end as step,
        {%- endif %}
        {%- for side in ["num", "den"] %}
            measures.combine_{{ side }},
            {%- for x, name in [
                ("value", ""),
                ("weight", "_weight"),
                ("cov", "_cov"),
                ("cov_weight", "_cov_weight"),
            ] %}
                {{ experimentos.shape_case(shapes, side ~ "_" ~ x) }} as {{ side }}{{ name }},
            {%- endfor %}
        {%- endfor %}
        {{ experimentos.shape_case(shapes, "events") }} as n_events,
        {{ experimentos.shape_case(shapes, "skipped") }} as n_skipped
    from {{ relation }} as rows_of_units
    inner join
        {% if experimentos.is_at_once(definitions, plan) -%} grouped_measures
        {%- else -%}
            (
                {{ experimentos.grouped_measures(definitions, plan) | indent(8) }}
                {{ "and class_measures.source = " ~ source.index if source is not none }}
            )
        {%- endif %} as measures
        on {{ experimentos.arm_of(experimentos.cohort_of("rows_of_units.unit_key")) }}
        = measures.arm_id
        {%- if source is none %} and rows_of_units.source = measures.source {%- endif %}
        {%- for mask in masks %} and rows_of_units.{{ mask }} = measures.{{ mask }} {%- endfor %}
    {%- if sliced %}
        left join
            {{ ref("experimentos__slice_levels") }} as levels
            on measures.pair_id = levels.pair_id
            and measures.slice is not null
            and rows_of_units.item = levels.level
        where measures.slice is null or levels.shown_value is not null
    {%- endif %}
{% endmacro %}

{# The classes that are put together by unit: those of metrics that read several. #}
{% macro grouped_measures(definitions, plan) %}
    select arms.arm_id, class_measures.*
    from {{ experimentos.measures_of_classes(definitions, plan) }} as class_measures
    inner join
        {{ ref("stg_experimentos__arms") }} as arms
        on class_measures.experiment_index = arms.experiment_index
    where
        not class_measures.is_whole
        {% if experimentos.joined_parts(definitions, plan) -%}
            and class_measures.pair_id not in (select pair_id from joined_classes)
        {%- endif %}
{% endmacro %}

{# The days of a source under the names of its slots: what a day adds to each. #}
{% macro slots_of_steps(source, size) %}
    {%- set names = {} -%}
    {%- for slot in source.slots.values() -%}
        {%- do names.update({slot.place: slot}) -%}
    {%- endfor -%}
    select
        unit_key,
        {{ experimentos.mask_names(size.masks) | join(", ") }},
        item,
        step,
        {%- for place in range(size.slots) %}
            {%- if place in names %}
                {%- set slot = names[place] %}
                {%- set is_pre = source.phases[slot.phase].side == "pre" %}
                case
                    when step {{ "<" if is_pre else ">=" }} 0
                    then {{ experimentos.day_number(source, slot) }}
                end
            {%- else %} cast(null as {{ experimentos.type_double() }})
            {%- endif %} as slot_{{ place }}{{ "," if not loop.last }}
        {%- endfor %}
    from ({{ experimentos.source_days(source, size) }}) as days
{% endmacro %}

{# The numbers of several rows as one, or with a window those of all rows so far: each as its aggregate
   asks. Weights add up, and so do counts. #}
{% macro combined_numbers(ways, window) %}
    {%- for side in ["num", "den"] -%}
        {%- set used = ways[side] -%}
        {%- if used | length > 1 -%}
            max(combine_{{ side }}) {{ window }} as combine_{{ side }},
        {%- endif -%}
        {%- for x in ["", "_cov"] -%}
            {%- set value = side ~ x -%}
            {%- set functions = {} -%}
            {%- for way in used -%}
                {%- if way == "latest" and window -%}
                    {%- set function = experimentos.running_latest(value, "place") -%}
                {%- else -%}
                    {%- set function = (
                        {"min": "min", "max": "max", "latest": "max"}.get(way, "sum")
                        ~ "("
                        ~ value
                        ~ ") "
                        ~ window
                    ) -%}
                {%- endif -%}
                {%- do functions.setdefault(function, []).append(way) -%}
            {%- endfor %}
            {% if not used -%} cast(null as {{ experimentos.type_double() }})
            {%- elif functions | length == 1 -%} {{ functions.keys() | first }}
            {%- else -%}
                case
                    {%- for function, of in functions.items() %}
                        when max(combine_{{ side }}) {{ window }} in ('{{ of | join("', '") }}')
                        then {{ function }}
                    {%- endfor %}
                end
            {%- endif %} as {{ value }},
            {%- if "avg" in used %}
                sum({{ value }}_weight) {{ window }} as {{ value }}_weight,
            {%- endif %}
        {%- endfor -%}
    {%- endfor %}
    sum(n_events) {{ window }} as n_events,
    sum(n_skipped) {{ window }} as n_skipped
{% endmacro %}

{# A number that is whole: an average is divided by its weight. #}
{% macro weighed(value, weight, combine, used) %}
    {% if "avg" not in used %} {{ return(value) }} {% endif %}
    {% set average = value ~ " / nullif(" ~ weight ~ ", 0)" %}
    {% if used | length == 1 %} {{ return(average) }} {% endif %}
    {{ return("case when " ~ combine ~ " = 'avg' then " ~ average ~ " else " ~ value ~ " end") }}
{% endmacro %}

{# Whether anything needs the numbers of single units as a table: caps that the data give, slices,
   segments, quantiles, distributions, and windows that close within a day. #}
{% macro needs_unit_metrics(definitions, plan) %}
    {% if (
        experimentos.has_any_bins(definitions)
        or experimentos.used_segments(definitions)
        or experimentos.has_exact_closes(plan)
        or experimentos.has_part_days(definitions)
        or experimentos.has_slices(plan)
        or (experimentos.has_caps(plan) and experimentos.is_daily())
    ) %}
        {{ return(true) }}
    {% endif %}
    {% for experiment in definitions.experiments %}
        {% for pair in experiment.pairs if pair.metric.type == "quantile" %}
            {{ return(true) }}
        {% endfor %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}
