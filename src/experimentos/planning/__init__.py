"""Sample size and duration before an experiment, from the warehouse's own history.

`planner` is imported by itself: it needs SciPy, which takes a second.
"""

from experimentos.planning.amounts import Amount, read_amount, read_guardrail, read_metric
from experimentos.planning.baselines import Baseline
from experimentos.planning.history import History, read_history
from experimentos.planning.past_units import PastValidation, validate_past
from experimentos.planning.paste import next_monday, to_yaml
from experimentos.planning.period import Period
from experimentos.planning.population import Population, Traffic
from experimentos.planning.question import (
    CORRECTIONS,
    DESIGNS,
    PARAMETERS,
    SPENDING,
    Question,
)
from experimentos.planning.scenarios import MetricNeed, Scenario, Step

__all__ = [
    "CORRECTIONS",
    "DESIGNS",
    "PARAMETERS",
    "SPENDING",
    "Amount",
    "Baseline",
    "History",
    "MetricNeed",
    "PastValidation",
    "Period",
    "Population",
    "Question",
    "Scenario",
    "Step",
    "Traffic",
    "next_monday",
    "read_amount",
    "read_guardrail",
    "read_history",
    "read_metric",
    "to_yaml",
    "validate_past",
]
