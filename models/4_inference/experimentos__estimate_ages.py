"""One row per treatment and days since exposure: the effect with its interval."""

from experimentos import tables


def model(dbt, session):
    dbt.config(materialized="table")
    return tables.effects_by_age(dbt.ref("experimentos__age_inputs").to_arrow_table())
