"""Skewness of a difference of means, from the third moments of units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import same_shape
from experimentos.estimators.grouping import group_codes, totals
from experimentos.moments import FloatArray, _ArrayStruct, divide

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class ThirdMoments(_ArrayStruct):
    """Units of samples with their second and third central moments, one element per sample.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    m2, m3 : array of shape (k,)
        Sums of squared and of cubed deviations from the mean, in metric units squared and cubed.
    """

    n: FloatArray
    m2: FloatArray
    m3: FloatArray


def third_moments_of_rates(n: FloatArray, rate: FloatArray) -> ThirdMoments:
    """Moments of events: units are 1 or 0.

    Parameters
    ----------
    n, rate : array of shape (k,)
        Units, and the share of them with the event.

    Returns
    -------
    ThirdMoments, fields of shape (k,)
        NaN where either is.
    """
    m2 = n * rate * (1 - rate)
    return ThirdMoments(n=n, m2=m2, m3=m2 * (1 - 2 * rate))


def difference_skewness(control: ThirdMoments, treatment: ThirdMoments) -> FloatArray:
    r"""Skewness of the difference of two means, if units of both arms vary alike.

    Parameters
    ----------
    control, treatment : ThirdMoments, fields of shape (k,)
        Moments of the two arms; element ``i`` of each is one comparison.

    Returns
    -------
    array of shape (k,)
        0 where the arms have as many units. NaN where an arm has none, where units do not vary, or
        where a third moment is not known.

    Raises
    ------
    ArgumentError
        If the arms have different shapes.

    Notes
    -----
    :math:`\gamma = g (n_t^{-2} - n_c^{-2}) / (n_t^{-1} + n_c^{-1})^{3/2}`, where :math:`g = (M_3/N)
    / (M_2/N)^{3/2}` is the skewness of the units of both arms about the means of their own. Blind
    to which arm a large value is in: the third moment of a small arm by itself would be the smaller
    the fewer large values it happens to have, as are its mean and its variance.

    Examples
    --------
    >>> control = ThirdMoments(n=[9600.0], m2=[9600.0], m3=[96000.0])  # a skewness of 10
    >>> difference_skewness(control, ThirdMoments(n=[400.0], m2=[400.0], m3=[4000.0])).round(3)
    array([0.469])
    """
    same_shape(control=control.n, treatment=treatment.n)
    n_c, n_t = control.n, treatment.n
    with np.errstate(all="ignore"):
        units = n_c + n_t
        spread = (control.m2 + treatment.m2) / units
        of_units = divide((control.m3 + treatment.m3) / units, spread**1.5)
        known = (n_c > 0) & (n_t > 0) & (spread > 0) & np.isfinite(of_units)
        # (a^2 - b^2) / (a + b)^1.5 of the inverse sizes.
        lean = (1 / n_t - 1 / n_c) / np.sqrt(1 / n_t + 1 / n_c)
        return np.where(known, of_units * lean, np.nan)


def combined_skewness(
    skewness: FloatArray, std_error: FloatArray, group: npt.ArrayLike, weight: FloatArray
) -> FloatArray:
    r"""Skewness of a weighted sum of independent differences, such as those of periods.

    Parameters
    ----------
    skewness, std_error : array of shape (m,)
        Of the differences.
    group : array of int, shape (m,)
        Combination each is part of, numbered from 0.
    weight : array of shape (m,)
        As of `estimators.combine`.

    Returns
    -------
    array of shape (g,)
        NaN where one of the differences is.

    Raises
    ------
    ArgumentError
        If `group` is not one whole number from 0 for each.

    Notes
    -----
    Third cumulants add up: :math:`\gamma = \sum_j (w_j s_j)^3 \gamma_j / (\sum_j w_j^2
    s_j^2)^{3/2}`.

    Examples
    --------
    >>> half, one = np.full(4, 0.25), np.ones(4)  # of four periods alike it is halved
    >>> combined_skewness(0.2 * one, one, [0, 0, 0, 0], half)
    array([0.1])
    """
    codes = group_codes("group", group, skewness.size)
    part = weight * std_error
    with np.errstate(all="ignore"):
        return divide(totals(codes, part**3 * skewness), totals(codes, part**2) ** 1.5)
