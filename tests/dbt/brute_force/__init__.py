"""Every row of the moments in plain Python, straight from raw rows and the definitions.

Written from the contract, not from the SQL: loops over units and rows, no grouping, no merging.
SQL expressions of the definitions are looked up in a table of Python functions, so that nothing
here asks a database. `test_brute_force.py` shows what it takes each sentence of the contract to
mean, in examples that can be done in the head.

shop         raw tables; which of several rows with one key is read
population   who takes part, since when, in which phase and segment
definitions  a metric and an experiment as numbers and spans of time
units        a unit's events in its windows, and the number they come to
caps         thresholds, pooled over the variants
moments      means and sums of products of deviations
quantiles    quantiles of arms and their standard errors
series       all rows of one metric of one experiment, and those by age
"""

from brute_force.population import Population, population
from brute_force.series import ages, moments, series
from brute_force.shop import Row, Shop, Table, instant

__all__ = [
    "Population",
    "Row",
    "Shop",
    "Table",
    "ages",
    "instant",
    "moments",
    "population",
    "series",
]
