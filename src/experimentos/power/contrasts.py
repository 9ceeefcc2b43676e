"""Power of the test of one boundary, by Welch's t for means and the score statistic for rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import not_negative, one_of, positive, probability
from experimentos.errors import ArgumentError
from experimentos.inference.score_statistic import Counts, difference_deviation, ratio_deviation
from experimentos.power.noncentral import upper_tail
from experimentos.power.outcomes import Means, Rates
from experimentos.power.units import Units, solve_rising
from experimentos.student import upper_quantile

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

SIGNS = {"increase": 1.0, "decrease": -1.0}
MINIMUM_UNITS_MEANS = 2.0
MINIMUM_UNITS_RATES = 1.0


@dataclass(frozen=True)
class Boundary:
    """A boundary ``mu_t - weight * mu_c = shift`` and which side of it is to be shown.

    Parameters
    ----------
    weight, shift : array of shape (k,)
        As those of `inference.Null`.
    sign : float
        1 if the effect is to be shown above the boundary, -1 below.
    """

    weight: FloatArray
    shift: FloatArray
    sign: float


@dataclass(frozen=True)
class Levels:
    """Error rate of a test.

    Parameters
    ----------
    tail : array of shape (k,)
        One-sided level of each tail.
    sides : int
        1, or 2 if rejections on either side of the boundary count.
    """

    tail: FloatArray
    sides: int


def boundary_at(
    outcome: Means | Rates, size: FloatArray, *, sign: float, is_relative: bool
) -> Boundary:
    """Boundary at a signed effect, relative to the absolute control mean or in metric units.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        Gives the sign of the control mean.
    size : array of shape (k,)
        Signed effect at the boundary.
    sign : float
        Side to be shown.
    is_relative : bool
        Whether `size` is a fraction of the control mean.

    Returns
    -------
    Boundary
        Linear contrast of the two means.
    """
    if not is_relative:
        return Boundary(np.ones_like(size), size, sign)
    mean = outcome.mean_control if isinstance(outcome, Means) else outcome.control
    towards = np.where(np.asarray(mean) < 0, -1.0, 1.0)
    return Boundary(1 + towards * size, np.zeros_like(size), sign)


def gap(outcome: Means | Rates, boundary: Boundary) -> FloatArray:
    """Distance of the true effect from the boundary, positive on the side to be shown.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        True effect.
    boundary : Boundary
        What is tested.

    Returns
    -------
    array of shape (k,)
        In metric units; NaN where a relative margin has no control mean.
    """
    if isinstance(outcome, Means):
        effect, mean = np.asarray(outcome.effect), np.asarray(outcome.mean_control)
    else:
        mean = np.asarray(outcome.control)
        effect = np.asarray(outcome.treatment) - mean
    # Without a relative margin the control mean is not read.
    level = np.where(boundary.weight == 1, 0.0, (1 - boundary.weight) * mean)
    return np.asarray(boundary.sign * (effect + level - boundary.shift))


def power_of_test(
    outcome: Means | Rates, boundary: Boundary, levels: Levels, n_c: FloatArray, n_t: FloatArray
) -> FloatArray:
    """Probability that the test rejects.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth.
    boundary : Boundary
        What is tested.
    levels : Levels
        Error rate.
    n_c, n_t : array of shape (k,)
        Units, not necessarily whole.

    Returns
    -------
    array of shape (k,)
        NaN where an arm has too few units or nothing varies.
    """
    distance = gap(outcome, boundary)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        if isinstance(outcome, Means):
            error, df = welch_error(outcome, boundary.weight, n_c, n_t)
            critical, shift = upper_quantile(df, levels.tail), distance / error
            above = upper_tail(df, shift, critical)
            below = upper_tail(df, -shift, critical) if levels.sides == 2 else 0.0
        else:
            null, error = deviations(outcome, boundary, n_c, n_t)
            critical = -ndtri(levels.tail) * null
            above = _beyond(distance - critical, error)
            below = _beyond(-distance - critical, error) if levels.sides == 2 else 0.0
        return np.asarray(np.minimum(above + below, 1.0))


def solve_units(
    outcome: Means | Rates, boundary: Boundary, levels: Levels, ratio: FloatArray, power: FloatArray
) -> Units:
    """Units with which the test has a power.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth.
    boundary : Boundary
        What is tested.
    levels : Levels
        Error rate.
    ratio : array of shape (k,)
        Treatment units per control unit.
    power : array of shape (k,)
        Power wanted.

    Returns
    -------
    Units, fields of shape (k,)
        No fewer than the smallest with which the test is defined.
    """
    distance = gap(outcome, boundary)
    distance = np.abs(distance) if levels.sides == 2 else distance
    z_level, z_power = -ndtri(levels.tail), ndtri(power)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if isinstance(outcome, Means):
            null = unit = np.sqrt(_unit_variance(outcome, boundary.weight, ratio))
            minimum = MINIMUM_UNITS_MEANS
        else:
            null, unit = deviations(outcome, boundary, np.ones_like(ratio), ratio)
            minimum = MINIMUM_UNITS_RATES
        start = (np.maximum(z_level * null + z_power * unit, 0.0) / distance) ** 2
        floor = minimum / np.minimum(ratio, 1.0)
        solvable = (distance > 0) & np.isfinite(start) & (null > 0)
        start = np.where(solvable, np.maximum(start, floor), np.nan)
        control = solve_rising(
            lambda n: power_of_test(outcome, boundary, levels, n, ratio * n), start, power,
            floor=floor, ceiling=np.full_like(start, np.inf),
        )  # fmt: skip
        never = (distance <= 0) & (null > 0)
        control = np.where(never, np.inf, control)
    return Units(control, control * ratio)


def deviations(
    outcome: Rates, boundary: Boundary, n_c: FloatArray, n_t: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Deviation of the contrast of rates that the test takes, and the true one.

    Parameters
    ----------
    outcome : Rates, fields of shape (k,)
        True rates.
    boundary : Boundary
        What is tested.
    n_c, n_t : array of shape (k,)
        Units, not necessarily whole.

    Returns
    -------
    null, true : array of shape (k,)
        The first at the rates of largest likelihood on the boundary, given the expected outcome.
    """
    p_c, p_t = np.asarray(outcome.control), np.asarray(outcome.treatment)
    weight, enough = boundary.weight, (n_c > 0) & (n_t > 0)
    n_c, n_t = np.where(enough, n_c, np.nan), np.where(enough, n_t, np.nan)
    data = Counts(n_c * p_c, n_c, n_t * p_t, n_t)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        at_difference = difference_deviation(data, boundary.shift)
        null = np.where(weight == 1, at_difference, ratio_deviation(data, weight))
        true = np.sqrt(weight**2 * p_c * (1 - p_c) / n_c + p_t * (1 - p_t) / n_t)
    valid = np.where(weight == 1, np.abs(boundary.shift) < 1, weight >= 0)
    return np.where(valid & (null > 0), null, np.nan), true


