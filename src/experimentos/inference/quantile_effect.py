r"""The normal statistic for two quantiles: differences as they are, ratios on the log scale.

A boundary in metric units is tested on the difference, a relative one on the log ratio: quantiles
that are compared in percent, such as latencies, are skew, and the log is nearer to normal. So the
limits of the lift exclude a relative margin exactly when its test rejects, and the limits of the
difference exclude 0 exactly when the test of no effect does; lift limits and that test may differ
where p is within second order of alpha.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.arguments import probability
from experimentos.estimators.quantile import Quantile, compare_logarithms, compare_quantiles
from experimentos.inference.effect import (
    Effect,
    Interval,
    Method,
    Null,
    Tails,
    evaluate,
    lift,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray


def tails(comparison: Comparison, null: Null) -> Tails:
    r"""One-sided p-values against a boundary.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two quantiles with their variances.
    null : Null, fields of shape (k,)
        Boundary to test; relative where its weight is not 1 and its shift is 0.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN where a variance is, and at a relative boundary where a quantile is not positive.

    Notes
    -----
    :math:`z = (x_t - x_c - d) / \sqrt{v_t + v_c}` for a boundary :math:`d`, and
    :math:`z = \log(x_t / (w x_c)) / \sqrt{v_t / x_t^2 + v_c / x_c^2}` for a weight :math:`w`.
    """
    weight, shift = null.weight, null.shift
    variance = comparison.var_treatment + weight**2 * comparison.var_control
    contrast = comparison.estimate - (weight - 1) * comparison.mean_control - shift
    logs = compare_logarithms(comparison)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        linear = contrast / np.sqrt(np.where(variance > 0, variance, np.nan))
        log_weight = np.log(np.where(weight >= 0, weight, np.nan))
        relative = (_log_ratio(comparison) - log_weight) / logs.std_error
    statistic = np.where((weight != 1) & (shift == 0), relative, linear)
    return Tails(less=_normal_tail(statistic), greater=_normal_tail(-statistic))


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two quantiles with their variances.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        In metric units; NaN where the test is.
    """
    half_width = -ndtri(tail) * comparison.std_error
    return Interval(comparison.estimate - half_width, comparison.estimate + half_width)


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the ratio of the quantiles minus 1.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two quantiles with their variances.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions, dual to `tails` at a relative boundary; NaN where a quantile is not positive, or
        that of control is not separated from 0.
    """
    critical = -ndtri(tail)
    limits = _log_interval(comparison, critical)
    separated = comparison.mean_control > critical * np.sqrt(comparison.var_control)
    return Interval(
        np.where(separated, np.expm1(limits.lower), np.nan),
        np.where(separated, np.expm1(limits.upper), np.nan),
    )


def quantile_difference(
    control: Quantile, treatment: Quantile, *, alpha: npt.ArrayLike = 0.05
) -> Effect:
    """Test and intervals for the difference of two quantiles.

    Parameters
    ----------
    control, treatment : Quantile, fields of shape (k,)
        Quantiles of the two arms with their standard errors; element ``i`` of each is one
        comparison.
    alpha : float or array of shape (k,)
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        In metric units; all but `estimate` NaN where an arm has no standard error. The lift and
        its limits are those of the ratio, NaN where the control quantile is not separated from 0.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.

    References
    ----------
    .. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 4.

    Examples
    --------
    >>> control = Quantile(n=[9000.0], value=[480.0], std_error=[6.0])  # p90 in milliseconds
    >>> treatment = Quantile(n=[9000.0], value=[500.0], std_error=[8.0])
    >>> effect = quantile_difference(control, treatment)
    >>> effect.std_error, effect.p_value.round(4), effect.lower.round(2), effect.upper.round(2)
    (array([10.]), array([0.0455]), array([0.4]), array([39.6]))
    """
    return evaluate(METHOD, compare_quantiles(control, treatment), alpha=alpha)


def quantile_ratio(
    control: Quantile, treatment: Quantile, *, alpha: npt.ArrayLike = 0.05
) -> Effect:
    """Test and intervals for the ratio of two positive quantiles, on the log scale.

    Parameters
    ----------
    control, treatment : Quantile, fields of shape (k,)
        Quantiles of the two arms with their standard errors.
    alpha : float or array of shape (k,)
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        `estimate`, `std_error` and limits are of the log ratio, `lift` and its limits of the ratio
        minus 1; both sets of limits exclude 0 exactly when ``p_value < alpha``. NaN where a
        quantile is not positive; all but the estimates where an arm has no standard error.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.

    Examples
    --------
    >>> control = Quantile(n=[9000.0], value=[480.0], std_error=[6.0])
    >>> treatment = Quantile(n=[9000.0], value=[500.0], std_error=[8.0])
    >>> effect = quantile_ratio(control, treatment)
    >>> effect.lift.round(4), effect.lift_lower.round(4), effect.lift_upper.round(4)
    (array([0.0417]), array([0.001]), array([0.084]))
    """
    comparison = compare_quantiles(control, treatment)
    logs = compare_logarithms(comparison)
    tail = probability("alpha", alpha, comparison.df.shape) / 2
    limits = _log_interval(comparison, -ndtri(tail))
    ratio = _log_ratio(comparison)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(ratio / logs.std_error)
    return Effect(
        estimate=ratio,
        std_error=logs.std_error,
        p_value=2 * ndtr(-statistic),
        lower=limits.lower,
        upper=limits.upper,
        lift=lift(comparison) + 0 * ratio,
        lift_lower=np.expm1(limits.lower),
        lift_upper=np.expm1(limits.upper),
    )


def _log_ratio(comparison: Comparison) -> FloatArray:
    """Log of treatment over control, right to the last digit where they are close."""
    control, treatment = (
        np.where(mean > 0, mean, np.nan)
        for mean in (comparison.mean_control, comparison.mean_treatment)
    )
    with np.errstate(over="ignore"):
        return np.asarray(np.log1p((treatment - control) / control))


def _log_interval(comparison: Comparison, critical: FloatArray) -> Interval:
    """Limits for the log ratio."""
    ratio = _log_ratio(comparison)
    half_width = critical * compare_logarithms(comparison).std_error
    return Interval(ratio - half_width, ratio + half_width)


def _normal_tail(statistic: FloatArray) -> FloatArray:
    return np.asarray(ndtr(statistic), dtype=np.float64)


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
