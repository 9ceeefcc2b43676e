"""One row per treatment, metric and kind: whether as much is missing as in control."""

from experimentos import tables


def model(dbt, session):
    dbt.config(materialized="table")
    return tables.value_shares(dbt.ref("experimentos__deciding_inputs").to_arrow_table())