def flattened(
    outcome: Means | Rates, *values: npt.ArrayLike
) -> tuple[tuple[int, ...], Means | Rates, list[FloatArray]]:
    """Broadcast an outcome and numbers to one shape and flatten them.

    Parameters
    ----------
    outcome : Means or Rates
        The truth.
    *values : array-like
        Numbers.

    Returns
    -------
    shape : tuple of int
        The common shape.
    outcome : Means or Rates
        With fields of one dimension.
    values : list of array
        Of one dimension.

    Raises
    ------
    ArgumentError
        If the shapes do not broadcast.
    """
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    shapes = [outcome.shape, *(array.shape for array in arrays)]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        msg = f"arguments must broadcast together, got shapes {shapes}"
        raise ArgumentError(msg) from None
    flat = [np.array(np.broadcast_to(array, shape)).reshape(-1) for array in arrays]
    return shape, outcome.flat(shape), flat


def levels_of(alpha: FloatArray, sides: int) -> Levels:
    """Levels of a one- or two-sided test.

    Parameters
    ----------
    alpha : array of shape (k,)
        Error rate, of both tails together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    Levels
        Of one tail each.

    Raises
    ------
    ArgumentError
        If `sides` is neither.
    """
    if sides not in {1, 2}:
        msg = f"`sides` must be 1 or 2, got {sides!r}"
        raise ArgumentError(msg)
    return Levels(probability("alpha", alpha) / sides, sides)


def sign_of(goal: str) -> float:
    """Side that is good.

    Parameters
    ----------
    goal : str
        ``increase`` or ``decrease``.

    Returns
    -------
    float
        1 or -1.

    Raises
    ------
    ArgumentError
        If the goal is unknown.
    """
    return SIGNS[one_of("goal", goal, SIGNS)]


def checked_units(n_control: npt.ArrayLike, n_treatment: npt.ArrayLike) -> list[FloatArray]:
    """Units of two arms, 0 or more, or NaN.

    Parameters
    ----------
    n_control, n_treatment : array-like
        Units.

    Returns
    -------
    list of array
        The two.

    Raises
    ------
    ArgumentError
        If one is negative.
    """
    return [not_negative("n_control", n_control), not_negative("n_treatment", n_treatment)]


def checked_design(power: npt.ArrayLike, ratio: npt.ArrayLike) -> list[FloatArray]:
    """Power wanted and treatment units per control unit.

    Parameters
    ----------
    power : array-like
        Between 0 and 1.
    ratio : array-like
        Above 0.

    Returns
    -------
    list of array
        The two.

    Raises
    ------
    ArgumentError
        If one is outside what is allowed.
    """
    return [probability("power", power), positive("ratio", ratio)]


def _unit_variance(outcome: Means, weight: FloatArray, ratio: FloatArray) -> FloatArray:
    """Variance of the contrast times the control units."""
    sd_c, sd_t = np.asarray(outcome.sd_control), np.asarray(outcome.sd_treatment)
    return np.asarray((weight * sd_c) ** 2 + sd_t**2 / ratio)


def welch_error(
    outcome: Means, weight: FloatArray, n_c: FloatArray, n_t: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find the standard error of a contrast of means, and the degrees of freedom of the difference.

    Parameters
    ----------
    outcome : Means, fields of shape (k,)
        True deviations.
    weight : array of shape (k,)
        Of the control mean.
    n_c, n_t : array of shape (k,)
        Units.

    Returns
    -------
    error, df : array of shape (k,)
        NaN where an arm has fewer than two units or nothing varies.
    """
    enough = (n_c >= MINIMUM_UNITS_MEANS) & (n_t >= MINIMUM_UNITS_MEANS)
    n_c, n_t = np.where(enough, n_c, np.nan), np.where(enough, n_t, np.nan)
    v_c = np.asarray(outcome.sd_control) ** 2 / n_c
    v_t = np.asarray(outcome.sd_treatment) ** 2 / n_t
    df = (v_c + v_t) ** 2 / (v_c**2 / (n_c - 1) + v_t**2 / (n_t - 1))
    variance = weight**2 * v_c + v_t
    return np.where(variance > 0, np.sqrt(variance), np.nan), df


def _beyond(distance: FloatArray, error: FloatArray) -> FloatArray:
    """Upper normal tail; a sure outcome (rates 0 and 1) has no error."""
    sure = np.where(distance > 0, 1.0, 0.0)
    known = np.where(error > 0, ndtr(distance / np.where(error > 0, error, 1.0)), sure)
    return np.where(np.isnan(distance + error), np.nan, known)
