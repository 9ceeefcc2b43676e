-- One row per edit of a definition after its experiment had started. Remembers: written once, never
-- rebuilt. Not a ref: experimentos__history is added to after everything that reads this.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{{ config(materialized="incremental", full_refresh=false, on_schema_change="append_new_columns") }}
{%- set text = dbt.type_string() %}
{%- set rows, as_of = [], experimentos.as_of() if execute else none %}
{%- for name, version in experimentos.new_versions().items() %}
    {%- for part, old, new, is_plan in version.edits %}
        {%- do rows.append([name, version.number, part, old, new, is_plan, as_of]) %}
    {%- endfor %}
{%- endfor %}
{%- set columns = [
    ("experiment_id", text),
    ("definition_number", "bigint"),
    ("part", text),
    ("old_value", text),
    ("new_value", text),
    ("is_plan", "boolean"),
    ("first_seen_at", "timestamp"),
] %}
{%- set relations = experimentos.memories("experimentos__edits") if execute else [] %}
{%- set names = columns | map("first") | list %}

with

    found as (

        {{ experimentos.values_table(columns, rows) }}
        {%- if relations | length > 1 %}
            -- What another schema remembers (vars.experimentos.memory_schema) is told here too.
            union all
            select {{ names | join(", ") }}
            from {{ relations[0] }}
        {%- endif %}

    )

select
    {%- for name in names %} found.{{ name }}, {%- endfor %}
    cast(
        found.part
        || ' '
        || coalesce(found.old_value, 'not set')
        || ' -> '
        || coalesce(found.new_value, 'not set')
        || ' (first seen '
        || substr({{ experimentos.as_text("found.first_seen_at") }}, 1, 10)
        || ')' as {{ text }}
    ) as change
from found
{%- if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as earlier
            where
                earlier.experiment_id = found.experiment_id
                and earlier.definition_number = found.definition_number
                and earlier.part = found.part
                and earlier.new_value is not distinct from found.new_value
        )
{%- endif %}
