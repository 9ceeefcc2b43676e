"""Group sequential designs: a test that is looked at a few times and keeps its error rate.

``group_sequential`` plans looks; ``operating`` says what a plan promises; ``spending_bounds`` gives
boundaries of many tests at the looks that really happened; ``repeated_p_values``,
``repeated_intervals`` and ``stagewise`` analyse them; ``exit_probabilities`` is the recursion
below all of them.
"""

from experimentos.sequential.group.boundaries import level_bounds, spending_bounds
from experimentos.sequential.group.classic import (
    haybittle_peto_bounds,
    obrien_fleming_bounds,
    pocock_bounds,
    wang_tsiatis_bounds,
)
from experimentos.sequential.group.conditional import conditional_power
from experimentos.sequential.group.design import Design, design_from_bounds, group_sequential
from experimentos.sequential.group.futility import beta_spending_bounds, conditional_power_bounds
from experimentos.sequential.group.joint import Exits, exit_probabilities
from experimentos.sequential.group.operating import (
    Characteristics,
    characteristics,
    drift_for_power,
    effect_bounds,
    exits,
    expected_information,
    inflation,
    power,
)
from experimentos.sequential.group.repeated import repeated_intervals, repeated_p_values
from experimentos.sequential.group.spending import SPENDING, spend
from experimentos.sequential.group.stagewise import Stagewise, stagewise

__all__ = [
    "SPENDING",
    "Characteristics",
    "Design",
    "Exits",
    "Stagewise",
    "beta_spending_bounds",
    "characteristics",
    "conditional_power",
    "conditional_power_bounds",
    "design_from_bounds",
    "drift_for_power",
    "effect_bounds",
    "exit_probabilities",
    "exits",
    "expected_information",
    "group_sequential",
    "haybittle_peto_bounds",
    "inflation",
    "level_bounds",
    "obrien_fleming_bounds",
    "pocock_bounds",
    "power",
    "repeated_intervals",
    "repeated_p_values",
    "spend",
    "spending_bounds",
    "stagewise",
    "wang_tsiatis_bounds",
]
