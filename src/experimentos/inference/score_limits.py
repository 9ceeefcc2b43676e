r"""Limits of the score intervals by Newton's method in the Lagrange multiplier.

At a limit the statistic is at its critical value :math:`z` and the two rates are those of largest
likelihood given their difference (or ratio). With the multiplier :math:`\lambda` of that
constraint each rate alone solves a quadratic, and one increasing function of :math:`\lambda`
remains to be solved: no cubic, no cosines, no nested iteration. Elements for which a few steps do
not suffice (no event, only events, very few) are left to the caller, who has `score_search`.

Difference. :math:`\lambda p_t q_t = n_t(\hat p_t - p_t)` and
:math:`\lambda p_c q_c = n_c(p_c - \hat p_c)`, so that :math:`\hat D - D = \lambda V` with
:math:`V = p_t q_t/n_t + p_c q_c/n_c`, and at the lower limit :math:`\lambda \sqrt V = z`.

Ratio. :math:`p_t = (x_t - \lambda)/(n_t - \lambda)` and
:math:`p_c = (x_c + \lambda)/(n_c + \lambda)`, and at the lower limit
:math:`\lambda \sqrt{(1 - \hat p_t)/(x_t - \lambda) + (1 - \hat p_c)/(x_c + \lambda)} = z`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray

STEPS = 2
MORE_STEPS = 12
TOLERANCE = 1e-7
Step = Callable[[tuple["FloatArray", ...], "FloatArray"], "FloatArray"]


def difference_distance(
    x_c: FloatArray, n_c: FloatArray, x_t: FloatArray, n_t: FloatArray, critical: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Distance from the difference of rates down to its lower score limit.

    Parameters
    ----------
    x_c, n_c, x_t, n_t : array of shape (k,)
        Events and units of control and treatment; exchanged, the distance is that to the upper
        limit.
    critical : array of shape (k,)
        Critical value of the statistic, above 0.

    Returns
    -------
    distance : array of shape (k,)
        0 or more, in rate units.
    is_solved : array of bool, shape (k,)
        Where the distance is right to rounding.
    """
    with np.errstate(all="ignore"):
        rest_c, rest_t = n_c - x_c, n_t - x_t
        # Start: the variance at the estimate, and its slope in the multiplier.
        w_c, w_t = x_c / n_c * (rest_c / n_c), x_t / n_t * (rest_t / n_t)
        variance = w_c / n_c + w_t / n_t
        slope = (rest_c - x_c) / n_c * (w_c / (n_c * n_c))
        slope -= (rest_t - x_t) / n_t * (w_t / (n_t * n_t))
        start = _start(critical, variance, slope)
        given = (4 * x_c, n_c, 4 * x_c * rest_c, 4 * rest_t, n_t, 4 * x_t * rest_t, critical)
        multiplier, is_solved = _newton(_difference_step, given, start)
        # A certain outcome stays certain up to a kink of the function.
        is_solved &= (multiplier > 0) & (x_c > 0) & (rest_t > 0)
        return critical * critical / multiplier, is_solved


def lift_limit(
    x_c: FloatArray, n_c: FloatArray, x_t: FloatArray, n_t: FloatArray,
    critical: FloatArray, *, side: float,
) -> tuple[FloatArray, BoolArray]:  # fmt: skip
    """Score limit of the lift, the ratio of rates less 1.

    Parameters
    ----------
    x_c, n_c, x_t, n_t : array of shape (k,)
        Events and units of control and treatment.
    critical : array of shape (k,)
        Critical value of the statistic, above 0.
    side : float
        -1 for the lower limit, 1 for the upper.

    Returns
    -------
    limit : array of shape (k,)
        A fraction.
    is_solved : array of bool, shape (k,)
        Where the limit is right to rounding.
    """
    with np.errstate(all="ignore"):
        rest_c, rest_t = n_c - x_c, n_t - x_t
        share_c, share_t = rest_c / n_c, rest_t / n_t
        variance = share_c / x_c + share_t / x_t
        slope = share_t / (x_t * x_t) - share_c / (x_c * x_c)
        signed = -side * critical
        start = _start(signed, variance, slope)
        given = (x_c, share_c, x_t, share_t, signed)
        multiplier, is_solved = _newton(_ratio_step, given, start)
        left_t, left_c = x_t - multiplier, x_c + multiplier
        is_solved &= (left_t > 0) & (left_c > 0) & (multiplier * side < 0)
        is_solved &= (rest_c > 0) & (rest_t > 0)
        rest = rest_c + rest_t
        is_rare = rest + rest > n_c + n_t
        contrast = np.where(is_rare, x_t * n_c - x_c * n_t, rest_c * n_t - rest_t * n_c)
        return (contrast - multiplier * rest) / ((n_t - multiplier) * left_c), is_solved


def _start(critical: FloatArray, variance: FloatArray, slope: FloatArray) -> FloatArray:
    """Multiplier at which the variance, taken as linear in it, gives the critical value."""
    multiplier = critical / np.sqrt(variance)
    return np.asarray(multiplier * (1 - 0.5 * slope * multiplier / variance))


def _newton(
    step: Step, given: tuple[FloatArray, ...], multiplier: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Take a few steps for all elements, then more for those that need them."""
    for _ in range(STEPS):
        change = step(given, multiplier)
        multiplier = multiplier - change
    is_solved = np.abs(change) <= TOLERANCE * np.abs(multiplier)
    rest = np.flatnonzero(~is_solved & np.isfinite(multiplier))
    for _ in range(MORE_STEPS):
        if not rest.size:
            break
        found = multiplier[rest]
        change = step(tuple(values[rest] for values in given), found)
        multiplier[rest] = found - change
        # Each element stops by itself, so that its digits do not depend on its neighbours.
        is_solved[rest] = np.abs(change) <= TOLERANCE * np.abs(multiplier[rest])
        rest = rest[~is_solved[rest] & np.isfinite(change)]
    return multiplier, is_solved


def _difference_step(given: tuple[FloatArray, ...], multiplier: FloatArray) -> FloatArray:
    events_c, n_c, product_c, rest_t, n_t, product_t, critical = given
    square = multiplier * multiplier
    root_c, w_c = _rate(n_c, events_c, product_c, multiplier, square)
    root_t, w_t = _rate(n_t, rest_t, product_t, multiplier, square)
    variance = w_c / n_c
    variance += w_t / n_t
    w_c /= root_c
    w_t /= root_t
    w_c += w_t
    w_c += variance
    gap = multiplier - critical / np.sqrt(variance)
    gap *= variance
    gap /= w_c
    gap *= 2
    return gap


def _rate(
    units: FloatArray,
    count: FloatArray,
    product: FloatArray,
    multiplier: FloatArray,
    square: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Root of the discriminant of a rate's quadratic, and the rate times its complement.

    The latter is ``4 x (n - x) / ((n + root)^2 - lambda^2)``: nothing cancels.
    """
    root = units - multiplier
    root *= root
    root += count * multiplier
    np.sqrt(root, out=root)
    bottom = units + root
    bottom *= bottom
    bottom -= square
    return root, product / bottom


def _ratio_step(given: tuple[FloatArray, ...], multiplier: FloatArray) -> FloatArray:
    x_c, share_c, x_t, share_t, critical = given
    left_t, left_c = x_t - multiplier, x_c + multiplier
    part_t, part_c = share_t / left_t, share_c / left_c
    variance = part_t + part_c
    growth = 0.5 * multiplier * (part_t / left_t - part_c / left_c)
    gap = multiplier * variance - critical * np.sqrt(variance)
    return np.asarray(gap / (variance + growth))
