-- The table of experimentos__check_sample_ratio where the warehouse runs no Python: dbt owns it,
-- the client step fills it.
{{
    config(
        enabled=(experimentos.inference() == "client"),
        materialized="incremental",
        full_refresh=false,
        on_schema_change="fail",
    )
}}
-- depends_on: {{ ref("experimentos__sample_ratio_inputs") }}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", text),
            ("population", text),
            ("segment", text),
            ("segment_value", text),
            ("n_units", "bigint"),
            ("p_value_fixed", double),
            ("p_value_anytime", double),
            ("is_assigning", "boolean"),
            ("p_value", double),
            ("method", text),
        ],
        [],
    )
}}
