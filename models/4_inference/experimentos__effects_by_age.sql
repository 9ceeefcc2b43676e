-- One row per experiment, metric, variant and days since exposure. Empty until the daily series
-- are released.
{%- set double = experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", dbt.type_string()),
            ("metric", dbt.type_string()),
            ("variant", dbt.type_string()),
            ("age_days", "integer"),
            ("n_units", "bigint"),
            ("estimate", double),
            ("std_error", double),
            ("lower", double),
            ("upper", double),
        ],
        [],
    )
}}
