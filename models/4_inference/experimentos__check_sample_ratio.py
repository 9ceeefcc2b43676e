"""One row per experiment, population and segment: whether the split is the planned one."""

from experimentos import tables


def model(dbt, session):
    dbt.config(materialized="table")
    return tables.sample_ratio(dbt.ref("experimentos__sample_ratio_inputs").to_arrow_table())
