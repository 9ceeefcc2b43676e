"""Newcombe's interval: Wilson's limits of the two rates, combined by squaring and adding.

Every boundary is tested at the level at which the interval ends there. The same construction for
``p_t - R p_c`` gives the limits of the ratio, known as MOVER-R.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.inference import score
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.inference.score import Counts
    from experimentos.moments import FloatArray, Moments

MAXIMUM_STEPS = 100
TOLERANCE = 1e-9  # of a Newton step: the error after it is about its square
REACH = 340.0  # of the logarithm of a critical value whose square is finite


def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided p-values dual to the interval, against any boundary.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary; its weight must not be negative.

    Returns
    -------
    Tails, fields of shape (k,)
        0 where no interval, however wide, reaches the boundary. NaN at a negative weight.
    """
    data = score.counts(comparison)
    with np.errstate(divide="ignore", invalid="ignore"):
        contrast = data.difference - (null.weight - 1) * (data.x_c / data.n_c) - null.shift
        contrast = np.where(null.weight >= 0, contrast, np.nan)
    up = contrast > 0
    # Above the boundary the lower limit has to reach it: down in treatment, up in control.
    x_t, x_c = (
        np.where(up, data.x_t, data.n_t - data.x_t),
        np.where(up, data.n_c - data.x_c, data.x_c),
    )
    distance = np.abs(contrast)
    critical = _critical_value(x_t, data.n_t, x_c, data.n_c, null.weight, distance)
    statistic = np.where(up, critical, -critical)
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Within -1 and 1; defined wherever both arms have units.
    """
    data, critical = score.counts(comparison), -ndtri(tail)
    down, up = _arms(data, critical)
    return Interval(data.difference - np.hypot(*down), data.difference + np.hypot(*up))


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate, by MOVER-R.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where control has no event.
    """
    data, critical = score.counts(comparison), -ndtri(tail)
    down, up = _arms(data, critical)
    return Interval(_lift_limit(data, *down, -1.0), _lift_limit(data, *up, 1.0))


