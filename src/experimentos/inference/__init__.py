"""Tests and the intervals dual to them.

A method is one module with `tails`, `interval` and `lift_interval`, and one line in `METHODS`.
"""

from experimentos.inference import exact_rates, score, welch
from experimentos.inference.effect import (
    Effect,
    Interval,
    Method,
    Null,
    Tails,
    detectable,
    evaluate,
    lift,
    no_effect,
    null_at,
)

METHODS: dict[str, Method] = {
    "welch": welch.METHOD,
    "delta": welch.METHOD,
    "score": score.METHOD,
    "conditional binomial": exact_rates.METHOD,
}

__all__ = [
    "METHODS",
    "Effect",
    "Interval",
    "Method",
    "Null",
    "Tails",
    "detectable",
    "evaluate",
    "lift",
    "no_effect",
    "null_at",
]
