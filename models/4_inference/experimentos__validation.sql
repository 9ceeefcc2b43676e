-- One row per experiment, metric, test and measure of the last `experimentos validate`. That
-- command
-- writes it; dbt makes it and keeps it.
{{
    config(
        materialized="incremental",
        full_refresh=false,
        on_schema_change="append_new_columns",
    )
}}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", text),
            ("metric", text),
            ("test", text),
            ("measure", text),
            ("role", text),
            ("design", text),
            ("effect", double),
            ("effect_kind", text),
            ("n_runs", "bigint"),
            ("n_undefined", "bigint"),
            ("n_rejected", "bigint"),
            ("rate", double),
            ("lower", double),
            ("upper", double),
            ("nominal", double),
            ("lower_bound", double),
            ("is_flagged", "boolean"),
            ("n_looks", "bigint"),
            ("n_units", "bigint"),
            ("arms", text),
            ("n_buckets", "bigint"),
            ("treated_share", double),
            ("salt", text),
            ("validated_at", "timestamp"),
            ("data_as_of", "timestamp"),
            ("definitions_hash", text),
        ],
        [],
    )
}}
