"""One row per hypothesis that decides: the planned effect, and units and days until it is found."""

from experimentos import tables


def model(dbt, session):
    dbt.config(materialized="table")
    return tables.power(
        dbt.ref("experimentos__deciding_inputs").to_arrow_table(),
        dbt.ref("experimentos__enrolment").to_arrow_table(),
    )
