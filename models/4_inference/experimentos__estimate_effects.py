"""One row per comparison and adjustment: effect, p-values, intervals and families."""


def model(dbt, session):
    dbt.config(materialized="table")
    from experimentos import tables

    return tables.effects(dbt.ref("experimentos__inference_inputs").to_arrow_table())
