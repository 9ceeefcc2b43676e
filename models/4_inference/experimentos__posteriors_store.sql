-- The table of experimentos__estimate_posteriors where the warehouse runs no Python: dbt owns it,
-- the client step fills it.
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
            ("probability_better", double),
            ("probability_best", double),
            ("expected_loss", double),
            ("lower", double),
            ("upper", double),
            ("method", text),
            ("prior_kind", text),
            ("prior_mean", double),
            ("prior_sd", double),
            ("prior_alpha", double),
            ("prior_beta", double),
            ("inputs_hash", text),
            ("control_inputs_hash", text),
        ],
        [],
    )
}}
