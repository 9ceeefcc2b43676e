-- The table of experimentos__estimate_power where the warehouse runs no Python: dbt owns it, the
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
-- depends_on: {{ ref("experimentos__enrolment") }}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", text),
            ("metric", text),
            ("variant", text),
            ("test", text),
            ("role", text),
            ("mde_planned", double),
            ("harm_found", double),
            ("n_needed", double),
            ("days_left", double),
            ("inputs_hash", text),
            ("control_inputs_hash", text),
        ],
        [],
    )
}}
