"""Agresti and Caffo's interval: Wald's after one event and one non-event more in each arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.inference import score, wald
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate
from experimentos.inference.score import Counts

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray, Moments


def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided p-values dual to the interval, against any boundary.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary.

    Returns
    -------
    Tails, fields of shape (k,)
        The level at which the limit of the interval is at the boundary.
    """
    return wald.contrast_tails(_adjusted(comparison), null)


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
        Within -1 and 1; about the difference of the adjusted rates, not the observed ones.
    """
    return wald.difference_limits(_adjusted(comparison), tail)


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Fieller's limits for the lift, from the adjusted rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions of at least -1; NaN where control has no event or its rate is not separated
        from 0.
    """
    limits = wald.lift_limits(_adjusted(comparison), tail)
    none = ~(score.counts(comparison).x_c > 0)
    return Interval(np.where(none, np.nan, limits.lower), np.where(none, np.nan, limits.upper))


def agresti_caffo(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for two proportions after adding one event and one non-event to each.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage near ``1 - alpha`` in small samples too.

    Returns
    -------
    Effect, fields of shape (k,)
        `estimate`, `std_error` and `lift` are those of the observed rates.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Notes
    -----
    With :math:`\tilde p = (x + 1)/(n + 2)`, :math:`\tilde p_t - \tilde p_c \pm z \sqrt{\tilde p_t
    \tilde q_t/(n_t + 2) + \tilde p_c \tilde q_c/(n_c + 2)}` [1]_. The p-value is the level at
    which this interval ends at the boundary. The authors give no interval for a ratio; here it is
    Fieller's from the same adjusted rates, so that it excludes 0 exactly when the difference does.

    References
    ----------
    .. [1] A. Agresti, B. Caffo (2000), The American Statistician 54, 280-288.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> effect = agresti_caffo(from_counts(1, 34), from_counts(7, 34))
    >>> effect.lower.round(4), effect.upper.round(4)  # Fagerland et al. (2017): 0.0116, 0.3217
    (array([0.0116]), array([0.3217]))
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def _adjusted(comparison: Comparison) -> Counts:
    data = score.counts(comparison)
    return Counts(x_c=data.x_c + 1, n_c=data.n_c + 2, x_t=data.x_t + 1, n_t=data.n_t + 2)


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
