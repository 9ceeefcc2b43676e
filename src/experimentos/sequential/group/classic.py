"""Boundaries of a fixed shape: O'Brien-Fleming, Pocock, Wang-Tsiatis, Haybittle-Peto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import one_of, positive, probability
from experimentos.errors import ArgumentError
from experimentos.sequential.group.boundaries import SIDES, checked_times, level_bounds
from experimentos.sequential.group.joint import exit_probabilities
from experimentos.sequential.group.search import rising_root
from experimentos.sequential.group.shapes import fitted

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

MOST_DELTA, LEAST_DELTA = 1.0, -0.5


def wang_tsiatis_bounds(
    fractions: npt.ArrayLike, alpha: npt.ArrayLike, *, delta: float, sides: str = "one"
) -> FloatArray:
    r"""Wang and Tsiatis's boundaries.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions, strictly increasing.
    alpha : float or array of shape (...)
        Error rate over all looks: in both tails together where `sides` is ``"two"``.
    delta : float
        Shape, between -0.5 and 1: 0 is O'Brien and Fleming's, 0.5 is Pocock's.
    sides : str
        ``"one"`` or ``"two"``.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`C t^{\Delta - 1/2}`, with the constant C for which the crossing probabilities add up to
    `alpha` [1]_.

    References
    ----------
    .. [1] S. K. Wang and A. A. Tsiatis (1987), Biometrics 43, 193-199.

    Examples
    --------
    >>> fifths = np.arange(1, 6) / 5
    >>> wang_tsiatis_bounds(fifths, 0.05, delta=0.25, sides="two")[-1].round(3)
    np.float64(2.136)
    """
    if not LEAST_DELTA <= delta <= MOST_DELTA:
        msg = f"`delta` must be between {LEAST_DELTA} and {MOST_DELTA}, got {delta!r}"
        raise ArgumentError(msg)
    count = SIDES[one_of("sides", sides, SIDES)]
    times = np.asarray(fractions, dtype=np.float64)
    checked_times(times)
    level = probability("alpha", alpha)[..., None]
    times, level = fitted(fractions=times, alpha=level)
    shape = times.shape
    target, rows = level[..., 0].reshape(-1), times.reshape(-1, shape[-1])
    curve = np.where(np.isnan(rows), np.nan, rows ** (delta - 0.5))

    def shortfall(constant: FloatArray) -> FloatArray:
        bounds = constant[:, None] * curve
        lower = -bounds if count == 2 else np.full_like(bounds, -np.inf)
        crossed = np.nansum(exit_probabilities(lower, bounds, rows).above, axis=1)
        crossed = np.where(np.isnan(rows[:, 0]), np.nan, np.maximum(crossed, 1e-320))
        return np.asarray(ndtri(target / count) - ndtri(crossed))

    # One look alone, and all looks as if they had nothing in common, enclose the bound at t = 1.
    single, many = -ndtri(target / count), -ndtri(target / count / rows.shape[1])
    constant = rising_root(shortfall, single, np.maximum((single + many) / 2, single + 0.1))
    return np.asarray((constant[:, None] * curve).reshape(shape))


def pocock_bounds(
    fractions: npt.ArrayLike, alpha: npt.ArrayLike, *, sides: str = "one"
) -> FloatArray:
    """Pocock's boundaries: the same at each look.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions, strictly increasing.
    alpha : float or array of shape (...)
        Error rate over all looks: in both tails together where `sides` is ``"two"``.
    sides : str
        ``"one"`` or ``"two"``.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units.

    References
    ----------
    .. [1] S. J. Pocock (1977), Biometrika 64, 191-199.

    Examples
    --------
    >>> pocock_bounds([0.5, 1.0], 0.05, sides="two").round(3)
    array([2.178, 2.178])
    """
    return wang_tsiatis_bounds(fractions, alpha, delta=0.5, sides=sides)


def obrien_fleming_bounds(
    fractions: npt.ArrayLike, alpha: npt.ArrayLike, *, sides: str = "one"
) -> FloatArray:
    """O'Brien and Fleming's boundaries: the same at each look on the scale of the sum.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions, strictly increasing.
    alpha : float or array of shape (...)
        Error rate over all looks: in both tails together where `sides` is ``"two"``.
    sides : str
        ``"one"`` or ``"two"``.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units.

    References
    ----------
    .. [1] P. C. O'Brien and T. R. Fleming (1979), Biometrics 35, 549-556.

    Examples
    --------
    >>> obrien_fleming_bounds([0.5, 1.0], 0.05, sides="two").round(3)
    array([2.797, 1.977])
    """
    return wang_tsiatis_bounds(fractions, alpha, delta=0.0, sides=sides)


def haybittle_peto_bounds(
    fractions: npt.ArrayLike, alpha: npt.ArrayLike, *, interim: float = 3.0, sides: str = "one"
) -> FloatArray:
    """Haybittle and Peto's boundaries: one high bound at all looks, what is left at the last.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions, strictly increasing.
    alpha : float or array of shape (...)
        Error rate over all looks: in both tails together where `sides` is ``"two"``.
    interim : float
        Bound before the last look, in standard normal units.
    sides : str
        ``"one"`` or ``"two"``.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units. The last bound is infinite where the others have spent all.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    References
    ----------
    .. [1] J. L. Haybittle (1971), British Journal of Radiology 44, 793-797.
    .. [2] R. Peto et al. (1976), British Journal of Cancer 34, 585-612.

    Examples
    --------
    >>> haybittle_peto_bounds([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, sides="two").round(3)
    array([3.   , 3.   , 3.   , 3.   , 1.99])
    """
    count = SIDES[one_of("sides", sides, SIDES)]
    positive("interim", interim)
    times = np.asarray(fractions, dtype=np.float64)
    checked_times(times)
    level = np.asarray(probability("alpha", alpha))[..., None] / count
    following = np.concatenate([times[..., 1:], np.full_like(times[..., :1], np.nan)], axis=-1)
    used = np.where(np.isnan(following), np.nan, interim)
    times, level = fitted(fractions=times, alpha=level)
    levels = np.where(np.isnan(times), np.nan, level)
    return level_bounds(levels, times, sides=sides, used=used)
