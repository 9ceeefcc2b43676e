{# Whether this warehouse keeps what earlier runs read. Without daily series, and where rows cannot be
   deleted, every run reads everything. #}
{% macro remembers() %}
    {{ return(experimentos.is_daily() and experimentos.can_delete()) }}
{% endmacro %}

{% macro kept_materialization() %}
    {{ return("incremental" if experimentos.remembers() else "table") }}
{% endmacro %}

{# The start of this run as an instant: marks what it changed, and enters no number. #}
{% macro run_stamp() %}
    {% set now = run_started_at.astimezone(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") %}
    {{ return("cast('" ~ now ~ "' as timestamp)") }}
{% endmacro %}

{# Columns of a relation that any of the texts may mean: those whose name stands in one. #}
{% macro named_columns(columns, texts) %}
    {% set all = texts | join(" \n ") | lower %}
    {% set found = [] %}
    {% for name, column in columns.items() if name in all %}
        {% do found.append(experimentos.quoted(column.name)) %}
    {% endfor %}
    {{ return(found | sort) }}
{% endmacro %}

{# Everything people wrote about a fact that may name one of its columns. #}
{% macro texts_of_fact(fact, found) %}
    {% set texts = fact.units.values() | list + [fact.timestamp, fact.get("unique_key")] %}
    {% for metric in found.metrics.values() %}
        {% for part in metric.parts.values() if part.model == fact.name %}
            {% do texts.extend(
                [
                    part.value,
                    part["where"],
                    metric.get("by"),
                    metric.get("covariate_column"),
                ]
            ) %}
        {% endfor %}
        {% for step in metric.get("steps", []) if step.model == fact.name %}
            {% do texts.append(step["where"]) %}
        {% endfor %}
    {% endfor %}
    {% for experiment in found.experiments if experiment.get("activation") %}
        {% if experiment.activation.model == fact.name %}
            {% do texts.append(experiment.activation["where"]) %}
        {% endif %}
    {% endfor %}
    {{ return(texts | reject("none") | map("string") | list) }}
{% endmacro %}

{% macro texts_of_assignments(table) %}
    {% set texts = table.units.values() | list + [table.variant, table.timestamp] %}
    {% if table.experiment is string %} {% do texts.append(table.experiment) %} {% endif %}
    {% do texts.extend((table.get("segments") or {}).values()) %}
    {{ return(texts | map("string") | list) }}
{% endmacro %}

{# One row per day of a model: how many rows it has, and a number that changes when any of them does. With
   `loaded_at` a sum of hashes of when they were loaded, otherwise of the rows themselves. With column sets
   (experimentos.column_sets) one fingerprint for each of them; `n_older` is how many the others have. #}
{% macro days_of_model(table, texts, item, sets=none, n_older=0) %}
    {%- set relation = experimentos.user_ref(table.name) -%}
    {%- set columns = experimentos.relation_columns(relation) -%}
    {%- set older = sets.older if sets else [] -%}
    select
        {{ experimentos.text_literal(item) }} as item,
        {{ "cast(event_at as date)" if table.is_dated else experimentos.no_day() }} as day,
        count(*) as n_rows,
        {{ experimentos.fingerprint("row_hash", sets.present if sets else none) }} as fingerprint,
        {%- for number in range(n_older) %}
            {{
                (
                    experimentos.fingerprint("older_hash_" ~ number, older[number])
                    if number < older | length
                    else "cast(null as " ~ dbt.type_string() ~ ")"
                )
            }} as older_{{ number }},
        {%- endfor %}
        min(event_at) as first_at,
        max(event_at) as last_at
    from
        (
            select
                {% if table.is_dated -%} {{ experimentos.event_time(table, relation, columns) }}
                {%- else -%} cast(null as timestamp)
                {%- endif %} as event_at,
                {%- for each in older %}
                    {{ experimentos.row_hash(each.columns) }} as older_hash_{{ loop.index0 }},
                {%- endfor %}
                {{ experimentos.hash_of_rows(table, texts, relation, columns) }} as row_hash
            from
                {{ experimentos.fact_without_repeats(table, relation, columns) }}
                {%- if item.startswith("fact ") %}
                    {%- set needed = experimentos.is_read_from(table, relation, columns) %}
                    {{ "where " ~ needed if needed }}
                {%- endif %}
        ) as events
    {%- if table.is_dated %} where event_at is not null {%- endif %}
    group by {{ "cast(event_at as date)" if table.is_dated else "1, 2" }}
{% endmacro %}

{% macro hash_of_rows(table, texts, relation, columns) %}
    {% set loaded = table.get("loaded_at") %}
    {% if loaded %}
        {% set hashed = [experimentos.expression(relation, columns, loaded, table.where).sql] %}
    {% else %} {% set hashed = experimentos.named_columns(columns, texts) %}
    {% endif %}
    {{ return(experimentos.row_hash(hashed)) }}
{% endmacro %}

{# The rows of a group as a text: their number and the sum of their hashes, after the name of the columns
   that are hashed if they have one. #}
{% macro fingerprint(row_hash, set=none) %}
    {% set name = experimentos.text_literal(set.name ~ "|") ~ " || " if set else "" %}
    {{
        return(
            name
            ~ "count(*) || '|' || coalesce("
            ~ experimentos.as_text("sum(" ~ row_hash ~ ")")
            ~ ", '')"
        )
    }}
{% endmacro %}
