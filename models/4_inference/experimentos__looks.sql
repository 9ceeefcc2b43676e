-- One row per hypothesis and look that was taken. Remembers: never rebuilt. Empty until
-- monitoring is released; a fixed design has one look, at its end.
{{ config(materialized="incremental", full_refresh=false, on_schema_change="append_new_columns") }}
{%- set double = experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", dbt.type_string()),
            ("metric", dbt.type_string()),
            ("variant", dbt.type_string()),
            ("test", dbt.type_string()),
            ("look", "integer"),
            ("data_date", "date"),
            ("information_fraction", double),
            ("statistic", double),
            ("boundary", double),
            ("alpha_spent", double),
            ("outcome", dbt.type_string()),
        ],
        [],
    )
}}
