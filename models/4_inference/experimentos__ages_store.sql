-- The table of experimentos__estimate_ages where the warehouse runs no Python: dbt owns it, the
-- client
-- step fills it.
{{
    config(
        enabled=(experimentos.inference() == "client"),
        materialized="incremental",
        full_refresh=false,
        on_schema_change="fail",
    )
}}
-- depends_on: {{ ref("experimentos__age_inputs") }}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", text),
            ("metric", text),
            ("variant", text),
            ("age_days", "bigint"),
            ("n_units", "bigint"),
            ("estimate", double),
            ("std_error", double),
            ("lower", double),
            ("upper", double),
        ],
        [],
    )
}}
