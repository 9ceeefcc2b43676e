"""Power of two one-sided tests for equivalence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import not_negative, probability
from experimentos.power.contrasts import (
    Boundary,
    boundary_at,
    checked_design,
    checked_units,
    deviations,
    flattened,
    gap,
    welch_error,
)
from experimentos.power.noncentral import between
from experimentos.power.outcomes import Means, Rates
from experimentos.power.units import Units, solve_rising
from experimentos.student import upper_quantile

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

_NODES = 96


def equivalence_power(
    outcome: Means | Rates, margin: npt.ArrayLike, n_control: npt.ArrayLike,
    n_treatment: npt.ArrayLike, *, is_relative: bool = False, alpha: npt.ArrayLike = 0.05,
) -> FloatArray:  # fmt: skip
    r"""Power to show that the effect lies within a margin on both sides.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth; mostly no effect.
    margin : float or array of shape (k,)
        Distance of both boundaries from no effect.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    alpha : float or array of shape (k,)
        Error rate of each of the two one-sided tests, and so of both.

    Returns
    -------
    array of shape (k,)
        NaN where a test is undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Probability that both tests reject. Means with an absolute margin: Owen's Q [1]_, exact for
    normal units of equal deviation. Rates: both limits of the score test. Relative margins test two
    contrasts; their joint normal probability is an integral over the control mean, with standard
    errors taken as known.

    References
    ----------
    .. [1] K. F. Phillips (1990), Journal of Pharmacokinetics and Biopharmaceutics 18, 137-144.

    Examples
    --------
    >>> equivalence_power(Means(0.0), 0.5, 100, 100).round(4)
    np.float64(0.9397)
    """
    given = (not_negative("margin", margin), *checked_units(n_control, n_treatment))
    level = probability("alpha", alpha)
    shape, flat, (size, n_c, n_t, tail) = flattened(outcome, *given, level)
    return _power(flat, size, n_c, n_t, tail, is_relative=is_relative).reshape(shape)[()]


def equivalence_units(
    outcome: Means | Rates, margin: npt.ArrayLike, *, power: npt.ArrayLike = 0.8,
    ratio: npt.ArrayLike = 1.0, is_relative: bool = False, alpha: npt.ArrayLike = 0.05,
) -> Units:  # fmt: skip
    """Units to show that the effect lies within a margin on both sides.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth; mostly no effect.
    margin : float or array of shape (k,)
        Distance of both boundaries from no effect.
    power : float or array of shape (k,)
        Probability to show it.
    ratio : float or array of shape (k,)
        Treatment units per control unit.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    alpha : float or array of shape (k,)
        Error rate of each of the two one-sided tests, and so of both.

    Returns
    -------
    Units, fields of shape (k,)
        Infinite where the truth is not within the margin; NaN where undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> equivalence_units(Means([0.0, 0.5]), 0.5).control.round(2)
    array([69.2,  inf])
    """
    given = (not_negative("margin", margin), *checked_design(power, ratio))
    level = probability("alpha", alpha)
    shape, flat, (size, wanted, each, tail) = flattened(outcome, *given, level)
    low, high = _boundaries(flat, size, is_relative=is_relative)
    nearest = np.minimum(gap(flat, low), gap(flat, high))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        unit = _unit_error(flat, low, each)
        start = ((ndtri((1 + wanted) / 2) - ndtri(tail)) * unit / nearest) ** 2
        floor = 2.0 / np.minimum(each, 1.0)
        solvable = (nearest > 0) & np.isfinite(start) & (unit > 0)
        control = solve_rising(
            lambda n: _power(flat, size, n, each * n, tail, is_relative=is_relative),
            np.where(solvable, start, np.nan), wanted, floor=floor,
            ceiling=np.full_like(start, np.inf),
        )  # fmt: skip
        control = np.where((nearest <= 0) & (unit > 0), np.inf, control)
    treatment = control * each
    return Units(control.reshape(shape)[()], treatment.reshape(shape)[()])


def equivalence_detectable(
    outcome: Means | Rates, n_control: npt.ArrayLike, n_treatment: npt.ArrayLike, *,
    power: npt.ArrayLike = 0.8, is_relative: bool = False, alpha: npt.ArrayLike = 0.05,
) -> FloatArray:  # fmt: skip
    """Smallest margin within which the effect is shown to lie with a power.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth; mostly no effect.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    power : float or array of shape (k,)
        Probability to show it.
    is_relative : bool
        Whether the margin is wanted as a fraction of the absolute control mean.
    alpha : float or array of shape (k,)
        Error rate of each of the two one-sided tests, and so of both.

    Returns
    -------
    array of shape (k,)
        A fraction or in metric units; NaN where there is none.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> equivalence_detectable(Means(0.0), 100, 100).round(4)
    np.float64(0.4153)
    """
    given = (*checked_units(n_control, n_treatment), probability("power", power))
    level = probability("alpha", alpha)
    shape, flat, (n_c, n_t, wanted, tail) = flattened(outcome, *given, level)
    zero = Boundary(np.ones_like(n_c), np.zeros_like(n_c), 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        unit = _unit_error(flat, zero, n_t / n_c) / np.sqrt(n_c)
        start = np.abs(gap(flat, zero)) + (ndtri((1 + wanted) / 2) - ndtri(tail)) * unit
        ceiling = np.full_like(n_c, np.inf)
        if is_relative:
            scale = flat.mean_control if isinstance(flat, Means) else flat.control
            start, ceiling = start / np.abs(scale), np.ones_like(n_c)
        elif isinstance(flat, Rates):
            ceiling = np.full_like(n_c, 1 - 1e-12)
        start = np.where(np.isfinite(start), start, np.nan)
    found = solve_rising(
        lambda margin: _power(flat, margin, n_c, n_t, tail, is_relative=is_relative), start, wanted,
        floor=np.zeros_like(start), ceiling=ceiling,
    )  # fmt: skip
    return found.reshape(shape)[()]


def _boundaries(
    outcome: Means | Rates, margin: FloatArray, *, is_relative: bool
) -> tuple[Boundary, Boundary]:
    return (
        boundary_at(outcome, -margin, sign=1.0, is_relative=is_relative),
        boundary_at(outcome, margin, sign=-1.0, is_relative=is_relative),
    )


def _unit_error(outcome: Means | Rates, boundary: Boundary, ratio: FloatArray) -> FloatArray:
    """Deviation of the difference times the root of the control units."""
    if isinstance(outcome, Means):
        sd_c, sd_t = np.asarray(outcome.sd_control), np.asarray(outcome.sd_treatment)
        return np.asarray(np.sqrt(sd_c**2 + sd_t**2 / ratio))
    return deviations(outcome, boundary, np.ones_like(ratio), ratio)[0]


def _power(
    outcome: Means | Rates, margin: FloatArray, n_c: FloatArray, n_t: FloatArray,
    tail: FloatArray, *, is_relative: bool,
) -> FloatArray:  # fmt: skip
    low, high = _boundaries(outcome, margin, is_relative=is_relative)
    above, below = gap(outcome, low), gap(outcome, high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        if isinstance(outcome, Means) and not is_relative:
            error, df = welch_error(outcome, low.weight, n_c, n_t)
            critical = upper_quantile(df, tail)
            return between(df, above / error, (above + below) / error, critical)
        if isinstance(outcome, Means):
            limits = [
                upper_quantile(df, tail) * error
                for error, df in (welch_error(outcome, b.weight, n_c, n_t) for b in (low, high))
            ]
            v_c, v_t = (np.asarray(s) ** 2 for s in (outcome.sd_control, outcome.sd_treatment))
        else:
            limits = [-ndtri(tail) * deviations(outcome, b, n_c, n_t)[0] for b in (low, high)]
            rates = np.asarray(outcome.control), np.asarray(outcome.treatment)
            v_c, v_t = (p * (1 - p) for p in rates)
        room = above - limits[0], below - limits[1]
        errors = np.sqrt(v_c / n_c), np.sqrt(v_t / n_t)
        return _joint(room, (low.weight, high.weight), errors)


def _joint(
    room: tuple[FloatArray, FloatArray], weights: tuple[FloatArray, FloatArray],
    errors: tuple[FloatArray, FloatArray],
) -> FloatArray:  # fmt: skip
    """Probability that neither of two contrasts leaves its room, by Gauss-Legendre's rule.

    Control's error is ``e_c x``; treatment's must be from ``w_l e_c x - room_l`` to
    ``w_h e_c x + room_h``.
    """
    slope = errors[0] * (weights[0] - weights[1])
    total = room[0] + room[1]
    # Room is left where slope * x < total.
    ends = [np.full_like(total, -9.0), np.full_like(total, 9.0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = total / slope
        ends[1] = np.where(slope > 0, np.clip(meet, -9.0, 9.0), ends[1])
        ends[0] = np.where(slope < 0, np.clip(meet, -9.0, 9.0), ends[0])
        nodes, node_weights = np.polynomial.legendre.leggauss(_NODES)
        half = (ends[1] - ends[0])[..., None] / 2
        x = ends[0][..., None] + half * (1 + nodes)
        first, second = errors[0][..., None] * x, errors[1][..., None]
        upper = (weights[1][..., None] * first + room[1][..., None]) / second
        lower = (weights[0][..., None] * first - room[0][..., None]) / second
        inside = np.maximum(ndtr(upper) - ndtr(lower), 0.0)
        density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
        return np.asarray(np.minimum((inside * density * half * node_weights).sum(axis=-1), 1.0))
