"""Ratios of two rates: Katz's interval on the log scale, and Koopman's.

The third usual one, Fieller's theorem for rates, is the lift interval of `wald`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.inference import score, wald
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import (
    Effect,
    Interval,
    Method,
    Null,
    Tails,
    evaluate,
    no_effect,
    on_the_side_of,
)

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.inference.score import Counts
    from experimentos.moments import FloatArray, Moments


def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided p-values of Katz's statistic against a ratio of rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary: any weight above 0 with shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN at a shift other than 0, where an arm has no event, and where there are only events.
    """
    data = score.counts(comparison)
    log_ratio, deviation = _log_ratio(data)
    with np.errstate(divide="ignore", invalid="ignore"):
        boundary = np.where((null.weight > 0) & (null.shift == 0), np.log(null.weight), np.nan)
        statistic = (log_ratio - boundary) / deviation
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Wald's limits for the difference, on the side of 0 that the test of the ratio says.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        It excludes 0 exactly when Katz's interval of the ratio excludes 1. NaN where the test is.
    """
    found = tails(comparison, no_effect(comparison))
    return on_the_side_of(found, wald.interval(comparison, tail), tail)


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Katz's limits for the ratio of two rates less 1.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions above -1; NaN where an arm has no event.
    """
    log_ratio, deviation = _log_ratio(score.counts(comparison))
    with np.errstate(over="ignore", invalid="ignore"):
        half_width = -ndtri(tail) * deviation
        return Interval(np.expm1(log_ratio - half_width), np.expm1(log_ratio + half_width))


def katz(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and interval for the ratio of two proportions on the log scale.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; the lift interval has coverage ``1 - alpha`` in large samples.

    Returns
    -------
    Effect, fields of shape (k,)
        Test and lift limits are Katz's; the limits of the difference are Wald's, moved where
        needed to the side of 0 that the test says. NaN where an arm has no event.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Notes
    -----
    :math:`\log \hat R \pm z \sqrt{1/x_t - 1/n_t + 1/x_c - 1/n_c}`, :math:`\hat R = \hat p_t / \hat
    p_c` [1]_.

    References
    ----------
    .. [1] D. Katz, J. Baptista, S. P. Azen, M. C. Pike (1978), Biometrics 34, 469-474, method C.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> effect = katz(from_counts(1, 34), from_counts(7, 34))
    >>> (1 + effect.lift_lower).round(4), (1 + effect.lift_upper).round(4)
    (array([0.9096]), array([53.8695]))
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def koopman(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and interval for the ratio of two proportions by inverting the chi-square test.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        The lift limits are Koopman's. This is `score` under another name: its limits of the
        difference come with it.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Notes
    -----
    The ratios :math:`R` at which Pearson's chi-square of the two arms, with expected counts from
    the rates of largest likelihood given :math:`R`, is below its critical value [1]_. That
    chi-square is the square of the score statistic of :math:`p_t - R p_c`, without the factor
    :math:`N/(N-1)` of Miettinen and Nurminen.

    References
    ----------
    .. [1] P. A. R. Koopman (1984), Biometrics 40, 513-517.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> effect = koopman(from_counts(16, 80), from_counts(36, 40))  # the example of [1]_
    >>> (1 + effect.lift_lower).round(2), (1 + effect.lift_upper).round(2)
    (array([2.94]), array([7.15]))
    """
    return evaluate(score.METHOD, compare_arms(control, treatment), alpha=alpha)


def _log_ratio(data: Counts) -> tuple[FloatArray, FloatArray]:
    """Log of the ratio of rates and its standard deviation, NaN where either is undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p_c, p_t = data.x_c / data.n_c, data.x_t / data.n_t
        lift = data.difference / p_c
        # Near 1 by the difference, whose digits the ratio has lost.
        log_ratio = np.where(np.abs(lift) < 0.5, np.log1p(lift), np.log(p_t / p_c))
        variance = (data.n_c - data.x_c) / (data.x_c * data.n_c)
        variance = variance + (data.n_t - data.x_t) / (data.x_t * data.n_t)
        defined = (data.x_c > 0) & (data.x_t > 0) & (variance > 0)
        deviation = np.sqrt(np.where(defined, variance, np.nan))
    return np.where(defined, log_ratio, np.nan), deviation


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
