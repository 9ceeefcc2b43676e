"""One row per comparison and adjustment: effect, p-values, intervals and families."""

from experimentos import tables


def model(dbt, session):
    dbt.config(materialized="table")
    return tables.effects(
        dbt.ref("experimentos__inference_inputs").to_arrow_table(),
        dbt.ref("experimentos__past_looks").to_arrow_table(),
    )
