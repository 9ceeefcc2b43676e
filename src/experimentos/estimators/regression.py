"""Adjustment by several covariates with one theta for all arms: the analysis of covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import positive
from experimentos.estimators.cuped import MINIMUM_UNITS_ADJUSTED
from experimentos.estimators.grouping import group_codes, totals
from experimentos.estimators.regressed import (
    Regressed,
    finish,
    is_usable,
    residual_variance,
    varies,
)
from experimentos.estimators.sweep import generalised_inverse

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.estimators.covariates import CrossMoments
    from experimentos.moments import FloatArray, IntArray


def adjust_by_regression(
    moments: CrossMoments,
    group: npt.ArrayLike,
    *,
    minimum_units: float = MINIMUM_UNITS_ADJUSTED,
) -> Regressed:
    r"""Adjust the means of arms by several covariates, theta within arms pooled over a group.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms: the outcome and p covariates.
    group : array of int, shape (k,)
        Metric group of each arm, numbered from 0: theta and the covariate means are the group's.
    minimum_units : float
        Fewest units of an arm for the group to be adjusted.

    Returns
    -------
    Regressed, fields of shape (k, ...)
        For `compare_regressed`. NaN in a group where an arm has fewer units or an undefined
        moment, or where no covariate varies. A covariate that does not vary, or that those before
        it explain (all but 1e-10 of its variance), is left out: its theta is 0.

    Raises
    ------
    ArgumentError
        If `group` is not one whole number from 0 for each arm, or `minimum_units` is not positive.

    Notes
    -----
    With :math:`M = \sum_k M_k` and :math:`c = \sum_k c_k` over arms, :math:`\theta = M^{-1} c` are
    the slopes of the least-squares fit with a mean for each arm [1]_. The residuals keep a variance
    for each arm, as in Welch's test: :math:`V(\theta) = M^{-1}(\sum_k \sigma_k^2 M_k) M^{-1}`.
    Where those are equal, the standard error is the usual one of the analysis of covariance.
    With one covariate, the estimate is that of `adjust`, which takes theta for known: what its
    estimation costs, about 2 / N of the variance for N units in all, is counted here.

    If effects depend on the covariates and the arms are of unequal size, the standard error stays
    right but may be larger than without adjustment [2]_; `adjust_interacted` is not.

    References
    ----------
    .. [1] W. G. Cochran (1957), Biometrics 13, 261-281.
    .. [2] D. A. Freedman (2008), Advances in Applied Mathematics 40, 180-193.

    Examples
    --------
    >>> from experimentos.estimators import CrossMoments, compare_regressed
    >>> earnings = CrossMoments(  # NSW job training: earnings of 1978, with those of 1975
    ...     n=[260.0, 185.0],
    ...     mean=[[4554.801126, 1266.909002], [6349.143530, 1532.055314]],
    ...     c2=[
    ...         [[7788766409.69, 385951921.66], [385951921.66, 2493780869.01]],
    ...         [[11388867248.63, 347501721.81], [347501721.81, 1906898014.08]],
    ...     ],
    ... )
    >>> found = adjust_by_regression(earnings, [0, 0])
    >>> compare_regressed(found.take([0]), found.take([1])).estimate.round()  # 1794 unadjusted
    array([1750.])
    """
    codes = group_codes("group", group, moments.n.size)
    least = float(positive("minimum_units", minimum_units))
    with np.errstate(all="ignore"):
        slope, inverse = slopes(moments, codes, least)
        theta = slope[codes]
        variance, df = residual_variance(moments, theta, inverse[codes])
        middle = totals(codes, variance[:, None, None] * moments.spread)
        found = (inverse @ middle @ inverse)[codes]
        return finish(moments, codes, theta, (variance, df), (found, found))


def slopes(
    moments: CrossMoments, group: IntArray, minimum_units: float
) -> tuple[FloatArray, FloatArray]:
    """Coefficients within arms, pooled over each group.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms.
    group : array of int, shape (k,)
        Metric group of each arm.
    minimum_units : float
        Fewest units of an arm.

    Returns
    -------
    theta : array of shape (g, p)
        One row per group; NaN where it cannot be adjusted.
    inverse : array of shape (g, p, p)
        Inverse of the pooled cross-products.
    """
    refused = totals(group, (~is_usable(moments, minimum_units)).astype(np.float64)) > 0
    scale = totals(group, moments.n[:, None] * moments.covariate_mean**2)
    spread = totals(group, moments.spread)
    inverse, kept = generalised_inverse(spread, varies(spread, scale))
    theta = np.einsum("gij,gj->gi", inverse, totals(group, moments.product))
    theta[refused | ~kept.any(axis=1)] = np.nan
    return theta, inverse
