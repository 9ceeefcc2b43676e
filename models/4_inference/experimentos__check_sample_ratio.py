"""One row per experiment and population: is the split the planned one?"""


def model(dbt, session):
    dbt.config(materialized="table")
    from experimentos import tables

    return tables.sample_ratio(dbt.ref("experimentos__sample_ratio_inputs").to_arrow_table())
