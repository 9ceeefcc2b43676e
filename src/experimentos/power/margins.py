"""Power of superiority, non-inferiority and equivalence, by a margin or without, of any outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import not_negative, probability
from experimentos.power.contrasts import (
    Boundary,
    Levels,
    boundary_at,
    checked_design,
    checked_units,
    deviations,
    flattened,
    levels_of,
    power_of_test,
    sign_of,
    solve_units,
)
from experimentos.power.outcomes import Means, Rates
from experimentos.power.units import Units, solve_rising

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def superiority_power(
    outcome: Means | Rates, margin: npt.ArrayLike, n_control: npt.ArrayLike,
    n_treatment: npt.ArrayLike, *, is_relative: bool = False, goal: str = "increase",
    alpha: npt.ArrayLike = 0.05, sides: int = 1,
) -> FloatArray:  # fmt: skip
    r"""Power to show that treatment is better than control by more than a margin.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth.
    margin : float or array of shape (k,)
        Improvement to be exceeded, 0 or more: 0 is plain superiority.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2; a two-sided test may reject on either side.

    Returns
    -------
    array of shape (k,)
        NaN where the test is undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Means: see `means_power`, with the contrast :math:`\mu_t - (1 + m) \mu_c` for a relative margin
    (of an increase), whose variance is :math:`s_t^2/n_t + (1 + m)^2 s_c^2/n_c`, on the degrees of
    freedom of the difference. Rates: see `proportions_power`. That the control mean must be
    separated from 0 for a relative margin is not counted.

    Examples
    --------
    >>> superiority_power(Means(1.0), 0.0, 20, 20, alpha=0.025).round(6)
    np.float64(0.868953)
    """
    size, sign = not_negative("margin", margin), sign_of(goal)
    given = (size, *checked_units(n_control, n_treatment), np.asarray(alpha))
    shape, flat, (size, n_c, n_t, level) = flattened(outcome, *given)
    boundary = boundary_at(flat, sign * size, sign=sign, is_relative=is_relative)
    found = power_of_test(flat, boundary, levels_of(level, sides), n_c, n_t)
    return found.reshape(shape)[()]


def superiority_units(
    outcome: Means | Rates, margin: npt.ArrayLike = 0.0, *, power: npt.ArrayLike = 0.8,
    ratio: npt.ArrayLike = 1.0, is_relative: bool = False, goal: str = "increase",
    alpha: npt.ArrayLike = 0.05, sides: int = 1,
) -> Units:  # fmt: skip
    """Units to show that treatment is better than control by more than a margin.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth.
    margin : float or array of shape (k,)
        Improvement to be exceeded, 0 or more: 0 is plain superiority.
    power : float or array of shape (k,)
        Probability to show it.
    ratio : float or array of shape (k,)
        Treatment units per control unit.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    Units, fields of shape (k,)
        Infinite where the truth is not beyond the margin; NaN where undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> superiority_units(Means(1.0), 0.2, alpha=0.025).control.round(3)
    np.float64(25.525)
    """
    size, sign = not_negative("margin", margin), sign_of(goal)
    given = (size, *checked_design(power, ratio), np.asarray(alpha))
    shape, flat, (size, wanted, each, level) = flattened(outcome, *given)
    boundary = boundary_at(flat, sign * size, sign=sign, is_relative=is_relative)
    found = solve_units(flat, boundary, levels_of(level, sides), each, wanted)
    return Units(found.control.reshape(shape)[()], found.treatment.reshape(shape)[()])


def superiority_detectable(
    outcome: Means | Rates, margin: npt.ArrayLike, n_control: npt.ArrayLike,
    n_treatment: npt.ArrayLike, *, power: npt.ArrayLike = 0.8, is_relative: bool = False,
    goal: str = "increase", alpha: npt.ArrayLike = 0.05, sides: int = 1,
) -> FloatArray:  # fmt: skip
    """Smallest true improvement that is shown to exceed a margin with a power.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth about control and deviations; its effect is not read.
    margin : float or array of shape (k,)
        Improvement to be exceeded, 0 or more: 0 is plain superiority.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    power : float or array of shape (k,)
        Probability to show it.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    array of shape (k,)
        In metric units, 0 or more whatever the goal; NaN where the test is undefined or, for rates,
        where no rate is different enough.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> superiority_detectable(Rates(0.1), 0.0, 5000, 5000, alpha=0.025).round(5)
    np.float64(0.01744)
    """
    size, sign = not_negative("margin", margin), sign_of(goal)
    units = checked_units(n_control, n_treatment)
    given = (size, *units, probability("power", power), np.asarray(alpha))
    shape, flat, (size, n_c, n_t, wanted, level) = flattened(outcome, *given)
    levels = levels_of(level, sides)
    boundary = boundary_at(flat, sign * size, sign=sign, is_relative=is_relative)
    floor = np.abs(size * _scale(flat)) if is_relative else size
    ceiling = np.full_like(size, np.inf)
    if isinstance(flat, Rates):
        control = np.asarray(flat.control)
        ceiling = 1 - control if sign > 0 else control
    start = floor + _normal_distance(flat, n_c, n_t, levels, wanted)
    found = solve_rising(
        lambda effect: power_of_test(flat.shifted(sign * effect), boundary, levels, n_c, n_t),
        start, wanted, floor=floor, ceiling=np.maximum(ceiling, floor),
    )  # fmt: skip
    return found.reshape(shape)[()]


def noninferiority_power(
    outcome: Means | Rates, margin: npt.ArrayLike, n_control: npt.ArrayLike,
    n_treatment: npt.ArrayLike, *, is_relative: bool = False, goal: str = "increase",
    alpha: npt.ArrayLike = 0.05, sides: int = 1,
) -> FloatArray:  # fmt: skip
    r"""Power to show that treatment is worse than control by less than a margin.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth; mostly no effect.
    margin : float or array of shape (k,)
        Largest deterioration allowed, 0 or more.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2; a two-sided test may reject on either side of the margin.

    Returns
    -------
    array of shape (k,)
        NaN where the test is undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    As `superiority_power`, with the boundary on the other side of no effect.

    Examples
    --------
    >>> noninferiority_power(Rates(0.1), 0.02, 3533, 3533, alpha=0.025).round(3)
    np.float64(0.798)
    """
    size, sign = not_negative("margin", margin), sign_of(goal)
    given = (size, *checked_units(n_control, n_treatment), np.asarray(alpha))
    shape, flat, (size, n_c, n_t, level) = flattened(outcome, *given)
    boundary = boundary_at(flat, -sign * size, sign=sign, is_relative=is_relative)
    found = power_of_test(flat, boundary, levels_of(level, sides), n_c, n_t)
    return found.reshape(shape)[()]


def noninferiority_units(
    outcome: Means | Rates, margin: npt.ArrayLike, *, power: npt.ArrayLike = 0.8,
    ratio: npt.ArrayLike = 1.0, is_relative: bool = False, goal: str = "increase",
    alpha: npt.ArrayLike = 0.05, sides: int = 1,
) -> Units:  # fmt: skip
    """Units to show that treatment is worse than control by less than a margin.

    Parameters
    ----------
    outcome : Means or Rates, fields of shape (k,)
        The truth; mostly no effect.
    margin : float or array of shape (k,)
        Largest deterioration allowed, 0 or more.
    power : float or array of shape (k,)
        Probability to show it.
    ratio : float or array of shape (k,)
        Treatment units per control unit.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    Units, fields of shape (k,)
        Infinite where the truth is at the margin or beyond; NaN where undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> noninferiority_units(Rates(0.1), [0.02, 0.01], alpha=0.025).control.round()
    array([ 3549., 14145.])
    """
    size, sign = not_negative("margin", margin), sign_of(goal)
    given = (size, *checked_design(power, ratio), np.asarray(alpha))
    shape, flat, (size, wanted, each, level) = flattened(outcome, *given)
    boundary = boundary_at(flat, -sign * size, sign=sign, is_relative=is_relative)
    found = solve_units(flat, boundary, levels_of(level, sides), each, wanted)
    return Units(found.control.reshape(shape)[()], found.treatment.reshape(shape)[()])


def noninferiority_detectable(
    outcome: Means | Rates, n_control: npt.ArrayLike, n_treatment: npt.ArrayLike, *,
    power: npt.ArrayLike = 0.8, is_relative: bool = False, goal: str = "increase",
    alpha: npt.ArrayLike = 0.05, sides: int = 1,
) -> FloatArray:  # fmt: skip
    """Smallest margin within which treatment is shown to be with a power.

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
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    array of shape (k,)
        A fraction or in metric units; 0 where no margin is needed; NaN where there is none.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> noninferiority_detectable(Rates(0.1), 3533, 3533, alpha=0.025).round(4)
    np.float64(0.02)
    """
    sign = sign_of(goal)
    units = checked_units(n_control, n_treatment)
    given = (*units, probability("power", power), np.asarray(alpha))
    shape, flat, (n_c, n_t, wanted, level) = flattened(outcome, *given)
    levels = levels_of(level, sides)
    start = _normal_distance(flat, n_c, n_t, levels, wanted)
    floor, ceiling = np.zeros_like(n_c), np.full_like(n_c, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        if is_relative:
            start = start / np.abs(_scale(flat))
            ceiling = np.where(sign * _scale(flat) > 0, 1.0, ceiling)
        elif isinstance(flat, Rates):
            ceiling = np.full_like(n_c, 1 - 1e-12)
        start = np.where(np.isfinite(start), start, np.nan)

    def power_at(margin: FloatArray) -> FloatArray:
        boundary = boundary_at(flat, -sign * margin, sign=sign, is_relative=is_relative)
        return power_of_test(flat, boundary, levels, n_c, n_t)

    found = solve_rising(power_at, start, wanted, floor=floor, ceiling=ceiling)
    return found.reshape(shape)[()]


def _scale(outcome: Means | Rates) -> FloatArray:
    """Control mean, of which a relative margin is a fraction."""
    return np.asarray(outcome.mean_control if isinstance(outcome, Means) else outcome.control)


def _normal_distance(
    outcome: Means | Rates, n_c: FloatArray, n_t: FloatArray, levels: Levels, power: FloatArray
) -> FloatArray:
    """Effect that a normal statistic with the control's deviation finds: a first guess."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if isinstance(outcome, Means):
            v_c, v_t = (np.asarray(s) ** 2 for s in (outcome.sd_control, outcome.sd_treatment))
            error = np.sqrt(v_c / n_c + v_t / n_t)
        else:
            zero = Boundary(np.ones_like(n_c), np.zeros_like(n_c), 1.0)
            error = deviations(outcome.shifted(np.zeros_like(n_c)), zero, n_c, n_t)[1]
        distance = np.maximum(ndtri(power) - ndtri(levels.tail), 0.01) * error
        return np.where(np.isfinite(distance) & (distance > 0), distance, np.nan)
