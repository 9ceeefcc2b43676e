"""The Miettinen-Nurminen score statistic for two proportions, without its N/(N-1) factor.

Computed on the rarer kind of outcome and with the lower rate first, so that no digit is lost at
rates near 0 or 1.
"""

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
from experimentos.inference.score_search import search_difference, search_lift
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
    """
    data = counts(comparison)
    statistic = pooled_statistic(data)
    rest = np.flatnonzero((null.weight != 1) | (null.shift != 0))
    if rest.size:
        few, weight = data.take(rest), null.weight[rest]
        shifted = difference_statistic(few, null.shift[rest])
        statistic[rest] = np.where(weight != 1, ratio_statistic(few, weight), shifted)
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates, by inverting the score test.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Within -1 and 1.
    """
    data, critical = counts(comparison), -ndtri(tail)
    given = (data.x_c, data.n_c), (data.x_t, data.n_t)
    estimate, limits = data.difference, []
    for side, (first, second) in ((-1.0, given), (1.0, given[::-1])):
        distance, solved = difference_distance(*first, *second, critical)
        limit = estimate + side * distance
        rest = np.flatnonzero(~solved)
        if rest.size:
            limit[rest] = search_difference(data.take(rest), critical[rest], side)
        limits.append(limit)
    return Interval(*limits)


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate, by inverting the score test of the ratio.

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
    data, critical = counts(comparison), -ndtri(tail)
    limits = []
    for side in (-1.0, 1.0):
        limit, solved = lift_limit(data.x_c, data.n_c, data.x_t, data.n_t, critical, side=side)
        rest = np.flatnonzero(~solved)
        if rest.size:
            limit[rest] = search_lift(data.take(rest), critical[rest], side)
        limits.append(limit)
    return Interval(*limits)


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


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
