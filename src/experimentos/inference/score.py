"""The Miettinen-Nurminen score statistic for two proportions, without its N/(N-1) factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.arguments import probability
from experimentos.inference.counts import compare_arms, compare_rates
from experimentos.inference.effect import (
    Effect,
    Interval,
    Method,
    Null,
    Tails,
    evaluate,
    in_blocks,
)
from experimentos.inference.score_limits import difference_distance, lift_limit
from experimentos.inference.score_search import Outcome, search_distance, search_ratio
from experimentos.inference.score_statistic import (
    Counts,
    counts,
    difference_statistic,
    pooled_statistic,
    ratio_statistic,
)

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray, Moments

__all__ = [
    "METHOD",
    "Counts",
    "compare_rates",
    "counts",
    "interval",
    "lift_interval",
    "score",
    "tails",
]


@np.errstate(all="ignore")
def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided p-values against a difference or a ratio of rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary: weight 1 with any shift, or any weight with shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        At weight 1 and shift 0 the pooled score test. NaN where no event or only events happened.
        0 and 1 at boundaries that no rates can have, as the limits exclude them: differences of -1
        and 1 and beyond, ratios of 0 and below.
    """
    data = counts(comparison)
    statistic = pooled_statistic(data)
    is_ratio = null.weight != 1
    is_shifted = (null.shift != 0) & ~is_ratio
    for rows, function, boundary in (
        (np.flatnonzero(is_ratio), ratio_statistic, null.weight),
        (np.flatnonzero(is_shifted), difference_statistic, null.shift),
    ):
        if rows.size:
            statistic[rows] = function(data.take(rows), boundary[rows])
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


@np.errstate(all="ignore")
def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates, by inverting the score test.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit; above one half the limits are exchanged.

    Returns
    -------
    Interval, fields of shape (k,)
        Within -1 and 1.
    """
    data, critical = counts(comparison), _critical_values(tail)
    size = np.abs(critical)
    given = (data.x_c, data.n_c), (data.x_t, data.n_t)
    estimate, limits = data.difference, []
    for side, (first, second) in ((-1.0, given), (1.0, given[::-1])):
        distance, solved = difference_distance(*first, *second, size)
        rows = np.flatnonzero(~solved)
        if rows.size:
            few = data.take(rows)
            control, treatment = few.control, few.treatment
            pulled = (treatment, _rest(control)) if side < 0 else (control, _rest(treatment))
            distance[rows] = search_distance(*pulled, size[rows])
        limits.append(estimate + side * distance)
    return _in_order(limits, critical)


@np.errstate(all="ignore")
def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate, by inverting the score test of the ratio.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit; above one half the limits are exchanged.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where control has no event.
    """
    data, critical = counts(comparison), _critical_values(tail)
    size, limits = np.abs(critical), []
    for side in (-1.0, 1.0):
        limit, solved = lift_limit(data.x_c, data.n_c, data.x_t, data.n_t, size, side=side)
        rows = np.flatnonzero(~solved)
        if rows.size:
            limit[rows] = _searched_lift(data.take(rows), size[rows], side)
        limits.append(limit)
    return _in_order(limits, critical)


def score(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for two proportions by the score statistic.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        `std_error` is the unpooled one; test and intervals do not use it.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.
    ArgumentError
        If `alpha` is not between 0 and 1.

    Notes
    -----
    :math:`z = (\hat p_t - \hat p_c - d)/s`, :math:`s^2 = \tilde p_t \tilde q_t/n_t + \tilde p_c
    \tilde q_c/n_c`, with the rates :math:`\tilde p` of largest likelihood given the difference
    :math:`d` [1]_ [2]_, and likewise for a ratio. Without the factor N/(N-1) of [1]_ the test of
    no difference is the pooled one exactly.

    References
    ----------
    .. [1] O. Miettinen, M. Nurminen (1985), Statistics in Medicine 4, 213-226.
    .. [2] R. W. Mee (1984), Biometrics 40, 1175-1176.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> control = Moments([44700.0], [8502 / 44700], [0.0])  # Cookie Cats, retention after 7 days
    >>> treatment = Moments([45489.0], [8279 / 45489], [0.0])
    >>> score(control, treatment).p_value.round(9)
    array([0.00155425])
    """
    rates = probability("alpha", alpha, control.n.shape)
    return in_blocks(
        lambda c, t, level: evaluate(METHOD, compare_arms(c, t), alpha=level),
        control, treatment, rates,
    )  # fmt: skip


def _critical_values(tail: FloatArray) -> FloatArray:
    """Take normal quantiles: one for all where all levels are the same."""
    if tail.size and (tail == tail.flat[0]).all():
        return np.full(tail.shape, -ndtri(tail.flat[0]))
    return np.asarray(-ndtri(tail))


def _rest(outcome: Outcome) -> Outcome:
    return Outcome(count=outcome.rest, rest=outcome.count, units=outcome.units)


def _searched_lift(data: Counts, size: FloatArray, side: float) -> FloatArray:
    """Limit of the lift; the lower one is an upper one with the arms exchanged."""
    control, treatment = data.control, data.treatment
    if side > 0:
        limit = search_ratio(treatment, control, size)
    else:
        other = search_ratio(control, treatment, size)
        limit = np.where(np.isinf(other), -1.0, -other / (1 + other))
    return np.where(data.x_c > 0, limit, np.nan)


def _in_order(limits: list[FloatArray], critical: FloatArray) -> Interval:
    """Exchange the limits of a tail above one half."""
    lower, upper = limits
    turned = critical < 0
    if not turned.any():
        return Interval(lower, upper)
    return Interval(np.where(turned, upper, lower), np.where(turned, lower, upper))


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
