"""One row per experiment, metric and treatment: posterior probabilities, loss and interval."""

from experimentos import tables


def model(dbt, session):
    dbt.config(materialized="table")
    return tables.posteriors(dbt.ref("experimentos__deciding_inputs").to_arrow_table())
