"""Relative lift of one mean over another: by Fieller, by the delta method and on the log scale.

All three use the critical value of the difference. Fieller's is the one that decides: it agrees
with the test of the difference and keeps its coverage when the control mean is noisy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import probability
from experimentos.errors import ArgumentError
from experimentos.inference import welch
from experimentos.inference.effect import lift, null_at
from experimentos.moments import FloatArray, _ArrayStruct
from experimentos.student import lower_tail, upper_quantile

if TYPE_CHECKING:
    from experimentos.estimators import Comparison


@dataclass(frozen=True)
class Lift(_ArrayStruct):
    """Lift with its test and interval, one element per comparison.

    Parameters
    ----------
    estimate : array of shape (k,)
        Difference as a fraction of the absolute control mean.
    p_value : array of shape (k,)
        Two-sided, against the boundary asked for (no lift unless told).
    lower, upper : array of shape (k,)
        Limits: they exclude the boundary exactly where `p_value` is below alpha.
    """

    estimate: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray


def lift_fieller(
    comparison: Comparison, *, boundary: npt.ArrayLike = 0.0, alpha: npt.ArrayLike = 0.05
) -> Lift:
    r"""Lift by Fieller's theorem: a test of a linear contrast of the two means.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances and covariance.
    boundary : float or array of shape (k,)
        Lift to test against.
    alpha : float or array of shape (k,)
        Two-sided error rate; the interval has coverage ``1 - alpha``.

    Returns
    -------
    Lift, fields of shape (k,)
        NaN where the control mean is not separated from 0 at this level, but for the p-value,
        which is then at least that of the control mean being 0.

    Raises
    ------
    ArgumentError
        If alpha is not between 0 and 1.

    Notes
    -----
    Of the lifts :math:`L`, those at which :math:`\bar y_t - (1 + L) \bar y_c` is not rejected to
    differ from 0 [1]_; see `fieller.lift_interval`.

    References
    ----------
    .. [1] E. C. Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import from_sums
    >>> control = from_sums([44700.0], [2344795.0], [3068811771.0])  # Cookie Cats, rounds played
    >>> treatment = from_sums([45489.0], [2333530.0], [605052202.0])
    >>> found = lift_fieller(compare(control, treatment))
    >>> found.lower.round(4), found.upper.round(4)
    (array([-0.0681]), array([0.028]))
    """
    shape = comparison.df.shape
    tail, tested = probability("alpha", alpha, shape) / 2, _finite(boundary, shape)
    limits = welch.lift_interval(comparison, tail)
    null = null_at(comparison, tested, np.ones(shape, dtype=bool))
    p_value = welch.tails(comparison, null).two_sided
    p_value = np.maximum(p_value, np.minimum(1.0, 2 * welch.separation(comparison)))
    estimate = np.where(np.isnan(limits.lower), np.nan, lift(comparison))
    return _agreeing(Lift(estimate, p_value, limits.lower, limits.upper), tested, 2 * tail)


def lift_delta(
    comparison: Comparison, *, boundary: npt.ArrayLike = 0.0, alpha: npt.ArrayLike = 0.05
) -> Lift:
    r"""Lift by the delta method: a symmetric interval about the estimate.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances and covariance.
    boundary : float or array of shape (k,)
        Lift to test against.
    alpha : float or array of shape (k,)
        Two-sided error rate; the interval has coverage ``1 - alpha``.

    Returns
    -------
    Lift, fields of shape (k,)
        NaN where the control mean is 0, or no variance is left.

    Raises
    ------
    ArgumentError
        If alpha is not between 0 and 1.

    Notes
    -----
    :math:`V(\bar y_t / \bar y_c) \approx (v_t + R^2 v_c - 2 R k) / \bar y_c^2` with
    :math:`R = \bar y_t / \bar y_c` and covariance :math:`k` [1]_. Linear in the control mean: with
    a coefficient of variation of that mean above about 0.1 it misses more often than it says, on
    one side; and its test of no lift is not the test of the difference.

    References
    ----------
    .. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 2.2.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> drug_1 = Moments(n=[10.0], mean=[0.75], m2=[28.805])  # Student's sleep data
    >>> drug_2 = Moments(n=[10.0], mean=[2.33], m2=[36.081])
    >>> found = lift_delta(compare(drug_2, drug_1))
    >>> found.lower.round(4), found.upper.round(4)
    (array([-1.2208]), array([-0.1354]))
    """
    shape = comparison.df.shape
    tail, tested = probability("alpha", alpha, shape) / 2, _finite(boundary, shape)
    estimate, control = lift(comparison), np.abs(comparison.mean_control)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = 1 + comparison.estimate / comparison.mean_control
        std_error = np.sqrt(_positive(_contrast_variance(comparison, ratio))) / control
        p_value = 2 * lower_tail(comparison.df, -np.abs((estimate - tested) / std_error))
        half_width = upper_quantile(comparison.df, tail) * std_error
    found = Lift(estimate, p_value, estimate - half_width, estimate + half_width)
    return _agreeing(found, tested, 2 * tail)


def lift_log(
    comparison: Comparison, *, boundary: npt.ArrayLike = 0.0, alpha: npt.ArrayLike = 0.05
) -> Lift:
    r"""Lift by the delta method for the logarithm of the ratio of the two means.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means of one sign with their variances and covariance.
    boundary : float or array of shape (k,)
        Lift to test against. The p-value is NaN at one that no ratio above 0 gives: -1 or less for
        positive means.
    alpha : float or array of shape (k,)
        Two-sided error rate; the interval has coverage ``1 - alpha``.

    Returns
    -------
    Lift, fields of shape (k,)
        NaN where the means are not both positive or both negative. Limits of a positive mean are
        above -1.

    Raises
    ------
    ArgumentError
        If alpha is not between 0 and 1.

    Notes
    -----
    :math:`V(\log(\bar y_t / \bar y_c)) \approx v_t / \bar y_t^2 + v_c / \bar y_c^2 - 2 k / (\bar
    y_t \bar y_c)` [1]_: exchanging the arms gives the reciprocal interval, which the linear delta
    method does not.

    References
    ----------
    .. [1] D. Katz, J. Baptista, S. P. Azen, M. C. Pike (1978), Biometrics 34, 469-474, for rates.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> drug_1 = Moments(n=[10.0], mean=[0.75], m2=[28.805])  # Student's sleep data
    >>> drug_2 = Moments(n=[10.0], mean=[2.33], m2=[36.081])
    >>> found = lift_log(compare(drug_2, drug_1))
    >>> found.lower.round(4), found.upper.round(4)
    (array([-0.9404]), array([0.7375]))
    """
    shape = comparison.df.shape
    tail, tested = probability("alpha", alpha, shape) / 2, _finite(boundary, shape)
    control, treatment = comparison.mean_control, comparison.mean_treatment
    sign = np.where(control < 0, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        one_sign = np.where(control * sign * treatment * sign > 0, control, np.nan)
        ratio = treatment / one_sign
        # Through the difference: a small lift keeps its digits.
        centre = np.log1p(comparison.estimate / one_sign)
        variance = _contrast_variance(comparison, ratio) / treatment**2
        std_error = np.sqrt(_positive(variance))
        distance = centre - np.log1p(np.where(sign * tested > -1, sign * tested, np.nan))
        p_value = 2 * lower_tail(comparison.df, -np.abs(distance / std_error))
        half_width = upper_quantile(comparison.df, tail) * std_error
        low, high = np.expm1(centre - half_width), np.expm1(centre + half_width)
    negative = sign < 0
    found = Lift(
        estimate=np.where(np.isnan(ratio), np.nan, lift(comparison)),
        p_value=p_value,
        lower=np.where(negative, -high, low),
        upper=np.where(negative, -low, high),
    )
    return _agreeing(found, tested, 2 * tail)


def _contrast_variance(comparison: Comparison, ratio: FloatArray) -> FloatArray:
    """Variance of ``mean_treatment - ratio * mean_control``, metric units squared."""
    treatment, control = comparison.var_treatment, comparison.var_control
    return treatment + ratio**2 * control - 2 * ratio * comparison.covariance


def _positive(variance: FloatArray) -> FloatArray:
    return np.where(variance > 0, variance, np.nan)


def _finite(boundary: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    lifts = np.asarray(boundary, dtype=np.float64)
    if lifts.shape not in {(), shape} or np.isinf(lifts).any():
        msg = f"`boundary` must be a finite number or an array of shape {shape}, got {boundary!r}"
        raise ArgumentError(msg)
    return np.array(np.broadcast_to(lifts, shape))


def _agreeing(found: Lift, boundary: FloatArray, alpha: FloatArray) -> Lift:
    """Undo what rounding makes disagree: a limit within its rounding of the boundary."""
    rejected = found.p_value < alpha
    above = rejected & (found.estimate > boundary)
    below = rejected & (found.estimate < boundary)
    up, down = np.nextafter(boundary, np.inf), np.nextafter(boundary, -np.inf)
    lower = np.where(above, np.maximum(found.lower, up), np.minimum(found.lower, boundary))
    upper = np.where(below, np.minimum(found.upper, down), np.maximum(found.upper, boundary))
    untested = np.isnan(found.p_value)
    lower = np.where(below | untested, found.lower, lower)
    upper = np.where(above | untested, found.upper, upper)
    p_value = np.where(rejected & np.isnan(lower + upper), np.nan, found.p_value)
    return Lift(found.estimate, p_value, lower, upper)
