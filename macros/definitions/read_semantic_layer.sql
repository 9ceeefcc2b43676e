{# Metrics of a dbt semantic layer that are sums, counts, averages or ratios over one semantic model, read
   as if they stood under config.meta of its model. Why another cannot be is kept in `found.unavailable`
   (name -> reason), and is said when an experiment names it. docs/semantic_layer.md has the rules. #}
{% macro semantic_metrics(found, problems) %}
    {% do found.update({"unavailable": {}}) %}
    {% set layer = experimentos.semantic_layer(found) %}
    {% for name, metric in layer.metrics.items() %}
        {% set file = experimentos.file_of(metric) %}
        {% set where = "metric " ~ name ~ " of the semantic layer (" ~ file ~ ")" %}
        {% if name in found.metrics %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "the name is taken by "
                    ~ found.metrics[name].where
                    ~ ": rename or remove one of the two",
                )
            ) %}
        {% elif name not in found.refused %}
            {% set read = experimentos.semantic_metric(metric, layer) %}
            {% if "reason" in read %}
                {% do found.unavailable.update({name: where ~ " cannot be used: " ~ read.reason}) %}
            {% else %}
                {% do experimentos.add_semantic_metric(metric, read, where, found, problems) %}
            {% endif %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# What `config.meta.experimentos` of the metric adds (window, goal, caps of a ratio's parts, ...), and then
   the reader of all metrics. #}
{% macro add_semantic_metric(metric, read, where, found, problems) %}
    {% set config = metric.get("config") or {} %}
    {% set meta = config.get("meta") or metric.get("meta") or {} %}
    {% set added = meta.get("experimentos") or {} %}
    {% set given = {"label": metric.label or metric.name} %}
    {% do given.update({"description": metric.get("description") or ""}) %}
    {% if added is not mapping %}
        {% do problems.append(
            experimentos.problem(
                where, "`experimentos` must be a map, got '" ~ added ~ "'"
            )
        ) %}
        {% do found.refused.append(metric.name) %} {{ return(none) }}
    {% endif %}
    {% do given.update(added) %} {% do given.update(read.given) %}
    {% set fixed = ["type", "model", "value", "aggregate", "where", "numerator", "denominator"] %}
    {% for key in fixed if key in added %}
        {% set caps = {} %}
        {% do caps.update(added[key] if added[key] is mapping else {"": none}) %}
        {% if key in read.given and not caps.keys() | reject("in", ["cap", "lower"]) | list %}
            {% do caps.update(read.given[key]) %} {% do given.update({key: caps}) %}
        {% else %}
            {% set text = "`" ~ key ~ "` is what the semantic layer says" %}
            {% do problems.append(experimentos.problem(where, text ~ ": leave it out")) %}
        {% endif %}
    {% endfor %}
    {% set fact = {} %}
    {% do fact.update(read.fact) %}
    {% do fact.update({"file": experimentos.file_of(metric)}) %}
    {% set made = experimentos.read_metric(fact, metric.name, given, where, problems) %}
    {% if made is none %} {% do found.refused.append(metric.name) %}
    {% else %} {% do found.metrics.update({metric.name: made}) %}
    {% endif %}
{% endmacro %}

{# dbt's metrics and semantic models by name. Neither key need be there: dbt 2 leaves them empty for YAML
   of the older form, and says `metric_type` where dbt 1 says `type`. #}
{% macro semantic_layer(found) %}
    {% set layer = {"metrics": {}, "models": {}, "facts": found.facts} %}
    {% for metric in (graph.get("metrics") or {}).values() | sort(attribute="unique_id") %}
        {% set copy = {"semantic_type": metric.get("type") or metric.get("metric_type")} %}
        {% do copy.update(metric) %} {% do layer.metrics.update({metric.name: copy}) %}
    {% endfor %}
    {% for model in (graph.get("semantic_models") or {}).values() %}
        {% do layer.models.update({model.name: model}) %}
    {% endfor %}
    {{ return(layer) }}
{% endmacro %}

{# {fact, given} of one metric, or {reason}. #}
{% macro semantic_metric(metric, layer) %}
    {% set reasons = {
        "derived": "type derived is an expression over totals of all units: write it beside its model",
        "cumulative": "type cumulative runs over calendar time, not from a unit's exposure: use the metric it accumulates, with a window",
        "conversion": "type conversion cannot be computed per unit: write it beside its model as a proportion or a funnel",
    } %}
    {% set type = metric.semantic_type %}
    {% if type == "ratio" %} {{ return(experimentos.semantic_ratio(metric, layer)) }} {% endif %}
    {% if type != "simple" %}
        {{ return({"reason": reasons.get(type, "type " ~ type ~ " is not known")}) }}
    {% endif %}
    {% set part = experimentos.semantic_part(metric, [], layer) %}
    {% if "reason" in part %} {{ return(part) }} {% endif %}
    {% if part.denominator is not none %}
        {% set given = {
            "type": "ratio",
            "numerator": part.given,
            "denominator": part.denominator,
        } %}
        {{ return({"fact": part.fact, "given": given}) }}
    {% endif %}
    {% set given = {"type": "proportion" if part.is_share else "mean"} %}
    {% do given.update(part.given) %}
    {{ return({"fact": part.fact, "given": given}) }}
{% endmacro %}

{% macro semantic_ratio(metric, layer) %}
    {% set parts, models = {}, [] %}
    {% for side in ["numerator", "denominator"] %}
        {% set input = metric.type_params[side] or {} %}
        {% set name = input.get("name") %}
        {% set this = "its " ~ side ~ " '" ~ name ~ "'" %}
        {% set used = layer.metrics.get(name) %}
        {% if used is none or used.semantic_type != "simple" %}
            {{ return({"reason": this ~ " is not a simple metric"}) }}
        {% elif input.get("offset_window") or input.get("offset_to_grain") %}
            {{ return({"reason": this ~ " is offset in time"}) }}
        {% endif %}
        {% set filters = [input.get("filter"), metric.get("filter")] %}
        {% set part = experimentos.semantic_part(used, filters, layer) %}
        {% if "reason" in part %} {{ return({"reason": this ~ ": " ~ part.reason}) }}
        {% elif part.denominator is not none %}
            {{ return({"reason": this ~ " is an average, not a sum or a count"}) }}
        {% endif %}
        {% do parts.update({side: part}) %} {% do models.append(part.model) %}
    {% endfor %}
    {% if models | unique | list | length > 1 %}
        {% set reason = "its parts are of two semantic models, " ~ models | join(" and ") %}
        {{ return({"reason": reason ~ ": write it beside a model"}) }}
    {% endif %}
    {% set given = {"type": "ratio"} %}
    {% for side, part in parts.items() %}
        {#- a unit counts once however many rows it has, as in a proportion -#}
        {% set once = (
            {"aggregate": "count_distinct", "value": part.unit} if part.is_share else {}
        ) %}
        {% do given.update({side: dict(part.given, **once)}) %}
    {% endfor %}
    {{ return({"fact": parts.numerator.fact, "given": given}) }}
{% endmacro %}

{# What a simple metric counts or adds up: {fact, model, given: {value, aggregate, where}, denominator,
   is_share}, or {reason}. `filters` are those of a ratio that uses it. #}
{% macro semantic_part(metric, filters, layer) %}
    {% set input = metric.type_params.get("measure") or {} %}
    {% set source = experimentos.semantic_measure(metric, input, layer) %}
    {% if "reason" in source %} {{ return(source) }} {% endif %}
    {% set model, measure = source.model, source.measure %}
    {% set fact = experimentos.semantic_fact(model, layer) %}
    {% if "reason" in fact %} {{ return(fact) }} {% endif %}
    {% if (input or metric.type_params).get("fill_nulls_with") not in [none, 0] %}
        {{ return({"reason": "`fill_nulls_with` other than 0: a unit without rows counts 0"}) }}
    {% elif measure.get("non_additive_dimension") %}
        {{
            return(
                {
                    "reason": "measure '"
                    ~ measure.name
                    ~ "' has a non_additive_dimension: its rows do not add up over time"
                }
            )
        }}
    {% endif %}
    {% set reason = experimentos.semantic_time_reason(model, measure, fact) %}
    {% if reason %} {{ return({"reason": reason}) }} {% endif %}
    {% set filters = [metric.get("filter"), input.get("filter")] + filters %}
    {% set condition = experimentos.semantic_where(filters, model) %}
    {% if "reason" in condition %} {{ return(condition) }} {% endif %}
    {% set part = experimentos.semantic_aggregate(measure, condition.where, fact) %}
    {% do part.update({"fact": fact, "model": model.name}) %}
    {{ return(part) }}
{% endmacro %}

{# The measure of a simple metric and its semantic model. The newer YAML puts the aggregation into the
   metric itself. #}
{% macro semantic_measure(metric, input, layer) %}
    {% set own = metric.type_params.get("metric_aggregation_params") %}
    {% if own %}
        {% set model = layer.models.get(own.semantic_model) %}
        {% if model is none %}
            {{ return({"reason": "semantic model '" ~ own.semantic_model ~ "' is not there"}) }}
        {% endif %}
        {% set measure = {"name": metric.name, "expr": metric.type_params.get("expr")} %}
        {% do measure.update(own) %} {{ return({"model": model, "measure": measure}) }}
    {% endif %}
    {% for model in layer.models.values() %}
        {% for measure in model.measures if measure.name == input.get("name") %}
            {{ return({"model": model, "measure": measure}) }}
        {% endfor %}
    {% endfor %}
    {{ return({"reason": "measure '" ~ input.get("name") ~ "' is not in a semantic model"}) }}
{% endmacro %}

{# The listed fact that a semantic model is over. #}
{% macro semantic_fact(model, layer) %}
    {% set names = [] %}
    {% for id in model.depends_on.nodes if id in graph.nodes %}
        {% set node = graph.nodes[id] %}
        {% do names.append(node.package_name ~ "." ~ node.name) %}
        {% if node.package_name == project_name %} {% do names.append(node.name) %} {% endif %}
    {% endfor %}
    {% for name in names if name in layer.facts %} {{ return(layer.facts[name]) }} {% endfor %}
    {{
        return(
            {
                "reason": "its semantic model '"
                ~ model.name
                ~ "' is over "
                ~ (names[-1] or model.model)
                ~ ", which is not a fact model: give it `unit` and `timestamp` and list it in vars.experimentos.fact_models"
            }
        )
    }}
{% endmacro %}

{# Windows are cut by the fact's time column, so a measure must be dated by the same one. #}
{% macro semantic_time_reason(model, measure, fact) %}
    {% set name = measure.get("agg_time_dimension") or (model.get("defaults") or {}).get(
        "agg_time_dimension"
    ) %}
    {% set columns = [] %}
    {% for dimension in model.dimensions if dimension.name == name %}
        {% do columns.append(dimension.expr or dimension.name) %}
    {% endfor %}
    {% set column = columns[0] or name or "no column" %}
    {% set both = (
        [column, fact.timestamp] | map("string") | map("replace", '"', "") | map("trim")
    ) %}
    {% if both | map("lower") | unique | list | length == 1 %} {{ return(none) }} {% endif %}
    {{
        return(
            "measure '"
            ~ measure.name
            ~ "' is dated by "
            ~ column
            ~ " (agg_time_dimension), but "
            ~ fact.where
            ~ " by "
            ~ fact.timestamp
        )
    }}
{% endmacro %}

{# {given, denominator, is_share} of a measure, or {reason}. MetricFlow counts what is not NULL, and a
   boolean that is true as 1; an average of rows is a ratio of units' sums to units' counts. A share is of
   units, `unit` their column. #}
{% macro semantic_aggregate(measure, condition, fact) %}
    {% set agg = measure.agg | string %}
    {% set value = (measure.get("expr") or measure.name) | string | trim %}
    {% set is_one = value == "1" and agg in ["sum", "count"] %}
    {% set present = none if is_one else experimentos.semantic_expression(value) ~ " is not null" %}
    {% set present = experimentos.semantic_condition([condition, present]) %}
    {% set given = {"aggregate": "sum", "value": value, "where": condition} %}
    {% set rows = {"aggregate": "count", "where": present} %}
    {% set part = {"given": given, "denominator": none, "is_share": false} %}
    {% if agg == "count" and not measure.get("expr") %}
        {% do part.update({"reason": "measure '" ~ measure.name ~ "' is a count without `expr`"}) %}
    {% elif agg == "count" or is_one %} {% do part.update({"given": rows}) %}
    {% elif agg == "sum" %}
    {% elif agg == "sum_boolean" %}
        {% set is_true = experimentos.semantic_condition([condition, value]) %}
        {% do part.update({"given": {"aggregate": "count", "where": is_true}}) %}
    {% elif agg == "average" %} {% do part.update({"denominator": rows}) %}
    {% elif agg == "count_distinct" and fact["units"].values() | list == [value] %}
        {% do part.update({"given": {"where": present}, "is_share": true, "unit": value}) %}
    {% elif agg == "count_distinct" %} {% do given.update({"aggregate": agg}) %}
    {% else %}
        {% set ours = "mean` with `aggregate: " ~ agg if agg in ["min", "max"] else "quantile" %}
        {% do part.update(
            {
                "reason": "measure '"
                ~ measure.name
                ~ ("' is a " ~ agg ~ " of rows, and units' values do not add up to it")
                ~ (": write it beside its model as `type: " ~ ours ~ "`")
            }
        ) %}
    {% endif %}
    {{ return(part) }}
{% endmacro %}

{% macro semantic_expression(text) %}
    {% set is_name = modules.re.match("^[A-Za-z_][A-Za-z0-9_]*$", text) %}
    {{ return(text if is_name else "(" ~ text ~ ")") }}
{% endmacro %}

{# Conditions joined by `and`; none where there is none. #}
{% macro semantic_condition(conditions) %}
    {% set given = conditions | select | unique(case_sensitive=true) | list %}
    {% if given | length < 2 %} {{ return(given[0] if given else none) }} {% endif %}
    {{ return("(" ~ given | join(") and (") ~ ")") }}
{% endmacro %}

{# {where} of all filters, with dimensions and entities as the SQL they stand for, or {reason}. #}
{% macro semantic_where(filters, model) %}
    {% set conditions = [] %}
    {% for filter in filters if filter %}
        {% for each in filter.where_filters %}
            {% set template = each.where_sql_template %}
            {% set pieces = template.split("{" ~ "{") %}
            {% set texts = [pieces[0]] %}
            {% for piece in pieces[1:] %}
                {% set call, _, rest = piece.partition("}" ~ "}") %}
                {% set read = experimentos.semantic_call(call | trim, model) %}
                {% if "reason" in read %} {{ return(read) }} {% endif %}
                {% do texts.extend([read.sql, rest]) %}
            {% endfor %}
            {% if "{" ~ "%" in template or "{" ~ "#" in template or "--" in template %}
                {{
                    return(
                        {"reason": "its filter holds more than names and SQL: " ~ template | trim}
                    )
                }}
            {% endif %}
            {% do conditions.append(texts | join | trim) %}
        {% endfor %}
    {% endfor %}
    {{ return({"where": experimentos.semantic_condition(conditions)}) }}
{% endmacro %}

{# Dimension('order__status') as the SQL of that dimension, Entity('user') as that of the entity. #}
{% macro semantic_call(call, model) %}
    {% set found = modules.re.match("^(Dimension|Entity)\\(\\s*['\"](\\w+)['\"]\\s*\\)$", call) %}
    {% set failed = "its filter uses " ~ call ~ ", which is " %}
    {% if not found %}
        {{
            return(
                {"reason": failed ~ "not a plain Dimension or Entity of its own semantic model"}
            )
        }}
    {% endif %}
    {% set path = found.group(2).split("__") %}
    {% set owners = ["primary", "unique", "natural"] %}
    {% set entities = [model.get("primary_entity")] %}
    {% for entity in model.entities %}
        {% if found.group(1) == "Entity" and path == [entity.name] %}
            {{ return({"sql": experimentos.semantic_expression(entity.expr or entity.name)}) }}
        {% elif entity.type | string in owners %} {% do entities.append(entity.name) %}
        {% endif %}
    {% endfor %}
    {% if found.group(1) == "Dimension" and path | length == 2 and path[0] in entities %}
        {% for dimension in model.dimensions if dimension.name == path[1] %}
            {% if dimension.type | string != "categorical" %}
                {{ return({"reason": failed ~ "a time: windows cut by time"}) }}
            {% endif %}
            {{
                return(
                    {"sql": experimentos.semantic_expression(dimension.expr or dimension.name)}
                )
            }}
        {% endfor %}
    {% endif %}
    {{ return({"reason": failed ~ "not in semantic model '" ~ model.name ~ "' itself"}) }}
{% endmacro %}
