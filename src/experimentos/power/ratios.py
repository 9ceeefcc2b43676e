"""Deviations to plan with for ratios and quantiles: from there on they are means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import not_negative, positive

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def ratio_sd(
    mean_numerator: npt.ArrayLike, mean_denominator: npt.ArrayLike, *,
    var_numerator: npt.ArrayLike, var_denominator: npt.ArrayLike, covariance: npt.ArrayLike,
) -> FloatArray:  # fmt: skip
    r"""Deviation of a ratio's linearised variable, to plan with as that of a mean.

    Parameters
    ----------
    mean_numerator, mean_denominator : float or array of shape (k,)
        Means over units.
    var_numerator, var_denominator : float or array of shape (k,)
        Variances over units.
    covariance : float or array of shape (k,)
        Covariance over units of numerator and denominator.

    Returns
    -------
    array of shape (k,)
        In units of the ratio, the `sd_control` or `sd_treatment` of `Means`; NaN where the
        denominator's mean is 0 or the variances cannot belong together.

    Raises
    ------
    ArgumentError
        If a variance is negative.

    Notes
    -----
    :math:`s^2 = (s_x^2 - 2 R s_{xy} + R^2 s_y^2) / \bar y^2` with :math:`R = \bar x / \bar y` [1]_.

    References
    ----------
    .. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD '18, 233-242.

    Examples
    --------
    >>> ratio_sd(2.0, 4.0, var_numerator=3.0, var_denominator=2.0, covariance=1.0)
    np.float64(0.39528470752104744)
    """
    var_x = not_negative("var_numerator", var_numerator)
    var_y = not_negative("var_denominator", var_denominator)
    x, y = np.asarray(mean_numerator, np.float64), np.asarray(mean_denominator, np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = x / y
        variance = (var_x - 2 * ratio * np.asarray(covariance) + ratio**2 * var_y) / y**2
        return np.sqrt(np.where(variance >= 0, variance, np.nan))[()]


def quantile_sd(std_error: npt.ArrayLike, n: npt.ArrayLike) -> FloatArray:
    r"""Deviation that a quantile's standard error stands for, to plan with as that of a mean.

    Parameters
    ----------
    std_error : float or array of shape (k,)
        Standard error of the quantile of one arm, in metric units.
    n : float or array of shape (k,)
        Units of the arm.

    Returns
    -------
    array of shape (k,)
        :math:`\sqrt{n}` times the standard error: what a unit would deviate if the quantile were
        a mean. In metric units.

    Raises
    ------
    ArgumentError
        If the standard error is negative or `n` not positive.

    Examples
    --------
    >>> quantile_sd(0.02, 10_000)
    np.float64(2.0)
    """
    return np.asarray(not_negative("std_error", std_error) * np.sqrt(positive("n", n)))[()]
