-- One row per listed model with times and day: its rows, and a fingerprint that changes when they
-- do. Models, and days of facts, that only archived experiments need are left out.
-- Checks the columns of every listed model first.
-- depends_on: {{ ref("stg_experimentos__experiments") }}, {{ ref("experimentos__reads") }}
{{ config(post_hook="{{ experimentos.renew_notes() }}") }}
{%- set assignment_models = experimentos.listed_models("assignment_models") %}
{%- set fact_models = experimentos.listed_models("fact_models") %}
{%- set summary_models = experimentos.listed_models("summary_models") %}
{%- for model in assignment_models + fact_models + summary_models %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set definitions = experimentos.definitions() %}
{%- do experimentos.check_columns(definitions) %}
{%- set sets = experimentos.column_sets(definitions) %}
{%- set n_older = experimentos.n_older_sets(sets) %}

{% for table, texts, item in experimentos.fingerprinted(definitions) %}
    {{ "union all" if not loop.first }}
    {{ experimentos.days_of_model(table, texts, item, sets.get(item), n_older) }}
{%- else %}
    {{
        experimentos.values_table(
            [
                ("item", dbt.type_string()),
                ("day", "date"),
                ("n_rows", "bigint"),
                ("fingerprint", dbt.type_string()),
                ("first_at", "timestamp"),
                ("last_at", "timestamp"),
            ],
            [],
        )
    }}
{%- endfor %}
