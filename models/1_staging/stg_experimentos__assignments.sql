-- One row per row of the assignment models: who was assigned what, and when (UTC).
{{ config(materialized="view") }}
-- depends_on: {{ ref("stg_experimentos__facts") }}
{%- for model in experimentos.listed_models("assignment_models") %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}

{%- set definitions = experimentos.definitions() %}
{%- set as_text = experimentos.units_are_text(definitions) if execute else false %}
{%- set segments = experimentos.used_segments(definitions) %}
{%- set tables = [] %}
{%- for table in definitions.assignments %}
    {%- for kind, unit in table.units.items() %}
        {%- do tables.append((table, kind, unit, loop.first)) %}
    {%- endfor %}
{%- endfor %}

{%- for table, kind, unit, is_first in tables %}
    {%- set relation = experimentos.user_ref(table.name) %}
    {%- set columns = experimentos.relation_columns(relation) %}
    {%- set unit_sql = experimentos.expression(relation, columns, unit, table.where).sql %}
    {{ "union all" if not loop.first }}
    select
        {{ experimentos.text_literal(table.name) }} as model,
        {{ experimentos.text_literal(kind) }} as kind,
        {{ experimentos.text_literal("|" ~ table.units.keys() | join("|") ~ "|") }} as kinds,
        {{ experimentos.plain_literal(is_first) }} as is_first_kind,
        {%- if table.experiment is mapping %}
            {{ experimentos.text_literal(table.experiment["literal"]) }} as experiment_value,
        {%- else %}
            {{
                experimentos.as_text(
                    experimentos.expression(relation, columns, table.experiment, table.where).sql
                )
            }} as experiment_value,
        {%- endif %}
        {{
            experimentos.as_text(
                experimentos.expression(relation, columns, table.variant, table.where).sql
            )
        }} as variant,
        {{ experimentos.as_text(unit_sql) if as_text else unit_sql }} as unit,
        {%- for segment in segments %}
            {% if segment in table.segments -%}
                {{
                    experimentos.as_text(
                        experimentos.expression(
                            relation, columns, table.segments[segment], table.where
                        ).sql
                    )
                }}
            {%- else -%} cast(null as {{ dbt.type_string() }})
            {%- endif %} as segment_{{ loop.index0 }},
        {%- endfor %}
        {{ experimentos.plain_literal(table.is_dated) }} as is_dated,
        {%- if table.is_dated %}
            {{ experimentos.event_time(table, relation, columns) }} as assigned_at
        {%- else %} cast(null as timestamp) as assigned_at
        {%- endif %}
    from
        {{ relation }} {{ "where 1 = 0" if not experimentos.is_assigning_active(table, definitions) }}
{%- else %}
    {{
        experimentos.values_table(
            [
                ("model", dbt.type_string()),
                ("kind", dbt.type_string()),
                ("kinds", dbt.type_string()),
                ("is_first_kind", "boolean"),
                ("experiment_value", dbt.type_string()),
                ("variant", dbt.type_string()),
                ("unit", dbt.type_string()),
                ("is_dated", "boolean"),
                ("assigned_at", "timestamp"),
            ],
            [],
        )
    }}
{%- endfor %}
