r"""Quantiles with order-statistic (Woodruff) standard errors, clustered by unit.

No density is estimated. Let :math:`V` be the variance of the share :math:`\hat p` of an arm's
observations at or below a threshold near the quantile: the ratio, over units, of observations at or
below to observations. Woodruff's interval [1]_ reads the arm's own order statistics at the shares
:math:`q \pm z s`, and its width is :math:`2z` standard errors of the quantile [2]_. The threshold
is the quantile of all arms pooled, so that the arms share it. Where an effect moves an arm's share
away from :math:`q`, its variance is carried back:

.. math:: s^2 = V \, \frac{q (1 - q)}{\hat p (1 - \hat p)}, \qquad
          n_{\mathrm{eff}} = n \, \frac{\hat p (1 - \hat p) / (n - 1)}{V}.

**Ties.** With values that come in steps (rounded, or with a hole in their distribution) the sample
quantile jumps from one to the next: where both neighbours of a step lie inside the interval, its
standard deviation is up to half the step :math:`g`, and far more than the width says. Without
allowing for that, two arms drawn alike differ "significantly" in up to every second experiment
once steps are beyond three standard errors. So

.. math:: \mathrm{se}^2 = \left(\frac{x_U - x_L}{2z}\right)^2 + \left(\frac{g}{2}\right)^2,

:math:`g` being the largest distance between neighbouring values inside the interval. Where values
are fine it adds about 6 % to the standard error with the fewest observations allowed, and under
1 % with a thousand beyond the quantile. Where one tied value fills the whole interval there is no
standard error at all.

`experimentos.estimators.quantile_inputs` says how SQL gets the inputs, and gets them from arrays.

References
----------
.. [1] R. S. Woodruff (1952), Journal of the American Statistical Association 47, 635-646.
.. [2] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experimentos.arguments import probability
from experimentos.errors import MomentsError
from experimentos.estimators.comparison import Comparison
from experimentos.estimators.ratio import ratio
from experimentos.moments import EPSILON, FloatArray, JointMoments, _ArrayStruct, divide

WOODRUFF_Z = 1.96
MINIMUM_BEYOND = 50.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Shares(_ArrayStruct):
    """Where in an arm's sorted observations Woodruff's interval begins and ends.

    Parameters
    ----------
    effective_n : array of shape (k,)
        Independent observations that would tell as much as these; at most the observations.
    std_error : array of shape (k,)
        Standard error of the share of observations below the quantile.
    lower, upper : array of shape (k,)
        Shares ``q - 1.96 std_error`` and ``q + 1.96 std_error`` to read order statistics at.
    """

    effective_n: FloatArray
    std_error: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class OrderStatistics(_ArrayStruct):
    """Values of an arm's sorted observations, interpolated linearly (type 7).

    Parameters
    ----------
    quantile : array of shape (k,)
        Share ``q`` below the quantile, such as 0.9.
    value, lower, upper : array of shape (k,)
        Values at the shares ``q``, `Shares.lower` and `Shares.upper`, in metric units.
    largest_gap : array of shape (k,)
        Largest distance between neighbouring distinct observations between `lower` and `upper`, in
        metric units; 0 leaves out the allowance for ties.

    Raises
    ------
    MomentsError
        If shapes differ, a quantile is outside (0, 1), the values do not increase, or a gap is
        negative. NaN is allowed: it means undefined.
    """

    quantile: FloatArray
    value: FloatArray
    lower: FloatArray
    upper: FloatArray
    largest_gap: FloatArray

    def _check(self) -> None:
        q = self.quantile
        _require("quantile", "in (0, 1)", q, ~((q <= 0) | (q >= 1)))
        _require("largest_gap", "0 or more", self.largest_gap, ~(self.largest_gap < 0))
        slack = _ROUNDING * np.maximum(np.abs(self.lower), np.abs(self.upper))
        with np.errstate(invalid="ignore"):
            rises = ~((self.value < self.lower - slack) | (self.upper < self.value - slack))
        _require("value", "between `lower` and `upper`", self.value, rises)


@dataclass(frozen=True)
class Quantile(_ArrayStruct):
    """A quantile of each arm with its standard error.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    value, std_error : array of shape (k,)
        Quantile and its standard error, in metric units; the latter NaN where it is undefined.
    """

    n: FloatArray
    value: FloatArray
    std_error: FloatArray


def woodruff_shares(indicator: JointMoments, quantile: npt.ArrayLike) -> Shares:
    """Shares at which to read the order statistics that give the standard error.

    Parameters
    ----------
    indicator : JointMoments, fields of shape (k,)
        Over the units of an arm: `num` is a unit's observations at or below the quantile of all
        arms pooled, `den` all its observations (1 where a unit has one).
    quantile : float or array of shape (k,)
        Share below the quantile, such as 0.9.

    Returns
    -------
    Shares, fields of shape (k,)
        NaN where the share has no variance: fewer than two units, or no observation on one side
        of the pooled quantile.

    Raises
    ------
    ArgumentError
        If `quantile` is not between 0 and 1.
    MomentsError
        If more observations are below the pooled quantile than there are.

    Examples
    --------
    >>> half_of_100 = JointMoments.of_mean([100.0], [0.5], [25.0])
    >>> shares = woodruff_shares(half_of_100, 0.5)
    >>> shares.effective_n, shares.lower.round(4), shares.upper.round(4)
    (array([100.]), array([0.4015]), array([0.5985]))
    """
    return _shares(indicator, probability("quantile", quantile, indicator.n.shape))


def _shares(indicator: JointMoments, q: FloatArray) -> Shares:
    share = ratio(indicator)
    _require("mean_num / mean_den", "at most 1", share.mean, ~(share.mean > 1 + _ROUNDING))
    n = indicator.n * indicator.mean_den
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        variance = np.where(share.variance_of_mean > 0, share.variance_of_mean, np.nan)
        bernoulli = share.mean * (1 - share.mean)
        bernoulli = np.where(bernoulli > 0, bernoulli, np.nan)
        effective = n * (bernoulli / (n - 1) / variance)
        std_error = np.sqrt(variance * (q * (1 - q) / bernoulli))
    return Shares(
        effective_n=np.minimum(effective, n),
        std_error=std_error,
        lower=q - WOODRUFF_Z * std_error,
        upper=q + WOODRUFF_Z * std_error,
    )


def woodruff(indicator: JointMoments, found: OrderStatistics) -> Quantile:
    """Quantiles with their standard errors.

    Parameters
    ----------
    indicator : JointMoments, fields of shape (k,)
        As for `woodruff_shares`.
    found : OrderStatistics, fields of shape (k,)
        Read at the shares that `woodruff_shares` gives for the same indicator.

    Returns
    -------
    Quantile, fields of shape (k,)
        `std_error` is NaN where ``min(q, 1 - q)`` times the effective number of observations is
        below 50, or `lower` and `upper` are one value.

    Raises
    ------
    MomentsError
        If more observations are below the pooled quantile than there are.

    Examples
    --------
    >>> half_of_100 = JointMoments.of_mean([100.0], [0.5], [25.0])
    >>> median = OrderStatistics([0.5], [50.5], [40.7], [60.3], [1.0])  # of 1, 2, ..., 100
    >>> woodruff(half_of_100, median).std_error.round(3)  # 5.025 without the steps of 1
    array([5.025])
    """
    q = found.quantile
    shares = _shares(indicator, q)
    with np.errstate(invalid="ignore", over="ignore"):
        spread = found.upper - found.lower
        # Interpolation between equal values may leave their last digit.
        rounding = 4 * EPSILON * np.maximum(np.abs(found.lower), np.abs(found.upper))
        std_error = np.hypot(spread / (2 * WOODRUFF_Z), found.largest_gap / 2)
        beyond = np.minimum(q, 1 - q) * shares.effective_n
        enough = beyond >= MINIMUM_BEYOND * (1 - _ROUNDING)
        defined = enough & (spread > rounding) & np.isfinite(std_error) & np.isfinite(found.value)
    return Quantile(
        n=indicator.n, value=found.value, std_error=np.where(defined, std_error, np.nan)
    )


def compare_quantiles(control: Quantile, treatment: Quantile) -> Comparison:
    """Set quantiles of independent arms side by side.

    Parameters
    ----------
    control, treatment : Quantile, fields of shape (k,)
        The two arms; element ``i`` of each is one comparison.

    Returns
    -------
    Comparison, fields of shape (k,)
        With infinite degrees of freedom: the statistic is normal. NaN where a standard error is.
    """
    var_control, var_treatment = control.std_error**2, treatment.std_error**2
    defined = ~np.isnan(var_control + var_treatment)
    return Comparison(
        n_control=control.n,
        n_treatment=treatment.n,
        mean_control=control.value,
        mean_treatment=treatment.value,
        var_control=var_control,
        var_treatment=var_treatment,
        covariance=np.zeros_like(var_control),
        df=np.where(defined, np.inf, np.nan),
    )


def compare_logarithms(comparison: Comparison) -> Comparison:
    r"""Comparison of the logarithms of two positive, independent values.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two values with their variances.

    Returns
    -------
    Comparison, fields of shape (k,)
        Its estimate is the log ratio; NaN where a value is not positive.

    Notes
    -----
    By the delta method, :math:`V(\log x) = V(x) / x^2`. A relative margin ``m`` is the boundary
    at weight 1 and shift ``log(1 + m)``.
    """
    logs = []
    for mean, variance in (
        (comparison.mean_control, comparison.var_control),
        (comparison.mean_treatment, comparison.var_treatment),
    ):
        positive = np.where(mean > 0, mean, np.nan)
        logs.append((np.log(positive), divide(divide(variance, positive), positive)))
    (mean_control, var_control), (mean_treatment, var_treatment) = logs
    return Comparison(
        n_control=comparison.n_control,
        n_treatment=comparison.n_treatment,
        mean_control=mean_control,
        mean_treatment=mean_treatment,
        var_control=var_control,
        var_treatment=var_treatment,
        covariance=np.zeros_like(var_control),
        df=comparison.df + 0 * (mean_control + mean_treatment),
    )


def _require(name: str, rule: str, values: FloatArray, is_allowed: npt.NDArray[np.bool_]) -> None:
    if not is_allowed.all():
        msg = f"quantiles: `{name}` must be {rule}, got {float(values[~is_allowed].flat[0])!r}"
        raise MomentsError(msg)
