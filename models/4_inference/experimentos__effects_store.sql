-- The table of experimentos__estimate_effects where the warehouse runs no Python: dbt owns it,
-- the client step fills it.
{{
    config(
        enabled=(experimentos.inference() == "client"),
        materialized="incremental",
        full_refresh=false,
        on_schema_change="fail",
    )
}}
-- depends_on: {{ ref("experimentos__inference_inputs") }}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", text),
            ("metric", text),
            ("variant", text),
            ("population", text),
            ("segment", text),
            ("segment_value", text),
            ("as_of", "timestamp"),
            ("basis", text),
            ("adjustment", text),
            ("control", text),
            ("role", text),
            ("goal", text),
            ("n_control", "bigint"),
            ("n_treatment", "bigint"),
            ("value_control", double),
            ("value_treatment", double),
            ("estimate", double),
            ("std_error", double),
            ("p_value_fixed", double),
            ("lower_fixed", double),
            ("upper_fixed", double),
            ("p_value", double),
            ("p_value_corrected", double),
            ("lower", double),
            ("upper", double),
            ("level", double),
            ("lift", double),
            ("lift_lower", double),
            ("lift_upper", double),
            ("margin", double),
            ("margin_kind", text),
            ("p_value_noninferior", double),
            ("p_value_harm", double),
            ("p_value_harm_corrected", double),
            ("p_value_worse", double),
            ("theta", double),
            ("variance_reduction", double),
            ("method", text),
            ("used_for_decision", "boolean"),
            ("is_latest", "boolean"),
            ("is_final", "boolean"),
            ("p_launch", double),
            ("p_launch_corrected", double),
            ("mde_reached", double),
            ("mde_planned", double),
            ("p_value_balance", double),
            ("p_value_balance_corrected", double),
            ("inputs_hash", text),
            ("control_inputs_hash", text),
        ],
        [],
    )
}}
