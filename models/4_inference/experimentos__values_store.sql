-- The table of experimentos__check_values where the warehouse runs no Python: dbt owns it, the
-- client step fills it.
{{
    config(
        enabled=(experimentos.inference() == "client"),
        materialized="incremental",
        full_refresh=false,
        on_schema_change="fail",
    )
}}
-- depends_on: {{ ref("experimentos__deciding_inputs") }}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", text),
            ("metric", text),
            ("variant", text),
            ("kind", text),
            ("share", double),
            ("share_control", double),
            ("p_value", double),
            ("inputs_hash", text),
            ("control_inputs_hash", text),
        ],
        [],
    )
}}
