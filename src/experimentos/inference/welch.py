"""Welch's t statistic for means, ratios and adjusted means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import probability, same_shape
from experimentos.estimators import Comparison
from experimentos.estimators import compare as _compare
from experimentos.inference import fieller
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate, in_blocks
from experimentos.student import both_tails, lower_tail, upper_quantile

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, Moments


def tails(comparison: Comparison, null: Null) -> Tails:
    r"""One-sided p-values of a linear contrast of two means.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    null : Null, fields of shape (k,)
        Boundary to test.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN where an arm has fewer than two units or neither varies. Non-inferiority to a
        relative margin needs `separation` too.

    Notes
    -----
    :math:`t = (\bar y_t - w \bar y_c - d) / \sqrt{v_t + w^2 v_c - 2 w c}`, on the degrees of
    freedom of the difference, so that the Fieller interval is dual to it.
    """
    return Tails(*both_tails(comparison.df, statistic_of(comparison, null)))


def statistic_of(comparison: Comparison, null: Null) -> FloatArray:
    """Studentised contrast of two means.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    null : Null, fields of shape (k,)
        Boundary to test.

    Returns
    -------
    array of shape (k,)
        NaN where the contrast has no variance.
    """
    weight, shift = null.weight, null.shift
    variance = (
        comparison.var_treatment
        + weight**2 * comparison.var_control
        - 2 * weight * comparison.covariance
    )
    # The estimate first: at weight 1 it is exactly the reported difference.
    contrast = comparison.estimate - (weight - 1) * comparison.mean_control - shift
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(variance > 0, contrast / np.sqrt(variance), np.nan)


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        In metric units; NaN where the test is.
    """
    half_width = upper_quantile(comparison.df, tail) * comparison.std_error
    return Interval(comparison.estimate - half_width, comparison.estimate + half_width)


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Fieller's limits for the lift, with the critical value of the difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where the control mean is not separated from 0.
    """
    return fieller.lift_interval(comparison, upper_quantile(comparison.df, tail))


def separation(comparison: Comparison) -> FloatArray:
    """One-sided p-value of the control mean being 0, on its observed side.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.

    Returns
    -------
    array of shape (k,)
        At most the one-sided error rate exactly where `lift_interval` is defined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = -np.abs(comparison.mean_control) / np.sqrt(comparison.var_control)
    return lower_tail(comparison.df, statistic)


def welch(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for a difference in means, variances not assumed equal.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Moments of the two arms; element ``i`` of each is one comparison. The linearised moments
        of `estimators.ratio` make it the delta method.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        Where an arm has fewer than two units, or neither varies, all but `estimate` are NaN.

    Raises
    ------
    ArgumentError
        If the arms have different shapes, or `alpha` is not between 0 and 1.

    Notes
    -----
    :math:`\nu = (v_c + v_t)^2 / (v_c^2/(n_c-1) + v_t^2/(n_t-1))`, :math:`v = s^2/n` [1]_.

    References
    ----------
    .. [1] B. L. Welch (1947), Biometrika 34, 28-35.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> drug_1 = Moments(n=[10.0], mean=[0.75], m2=[28.805])
    >>> drug_2 = Moments(n=[10.0], mean=[2.33], m2=[36.081])
    >>> welch(drug_1, drug_2).p_value.round(5)  # Student's sleep data
    array([0.07939])
    """
    shape = same_shape(control=control.n, treatment=treatment.n)
    rates = probability("alpha", alpha, shape)
    return in_blocks(
        lambda c, t, level: evaluate(METHOD, _compare(c, t), alpha=level), control, treatment, rates
    )


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
