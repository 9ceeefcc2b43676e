"""A/A tests by re-randomisation: how often tests reject on data in which nothing differs.

Units are put into buckets by a hash; `Cells` hold the moments of the units of a bucket that enter
on one day. ``rerandomise`` deals the buckets to two arms thousands of times and tests each deal as
the verdict would.
"""

from experimentos.rerandomise.buckets import Cells, Kind, add_up, deal
from experimentos.rerandomise.comparing import Aim, compare
from experimentos.rerandomise.designs import Design
from experimentos.rerandomise.effects import Effect
from experimentos.rerandomise.rates import Rate, exact_interval, lower_bound
from experimentos.rerandomise.runs import LEAST_UNITS, Metric, rerandomise, seed_of

__all__ = [
    "LEAST_UNITS",
    "Aim",
    "Cells",
    "Design",
    "Effect",
    "Kind",
    "Metric",
    "Rate",
    "add_up",
    "compare",
    "deal",
    "exact_interval",
    "lower_bound",
    "rerandomise",
    "seed_of",
]
