"""How many of the launches are of variants that are no better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import numbers, probability, same_shape
from experimentos.errors import ArgumentError
from experimentos.program.families import Families

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray


@dataclass(frozen=True)
class FalseLaunches:
    """What is expected of launches, one per family.

    Parameters
    ----------
    null_share : array of shape (f,)
        Estimated share of experiments without a benefit; NaN where none has a p-value.
    expected : array of shape (f,)
        Launches expected among those without a benefit, at most (count).
    launched : array of shape (f,)
        Launches (count).
    rate : array of shape (f,)
        `expected` over `launched`, at most 1; NaN without a launch.
    """

    null_share: FloatArray
    expected: FloatArray
    launched: FloatArray
    rate: FloatArray


def null_share(p: npt.ArrayLike, family: npt.ArrayLike, *, threshold: float = 0.5) -> FloatArray:
    r"""Estimate the share of hypotheses that are true from the p-values that are large.

    Parameters
    ----------
    p : array of shape (k,)
        p-values; NaN where missing, which are left out.
    family : array of int, shape (k,)
        Family of each, numbered from 0.
    threshold : float
        What counts as large.

    Returns
    -------
    array of shape (f,)
        One per family number; NaN without a p-value. It errs upwards: p-values of true hypotheses
        that tend to be larger than uniform (one-sided tests of what is worse, tests over many
        looks) count as more than one.

    Raises
    ------
    ArgumentError
        If a p-value is outside [0, 1], or another argument outside what is allowed.

    Notes
    -----
    :math:`\hat\pi_0 = \min(1, (\#\{p_i > \lambda\} + 1) / (m (1 - \lambda)))` [1]_.

    References
    ----------
    .. [1] J. D. Storey, J. E. Taylor, D. Siegmund (2004), Journal of the Royal Statistical
       Society B 66, 187-205.

    Examples
    --------
    >>> null_share([0.001, 0.004, 0.01, 0.02, 0.03, 0.2, 0.4, 0.9], [0] * 8)
    array([0.5])
    """
    values = numbers("p", p)
    if np.any((values < 0) | (values > 1)):
        msg = f"`p` must be from 0 to 1, got {np.nanmin(values)} to {np.nanmax(values)}"
        raise ArgumentError(msg)
    groups = Families.of(family, values.shape)
    cut = float(probability("threshold", threshold))
    count = groups.sum(~np.isnan(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.minimum(1.0, (groups.sum(values > cut) + 1) / (count * (1 - cut)))
    return np.where(count > 0, share, np.nan)


def false_launches(
    p: npt.ArrayLike,
    launched: npt.ArrayLike,
    level: npt.ArrayLike,
    family: npt.ArrayLike,
    *,
    threshold: float = 0.5,
) -> FalseLaunches:
    r"""Estimate how many launches are of variants that are no better.

    Parameters
    ----------
    p : array of shape (k,)
        The p-value by which each experiment is launched; NaN where missing, which are left out.
    launched : array of bool, shape (k,)
        Whether it was.
    level : array of shape (k,)
        Probability to launch that the plan allows where there is no benefit (alpha / 2).
    family : array of int, shape (k,)
        Family of each, numbered from 0.
    threshold : float
        As for `null_share`.

    Returns
    -------
    FalseLaunches, fields of shape (f,)
        One per family number.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Among :math:`m` experiments :math:`\hat\pi_0 m` are without a benefit, and each of them is
    launched with a probability of at most its level [1]_.

    References
    ----------
    .. [1] J. D. Storey (2002), Journal of the Royal Statistical Society B 64, 479-498.

    Examples
    --------
    >>> p = [0.001, 0.004, 0.01, 0.02, 0.03, 0.2, 0.4, 0.9]
    >>> found = false_launches(p, [True] * 4 + [False] * 4, [0.025] * 8, [0] * 8)
    >>> found.expected, found.rate
    (array([0.1]), array([0.025]))
    """
    values, levels = numbers("p", p), numbers("level", level)
    chosen = np.asarray(launched, dtype=bool)
    same_shape(p=values, launched=chosen, level=levels)
    share = null_share(values, family, threshold=threshold)
    groups = Families.of(family, values.shape)
    known = ~np.isnan(values)
    expected = share * groups.sum(np.where(known, levels, 0.0))
    count = groups.sum(chosen & known)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(count > 0, np.minimum(1.0, expected / count), np.nan)
    return FalseLaunches(null_share=share, expected=expected, launched=count, rate=rate)
