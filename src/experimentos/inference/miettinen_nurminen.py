"""Miettinen and Nurminen's test and intervals: the score statistic with the factor N/(N-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.inference import score
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate
from experimentos.inference.score_statistic import (
    difference_statistic,
    pooled_statistic,
    ratio_statistic,
)

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray, Moments


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
        NaN where the statistic has no variance at the boundary.
    """
    data = score.counts(comparison)
    statistic = pooled_statistic(data) + 0 * (null.shift + null.weight)
    shifted, relative = null.shift != 0, null.weight != 1
    if shifted.any():
        statistic = np.where(shifted, difference_statistic(data, null.shift), statistic)
    if relative.any():
        statistic = np.where(relative, ratio_statistic(data, null.weight), statistic)
    statistic = statistic / _widening(comparison)
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
        Within -1 and 1.
    """
    return score.interval(comparison, _score_tail(comparison, tail))


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate.

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
    return score.lift_interval(comparison, _score_tail(comparison, tail))


def miettinen_nurminen(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for two proportions by the score statistic with its small-sample factor.

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

    Notes
    -----
    The statistic of `score` with its variance multiplied by :math:`N/(N-1)`, :math:`N = n_c + n_t`
    [1]_: no different in large samples, a little wider in small ones.

    References
    ----------
    .. [1] O. Miettinen, M. Nurminen (1985), Statistics in Medicine 4, 213-226.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> effect = miettinen_nurminen(from_counts(3, 10), from_counts(9, 10))
    >>> effect.lower.round(4), effect.upper.round(4)  # Newcombe (1998), Table II: 0.1700, 0.8406
    (array([0.17]), array([0.8406]))
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def _widening(comparison: Comparison) -> FloatArray:
    """Square root of N/(N-1)."""
    units = comparison.n_control + comparison.n_treatment
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(np.where(units > 1, units / (units - 1), np.nan))


def _score_tail(comparison: Comparison, tail: FloatArray) -> FloatArray:
    """Error rate at which the score limits without the factor are these."""
    return np.asarray(ndtr(ndtri(tail) * _widening(comparison)))


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
