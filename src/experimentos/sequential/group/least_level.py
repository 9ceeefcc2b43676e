"""The smallest level whose spending boundary a statistic reaches: what a repeated p-value is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.sequential.group.boundaries import SIDES, bounds_near, spending_levels
from experimentos.sequential.group.search import rising_roots_apart
from experimentos.sequential.group.spending import spend

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.moments import BoolArray, FloatArray, IntArray

LARGEST_BOUND = 60.0
# Normal quantiles of the levels searched: 1e-300 to 1 - 1e-9.
LEAST, MOST = -37.04, 6.0
LEAST_STEP, LONGEST_STEP = 1e-6, 1.0
ROUGH = 1e5


def least_levels(
    statistic: FloatArray, fractions: FloatArray, information: FloatArray, final: BoolArray, *,
    spending: str, parameter: float | None, sides: str,
) -> FloatArray:  # fmt: skip
    """Levels at which statistics of the last look are on the boundary.

    Parameters
    ----------
    statistic : array of shape (rows,)
        Standard normal statistics; large is evidence.
    fractions, information : array of shape (rows, looks)
        As in `repeated_p_values`.
    final : array of bool, shape (rows,)
        Whether the last look spends all that is left.
    spending : str
        A key of `SPENDING`.
    parameter : float, optional
        Of the spending function.
    sides : str
        ``"one"`` or ``"two"``.

    Returns
    -------
    array of shape (rows,)
        1 where it is above 1 - 1e-9; NaN where an argument is undefined.

    Notes
    -----
    A look that had been the only one gives a level that is exact for a first look, and too small
    for others, but not by much. From there the secant method, first with half the nodes.
    """
    how = {"spending": spending, "parameter": parameter}
    found = np.full(statistic.shape, np.nan)
    known = (fractions > 0) & (information > 0) & np.isfinite(fractions + information)
    defined = np.flatnonzero(known.all(axis=1))
    share = np.where(final, 1.0, np.minimum(fractions[:, -1], 1.0))[defined]
    alone, slope = _alone(statistic[defined], share, SIDES[sides], how)
    found[defined] = alone
    inside = alone < MOST
    rows = defined[inside]
    if rows.size and fractions.shape[1] > 1:
        search = _Search(
            statistic[rows], fractions[rows], information[rows], final[rows], sides, how
        )
        found[rows] = search.root(np.maximum(alone[inside], LEAST), slope[inside])
    return np.where(found > MOST, 1.0, ndtr(found))


class _Search:
    """Boundaries found so far, from which those at the next levels are guessed.

    Parameters
    ----------
    statistic, fractions, information, final, sides, how
        As in `least_levels`; all of them are defined.
    """

    def __init__(
        self, statistic: FloatArray, fractions: FloatArray, information: FloatArray,
        final: BoolArray, sides: str, how: dict[str, Any],
    ) -> None:  # fmt: skip
        """Nothing is known of boundaries yet."""
        self.statistic, self.information = statistic, information
        self.fractions, self.final = fractions, final
        self.sides, self.how = sides, how
        self.normal, self.value = (np.full(statistic.shape, np.nan) for _ in range(2))
        self.bounds, self.falling = (np.full(fractions.shape, np.nan) for _ in range(2))
        self.slope = np.ones(statistic.shape)

    def root(self, start: FloatArray, slope: FloatArray) -> FloatArray:
        """Levels as normal quantiles, from a guess and how steep the excess is there."""
        self.slope = slope
        rough = rising_roots_apart(
            self._excess(is_rough=True), start, self._next(start),
            slack=lambda normal: ROUGH * _slack(normal),
        )  # fmt: skip
        near = np.where(np.isnan(rough), start, rough)
        return rising_roots_apart(
            self._excess(is_rough=False), near, self._next(near), slack=_slack
        )

    def _next(self, start: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """Second guess from the value at the first, along the slope."""

        def second(value: FloatArray) -> FloatArray:
            step = np.clip(value / self.slope, -LONGEST_STEP, LONGEST_STEP)
            return start - np.where(np.abs(step) < LEAST_STEP, LEAST_STEP, step)

        return second

    def _excess(self, *, is_rough: bool) -> Callable[[FloatArray, IntArray], FloatArray]:
        """How far the statistic is above its boundary: rising, and nearly straight."""

        def excess(normal: FloatArray, rows: IntArray) -> FloatArray:
            inside = np.clip(normal, LEAST, MOST)
            levels = spending_levels(
                self.fractions[rows], ndtr(inside) / SIDES[self.sides], self.final[rows], **self.how
            )
            step = (normal - self.normal[rows])[:, None]
            guess = self.bounds[rows] + self.falling[rows] * step
            # Where the search ends, the boundary is the statistic.
            guess[:, -1] = self.statistic[rows]
            bounds = bounds_near(
                levels, self.information[rows], guess, sides=self.sides, is_rough=is_rough
            )
            here = np.clip(bounds[:, -1], -LARGEST_BOUND, LARGEST_BOUND)
            # Beyond the ends of the range the excess goes on rising, so that a root is found.
            value = self.statistic[rows] - here + normal - inside
            self._learn(normal, value, bounds, rows)
            return value

        return excess

    def _learn(
        self, normal: FloatArray, value: FloatArray, bounds: FloatArray, rows: IntArray
    ) -> None:
        """Remember boundaries and slopes, as far as the step to here says something of them."""
        step = normal - self.normal[rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            steep = (value - self.value[rows]) / step
            falling = (bounds - self.bounds[rows]) / step[:, None]
        told = (steep > 0.1) & (steep < 10.0) & (np.abs(step) > LEAST_STEP)
        self.slope[rows] = np.where(told, steep, self.slope[rows])
        told = np.isfinite(falling) & (np.abs(step) > LEAST_STEP)[:, None]
        known = np.where(np.isnan(self.falling[rows]), 0.0, self.falling[rows])
        self.falling[rows] = np.where(told, falling, known)
        self.normal[rows], self.value[rows], self.bounds[rows] = normal, value, bounds


def _slack(normal: FloatArray) -> FloatArray:
    """How much less a normal quantile says of a level than one of 1/2, where it is above."""
    return np.maximum(np.exp(np.clip(normal, 0.0, MOST) ** 2 / 2) / 20, 1.0)


def _alone(
    seen: FloatArray, share: FloatArray, sides: int, how: dict[str, Any]
) -> tuple[FloatArray, FloatArray]:
    """Find the levels at which a look would be crossed were it the only one so far.

    As normal quantiles, and how fast the statistic rises over its bound there, per unit of them.
    """

    def excess(normal: FloatArray, rows: IntArray) -> FloatArray:
        inside = np.clip(normal, LEAST, MOST)
        spent = spend(share[rows, None], ndtr(inside) / sides, **how)[:, 0]
        return np.asarray(seen[rows] + ndtri(spent) + normal - inside)

    guess = -seen * np.sqrt(share)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = rising_roots_apart(excess, guess - 0.3, guess + 0.3)
        start = np.clip(root, LEAST, MOST)
        every, near = np.arange(seen.size), np.where(start > 0, -1e-4, 1e-4)
        slope = (excess(start + near, every) - excess(start, every)) / near
    return root, np.where(slope > 0.1, slope, 1.0)
