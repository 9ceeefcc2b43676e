"""Limits of the score intervals by bracketing, for the elements that Newton's method leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.inference.roots import find_roots
from experimentos.inference.score_statistic import Counts, difference_deviation, ratio_deviation

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def search_difference(data: Counts, critical: FloatArray, side: float) -> FloatArray:
    """Difference on one side of the estimate where the statistic is at the critical value.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units, any.
    critical : array of shape (k,)
        Critical value of the statistic.
    side : float
        -1 for the lower limit, 1 for the upper.

    Returns
    -------
    array of shape (k,)
        By bracketing: slower than `difference_distance`, and for every element.
    """
    estimate = data.difference
    room = np.maximum(1 - side * estimate, 0.0)

    def excess(distance: FloatArray) -> FloatArray:
        there = np.clip(estimate + side * distance, -1.0, 1.0)
        return distance - critical * difference_deviation(data, there)

    with np.errstate(divide="ignore", invalid="ignore"):
        guess = critical * difference_deviation(data, estimate)
        guess = guess + critical**2 / np.minimum(data.n_c, data.n_t)
        high = np.minimum(2 * guess, room)
        high = np.where(excess(high) >= 0, high, room)
        low = np.minimum(guess / 4, high)
        # Not 0: where all units, or none, had the event it is a root, but not the one meant.
        low = np.where(excess(low) <= 0, low, 1e-9 * guess)
    distance = find_roots(excess, low, high, tolerance=1e-15 * guess)
    return estimate + side * distance


def search_lift(data: Counts, critical: FloatArray, side: float) -> FloatArray:
    """Lift on one side of the estimate where the ratio statistic is at the critical value.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units, any.
    critical : array of shape (k,)
        Critical value of the statistic.
    side : float
        -1 for the lower limit, 1 for the upper.

    Returns
    -------
    array of shape (k,)
        By bracketing: slower than `lift_limit`, and for every element.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        p_c, p_t = data.x_c / data.n_c, data.x_t / data.n_t
        centre = np.log((data.x_t + 0.5) / (data.n_t + 0.5) * (data.n_c + 0.5) / (data.x_c + 0.5))
        step = critical * np.sqrt(1 / (data.x_t + 0.5) + 1 / (data.x_c + 0.5)) + 1e-9
        estimate = np.log(p_t / p_c)

    def excess(log_ratio: FloatArray) -> FloatArray:
        ratio = np.exp(log_ratio)
        return (side * (ratio * p_c - p_t) - critical * ratio_deviation(data, ratio)) / ratio

    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        near = np.where(data.x_t > 0, estimate + side * 1e-9 * step, centre - 50.0)
        far = centre + side * 2 * step
        for _ in range(8):
            far = np.where(excess(far) < 0, centre + 2 * (far - centre), far)
        low, high = np.minimum(near, far), np.maximum(near, far)
        log_ratio = find_roots(excess, low, high, tolerance=1e-15 * step)
        limit = np.expm1(log_ratio)
    if side < 0:
        limit = np.where(data.x_t == 0, -1.0, limit)
    return np.where(data.x_c > 0, limit, np.nan)
