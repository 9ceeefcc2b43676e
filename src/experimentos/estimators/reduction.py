"""What covariates save: the share of variance that an adjustment removes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import positive
from experimentos.estimators.cuped import MINIMUM_UNITS_ADJUSTED
from experimentos.estimators.grouping import group_codes, totals
from experimentos.estimators.regressed import residual_variance
from experimentos.estimators.regression import slopes
from experimentos.moments import FloatArray, divide

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.estimators.comparison import Comparison
    from experimentos.estimators.covariates import CrossMoments


def variance_removed(plain: Comparison, adjusted: Comparison) -> FloatArray:
    """Share of the variance of the difference that an adjustment removed.

    Parameters
    ----------
    plain, adjusted : Comparison, fields of shape (k,)
        The same comparisons without and with adjustment.

    Returns
    -------
    array of shape (k,)
        Below 0 where adjustment added variance; NaN where either is undefined. As many units
        would be needed without adjustment as ``1 / (1 - share)`` times those there are.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> arms = [Moments([4.0], [0.0], [m2]) for m2 in (8.0, 6.0)]
    >>> variance_removed(compare(arms[0], arms[0]), compare(arms[1], arms[1]))
    array([0.25])
    """
    return 1 - divide(adjusted.std_error**2, plain.std_error**2)


def share_explained(
    moments: CrossMoments,
    group: npt.ArrayLike,
    *,
    minimum_units: float = MINIMUM_UNITS_ADJUSTED,
) -> FloatArray:
    r"""Share of the variance within arms that covariates explain, for planning the next test.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms: the outcome and p covariates.
    group : array of int, shape (k,)
        Metric group of each arm, numbered from 0.
    minimum_units : float
        Fewest units of an arm for the group to be adjusted.

    Returns
    -------
    array of shape (g,)
        One element per group, less than 0 where covariates explain less than chance would. NaN
        where `adjust_by_regression` is.

    Raises
    ------
    ArgumentError
        If `group` is not one whole number from 0 for each arm, or `minimum_units` is not positive.

    Notes
    -----
    :math:`1 - \frac{\sum r^2 / (N - K - p)}{\sum_k M_{2,k} / (N - K)}` over N units in K arms: the
    R-squared of the fit adjusted for its p slopes [1]_, so that useless covariates count 0 on
    average. With one covariate it estimates the squared correlation within arms.

    References
    ----------
    .. [1] H. Theil (1961), Economic Forecasts and Policy, 2nd ed., section 6.4.

    Examples
    --------
    >>> from experimentos.estimators import CrossMoments
    >>> spend = CrossMoments(  # Hillstrom's e-mail: last year's spending explains next to nothing
    ...     n=[21306.0, 21307.0],
    ...     mean=[[0.652789, 240.8827], [1.422617, 242.8359]],
    ...     c2=[
    ...         [[2860971.0, 917658.4], [917658.4, 1360903427.0]],
    ...         [[6715903.0, 2496758.8], [2496758.8, 1444228971.0]],
    ...     ],
    ... )
    >>> share_explained(spend, [0, 0]).round(4)
    array([0.0004])
    """
    codes = group_codes("group", group, moments.n.size)
    least = float(positive("minimum_units", minimum_units))
    with np.errstate(all="ignore"):
        theta, inverse = slopes(moments, codes, least)
        variance, df = residual_variance(moments, theta[codes], inverse[codes])
        left = divide(totals(codes, variance * df), totals(codes, df))
        before = divide(totals(codes, moments.outcome.m2), totals(codes, moments.n - 1))
        return 1 - divide(left, before)
