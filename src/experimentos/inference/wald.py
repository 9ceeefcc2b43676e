"""Wald's test and intervals of two proportions: normal, with unpooled variances.

The textbook interval, for comparison. It covers too rarely where events, or non-events, are few,
and has no width where an arm has none; `score` is better everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.estimators import Comparison
from experimentos.inference import fieller, score
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate

if TYPE_CHECKING:
    from experimentos.inference.score import Counts
    from experimentos.moments import FloatArray, Moments


def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided p-values against any boundary.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN where neither arm has both events and non-events.
    """
    return contrast_tails(score.counts(comparison), null)


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
        Within -1 and 1; NaN where the test is.
    """
    return difference_limits(score.counts(comparison), tail)


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Fieller's limits for the lift of a rate.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions of at least -1; NaN where the control rate is not separated from 0.
    """
    return lift_limits(score.counts(comparison), tail)


def wald(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for two proportions by normal approximation with unpooled variances.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha`` in large samples only.

    Returns
    -------
    Effect, fields of shape (k,)
        Where neither arm has both events and non-events, all but `estimate` are NaN.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Notes
    -----
    :math:`z = (\hat p_t - w \hat p_c - d) / \sqrt{v_t + w^2 v_c}`, :math:`v = \hat p (1 - \hat
    p)/n` [1]_. At a relative boundary that is Fieller's theorem for rates, so the lift limits
    exclude 0, and a margin, exactly when the test rejects.

    References
    ----------
    .. [1] R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, method 1.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> effect = wald(from_counts(48, 80), from_counts(56, 70))
    >>> effect.lower.round(4), effect.upper.round(4)  # [1]_, Table II: 0.0575, 0.3425
    (array([0.0575]), array([0.3425]))
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def contrast_tails(data: Counts, null: Null) -> Tails:
    """One-sided p-values of a linear contrast of two rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    null : Null, fields of shape (k,)
        Boundary.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN where the contrast has no variance.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        var_c, var_t = _variances(data)
        variance = var_t + null.weight**2 * var_c
        contrast = data.difference - (null.weight - 1) * (data.x_c / data.n_c) - null.shift
        statistic = np.where(variance > 0, contrast / np.sqrt(variance), np.nan)
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


def difference_limits(data: Counts, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates, cut off at -1 and 1.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        NaN where the difference has no variance.
    """
    with np.errstate(invalid="ignore"):
        variance = np.add(*_variances(data))
        half_width = -ndtri(tail) * np.sqrt(np.where(variance > 0, variance, np.nan))
    estimate = data.difference
    return Interval(np.maximum(estimate - half_width, -1), np.minimum(estimate + half_width, 1))


def lift_limits(data: Counts, tail: FloatArray) -> Interval:
    """Fieller's limits for the ratio of two rates less 1, cut off at -1.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        NaN where the control rate is not separated from 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        p_c = data.x_c / data.n_c
        var_c, var_t = _variances(data)
    exact = Comparison(
        n_control=data.n_c, n_treatment=data.n_t,
        mean_control=p_c, mean_treatment=p_c + data.difference,
        var_control=var_c, var_treatment=var_t,
        covariance=np.zeros_like(p_c), df=np.full_like(p_c, np.inf),
    )  # fmt: skip
    limits = fieller.lift_interval(exact, -ndtri(tail))
    return Interval(np.maximum(limits.lower, -1), limits.upper)


def _variances(data: Counts) -> tuple[FloatArray, FloatArray]:
    """Variances of the two rates, without a difference from 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            data.x_c * (data.n_c - data.x_c) / data.n_c**3,
            data.x_t * (data.n_t - data.x_t) / data.n_t**3,
        )


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
