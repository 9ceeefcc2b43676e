"""The joint distribution of the statistic at several looks, by recursive integration.

At looks ``k = 1 .. K`` with information ``I_k`` the statistics are jointly normal, ``z_k`` with
mean ``drift * sqrt(I_k)`` and variance 1, ``z_j`` and ``z_k`` with correlation ``sqrt(I_j / I_k)``.
All arrays have one row per set of boundaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import erfc

from experimentos.sequential.group.grids import growing, legendre, plan
from experimentos.sequential.group.shapes import fitted

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray
    from experimentos.sequential.group.grids import Plan

# What a kernel of a few rows may have, so that it stays in the cache of a core.
KERNEL_ELEMENTS = 2**16


@dataclass(frozen=True)
class Exits:
    """Probabilities of stopping first at each look.

    Parameters
    ----------
    below, above : array of shape (..., looks)
        Probability of reaching a look and stopping there at or beyond the lower or the upper
        boundary.
    """

    below: FloatArray
    above: FloatArray

    @property
    def stopped(self) -> FloatArray:
        """Probability of stopping first at each look, at either boundary."""
        return self.below + self.above

    @property
    def continuing(self) -> FloatArray:
        """Probability of going on after each look."""
        return np.maximum(1 - np.cumsum(self.stopped, axis=-1), 0.0)


@dataclass(frozen=True)
class Paths:
    """Paths that have not stopped up to a look, as masses at nodes.

    Parameters
    ----------
    score : array of shape (rows, nodes)
        ``z * sqrt(information)`` at the nodes.
    mass : array of shape (rows, nodes)
        Quadrature weight times sub-density under `drift`.
    information : array of shape (rows,)
        Information at the look; 0 before the first.
    drift : array of shape (rows,)
        The drift under which masses were computed. Other functions may ask for another one.
    """

    score: FloatArray
    mass: FloatArray
    information: FloatArray
    drift: FloatArray


def beginning(drift: FloatArray) -> Paths:
    """Paths before the first look.

    Parameters
    ----------
    drift : array of shape (rows,)
        Mean of the statistic at information 1.

    Returns
    -------
    Paths
        One node of mass 1.
    """
    rows = drift.size
    return Paths(np.zeros((rows, 1)), np.ones((rows, 1)), np.zeros(rows), drift)


def upper_tail(values: FloatArray) -> FloatArray:
    """Probability of standard normal values at least so large.

    Parameters
    ----------
    values : array
        Standard normal units.

    Returns
    -------
    array of that shape
        Twice as fast as `scipy.special.ndtr`, which cares for single precision and NaN.
    """
    return np.asarray(erfc(values * np.sqrt(0.5))) / 2


def advance(
    paths: Paths, low: FloatArray, high: FloatArray, information: FloatArray, *, points: int
) -> Paths:
    """Paths that reach the next look and go on between two limits there.

    Parameters
    ----------
    paths : Paths
        Those of the look before.
    low, high : array of shape (rows,)
        Finite limits in standard normal units, from `grids.plan`.
    information : array of shape (rows,)
        Information at the next look.
    points : int
        Nodes there.

    Returns
    -------
    Paths
        Masses are 0 where ``high <= low``.
    """
    nodes, weights = legendre(points)
    half = np.maximum(high - low, 0.0)[:, None] / 2
    root = np.sqrt(information)[:, None]
    score = root * (low[:, None] + half * (1 + nodes))
    growth = (information - paths.information)[:, None]
    scale = np.sqrt(0.5 / growth)
    start = scale * (paths.score + growth * paths.drift[:, None])
    density = _arriving(scale * score, start, paths.mass)
    with np.errstate(under="ignore"):
        mass = density * weights * (half * root * scale / np.sqrt(np.pi))
    return Paths(score, mass, information, paths.drift)


def above(
    paths: Paths, bound: FloatArray, information: FloatArray, *, drift: FloatArray | None = None
) -> FloatArray:
    r"""Probability of not having stopped and then reaching a bound at the next look.

    Parameters
    ----------
    paths : Paths
        Those of the look before (`beginning` for the first look).
    bound : array of shape (rows,)
        Standard normal units; may be infinite.
    information : array of shape (rows,)
        Information at the look.
    drift : array of shape (rows,), optional
        Another drift than that of `paths`. Accurate as far as the plan of the paths spans it.

    Returns
    -------
    array of shape (rows,)
        Keeps its digits however small it is.

    Notes
    -----
    Densities under two drifts have the ratio
    :math:`\exp\{(\theta' - \theta) s - (\theta'^2 - \theta^2) I / 2\}` at score s, so one recursion
    serves all drifts.
    """
    mass = _tilted(paths, drift)
    with np.errstate(under="ignore"):
        return np.asarray(np.vecdot(mass, upper_tail(_gap(paths, bound, information, drift))))


def below(
    paths: Paths, bound: FloatArray, information: FloatArray, *, drift: FloatArray | None = None
) -> FloatArray:
    """Probability of not having stopped and then being at or under a bound at the next look.

    Parameters
    ----------
    paths : Paths
        Those of the look before.
    bound : array of shape (rows,)
        Standard normal units; may be infinite.
    information : array of shape (rows,)
        Information at the look.
    drift : array of shape (rows,), optional
        Another drift than that of `paths`.

    Returns
    -------
    array of shape (rows,)
        Keeps its digits however small it is.
    """
    mass = _tilted(paths, drift)
    with np.errstate(under="ignore"):
        return np.asarray(np.vecdot(mass, upper_tail(-_gap(paths, bound, information, drift))))


def density(
    paths: Paths, bound: FloatArray, information: FloatArray, *, drift: FloatArray | None = None
) -> FloatArray:
    """Sub-density of the statistic at the next look: minus the slope of `above` in the bound.

    Parameters
    ----------
    paths : Paths
        Those of the look before.
    bound : array of shape (rows,)
        Standard normal units.
    information : array of shape (rows,)
        Information at the look.
    drift : array of shape (rows,), optional
        Another drift than that of `paths`.

    Returns
    -------
    array of shape (rows,)
        Per standard normal unit.
    """
    mass = _tilted(paths, drift)
    gap = _gap(paths, bound, information, drift)
    scale = np.sqrt(information / (information - paths.information) / (2 * np.pi))
    with np.errstate(under="ignore", over="ignore"):
        return np.asarray(scale * np.vecdot(mass, np.exp(-0.5 * gap * gap)))


def recursion(
    integration: Plan, information: FloatArray, drift: FloatArray, *, looks: int | None = None
) -> list[Paths]:
    """Paths before each look.

    Parameters
    ----------
    integration : Plan, fields of shape (rows, looks)
        From `grids.plan`. All rows use the nodes of the first: take one of its `groups`.
    information : array of shape (rows, looks)
        Positive and strictly increasing.
    drift : array of shape (rows,)
        Drift of the masses: best in the middle of those that will be asked for.
    looks : int, optional
        Stop after so many. Default: all.

    Returns
    -------
    list of Paths
        Element ``k`` (from 0) holds the paths that have not stopped before look ``k + 1``; so many
        as there are looks.
    """
    stages = [beginning(drift)]
    for look in range((information.shape[1] if looks is None else looks) - 1):
        points = int(integration.points[0, look]) if len(drift) else 1
        low, high = integration.low[:, look], integration.high[:, look]
        stages.append(advance(stages[-1], low, high, information[:, look], points=points))
    return stages


def exit_probabilities(
    lower: npt.ArrayLike, upper: npt.ArrayLike, information: npt.ArrayLike,
    drift: npt.ArrayLike = 0.0,
) -> Exits:  # fmt: skip
    r"""Probability of stopping first at each look, below and above.

    Parameters
    ----------
    lower, upper : array of shape (..., looks)
        Boundaries in standard normal units; infinite where a look cannot stop. Where they meet the
        test stops for certain; where they have passed each other the upper one counts.
    information : array of shape (..., looks)
        Information or fraction of it, positive. Where it does not grow by one part in a thousand
        it is raised to that.
    drift : array of shape (...)
        Mean of the statistic at information 1: ``effect`` where information is ``1 / se**2``.

    Returns
    -------
    Exits, fields of shape (..., looks)
        The four arguments broadcast against each other. NaN from the first look on at which an
        argument is undefined, so rows with fewer looks can be filled up with NaN.

    Raises
    ------
    ArgumentError
        If shapes do not fit.

    Notes
    -----
    The recursion of [1]_ in the form of [2]_, chapter 19, with Gauss-Legendre nodes in the
    continuation region, whose number follows from how finely the increments of information cut it.
    Absolute errors are below 1e-11, relative ones below 1e-9 even for probabilities of 1e-100.

    References
    ----------
    .. [1] P. Armitage, C. K. McPherson and B. C. Rowe (1969), Journal of the Royal Statistical
       Society A 132, 235-244.
    .. [2] C. Jennison and B. W. Turnbull (2000), Group Sequential Methods with Applications to
       Clinical Trials, chapter 19.

    Examples
    --------
    >>> bounds = np.array([2.413, 2.413, 2.413, 2.413, 2.413])  # Pocock's, alpha 0.05
    >>> exits = exit_probabilities(-bounds, bounds, np.arange(1, 6) / 5)
    >>> exits.stopped.sum().round(4)
    np.float64(0.05)
    """
    rows, shape = _rows(lower, upper, information, drift)
    lower, upper, information, slope, undefined = rows
    with np.errstate(invalid="ignore"):
        integration = plan(lower, upper, information, slope)
    outside = np.empty((2, *lower.shape))
    for index in integration.groups():
        stages = recursion(integration.take(index), information[index], slope[index])
        for look, paths in enumerate(stages):
            at = information[index, look]
            outside[0, index, look] = below(paths, lower[index, look], at)
            outside[1, index, look] = above(paths, upper[index, look], at)
    outside[:, undefined] = np.nan
    return Exits(*outside.reshape(2, *shape))


def _rows(
    lower: npt.ArrayLike, upper: npt.ArrayLike, information: npt.ArrayLike, drift: npt.ArrayLike
) -> tuple[tuple[FloatArray, FloatArray, FloatArray, FloatArray, BoolArray], tuple[int, ...]]:
    """Arguments as rows, with something harmless where they are undefined."""
    slope = np.asarray(drift, dtype=np.float64)[..., None]
    full = fitted(lower=lower, upper=upper, information=information, drift=slope)
    shape = full[0].shape
    low, high, known, slopes = (values.reshape(-1, shape[-1]) for values in full)
    undefined = np.isnan(low) | np.isnan(high) | np.isnan(slopes) | ~np.isfinite(known)
    undefined = np.logical_or.accumulate(undefined | (known <= 0), axis=1)
    last = np.nanmax(np.where(undefined, 0.0, known), axis=1, initial=0.0)[:, None]
    look = np.arange(1, shape[-1] + 1)
    known = growing(np.where(undefined, np.where(last > 0, last, 1.0) * (1 + look), known))
    high = np.where(undefined, np.inf, high)
    low = np.where(undefined, -np.inf, np.minimum(low, high))
    slopes = np.nan_to_num(slopes[:, 0], posinf=0.0, neginf=0.0)
    return (low, high, known, slopes, undefined), shape


def _arriving(here: FloatArray, start: FloatArray, mass: FloatArray) -> FloatArray:
    """Sum mass times a Gaussian of the distance over the starts, a few rows at a time."""
    found = np.empty_like(here)
    size = max(1, KERNEL_ELEMENTS // (here.shape[1] * start.shape[1]))
    with np.errstate(under="ignore"):
        for first in range(0, len(here), size):
            rows = slice(first, first + size)
            kernel = here[rows, :, None] - start[rows, None, :]
            np.multiply(kernel, kernel, out=kernel)
            np.negative(kernel, out=kernel)
            np.exp(kernel, out=kernel)
            np.matmul(kernel, mass[rows, :, None], out=found[rows, :, None])
    return found


def _gap(
    paths: Paths, bound: FloatArray, information: FloatArray, drift: FloatArray | None
) -> FloatArray:
    """Distance from each node to the bound, in deviations of the increment."""
    growth = (information - paths.information)[:, None]
    slope = (paths.drift if drift is None else drift)[:, None]
    target = bound * np.sqrt(information)
    return np.asarray((target[:, None] - paths.score - slope * growth) / np.sqrt(growth))


def _tilted(paths: Paths, drift: FloatArray | None) -> FloatArray:
    """Masses under another drift."""
    if drift is None:
        return paths.mass
    change = drift - paths.drift
    middle = (drift + paths.drift) / 2 * paths.information
    exponent = change[:, None] * (paths.score - middle[:, None])
    with np.errstate(under="ignore", over="ignore"):
        return np.asarray(paths.mass * np.exp(np.minimum(exponent, 700.0)))
