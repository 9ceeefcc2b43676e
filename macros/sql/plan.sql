{# How the metrics that are used become SQL. Events of one fact are read once for all experiments and
   metrics ("source"). A row of the source belongs to a class: the combination of metric conditions
   ("predicates") it meets. Per unit and class a few additive numbers ("slots") are kept, each an
   aggregate of one value over one span of time ("phase"). A metric then reads the classes that meet its
   predicate through an expression over slots ("shape"). One row per metric part and experiment says
   which ("measure"). So one event is one row however many metrics there are. #}
{% macro plan(found) %}
    {% if not execute %} {{ return(experimentos.read_plan(found)) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "plan" not in kept %}
        {% do kept.update({"plan": experimentos.read_plan(found)}) %}
    {% endif %}
    {{ return(kept["plan"]) }}
{% endmacro %}

{% macro read_plan(found) %}
    {% set plan = {
        "sources": {},
        "shapes": {},
        "measures": [],
        "templates": {},
        "needs": {},
        "numbers": found.numbers,
    } %}
    {% for experiment in found.experiments if experiment.summary is none and not experiment.is_archived %}
        {% for pair in experiment.pairs %}
            {% set key = [
                pair.metric.name,
                pair.window,
                pair.get("is_endless", false),
                experiment.kind,
                pair.get("cap"),
                pair.get("lower"),
            ] | join("|") %}
            {% do pair.update({"plan_key": key}) %}
            {% if key not in plan.templates %}
                {% do plan.needs.update({key: {}}) %}
                {% do plan.templates.update(
                    {
                        key: experimentos.plan_metric(
                            plan, pair, experiment.kind, plan.needs[key]
                        )
                    }
                ) %}
            {% endif %}
            {% for template in plan.templates[key] %}
                {% do plan.measures.append([pair.pair_id, experiment.index] + template) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(plan) }}
{% endmacro %}

{# The measures of one metric: [source, fact, part, mask column, bit, shape, how classes are combined,
   slice]. Slices are read beside the whole metric, from a source of their own. #}
{% macro plan_metric(plan, pair, kind, needs) %}
    {% set measures = [] %}
    {% for slice in [none] + ([pair.metric.by] if pair.metric.get("by") else []) %}
        {% do measures.extend(experimentos.plan_parts(plan, pair, kind, slice, needs)) %}
    {% endfor %}
    {{ return(measures) }}
{% endmacro %}

{% macro plan_parts(plan, pair, kind, slice, needs) %}
    {% set planned = {} %}
    {% for name, part in pair.metric.parts.items() %}
        {% do planned.update(
            {name: experimentos.plan_part(plan, pair, part, kind, slice, needs)}
        ) %}
    {% endfor %}
    {% if "den" in planned and planned.num.place != planned.den.place %}
        {{
            return(
                [
                    experimentos.plan_measure(plan, pair, "num", {"num": planned.num}, slice),
                    experimentos.plan_measure(plan, pair, "den", {"den": planned.den}, slice),
                ]
            )
        }}
    {% endif %}
    {% set part = "both" if "den" in planned else "num" %}
    {{ return([experimentos.plan_measure(plan, pair, part, planned, slice)]) }}
{% endmacro %}

{% macro plan_measure(plan, pair, name, parts, slice) %}
    {% set part = parts.values() | first %}
    {% set shape = experimentos.plan_shape(pair, parts) %}
    {% set key = tojson(shape) %}
    {% if key not in plan.shapes %}
        {% do shape.update({"index": plan.shapes | length}) %}
        {% do plan.shapes.update({key: shape}) %}
    {% endif %}
    {{
        return(
            [
                part.place[0],
                part.fact,
                name,
                part.place[1] // 60,
                part.place[1] % 60,
                plan.shapes[key].index,
                parts.num.combine if "num" in parts else none,
                parts.den.combine if "den" in parts else none,
                slice,
            ]
        )
    }}
{% endmacro %}

{# What is done with a unit's slots: values, weights and covariates of the parts, when the window closes,
   and what happens to the unit's number. Metrics that say the same share a shape. #}
{% macro plan_shape(pair, parts) %}
    {% set metric = pair.metric %}
    {% set shape = {
        "closes": metric.delay + pair.window,
        "delay": metric.delay,
        "is_endless": pair.get("is_endless", false),
        "is_aged": metric.type == "retention",
        "is_dated": metric.is_dated,
        "has_ages": experimentos.has_ages(pair),
        "events": [],
        "skipped": [],
        "is_zero_filled": experimentos.is_zero_filled(metric),
        "threshold": metric.get("threshold"),
    } %}
    {% for side, planned in parts.items() %}
        {% for key in ["value", "weight", "cov", "cov_weight"] %}
            {% do shape.update({side ~ "_" ~ key: planned[key]}) %}
        {% endfor %}
        {% if side == "num" %} {% do shape.events.append(planned.events) %} {% endif %}
        {% do shape.skipped.append(planned.skipped) %}
        {% do shape.update({"seen": planned.events}) %}
        {% for limit in ["cap", "lower"] %}
            {% do shape.update({side ~ "_" ~ limit: experimentos.limit_of(pair, side, limit)}) %}
        {% endfor %}
    {% endfor %}
    {{ return(shape) }}
{% endmacro %}

{# The caps of a pair: (side, upper or lower) -> how it is given. #}
{% macro caps_of(pair) %}
    {% set found = {} %}
    {% for side in pair.metric.parts %}
        {% for limit in ["cap", "lower"] %}
            {% set given = experimentos.limit_of(pair, side, limit) %}
            {% if given %} {% do found.update({(side, limit): given}) %} {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro is_numerator_capped(pair) %}
    {% for side, limit in experimentos.caps_of(pair) if side == "num" %}
        {{ return(true) }}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# The cap or lower cap of a part: the experiment's own, or the metric's. #}
{# [kind, value that is cut, bound, amount] of all limits of a pair: covariates are cut as their values are. #}
{% macro limits_of_values(pair) %}
    {% set rows = [] %}
    {% set has_covariate = pair.metric.covariate or pair.metric.covariate_column is not none %}
    {% for (side, limit), cap in experimentos.caps_of(pair).items() %}
        {% set cut = [side, side ~ "_cov"] if has_covariate else [side] %}
        {% for x in cut %}
            {% do rows.append([cap.kind, x, "upper" if limit == "cap" else "lower", cap.amount]) %}
        {% endfor %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}

{% macro limit_of(pair, side, limit) %}
    {% if pair.get(limit) is not none and pair.get(limit) is defined %}
        {{ return(pair[limit].get(side)) }}
    {% endif %}
    {{ return(pair.metric.parts[side].get(limit)) }}
{% endmacro %}

{# Whether a metric is shown by days since exposure: not where its window is no span of days. #}
{% macro has_ages(pair) %}
    {{
        return(
            experimentos.is_daily()
            and pair.metric.is_dated
            and not pair.get("is_endless", false)
            and pair.metric.type in ["mean", "ratio", "proportion"]
            and pair.metric.delay % 86400 == 0
            and pair.metric.parts.values()
            | selectattr("aggregate", "in", ["count_distinct"])
            | list
            | length
            == 0
        )
    }}
{% endmacro %}

{# Whether units without events count as zeros: everywhere but in means of min, max, avg and latest, and
   in quantiles, unless the metric says `missing: zero`. #}
{% macro is_zero_filled(metric) %}
    {% if "is_zero_filled" in metric %} {{ return(metric.is_zero_filled) }} {% endif %}
    {{
        return(
            metric.type != "mean"
            or experimentos.aggregates()[metric.parts.num.aggregate].zero_filled
        )
    }}
{% endmacro %}

{# The mask columns and slots of the widest source. Every source has a slot of rows. #}
{% macro plan_size(plan) %}
    {% set size = {"masks": 1, "slots": 1, "day_slots": 1, "items": {}} %}
    {% for source in plan.sources.values() %}
        {% do size.update(
            {
                "masks": [size.masks, source.masks] | max,
                "slots": [size.slots, source.slots | length] | max,
                "day_slots": [
                    size.day_slots,
                    (source.day_slots.values() | map(attribute="place") | max) + 1,
                ]
                | max,
            }
        ) %}
    {% endfor %}
    {% set types = {
        "item": dbt.type_string(),
        "item_number": experimentos.type_double(),
        "item_at": "timestamp",
    } %}
    {% for source in plan.sources.values() %}
        {% for name in experimentos.item_columns(source) %}
            {% do size["items"].update({name: types[name]}) %}
        {% endfor %}
    {% endfor %}
    {{ return(size) }}
{% endmacro %}

{% macro plan_part(plan, pair, part, kind, slice, needs) %}
    {% set metric = pair.metric %}
    {% set aggregate = experimentos.aggregates()[part.aggregate] %}
    {% set source = experimentos.plan_source(plan, pair, part, kind, slice) %}
    {% set bit = experimentos.predicate_bit(
        source, "" if source.only is not none else (part.where or "")
    ) %}
    {% do needs.setdefault(source.index, []).append(experimentos.need_of_part(pair, part, bit)) %}
    {% set post = experimentos.plan_phase(source, pair, "post") %}
    {% set events = experimentos.slot(source, "rows", none, post) %}
    {% set planned = {
        "place": [source.index, bit],
        "fact": source.fact,
        "combine": aggregate.combine,
        "events": events,
        "skipped": (
            "("
            ~ events
            ~ " - "
            ~ experimentos.slot(source, "values", part.value, post)
            ~ ")"
            if part.value is not none
            else "0"
        ),
        "cov": none,
        "cov_weight": none,
    } %}
    {% do planned.update(experimentos.unit_value(source, part, post, "value", "weight")) %}
    {% if metric.covariate %}
        {% set pre = experimentos.plan_phase(source, pair, "pre") %}
        {% do planned.update(experimentos.unit_value(source, part, pre, "cov", "cov_weight")) %}
    {% elif metric.covariate_column is not none %}
        {% do planned.update(
            {"cov": experimentos.slot(source, "sum", metric.covariate_column, post)}
        ) %}
    {% endif %}
    {{ return(planned) }}
{% endmacro %}

{# All that says which rows of unit_days a part reads, as a text: where it differs from what an earlier run
   was told, the source is read again for the experiment. #}
{% macro need_of_part(pair, part, bit) %}
    {% set metric = pair.metric %}
    {{
        return(
            tojson(
                [
                    bit,
                    part["where"],
                    part.aggregate,
                    part.value,
                    metric.delay,
                    pair.window,
                    pair.get("is_endless", false),
                    metric.covariate,
                    metric.covariate_column,
                ]
            )
        )
    }}
{% endmacro %}

{# A fact read for one kind of unit. What does not add up over classes or days has a source of its own:
   different values of one expression, the latest of them, the steps of a funnel, every value of an
   event, and the slices of a column. #}
{% macro plan_source(plan, pair, part, kind, slice) %}
    {% set metric = pair.metric %}
    {% set mode = {"count_distinct": "distinct", "latest": "latest", "funnel": "funnel"}.get(
        part.aggregate, "values" if metric.get("of") == "events" else "rows"
    ) %}
    {% set key = [part.model, kind, mode, slice] %}
    {% set is_exact = mode != "rows" or metric.delay % 86400 > 0 or pair.window % 86400 > 0 %}
    {% if is_exact %} {% set key = key + [metric.delay, pair.window] %} {% endif %}
    {% if mode != "rows" %}
        {% set key = key + [
            part.value,
            part.where,
            tojson(metric.get("steps", [])),
            metric.delay,
            pair.window,
            pair.get("is_endless", false),
            metric.covariate,
        ] %}
    {% endif %}
    {% set name = key | join("|") %}
    {% if name not in plan.sources %}
        {% set index = experimentos.number_of(plan.numbers, "source", name) %}
        {% do plan.sources.update(
            {
                name: {
                    "index": index,
                    "fact": part.model,
                    "model": part.model,
                    "kind": kind,
                    "mode": mode,
                    "slice": slice,
                    "only": (part.where or "") if mode != "rows" else none,
                    "steps": metric.get("steps", []),
                    "item": part.value,
                    "predicates": {},
                    "values": [],
                    "phases": {},
                    "slots": {},
                    "day_slots": {},
                    "is_exact": is_exact,
                    "masks": experimentos.known_masks(plan.numbers, index),
                    "numbers": plan.numbers,
                }
            }
        ) %}
    {% endif %}
    {{ return(plan.sources[name]) }}
{% endmacro %}

{# The mask columns that earlier runs have filled: rows that were written then are told apart by all of
   them, also when the conditions of the last ones are no more. #}
{% macro known_masks(numbers, source_index) %}
    {% set bits = numbers.get("bit " ~ source_index, {}).get("next", 0) %}
    {{ return([bits - 1, 0] | max // 60 + 1) }}
{% endmacro %}

{% macro predicate_bit(source, condition) %}
    {% if condition not in source.predicates %}
        {% set bit = experimentos.number_of(source.numbers, "bit " ~ source.index, condition) %}
        {% do source.predicates.update({condition: bit}) %}
        {% do source.update({"masks": [source.masks, bit // 60 + 1] | max}) %}
    {% endif %}
    {{ return(source.predicates[condition]) }}
{% endmacro %}

{% macro plan_phase(source, pair, side) %}
    {% set metric = pair.metric %}
    {% set covariate = metric.covariate if side == "pre" else 0 %}
    {% set endless = pair.get("is_endless", false) %}
    {% set span = (
        [covariate]
        if side == "pre"
        else [metric.delay, "end" if endless else metric.delay + pair.window]
    ) %}
    {% set key = ([side] + span) | join("|") %}
    {% do source.phases.setdefault(
        key,
        {
            "index": source.phases | length,
            "side": side,
            "from": -covariate if side == "pre" else metric.delay,
            "to": (
                0 if side == "pre" else (none if endless else metric.delay + pair.window)
            ),
        },
    ) %}
    {{ return(key) }}
{% endmacro %}

{# The number of a column of unit_events: an aggregate of one value over one phase. The column of
   unit_days that it is made of has no phase, and keeps its place from run to run. #}
{% macro slot(source, operation, value, phase) %}
    {% if value is not none and value not in source["values"] %}
        {% do source["values"].append(value) %}
    {% endif %}
    {% set key = [operation, value or "", phase] | join("|") %}
    {% if key not in source.slots %}
        {% set index = source["values"].index(value) if value is not none else none %}
        {% do source.slots.update(
            {
                key: {
                    "place": source.slots | length,
                    "name": "slot_" ~ (source.slots | length),
                    "operation": operation,
                    "phase": phase,
                    "value": index,
                    "day_slot": experimentos.day_slot(source, operation, value, index),
                }
            }
        ) %}
    {% endif %}
    {{ return(source.slots[key].name) }}
{% endmacro %}

{# Different values and funnels have no column: they are counted when the days of a unit are put together. #}
{% macro day_slot(source, operation, value, index) %}
    {% if operation in ["distinct", "done"] %} {{ return(none) }} {% endif %}
    {% set key = operation ~ "|" ~ (value or "") %}
    {% if key not in source.day_slots %}
        {% set place = experimentos.number_of(source.numbers, "slot " ~ source.index, key) %}
        {% do source.day_slots.update(
            {
                key: {
                    "place": place,
                    "name": "slot_" ~ place,
                    "operation": operation,
                    "phase": none,
                    "value": index,
                }
            }
        ) %}
    {% endif %}
    {{ return(source.day_slots[key]) }}
{% endmacro %}

{# The expression of a unit's number over the slots of a phase, and for averages its weight. #}
{% macro unit_value(source, part, phase, value_key, weight_key) %}
    {% set slots = [] %}
    {% set is_funnel = part.aggregate == "funnel" %}
    {% set operations = ["done"] if is_funnel else experimentos.part_slots(part) %}
    {% for operation in operations %}
        {% do slots.append(
            experimentos.slot(
                source,
                operation,
                none if operation in ["rows", "done"] else part.value,
                phase,
            )
        ) %}
    {% endfor %}
    {% if part.aggregate == "any" %}
        {% set number = "case when " ~ slots[0] ~ " > 0 then 1.0 else 0.0 end" %}
    {% else %} {% set number = slots[0] %}
    {% endif %}
    {{ return({value_key: number, weight_key: slots[1] if part.aggregate == "avg" else none}) }}
{% endmacro %}

{# The fact models that a source reads: the steps of a funnel may be in several. #}
{% macro source_models(source) %}
    {% if source.mode != "funnel" %} {{ return([source.model]) }} {% endif %}
    {{ return(source.steps | map(attribute="model") | unique | list) }}
{% endmacro %}

{# The seconds of the longest window before exposure that a source is read for. #}
{% macro covariate_span(source) %}
    {% set pre = source.phases.values() | selectattr("side", "equalto", "pre") | list %}
    {{ return(-(pre | map(attribute="from") | min) if pre else 0) }}
{% endmacro %}
