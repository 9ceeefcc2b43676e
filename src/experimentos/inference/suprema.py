"""Largest value of a function of one variable, from a bound of its curvature.

An interval is dropped when nothing inside it can beat the best value found; the others are cut
into parts. Unlike on a grid, no peak can be missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.moments import FloatArray

PARTS = 4
MAXIMUM_ROUNDS = 60
MAXIMUM_INTERVALS = 20_000


def supremum(
    function: Callable[[FloatArray], FloatArray],
    curvature: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    start: FloatArray,
    *,
    tolerance: float,
    ceiling: float = np.inf,
) -> float:
    r"""Largest value of a function that is not negative.

    Parameters
    ----------
    function : function of array of shape (m,) giving array of shape (m,)
        Smooth inside each of the intervals it starts with.
    curvature : function of two arrays of shape (m,) giving two arrays of shape (m,)
        From the ends of intervals, bounds of :math:`|f''|` and of :math:`|f''|/f` in them.
    start : array
        Points that cut the range into intervals, increasing, with both ends.
    tolerance : float
        The result is at most that much too small, relative to it.
    ceiling : float
        What the function never exceeds, such as 1.

    Returns
    -------
    float
        A value that the function takes.

    Notes
    -----
    In an interval of width :math:`h`, :math:`f \le \max(f_a, f_b) + h^2 \sup|f''|/8` [1]_.

    References
    ----------
    .. [1] R. P. Brent (1973), Algorithms for Minimization without Derivatives, chapter 6.

    Examples
    --------
    >>> def bounds(low, high):
    ...     return np.full(low.shape, 30.0), np.full(low.shape, np.inf)
    >>> def wave(x):
    ...     return 1 + np.sin(5 * x) + x / 10
    >>> round(supremum(wave, bounds, np.linspace(0, 3, 5), tolerance=1e-12), 9)
    2.282943345
    """
    values = function(start)
    best = float(values.max())
    low, high, ends = start[:-1], start[1:], np.maximum(values[:-1], values[1:])
    for _ in range(MAXIMUM_ROUNDS):
        bound = np.minimum(_bound(curvature(low, high), high - low, ends), ceiling)
        is_open = bound > best * (1 + tolerance)
        is_open &= high - low > 8 * np.finfo(float).eps * high
        low, high = low[is_open], high[is_open]
        if low.size == 0 or low.size > MAXIMUM_INTERVALS:
            break
        cuts = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, PARTS + 1)
        cuts[:, -1] = high
        values = function(cuts.ravel()).reshape(cuts.shape)
        best = max(best, float(values.max()))
        ends = np.maximum(values[:, :-1], values[:, 1:]).ravel()
        low, high = cuts[:, :-1].ravel(), cuts[:, 1:].ravel()
    return best


def _bound(
    curvature: tuple[FloatArray, FloatArray], width: FloatArray, ends: FloatArray
) -> FloatArray:
    """Upper bound of the function in intervals, from the larger of its values at the ends."""
    absolute, relative = curvature
    eighth = width**2 / 8
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = eighth * relative
        by_ratio = np.where(share < 1, ends / (1 - share), np.inf)
        return np.fmin(ends + eighth * absolute, by_ratio)
