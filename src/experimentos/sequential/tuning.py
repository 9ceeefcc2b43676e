"""The mixture of always-valid methods, set by the sample size at which they are tightest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtri

from experimentos.arguments import one_of, positive, probability
from experimentos.moments import EPSILON
from experimentos.sequential.normal_mixture import SIDES, critical_value

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

PLANNED_N = 5_000.0
_MAXIMUM_STEPS = 200
_LOG_SQRT_TWO_PI = 0.5 * np.log(2 * np.pi)


def mixture_information(alpha: npt.ArrayLike = 0.05, *, side: str = "two-sided") -> FloatArray:
    r"""Mixture variance over variance of the estimate at which the boundary is lowest.

    Parameters
    ----------
    alpha : float or array of shape (k,)
        Error rate over all looks together.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of the shape of `alpha`
        ``r``, dimensionless.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1 or `side` is unknown.

    Notes
    -----
    Two-sided the minimum solves :math:`r = \log(1 + r) - 2 \log \alpha`, which is
    :math:`r = -W_{-1}(-\alpha^2 / e) - 1` with the lower branch of Lambert's function [1]_; the
    critical value there is :math:`\sqrt{1 + r}`. One-sided it solves
    :math:`1 + r = z^2 + z \lambda(z \sqrt{s}) / \sqrt{s}` with :math:`s = r / (1 + r)`,
    :math:`\lambda = \phi / \Phi` and :math:`z` the critical value; putting the right side in for
    the left converges fast, because the critical value is flat there. No power of alpha is formed,
    so that both are right for any alpha.

    References
    ----------
    .. [1] S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon (2021), Annals of Statistics 49,
       1055-1080.

    Examples
    --------
    >>> mixture_information([0.05, 0.001]).round(3)
    array([ 8.212, 16.688])
    >>> mixture_information([0.05], side="greater").round(3)
    array([6.692])
    """
    levels = probability("alpha", alpha)
    if one_of("side", side, SIDES) != "two-sided":
        unique, inverse = np.unique(levels, return_inverse=True)
        return _one_sided_information(unique)[inverse].reshape(levels.shape)
    r = 1 - 2 * np.log(levels)
    for _ in range(_MAXIMUM_STEPS):
        # Newton's step on r - log(1 + r) + 2 log(alpha), convex and increasing.
        step = (r - np.log1p(r) + 2 * np.log(levels)) * (1 + r) / r
        moves = np.abs(step) > 2 * EPSILON * r
        if not moves.any():
            break
        r = np.where(moves, r - step, r)
    return np.asarray(r)


def _one_sided_information(alpha: FloatArray) -> FloatArray:
    """Put one side of the condition in for the other, inside a bracket that shrinks."""
    low, high = np.full_like(alpha, 1e-6), np.full_like(alpha, 1e6)
    r = 1 - 2 * np.log(alpha)
    for _ in range(_MAXIMUM_STEPS):
        root_share = np.sqrt(r / (1 + r))
        z = critical_value(r, alpha=alpha, side="greater")
        x = z * root_share
        hazard = np.exp(-0.5 * x * x - _LOG_SQRT_TWO_PI - log_ndtr(x))
        new = z * z + z * hazard / root_share - 1
        moves = np.abs(new - r) > 1e-14 * r
        if not moves.any():
            break
        low, high = np.where(new > r, r, low), np.where(new > r, high, r)
        inside = (new > low) & (new < high)
        r = np.where(moves, np.where(inside, new, np.sqrt(low * high)), r)
    return r


def information(
    n_control: FloatArray, n_treatment: FloatArray, *,
    alpha: npt.ArrayLike = 0.05, planned_n: npt.ArrayLike = PLANNED_N, side: str = "two-sided",
) -> FloatArray:  # fmt: skip
    r"""Mixture variance over variance of the estimate, at a look.

    Parameters
    ----------
    n_control, n_treatment : array of shape (k,) or (k, looks)
        Units so far.
    alpha : float or array that broadcasts
        Error rate the mixture is tuned for; keep it when testing at another.
    planned_n : float or array that broadcasts
        Units in each arm at which the sequence is tightest. Fixed before the first look.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of the shape of `n_control`
        Grows in proportion to :math:`1/(1/n_c + 1/n_t)`; NaN where a count is.

    Raises
    ------
    ArgumentError
        If an option is outside what is allowed.
    """
    best = mixture_information(alpha, side=side)
    planned = positive("planned_n", planned_n)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = 1 / (1 / n_control + 1 / n_treatment)
        return np.asarray(best * effective / (planned / 2))


def mixture_variance(
    std_error: npt.ArrayLike, *, alpha: npt.ArrayLike = 0.05, side: str = "two-sided"
) -> FloatArray:
    """Variance of the mixture over effects that is tightest at a planned standard error.

    Parameters
    ----------
    std_error : float or array of shape (k,)
        Standard error that the difference will have at the planned size, in metric units.
    alpha : float or array that broadcasts
        Error rate over all looks together.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of shape (k,)
        Metric units squared, the `mixture_variance` of `mixture_sprt`.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> mixture_variance([np.sqrt(2 / 5000)]).round(5)  # 5,000 units an arm of deviation 1
    array([0.00328])
    """
    return np.asarray(mixture_information(alpha, side=side) * positive("std_error", std_error) ** 2)


def tightest_n(
    mixture_variance: npt.ArrayLike, unit_variance: npt.ArrayLike, *,
    alpha: npt.ArrayLike = 0.05, side: str = "two-sided",
) -> FloatArray:  # fmt: skip
    """Units in each arm at which a given mixture is tightest: what a choice of it means.

    Parameters
    ----------
    mixture_variance : float or array of shape (k,)
        Variance of the mixture over effects, in metric units squared.
    unit_variance : float or array that broadcasts
        Variance of a unit of control plus that of a unit of treatment.
    alpha : float or array that broadcasts
        Error rate over all looks together.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of shape (k,)
        Not rounded.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> tightest_n([0.0001], 2.0).round()
    array([164239.])
    """
    mixture = positive("mixture_variance", mixture_variance)
    units = positive("unit_variance", unit_variance)
    return np.asarray(mixture_information(alpha, side=side) * units / mixture)


def relative_width(
    n: npt.ArrayLike, *, planned_n: npt.ArrayLike = PLANNED_N, alpha: npt.ArrayLike = 0.05,
    side: str = "two-sided",
) -> FloatArray:  # fmt: skip
    """Width of the confidence sequence over that of an interval for one look.

    Parameters
    ----------
    n : float or array of shape (k,)
        Units in each arm.
    planned_n : float or array that broadcasts
        Units in each arm at which the sequence is tightest.
    alpha : float or array that broadcasts
        Error rate of both.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of shape (k,)
        The square is how many times the units are needed for the same width.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> relative_width([500, 2500, 5000, 50_000]).round(2)
    array([1.95, 1.57, 1.55, 1.66])
    """
    units = positive("n", n)
    level = probability("alpha", alpha)
    ratio = information(units, units, alpha=level, planned_n=planned_n, side=side)
    tail = level / 2 if side == "two-sided" else level
    return np.asarray(critical_value(ratio, alpha=level, side=side) / -ndtri(tail))