def newcombe(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for two proportions from Wilson's limits of each.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        Defined in every field but the lift's with as few as one unit an arm and no event at all.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Notes
    -----
    With Wilson's limits :math:`l, u` of each rate the limits of the difference are :math:`D -
    \sqrt{(p_t - l_t)^2 + (u_c - p_c)^2}` and :math:`D + \sqrt{(u_t - p_t)^2 + (p_c - l_c)^2}`
    [1]_, without continuity correction. Those of the ratio are where the same limits of
    :math:`p_t - R p_c` are 0 [2]_. The p-value is the level at which an interval ends at the
    boundary; at no difference it isn't that of the pooled test.

    References
    ----------
    .. [1] R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    .. [2] A. Donner, G. Y. Zou (2012), Statistical Methods in Medical Research 21, 347-359.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> effect = newcombe(from_counts(48, 80), from_counts(56, 70))
    >>> effect.lower.round(4), effect.upper.round(4)  # [1]_, Table II: 0.0524, 0.3339
    (array([0.0524]), array([0.3339]))
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def _arms(
    data: Counts, critical: FloatArray
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Distances to the limits (treatment's, control's) that make the difference smaller, larger."""
    down = (
        _below(data.x_t, data.n_t, critical), _below(data.n_c - data.x_c, data.n_c, critical),
    )  # fmt: skip
    up = (
        _below(data.n_t - data.x_t, data.n_t, critical), _below(data.x_c, data.n_c, critical),
    )  # fmt: skip
    return down, up


def _below(events: FloatArray, units: FloatArray, critical: FloatArray) -> FloatArray:
    r"""Rate less its lower Wilson limit: ``p a / (x + a)``, nothing cancels.

    The limit is the smaller root of :math:`(n + z^2) \pi^2 - (2 x + z^2) \pi + x^2/n`. With
    non-events it is the distance to the upper limit.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        half = critical**2 / 2
        width = half + critical * np.sqrt(half / 2 + events * (units - events) / units)
        found = events / units * (width / (events + width))
    return np.where(events == 0, 0.0 * units * critical, found)


def _lift_limit(
    data: Counts, treatment: FloatArray, control: FloatArray, side: float
) -> FloatArray:
    """Lift ``L`` with ``(D - L p_c)^2 = treatment^2 + (1 + L)^2 control^2`` on one side of D."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        p_c, difference = data.x_c / data.n_c, data.difference
        p_t = data.x_t / data.n_t
        a = (p_c - control) * (p_c + control)
        b = difference * p_c + control**2
        c = difference**2 - treatment**2 - control**2
        # The discriminant without its cancelling terms.
        root = np.sqrt(np.maximum(p_t**2 * control**2 + treatment**2 * a, 0.0))
        plain, stable = (b + side * root) / a, c / (b - side * root)
        limit = np.where(side * b > 0, plain, stable)
    return np.where(data.x_c > 0, np.maximum(limit, -1.0), np.nan)


def _critical_value(
    x_t: FloatArray, n_t: FloatArray, x_c: FloatArray, n_c: FloatArray,
    weight: FloatArray, distance: FloatArray,
) -> FloatArray:  # fmt: skip
    """Critical value at which the interval's half-width is a given distance.

    Infinite where no critical value is large enough. By Newton's method on the logarithms, in
    which the half-width is nearly linear, kept inside a bracket.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        widest = np.hypot(x_t / n_t, weight * (x_c / n_c))
        rough = (x_t + 1) * (n_t - x_t + 1) / (n_t + 2) ** 3
        rough = rough + weight**2 * (x_c + 1) * (n_c - x_c + 1) / (n_c + 2) ** 3
        start = np.clip(np.log(distance / np.sqrt(rough)), -REACH, REACH)
    found = np.where(distance == 0, 0.0, np.where(distance >= widest, np.inf, np.nan))
    found = np.where(np.isnan(distance + widest), np.nan, found)
    rows = np.flatnonzero(np.isnan(found) & ~np.isnan(distance + widest))
    arms = tuple(values[rows] for values in (x_t, n_t, x_c, n_c, weight))
    goal, log_z = np.log(distance[rows]), start[rows]
    low, high = np.full(rows.size, -REACH), np.full(rows.size, REACH)
    for _ in range(MAXIMUM_STEPS):
        if not rows.size:
            break
        excess, slope = _log_half_width(arms, log_z)
        excess = excess - goal
        low, high = np.where(excess < 0, log_z, low), np.where(excess > 0, log_z, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.clip(np.where(slope > 0, excess / slope, 2.0), -2.0, 2.0)
        following = log_z - step
        left = np.abs(step) > TOLERANCE
        outside = left & ~((following > low) & (following < high))
        following = np.where(outside, (low + high) / 2, following)
        found[rows] = np.exp(following)
        rows, goal, log_z = rows[left], goal[left], following[left]
        low, high = low[left], high[left]
        arms = tuple(values[left] for values in arms)
    return found


def _log_half_width(
    arms: tuple[FloatArray, ...], log_z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the half-width, and its slope, in the logarithm of the critical value."""
    x_t, n_t, x_c, n_c, weight = arms
    critical = np.exp(log_z)
    total, change = np.zeros_like(critical), np.zeros_like(critical)
    with np.errstate(divide="ignore", invalid="ignore"):
        for events, units, factor in ((x_t, n_t, np.ones_like(weight)), (x_c, n_c, weight)):
            half = critical**2 / 2
            root = np.sqrt(half / 2 + events * (units - events) / units)
            width = half + critical * root
            share = np.where(events == 0, 0.0, width / (events + width))
            square = (factor * events / units * share) ** 2
            growth = critical * (critical + root + half / (2 * root)) / width
            total += square
            change += square * growth * (1 - share)
        return np.log(total) / 2, change / total


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
