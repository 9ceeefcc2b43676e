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
    {% set plan = {"sources": {}, "shapes": {}, "measures": [], "templates": {}} %}
    {% for experiment in found.experiments if experiment.summary is none %}
        {% for pair in experiment.pairs %}
            {% set key = [pair.metric.name, pair.window, experiment.kind] | join("|") %}
            {% if key not in plan.templates %}
                {% do plan.templates.update(
                    {
                        key: experimentos.plan_metric(
                            plan, pair.metric, pair.window, experiment.kind
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

{# The measures of one metric: [source, fact, part, mask column, bit, shape, how classes are combined] #}
{% macro plan_metric(plan, metric, window, kind) %}
    {% set planned = {} %}
    {% for name, part in metric.parts.items() %}
        {% do planned.update({name: experimentos.plan_part(plan, metric, part, window, kind)}) %}
    {% endfor %}
    {% set measures = [] %}
    {% if "den" in planned and planned.num.place != planned.den.place %}
        {% for name, part in planned.items() %}
            {% do measures.append(experimentos.plan_measure(plan, metric, name, {name: part})) %}
        {% endfor %}
    {% else %}
        {% do measures.append(
            experimentos.plan_measure(
                plan, metric, "both" if "den" in planned else "num", planned
            )
        ) %}
    {% endif %}
    {{ return(measures) }}
{% endmacro %}

{% macro plan_measure(plan, metric, name, parts) %}
    {% set part = parts.values() | first %}
    {% set shape = {
        "events": [],
        "skipped": [],
        "is_zero_filled": experimentos.is_zero_filled(metric),
    } %}
    {% for side, planned in parts.items() %}
        {% for key in ["value", "weight", "cov", "cov_weight"] %}
            {% do shape.update({side ~ "_" ~ key: planned[key]}) %}
        {% endfor %}
        {% if side == "num" %} {% do shape.events.append(planned.events) %} {% endif %}
        {% do shape.update({"seen": planned.events}) %}
        {% do shape.skipped.append(planned.skipped) %}
    {% endfor %}
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
            ]
        )
    }}
{% endmacro %}

{# Whether units without events count as zeros: everywhere but in means of min, max and avg. #}
{% macro is_zero_filled(metric) %}
    {{
        return(
            metric.type != "mean"
            or experimentos.aggregates()[metric.parts.num.aggregate].zero_filled
        )
    }}
{% endmacro %}

{# The mask columns of the widest source, and whether any unit's window may be open for one metric
   and closed for another. #}
{% macro plan_size(plan) %}
    {% set size = {"masks": 1, "slots": 1, "has_open": false} %}
    {% for source in plan.sources.values() %}
        {% do size.update(
            {
                "masks": [size.masks, (source.predicates | length + 59) // 60] | max,
                "slots": [size.slots, source.slots | length] | max,
                "has_open": size.has_open or experimentos.has_several_horizons(source),
            }
        ) %}
    {% endfor %}
    {{ return(size) }}
{% endmacro %}

{% macro plan_part(plan, metric, part, window, kind) %}
    {% set aggregate = experimentos.aggregates()[part.aggregate] %}
    {% set distinct = part.aggregate == "count_distinct" %}
    {% set source = experimentos.plan_source(plan, part, kind, distinct) %}
    {% set condition = "" if distinct else (part.where or "") %}
    {% if condition not in source.predicates %}
        {% do source.predicates.append(condition) %}
    {% endif %}
    {% set post = experimentos.plan_phase(source, metric, window, "post") %}
    {% set planned = {
        "place": [source.index, source.predicates.index(condition)],
        "fact": source.fact,
        "combine": aggregate.combine,
        "events": experimentos.slot(source, "rows", none, post),
        "skipped": (
            "("
            ~ experimentos.slot(source, "rows", none, post)
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
        {% set pre = experimentos.plan_phase(source, metric, window, "pre") %}
        {% do planned.update(experimentos.unit_value(source, part, pre, "cov", "cov_weight")) %}
    {% elif metric.covariate_column is not none %}
        {% do planned.update(
            {"cov": experimentos.slot(source, "sum", metric.covariate_column, post)}
        ) %}
    {% endif %}
    {{ return(planned) }}
{% endmacro %}

{# A fact read for one kind of unit; each count of distinct values is a source of its own, because
   distinct values of classes do not add up. #}
{% macro plan_source(plan, part, kind, distinct) %}
    {% set key = [part.model, kind] + ([part.value, part.where or ""] if distinct else []) %}
    {% set name = key | join("|") %}
    {% if name not in plan.sources %}
        {% do plan.sources.update(
            {
                name: {
                    "index": plan.sources | length,
                    "fact": part.model,
                    "model": part.model,
                    "kind": kind,
                    "only": part.where if distinct else none,
                    "predicates": [],
                    "values": [],
                    "phases": {},
                    "slots": {},
                }
            }
        ) %}
    {% endif %}
    {{ return(plan.sources[name]) }}
{% endmacro %}

{% macro plan_phase(source, metric, window, side) %}
    {% set covariate = metric.covariate if side == "pre" else 0 %}
    {% set key = [side, covariate, metric.delay, window] | join("|") %}
    {% do source.phases.setdefault(
        key,
        {
            "index": source.phases | length,
            "side": side,
            "covariate": covariate,
            "delay": metric.delay,
            "window": window,
        },
    ) %}
    {{ return(key) }}
{% endmacro %}

{% macro slot(source, operation, value, phase) %}
    {% if value is not none and value not in source["values"] %}
        {% do source["values"].append(value) %}
    {% endif %}
    {% set key = [operation, value or "", phase] | join("|") %}
    {% do source.slots.setdefault(
        key,
        {
            "name": "slot_" ~ (source.slots | length),
            "operation": operation,
            "phase": phase,
            "value": source["values"].index(value) if value is not none else none,
        },
    ) %}
    {{ return(source.slots[key].name) }}
{% endmacro %}

{# The expression of a unit's number over the slots of a phase, and for averages its weight. #}
{% macro unit_value(source, part, phase, value_key, weight_key) %}
    {% set slots = [] %}
    {% for operation in experimentos.part_slots(part) %}
        {% do slots.append(
            experimentos.slot(
                source, operation, none if operation == "rows" else part.value, phase
            )
        ) %}
    {% endfor %}
    {% if part.aggregate == "any" %}
        {% set number = "case when " ~ slots[0] ~ " > 0 then 1.0 else 0.0 end" %}
    {% else %} {% set number = slots[0] %}
    {% endif %}
    {{ return({value_key: number, weight_key: slots[1] if part.aggregate == "avg" else none}) }}
{% endmacro %}
