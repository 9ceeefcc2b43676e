"""Quantiles of arms, and their standard errors by the order statistics around them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from brute_force.caps import type_7

Z = 1.96
MINIMUM_BEYOND = 50
Clusters = Sequence[Sequence[float]]


def quantiles(
    arms: Mapping[str, Clusters], share: float
) -> dict[str, tuple[float | None, float | None]]:
    """Quantile and standard error of each arm; an arm is a list of its units' observations."""
    everything = [value for arm in arms.values() for unit in arm for value in unit]
    if not everything:
        return dict.fromkeys(arms, (None, None))
    pooled = type_7(everything, share)
    found = {}
    for name, arm in arms.items():
        values = sorted(value for unit in arm for value in unit)
        value = type_7(values, share) if values else None
        found[name] = (value, std_error(arm, values, share, pooled))
    return found


def std_error(arm: Clusters, values: Sequence[float], share: float, pooled: float) -> float | None:
    """Woodruff's, clustered by unit; None where it says nothing."""
    spread_of_share = share_spread(arm, len(values), share, pooled)
    if spread_of_share is None:
        return None
    low, high = share - Z * spread_of_share, share + Z * spread_of_share
    if low < 0 or high > 1:
        return None
    low, high = type_7(values, low), type_7(values, high)
    if high - low <= 4 * sys.float_info.epsilon * max(abs(low), abs(high)):
        return None
    steps = [b - a for a, b in pairwise(sorted(set(values))) if b > low and a < high]
    return math.hypot((high - low) / (2 * Z), max(steps, default=0.0) / 2)


def share_spread(arm: Clusters, n: int, share: float, pooled: float) -> float | None:
    """Standard error of the share below the quantile; None with too little beyond it."""
    m = len(arm)
    if m < 2:
        return None
    below = [sum(value <= pooled for value in unit) for unit in arm]
    p = Fraction(sum(below), n)
    residuals = [num - p * len(unit) for num, unit in zip(below, arm, strict=True)]
    variance = Fraction(m, m - 1) * sum(r * r for r in residuals) / (n * n)
    if variance == 0 or p in (0, 1):
        return None
    effective = min(n * (p * (1 - p) / (n - 1) / variance), Fraction(n))
    if min(share, 1 - share) * float(effective) < MINIMUM_BEYOND * (1 - 1e-9):
        return None
    return math.sqrt(float(variance / (p * (1 - p))) * share * (1 - share))
