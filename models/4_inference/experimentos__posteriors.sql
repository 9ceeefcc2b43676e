-- One row per experiment, metric and variant: posterior probabilities, which never decide. Empty
-- until they are released.
{%- set double = experimentos.type_double() %}

{{
    experimentos.values_table(
        [
            ("experiment_id", dbt.type_string()),
            ("metric", dbt.type_string()),
            ("variant", dbt.type_string()),
            ("probability_better", double),
            ("probability_best", double),
            ("expected_loss", double),
            ("lower", double),
            ("upper", double),
        ],
        [],
    )
}}
