-- One row per experiment, metric and part: which classes of which source it reads, and how.
-- depends_on: {{ ref("stg_experimentos__experiments") }}, {{ ref("experimentos__numbers") }}
{%- set plan = experimentos.plan(experimentos.definitions()) %}

{{
    experimentos.values_table(
        [
            ("pair_id", "integer"),
            ("experiment_index", "integer"),
            ("source", "integer"),
            ("fact", dbt.type_string()),
            ("part", dbt.type_string()),
            ("mask_column", "integer"),
            ("bit", "integer"),
            ("shape", "integer"),
            ("combine_num", dbt.type_string()),
            ("combine_den", dbt.type_string()),
            ("slice", dbt.type_string()),
        ],
        plan.measures,
    )
}}
