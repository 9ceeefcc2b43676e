"""Means, and sums of products of deviations, exact to the last digit or two."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

from brute_force.caps import SIDES, Thresholds, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brute_force.definitions import Metric
    from brute_force.units import UnitValue

MOMENTS = [f"{kind}_{side}" for side in SIDES for kind in ("mean", "m2")]
MOMENTS += ["m3_num", *(f"c2_{x}_{y}" for x, y in combinations(SIDES, 2))]
EMPTY: dict[str, Any] = dict.fromkeys(MOMENTS) | dict.fromkeys(
    ("n_covered", "cap_value", "n_capped", "quantile_value", "quantile_std_error")
)


def deviations(values: Sequence[float]) -> tuple[float, list[float]]:
    """Mean, and deviations from it as it was rounded."""
    mean = math.fsum(values) / len(values)
    return mean, [value - mean for value in values]


def product(x: Sequence[float], y: Sequence[float]) -> float:
    """Sum of products of deviations, corrected for the rounding of the means."""
    (_, dx), (_, dy) = deviations(x), deviations(y)
    exact = math.fsum(a * b for a, b in zip(dx, dy, strict=True))
    return exact - math.fsum(dx) * math.fsum(dy) / len(x)


def third(x: Sequence[float]) -> float:
    """Sum of cubed deviations, corrected for the rounding of the mean."""
    _, dx = deviations(x)
    shift = math.fsum(dx) / len(dx)
    return math.fsum(
        [
            math.fsum(d**3 for d in dx),
            -3 * shift * math.fsum(d**2 for d in dx),
            2 * len(dx) * shift**3,
        ]
    )


def row_of(
    metric: Metric, values: Sequence[UnitValue], covered: Sequence[bool | None], found: Thresholds
) -> dict[str, Any]:
    """Counts and moments of the units of one row."""
    kept = [value for value in values if value.num is not None]
    within = [cut(value, found) for value in kept]
    row = EMPTY | {
        "n_units": len(kept),
        "n_events": sum(value.n_events for value in values),
        "n_missing": len(values) - len(kept),
        "n_skipped": sum(value.n_skipped for value in values),
    }
    if metric.is_dated and metric.covariate is not None:
        row["n_covered"] = sum(1 for each in covered if each)
    if "num" in found:
        row["cap_value"] = found["num"].upper
        changed = zip(kept, within, strict=True)
        row["n_capped"] = sum(a.num != b.num for a, b in changed)
    return row | (moments_of(metric, within) if within else {})


def moments_of(metric: Metric, values: Sequence[UnitValue]) -> dict[str, float]:
    """The moments of at least one unit."""
    names = [side for side in ("num", "den") if side in metric.parts]
    names += [f"{side}_cov" for side in names if metric.covariate is not None]
    columns = {name: [getattr(value, name) for value in values] for name in names}
    row = {"m3_num": third(columns["num"])}
    for name, xs in columns.items():
        row[f"mean_{name}"] = math.fsum(xs) / len(xs)
        row[f"m2_{name}"] = product(xs, xs)
    for x, y in combinations(SIDES, 2):
        if x in columns and y in columns:
            row[f"c2_{x}_{y}"] = product(columns[x], columns[y])
    return row
