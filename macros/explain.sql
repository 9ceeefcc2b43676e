{# dbt run-operation experimentos.explain: how a metric is computed and who uses it, or what an experiment's
   verdict is read from, as one line of JSON for `experimentos explain`. `kind` (metric, experiment) is for
   names that are both. What is wrong with the question is in `problem`. #}
{% macro explain(name, experiment=none, kind=none) %}
    {% set found = experimentos.definitions() %}
    {% set named = experimentos.named(found, name) %}
    {% set answer = {"problem": experimentos.not_one(named, name, kind)} %}
    {% if answer.problem %}
    {% elif named.experiment is not none and kind != "metric" %}
        {% do answer.update(experimentos.explained_experiment(found, named.experiment)) %}
    {% else %} {% do answer.update(experimentos.explained_metric(found, name, experiment)) %}
    {% endif %}
    {% do log("experimentos_explain " ~ tojson(answer), info=true) %}
{% endmacro %}

{# What a name is: a metric, an experiment, both or none. #}
{% macro named(found, name) %}
    {% set known = {
        "metrics": found.metrics.keys() | list,
        "experiments": [],
        "experiment": none,
    } %}
    {% do known.metrics.extend(found.get("unavailable", {})) %}
    {% for one in found.experiments %}
        {% do known.experiments.append(one.name) %}
        {% do known.metrics.extend(one.pairs | map(attribute="metric.name")) %}
        {% if one.name == name %} {% do known.update({"experiment": one}) %} {% endif %}
    {% endfor %}
    {{ return(known) }}
{% endmacro %}

{# Why a name cannot be explained, or none. A kind that was asked for is all that is looked at. #}
{% macro not_one(named, name, kind) %}
    {% set is_metric = name in named.metrics %}
    {% set is_experiment = named.experiment is not none %}
    {% if kind is none and is_metric and is_experiment %}
        {{
            return(
                "'"
                ~ name
                ~ "' is a metric and an experiment: say which with --metric or --experiment-name"
            )
        }}
    {% elif kind == "experiment" and not is_experiment %}
        {{ return(experimentos.not_defined("experiment", name, named.experiments)) }}
    {% elif kind is none and not is_metric and not is_experiment %}
        {{
            return(
                experimentos.not_defined(
                    "metric or experiment",
                    name,
                    (named.experiments + named.metrics) | unique(case_sensitive=true) | list,
                )
            )
        }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{% macro explained_metric(found, metric, experiment) %}
    {% set asked = experimentos.explained(found, metric, experiment) %}
    {% set answer = {"problem": asked.problem} %}
    {% if not asked.problem %}
        {% set uses = [] %}
        {% for used in asked.uses %}
            {% do uses.append(experimentos.use_line(used.experiment, used.pair)) %}
        {% endfor %}
        {% set read = asked.metric %}
        {% do answer.update(
            {
                "kind": "metric",
                "metric": experimentos.metric_settings(read),
                "uses": uses,
                "conditions": (
                    experimentos.compiled_conditions(found, asked)
                    if not read.is_summary
                    else []
                ),
            }
        ) %}
    {% endif %}
    {{ return(answer) }}
{% endmacro %}

{# What is defined of an experiment now, where its verdict stands, and what rows its metrics are read
   from. #}
{% macro explained_experiment(found, experiment) %}
    {% set missing, conditions = [], {} %}
    {% for mart in experimentos.verdict_marts() %}
        {% if load_cached_relation(ref(mart)) is none %} {% do missing.append(mart) %} {% endif %}
    {% endfor %}
    {% for pair in experiment.pairs if not pair.metric.is_summary %}
        {% set asked = {
            "metric": pair.metric,
            "uses": [{"experiment": experiment, "pair": pair}],
        } %}
        {% do conditions.update(
            {pair.metric.name: experimentos.compiled_conditions(found, asked)}
        ) %}
    {% endfor %}
    {{
        return(
            {
                "kind": "experiment",
                "problem": (
                    missing
                    | join(", ")
                    ~ " is not there yet: run `dbt build` (or `experimentos build --full`) first"
                    if missing
                    else none
                ),
                "experiment_id": experiment.name,
                "literal": experimentos.text_literal(experiment.name),
                "file": experiment.file,
                "definitions_hash": experiment.hash,
                "is_archived": experiment.is_archived,
                "edit_note": experiment.edit_note,
                "conditions": conditions,
            }
        )
    }}
{% endmacro %}

{# The tables that an explanation of a verdict reads. #}
{% macro verdict_marts() %}
    {% set marts = ["decisions", "variant_decisions", "decision_evidence", "experiments"] %}
    {% set marts = marts + ["experiment_metrics", "effects", "health", "power", "moments"] %}
    {% set names = [] %}
    {% for mart in marts %} {% do names.append("experimentos__" ~ mart) %} {% endfor %}
    {{ return(names) }}
{% endmacro %}

{# The metric of a name and the experiments that use it: {metric, uses: [{experiment, pair}], problem}. #}
{% macro explained(found, name, experiment) %}
    {% set metrics, ids, uses = dict(found.metrics), [], [] %}
    {% for one in found.experiments %}
        {% do ids.append(one.name) %}
        {% for pair in one.pairs if one.name == experiment or experiment is none %}
            {% do metrics.setdefault(pair.metric.name, pair.metric) %}
            {% if pair.metric.name == name %}
                {% do uses.append({"experiment": one, "pair": pair}) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% set problem = none %}
    {% if experiment is not none and experiment not in ids %}
        {% set problem = experimentos.not_defined("experiment", experiment, ids) %}
    {% elif name in found.get("unavailable", {}) %}
        {% set problem = "metric '" ~ name ~ "': " ~ found.unavailable[name] %}
    {% elif name not in metrics %}
        {% set problem = experimentos.not_defined("metric", name, metrics.keys() | list) %}
    {% elif experiment is not none and not uses %}
        {% set users = experimentos.explained(found, name, none).uses %}
        {% set problem = (
            "experiment '"
            ~ experiment
            ~ "' does not use metric '"
            ~ name
            ~ "'; used by: "
            ~ (
                users | map(attribute="experiment.name") | join(", ")
                if users
                else "no experiment"
            )
        ) %}
    {% endif %}
    {{ return({"metric": metrics.get(name), "uses": uses, "problem": problem}) }}
{% endmacro %}

{% macro not_defined(what, name, known) %}
    {{
        return(
            experimentos.problem(what ~ " '" ~ name ~ "'", "is not defined", name | string, known)
        )
    }}
{% endmacro %}

{% macro use_line(experiment, pair) %}
    {{
        return(
            {
                "experiment_id": experiment.name,
                "status": experiment.status,
                "role": pair.role,
                "goal": pair.goal,
                "window": pair.window_text,
                "margin": experimentos.amount_text(pair.margin),
                "cap": experimentos.override_text(pair.cap),
                "lower": experimentos.override_text(pair.lower),
            }
        )
    }}
{% endmacro %}

{% macro amount_text(amount) %}
    {% if not amount %} {{ return(none) }} {% endif %}
    {% set is_relative = amount.kind == "relative" %}
    {{
        return(
            ((amount.amount * 100) | round(6) | string) ~ "%"
            if is_relative
            else amount.amount | string
        )
    }}
{% endmacro %}

{% macro override_text(limits) %}
    {% set limit = (limits or {}).get("num") %}
    {{ return(experimentos.limit_text(limit) if limit else none) }}
{% endmacro %}

{# What is set for a metric, defaults filled in. #}
{% macro metric_settings(metric) %}
    {% set settings = experimentos.metric_line(metric, []) %}
    {% do settings.update(
        {
            "label": metric.label,
            "description": metric.description,
            "is_summary": metric.is_summary,
            "is_dated": metric.is_dated,
            "is_endless": metric.is_endless,
            "is_zero_filled": metric.is_zero_filled,
            "delay": metric.delay_text | string if metric.delay else none,
            "parts": metric.parts,
        }
    ) %}
    {{ return(settings) }}
{% endmacro %}

{# Which rows of which model are read for a metric, and when they count, in the warehouse's own words.
   The window is that of the experiment where only one uses the metric. #}
{% macro compiled_conditions(found, asked) %}
    {% set metric, conditions = asked.metric, [] %}
    {% set pair = asked.uses[0].pair if asked.uses | length == 1 else metric %}
    {% set kind = asked.uses[0].experiment.kind if asked.uses else none %}
    {% if metric.steps %}
        {% for step in metric.steps %}
            {% do conditions.append(
                experimentos.compiled_part(
                    found, metric, pair, kind, "step " ~ loop.index, step
                )
            ) %}
        {% endfor %}
    {% else %}
        {% set names = {"num": "numerator", "den": "denominator"} %}
        {% for side, part in metric.parts.items() %}
            {% set name = names[side] if metric.parts | length > 1 else "events" %}
            {% do conditions.append(
                experimentos.compiled_part(found, metric, pair, kind, name, part)
            ) %}
        {% endfor %}
    {% endif %}
    {{ return(conditions) }}
{% endmacro %}

{% macro compiled_part(found, metric, pair, kind, name, part) %}
    {% set fact = found.facts[part.model] %}
    {% set condition = {"part": name, "model": part.model, "relation": none} %}
    {% set relation = load_cached_relation(experimentos.user_ref(part.model)) %}
    {% if relation is none %} {{ return(condition) }} {% endif %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% set unit = fact.units[kind] if kind in fact.units else fact.units.values() | first %}
    {% set where = part.where %}
    {% do condition.update(
        {
            "relation": relation | string,
            "unit": experimentos.expression(relation, columns, unit, fact.where).sql,
            "where": (
                experimentos.expression(relation, columns, where, metric.where).sql
                if where is not none
                else none
            ),
        }
    ) %}
    {% if part.get("value") is not none %}
        {% set read = experimentos.expression(relation, columns, part.value, metric.where) %}
        {% do condition.update({"value": read.sql}) %}
    {% endif %}
    {% if fact.is_dated %}
        {% set by_date = experimentos.fact_is_by_date(fact, relation, columns) %}
        {% set base = experimentos.start_of_day("exposed_at") if by_date else "exposed_at" %}
        {% set ends = (
            "observe_until"
            if pair.is_endless
            else experimentos.add_seconds(base, metric.delay + pair.window)
        ) %}
        {% do condition.update(
            {
                "time": experimentos.event_time(fact, relation, columns),
                "from": (
                    experimentos.add_seconds(base, metric.delay) if metric.delay else base
                ),
                "to": ends,
                "is_by_date": by_date,
            }
        ) %}
    {% endif %}
    {{ return(condition) }}
{% endmacro %}

{# dbt run-operation experimentos.explain_windows: for each experiment that uses a conversion metric, the
   query that counts its units under three readings of the window, as one line of JSON. #}
{% macro explain_windows(metric, experiment=none) %}
    {% set found = experimentos.definitions() %}
    {% set asked = experimentos.explained(found, metric, experiment) %}
    {% set answer = {"problem": asked.problem, "experiments": []} %}
    {% if not asked.problem %}
        {% do answer.update({"problem": experimentos.without_readings(found, asked)}) %}
    {% endif %}
    {% if not answer.problem %}
        {% for used in asked.uses if used.experiment.status != "draft" %}
            {% do answer.experiments.append(
                experimentos.windows_of(found, used.experiment, used.pair)
            ) %}
        {% endfor %}
    {% endif %}
    {% do log("experimentos_explain_windows " ~ tojson(answer), info=true) %}
{% endmacro %}

{# Why the window of a metric cannot be read in several ways, or none. #}
{% macro without_readings(found, asked) %}
    {% set metric, uses = (
        asked.metric,
        asked.uses | rejectattr("experiment.status", "equalto", "draft") | list,
    ) %}
    {% set name = "metric '" ~ metric.name ~ "'" %}
    {% if metric.is_summary %}
        {{ return(name ~ " is counted in a summary, which has no times: it has one reading") }}
    {% elif metric.type not in ["proportion", "retention", "funnel"] %}
        {% set types = "proportion, retention and funnel" %}
        {{
            return(
                name
                ~ " is of type "
                ~ metric.type
                ~ "; --windows compares how many units converted, which only "
                ~ types
                ~ " say"
            )
        }}
    {% elif not metric.is_dated %}
        {{
            return(
                name
                ~ " is of a model with `timestamp: none`, which has no times: it has one reading"
            )
        }}
    {% elif not uses %}
        {{
            return(
                name ~ " is used by no experiment that has started: there are no units to read"
            )
        }}
    {% endif %}
    {{ return(experimentos.not_there_yet(metric)) }}
{% endmacro %}

{# Which table the readings need and the warehouse lacks, or none. #}
{% macro not_there_yet(metric) %}
    {% set relations = {} %}
    {% for model in [
        "experimentos__units",
        "experimentos__analysed_units",
        "experimentos__experiments",
        "stg_experimentos__arms",
    ] %}
        {% do relations.update({model: ref(model)}) %}
    {% endfor %}
    {% for model in metric.models %}
        {% do relations.update({"model " ~ model: experimentos.user_ref(model)}) %}
    {% endfor %}
    {% for name, relation in relations.items() if load_cached_relation(relation) is none %}
        {{
            return(
                name ~ " is not there yet: run `dbt build` (or `experimentos build --full`) first"
            )
        }}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}

{% macro windows_of(found, experiment, pair) %}
    {% set metric = pair.metric %}
    {% set dates = [] %}
    {% for model in metric.models %}
        {% set relation = experimentos.user_ref(model) %}
        {% do dates.append(
            experimentos.fact_is_by_date(
                found.facts[model], relation, experimentos.relation_columns(relation)
            )
        ) %}
    {% endfor %}
    {% set population = "activated" if experiment.activation else "assigned" %}
    {% set readings = experimentos.window_readings(pair, dates[0]) %}
    {{
        return(
            {
                "experiment_id": experiment.name,
                "control": experiment.control,
                "variants": experiment.variants | map(attribute="label") | list,
                "phases": (experiment.phases | map(attribute="label") | list) or ["all"],
                "alpha": experiment.alpha,
                "alpha_harm": experiment.alpha_harm,
                "correction": experiment.correction,
                "role": pair.role,
                "goal": pair.goal,
                "window": pair.window_text,
                "delay": metric.delay_text if metric.delay else none,
                "is_by_date": dates[0],
                "is_endless": pair.is_endless,
                "is_retention": metric.type == "retention",
                "has_part_days": (metric.delay % 86400 + pair.window % 86400) > 0,
                "has_covariate": metric.covariate_text != "none",
                "decides_on": "mature" if metric.mature else "all",
                "is_archived": experiment.is_archived,
                "population": population,
                "sql": experimentos.windows_query(found, experiment, pair, population, readings),
            }
        )
    }}
{% endmacro %}

{# name -> [from, to, which units], over `units`. Days are counted from the midnight before the anchor, and
   a window of part of a day reaches to the end of its last. #}
{% macro window_readings(pair, by_date) %}
    {% set day, anchor = experimentos.start_of_day("units.anchor_at"), "units.anchor_at" %}
    {% set base, delay = day if by_date else anchor, pair.metric.delay %}
    {% set horizon, days = delay + pair.window, (delay + pair.window + 86399) // 86400 * 86400 %}
    {% if pair.is_endless %}
        {% set exact_to, days_to = "units.observe_until", "units.observe_until" %}
        {% set mature, days_mature = (
            exact_to ~ " <= units.data_as_of",
            exact_to ~ " <= units.data_as_of",
        ) %}
    {% else %}
        {% set exact_to = experimentos.add_seconds(base, horizon) %}
        {% set days_to = experimentos.add_seconds(day, days) %}
        {% set mature = experimentos.add_seconds(anchor, horizon) ~ " <= units.data_as_of" %}
        {% set days_mature = days_to ~ " <= units.data_as_of" %}
    {% endif %}
    {% set exact_from = experimentos.add_seconds(base, delay) %}
    {% set open = "coalesce(" ~ exact_to ~ ", units.data_as_of)" %}
    {% set seen = anchor ~ " < units.data_as_of" %}
    {{
        return(
            {
                "exact": [exact_from, exact_to, mature],
                "all": [exact_from, open, mature if pair.metric.type == "retention" else seen],
                "days": [
                    experimentos.add_seconds(day, delay // 86400 * 86400),
                    days_to,
                    days_mature,
                ],
            }
        )
    }}
{% endmacro %}

{# One row per reading, variant and phase of the split: its units, and those that converted. #}
{% macro windows_query(found, experiment, pair, population, readings) %}
    with
        units as ({{ experimentos.windows_units(experiment, population) }}),
        readings as (
            {%- for name, (from, to, condition) in readings.items() %}
                {{ "union all" if not loop.first }}
                select
                    {{ experimentos.text_literal(name) }} as reading,
                    units.*,
                    {{ from }} as reads_from,
                    least({{ to }}, units.data_as_of) as reads_to
                from units
                where {{ condition }}
            {%- endfor %}
        ),
        {{ experimentos.converted_units(found, experiment, pair) }}
    select
        readings.reading,
        readings.variant,
        readings.phase_label as phase,
        cast(count(*) as bigint) as n_units,
        cast(count(converted.unit_key) as bigint) as n_converted,
        min(readings.data_as_of) as data_as_of
    from readings
    left join
        converted on readings.reading = converted.reading and readings.unit_key = converted.unit_key
    group by readings.reading, readings.variant, readings.phase_label
    order by readings.reading, readings.variant, readings.phase_label
{% endmacro %}

{# Who is analysed in an experiment, and up to when. #}
{% macro windows_units(experiment, population) %}
    select
        analysed.unit,
        analysed.unit_key,
        analysed.anchor_at,
        arms.variant,
        arms.phase_label,
        experiments.data_as_of,
        experiments.observe_until
    from {{ ref("experimentos__analysed_units") }} as analysed
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on analysed.experiment_index = experiments.experiment_index
    inner join {{ ref("stg_experimentos__arms") }} as arms on analysed.arm_id = arms.arm_id
    where
        experiments.experiment_id = {{ experimentos.text_literal(experiment.name) }}
        and arms.population = {{ experimentos.text_literal(population) }}
{% endmacro %}

{# The units that converted in each reading: they have one row that counts, enough of them, or have taken
   each step at or after the one before it. #}
{% macro converted_units(found, experiment, pair) %}
    {%- set metric, kind = pair.metric, experiment.kind -%}
    {%- if metric.steps -%}
        {%- for step in metric.steps -%}
            {%- set before = "step_" ~ (loop.index - 1) if loop.index > 1 else "readings" -%}
            {%- set since = "reached_at" if loop.index > 1 else "reads_from" -%}
            events_{{ loop.index }} as ({{ experimentos.counted_rows(found, kind, metric, step) }}),
            {{ "converted" if loop.last else "step_" ~ loop.index }} as (
                select
                    before.reading,
                    before.unit_key,
                    before.unit,
                    before.reads_to,
                    min(events.event_at) as reached_at
                from {{ before }} as before
                inner join
                    events_{{ loop.index }} as events
                    on before.unit = events.unit
                    and events.event_at >= before.{{ since }}
                    and events.event_at < before.reads_to
                group by before.reading, before.unit_key, before.unit, before.reads_to
            ){{ "," if not loop.last }}
        {%- endfor -%}
    {%- else -%}
        events as ({{ experimentos.counted_rows(found, kind, metric, metric.parts.num) }}),
        converted as (
            select readings.reading, readings.unit_key
            from readings
            inner join
                events
                on readings.unit = events.unit
                and events.event_at >= readings.reads_from
                and events.event_at < readings.reads_to
            group by readings.reading, readings.unit_key {{ experimentos.having_converted(metric) }}
        )
    {%- endif -%}
{% endmacro %}

{# Rows of a fact that meet a condition: unit, time, and the value if the metric reads one. #}
{% macro counted_rows(found, kind, metric, part) %}
    {%- set fact = found.facts[part.model] -%}
    {%- set relation = experimentos.user_ref(fact.name) -%}
    {%- set columns = experimentos.relation_columns(relation) -%}
    {%- set unit = experimentos.expression(relation, columns, fact.units[kind], fact.where).sql -%}
    {%- set value, where = part.get("value"), part.where -%}
    select
        {{ experimentos.as_text(unit) if experimentos.units_are_text(found) else unit }} as unit,
        {{ experimentos.event_time(fact, relation, columns) }} as event_at
        {%- if value is not none %}
            ,
            {%- set read = experimentos.expression(relation, columns, value, metric.where) %}
            {%- if part.aggregate == "count_distinct" %}
                {{ experimentos.item_value("item", value, relation, columns, fact) }} as amount
            {%- else %} {{ experimentos.finite_double(read.sql, read.class) }} as amount
            {%- endif %}
        {%- endif %}
    from {{ experimentos.fact_without_repeats(fact, relation, columns) }}
    {%- if where is not none %}
        where {{ experimentos.expression(relation, columns, where, metric.where).sql }}
    {%- endif %}
{% endmacro %}

{% macro having_converted(metric) %}
    {% set part = metric.parts.num %}
    {% set amount = "events.amount" if part.get("value") is not none else none %}
    {% if metric.threshold is none %}
        {{ return("having max(" ~ amount ~ ") > 0" if amount else "") }}
    {% endif %}
    {% set total = {
        "count": "count(" ~ (amount or "*") ~ ")",
        "count_distinct": "count(distinct " ~ amount ~ ")",
        "latest": experimentos.latest_value(amount or "", "events.event_at", none),
    }.get(part.aggregate, part.aggregate ~ "(" ~ amount ~ ")") %}
    {{ return("having " ~ total ~ " >= " ~ metric.threshold) }}
{% endmacro %}
