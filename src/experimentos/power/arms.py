"""Many treatments against one control: shares of traffic, and the level of each comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import one_of, probability
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

CORRECTIONS = ("bonferroni", "holm", "dunnett")


def optimal_shares(arms: int) -> FloatArray:
    r"""Shares of traffic with which all comparisons with control are most precise.

    Parameters
    ----------
    arms : int
        Treatments, without control.

    Returns
    -------
    array of shape (arms + 1,)
        Control first: :math:`\sqrt{K}` times a treatment's share [1]_.

    Raises
    ------
    ArgumentError
        If there is no treatment.

    References
    ----------
    .. [1] C. W. Dunnett (1955), Journal of the American Statistical Association 50, 1096-1121.

    Examples
    --------
    >>> optimal_shares(4).round(4)
    array([0.3333, 0.1667, 0.1667, 0.1667, 0.1667])
    """
    if arms < 1:
        msg = f"`arms` must be at least 1, got {arms!r}"
        raise ArgumentError(msg)
    weights = np.r_[np.sqrt(arms), np.ones(arms)]
    return np.asarray(weights / weights.sum())


def dunnett_critical(
    shares: npt.ArrayLike, *, alpha: float = 0.05, sides: int = 2, df: float = np.inf
) -> float:
    r"""Critical value of the largest of many statistics against one control.

    Parameters
    ----------
    shares : array of shape (arms + 1,)
        Units of control and of each treatment, or in proportion to them.
    alpha : float
        Error rate of all comparisons together, of both sides if there are two.
    sides : int
        1 or 2.
    df : float
        Degrees of freedom of the common variance; infinite for the normal distribution.

    Returns
    -------
    float
        Every comparison is tested with it.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Statistics i and j correlate by :math:`\lambda_i \lambda_j`, :math:`\lambda_i^2 = n_i / (n_i +
    n_0)` [1]_.

    References
    ----------
    .. [1] C. W. Dunnett (1955), Journal of the American Statistical Association 50, 1096-1121.

    Examples
    --------
    >>> round(dunnett_critical([1, 1, 1, 1], df=20), 2)  # Dunnett's table, two-sided, 3 arms
    2.54
    """
    # Imported here: nothing else in this package needs corrections.
    from experimentos.multiplicity.factor_integral import tail_of_largest  # noqa: PLC0415
    from experimentos.multiplicity.many_to_one import dunnett_critical_value  # noqa: PLC0415

    weights, level = checked_shares(shares), float(probability("alpha", alpha))
    if sides not in {1, 2}:
        msg = f"`sides` must be 1 or 2, got {sides!r}"
        raise ArgumentError(msg)
    loading = np.sqrt(weights[1:] / (weights[1:] + weights[0]))[None, :]
    degrees, two_sided = np.array([float(df)]), sides == 2
    if tail_of_largest(np.array([1e-9]), loading, df=degrees, two_sided=two_sided)[0] <= level:
        msg = f"`alpha` must be below the probability that any statistic is positive, got {alpha!r}"
        raise ArgumentError(msg)
    return float(dunnett_critical_value(loading, level=level, df=df, two_sided=two_sided)[0])


def arm_level(
    shares: npt.ArrayLike, *, alpha: float = 0.05, sides: int = 1, correction: str = "holm"
) -> float:
    """Level at which each treatment is to be planned.

    Parameters
    ----------
    shares : array of shape (arms + 1,)
        Units of control and of each treatment, or in proportion to them.
    alpha : float
        Error rate of all comparisons together, of both sides if there are two.
    sides : int
        1 or 2.
    correction : str
        ``bonferroni``, ``holm`` or ``dunnett``.

    Returns
    -------
    float
        The `alpha` of one comparison, of both sides if there are two. Holm's first step is
        Bonferroni's: where the other treatments are as good, its power is larger.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> arm_level([1, 1, 1, 1], alpha=0.025)
    0.008333333333333333
    >>> round(arm_level([1, 1, 1, 1], alpha=0.025, correction="dunnett"), 6)
    0.009413
    """
    arms = checked_shares(shares).size - 1
    level = float(probability("alpha", alpha))
    if one_of("correction", correction, CORRECTIONS) != "dunnett":
        return level / arms
    return float(sides * ndtr(-dunnett_critical(shares, alpha=level, sides=sides)))


def any_arm_power(
    drift: npt.ArrayLike, shares: npt.ArrayLike, *, level: float, every: bool = False
) -> float:
    r"""Probability that one-sided tests of treatments with one control find any, or all, of them.

    Parameters
    ----------
    drift : float or array of shape (arms,)
        Mean of each treatment's statistic: effect over standard error.
    shares : array of shape (arms + 1,)
        Units of control and of each treatment, or in proportion to them.
    level : float
        One-sided level of each test.
    every : bool
        True for the probability of finding all.

    Returns
    -------
    float
        From the joint normal distribution of the statistics.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Given control's deviate u the statistics are independent: :math:`\int \phi(u) [1 - \prod_i
    \Phi\{(c - \delta_i - \lambda_i u) / \sqrt{1 - \lambda_i^2}\}] du`, by the trapezoidal rule.

    Examples
    --------
    >>> round(any_arm_power([2.8, 2.8], [1, 1, 1], level=0.0125), 4)
    0.8521
    """
    weights = checked_shares(shares)
    critical = -ndtri(float(probability("level", level)))
    share = weights[1:] / (weights[1:] + weights[0])
    u = np.linspace(-9, 9, 1201)[:, None]
    means = np.broadcast_to(np.asarray(drift, np.float64), share.shape)
    deviate = (critical - means - np.sqrt(share) * u) / np.sqrt(1 - share)
    found = ndtr(-deviate).prod(axis=1) if every else 1 - ndtr(deviate).prod(axis=1)
    density = np.exp(-0.5 * u[:, 0] ** 2) / np.sqrt(2 * np.pi)
    return float((found * density).sum() * (u[1, 0] - u[0, 0]))


def checked_shares(shares: npt.ArrayLike) -> FloatArray:
    """Shares of control and of one or more treatments.

    Parameters
    ----------
    shares : array of shape (arms + 1,)
        Positive numbers.

    Returns
    -------
    array of shape (arms + 1,)
        The shares.

    Raises
    ------
    ArgumentError
        If they are not such a sequence.
    """
    weights = np.asarray(shares, dtype=np.float64)
    if weights.ndim != 1 or weights.size < 2 or not (np.isfinite(weights) & (weights > 0)).all():
        msg = f"`shares` must be positive numbers of control and of each treatment, got {shares!r}"
        raise ArgumentError(msg)
    return weights
