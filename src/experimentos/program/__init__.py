"""Many experiments together: how much of what was seen is real, and how often a launch is not."""

from experimentos.program.false_launches import FalseLaunches, false_launches, null_share
from experimentos.program.lifts import lift_error
from experimentos.program.rates import RateInterval, wilson
from experimentos.program.shrinkage import Shrunken, Total, shrink, total

__all__ = [
    "FalseLaunches",
    "RateInterval",
    "Shrunken",
    "Total",
    "false_launches",
    "lift_error",
    "null_share",
    "shrink",
    "total",
    "wilson",
]
