"""Caps: thresholds pooled over the variants, and values cut to them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brute_force.definitions import Metric
    from brute_force.units import UnitValue

SIDES = ("num", "den", "num_cov", "den_cov")


@dataclass(frozen=True)
class Threshold:
    """Where values are cut; None where they are not."""

    upper: float | None = None
    lower: float | None = None

    def cut(self, value: float) -> float:
        if self.lower is not None:
            value = max(value, self.lower)
        return value if self.upper is None else min(value, self.upper)


Thresholds = dict[str, Threshold]


def type_7(values: Sequence[float], share: float) -> float:
    """Quantile that interpolates linearly between the order statistics (R's type 7)."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    fraction = position - below
    return ordered[below] + fraction * (ordered[above] - ordered[below])


def thresholds(metric: Metric, values: Sequence[UnitValue]) -> Thresholds:
    """Thresholds of numerator, denominator and covariates over the units that have a value."""
    kept = [value for value in values if value.num is not None]
    found = {}
    for side in SIDES:
        part = metric.parts.get(side.removesuffix("_cov"))
        if part is not None and (part.upper or part.lower):
            pool = [getattr(value, side) for value in kept]
            found[side] = Threshold(upper(part.upper, pool), lower(part.lower, pool))
    return found


def upper(given: tuple[str, float] | None, pool: Sequence[float]) -> float | None:
    """An upper percentile at or below the smallest value or 0 would cut everything: no cap."""
    if given is None or given[0] == "absolute":
        return None if given is None else float(given[1])
    threshold = type_7(pool, given[1]) if pool else None
    return None if threshold is None or threshold <= max(min(pool), 0.0) else threshold


def lower(given: tuple[str, float] | None, pool: Sequence[float]) -> float | None:
    """A lower percentile at or above the largest value would cut everything: no cap."""
    if given is None or given[0] == "absolute":
        return None if given is None else float(given[1])
    threshold = type_7(pool, given[1]) if pool else None
    return None if threshold is None or threshold >= max(pool) else threshold


def cut(value: UnitValue, found: Thresholds) -> UnitValue:
    """A unit's numbers within the thresholds."""
    if value.num is None:
        return value
    return replace(value, **{side: at.cut(getattr(value, side)) for side, at in found.items()})
