"""Means.

Welch's test, its lift intervals, ratios.
"""

from reference.builders import moments

from experimentos.inference.welch import welch
from validation.entries import Reference, Simulation

# Student's sleep data (R: ?sleep), hours of extra sleep with each drug.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def _sleep(field):
    return lambda: getattr(welch(moments(DRUG_2), moments(DRUG_1)), field)[0]


def _false_positives(runs, rng):
    from experimentos.moments import Moments

    n = 40
    arms = [
        Moments([n] * runs, rng.normal(size=runs) * s / n**0.5, rng.chisquare(n - 1, runs) * s**2)
        for s in (1.0, 3.0)
    ]
    return int((welch(*arms).p_value < 0.05).sum()), runs


_R = "R, t.test(extra ~ group, data = sleep)"
REFERENCES = [
    Reference(
        "Welch", "p-value", "Student's sleep data", _R, 0.07939, _sleep("p_value"), atol=5e-6
    ),
    Reference(
        "Welch", "lower limit", "Student's sleep data", _R, -3.3654832, _sleep("lower"), atol=5e-8
    ),
    Reference(
        "Welch", "upper limit", "Student's sleep data", _R, 0.2054832, _sleep("upper"), atol=5e-8
    ),
]
SIMULATIONS = [
    Simulation(
        "Welch", "type I error", "40 normal units an arm, deviations 1 and 3, alpha 0.05",
        0.05, _false_positives, allowance=0.001,
    ),
]  # fmt: skip
