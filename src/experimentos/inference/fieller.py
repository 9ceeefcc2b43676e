"""Fieller's interval for the lift of one mean over another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.inference.effect import Interval

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray


def lift_interval(comparison: Comparison, critical: FloatArray) -> Interval:
    r"""Limits for the difference as a fraction of the absolute control mean.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances and covariance.
    critical : array of shape (k,)
        Critical value of the test of the difference.

    Returns
    -------
    Interval, fields of shape (k,)
        NaN where the control mean is not separated from 0 at this critical value: the set is then
        not an interval.

    Notes
    -----
    The lifts :math:`L` with :math:`(D - L m)^2 \le c^2 (V - 2 L k + L^2 v)` [1]_, where :math:`D`
    is the difference with variance :math:`V`, :math:`m` the control mean with variance :math:`v`,
    and :math:`k` their covariance. At :math:`L = 0` it is the test of the difference, and at a
    margin the test of the contrast, so that limits and p-values agree. Written in the difference
    and not in the ratio, nothing is lost where the lift is tiny.

    References
    ----------
    .. [1] E. C. Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.
    """
    square = critical**2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        # All in units of the control mean: no power of the metric can overflow.
        m = comparison.mean_control
        difference, variance = comparison.estimate / m, (comparison.std_error / m) ** 2
        v = comparison.var_control / m / m
        w = comparison.covariance / m / m
        k = w - v
        a = 1 - square * v
        b = difference - square * k
        c = difference**2 - square * variance
        # In the treatment's own terms, which do not cancel: a treatment without values has none.
        t, u = comparison.mean_treatment / m, comparison.var_treatment / m / m
        spread = u - 2 * t * w + t**2 * v
        discriminant = square * (spread - square * (v * u - w**2))
        # The root that does not cancel, and the other from the product of the two.
        stable = b + np.where(b < 0, -1.0, 1.0) * np.sqrt(np.maximum(discriminant, 0.0))
        first, second = stable / a, np.where(stable == 0, 0.0, c / stable)
    separated = (a > 0) & np.isfinite(c) & np.isfinite(first) & np.isfinite(second)
    low = np.where(separated, np.minimum(first, second), np.nan)
    high = np.where(separated, np.maximum(first, second), np.nan)
    negative = m < 0
    return Interval(np.where(negative, -high, low), np.where(negative, -low, high))
