"""What looking early costs: units of a sequential design over those of a test with one look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import increasing_fractions, positive, probability
from experimentos.inference.roots import find_roots
from experimentos.sequential.group import design_from_bounds, drift_for_power
from experimentos.sequential.group import expected_information as _expected_information
from experimentos.sequential.group import inflation as _inflation
from experimentos.sequential.normal_mixture import SIDES, critical_value
from experimentos.sequential.tuning import mixture_information

if TYPE_CHECKING:
    from experimentos.moments import FloatArray
    from experimentos.sequential.group import Design


def group_factor(design: Design, *, power: npt.ArrayLike = 0.8) -> FloatArray:
    """Largest units of a group sequential design over those of a test with one look.

    Parameters
    ----------
    design : Design
        From `sequential.group.group_sequential`.
    power : float or array of shape (k,)
        Power of both.

    Returns
    -------
    array of shape (k,)
        Units needed are multiplied by it.

    Raises
    ------
    ArgumentError
        If a power is outside (0, 1).

    Examples
    --------
    >>> from experimentos.sequential.group import group_sequential
    >>> group_factor(group_sequential([1 / 3, 2 / 3, 1.0])).round(4)
    np.float64(1.0128)
    """
    return _inflation(design, power)[()]


def expected_group_factor(
    design: Design, *, power: float = 0.8, effect: npt.ArrayLike = 1.0
) -> FloatArray:
    """Compute the expected units of a group sequential design over those of a test with one look.

    Parameters
    ----------
    design : Design
        From `sequential.group.group_sequential`.
    power : float
        Power of both at the planned effect.
    effect : float or array of shape (k,)
        True effect as a share of the planned one.

    Returns
    -------
    array of shape (k,)
        Below 1 where stopping early saves units.

    Raises
    ------
    ArgumentError
        If the power is outside (0, 1).

    Examples
    --------
    >>> from experimentos.sequential.group import group_sequential
    >>> expected_group_factor(group_sequential([1 / 3, 2 / 3, 1.0]), effect=[0.0, 1.0]).round(4)
    array([1.0107, 0.8656])
    """
    drift = drift_for_power(design, power)
    share = np.asarray(effect, dtype=np.float64)
    expected = _expected_information(design, share * drift)
    return np.asarray(_inflation(design, power) * expected)[()]


def always_valid_factor(
    *, power: npt.ArrayLike = 0.8, alpha: npt.ArrayLike = 0.05, side: str = "two-sided"
) -> FloatArray:
    r"""Units at the end of an always-valid test, tightest there, over those of one look.

    Parameters
    ----------
    power : float or array of shape (k,)
        Power of both at the end.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of shape (k,)
        Units needed are multiplied by it. Crossings before the end add to the power: see
        `always_valid_looks_factor`.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\{(c + z_{1-\beta}) / (z_{1-\alpha} + z_{1-\beta})\}^2` with the mixture boundary
    :math:`c` at its lowest, half of `alpha` for a two-sided test.

    Examples
    --------
    >>> always_valid_factor().round(3)
    np.float64(1.915)
    >>> always_valid_factor(alpha=0.025, side="greater").round(3)
    np.float64(1.916)
    """
    level, wanted = probability("alpha", alpha), ndtri(probability("power", power))
    boundary = critical_value(mixture_information(level, side=side), alpha=level, side=side)
    return np.asarray(((boundary + wanted) / (_fixed_critical(level, side) + wanted)) ** 2)[()]


def always_valid_units(
    fixed_n: npt.ArrayLike, planned_n: npt.ArrayLike, *, power: npt.ArrayLike = 0.8,
    alpha: npt.ArrayLike = 0.05, side: str = "two-sided",
) -> FloatArray:  # fmt: skip
    r"""Units at which an always-valid test tuned for another size has a power.

    Parameters
    ----------
    fixed_n : float or array of shape (k,)
        Units in each arm with which the test with one look has the power.
    planned_n : float or array of shape (k,)
        Units in each arm at which the mixture is tightest.
    power : float or array of shape (k,)
        Power of both.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of shape (k,)
        Units in each arm at which the boundary is crossed with that power; earlier crossings are
        not counted.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Solves :math:`\Phi\{\delta \sqrt{n/n_1} - c(r^* n / n_0)\} = 1 - \beta`,
    :math:`\delta = z_{1-\alpha} + z_{1-\beta}`.

    Examples
    --------
    >>> always_valid_units(1000, [1914.9, 200, 50_000]).round(1)
    array([1914.8, 2138.5, 3323.9])
    """
    level, wanted = probability("alpha", alpha), ndtri(probability("power", power))
    given = positive("fixed_n", fixed_n), positive("planned_n", planned_n), level, wanted
    fixed, planned, level, wanted = np.broadcast_arrays(*given)
    shape = fixed.shape
    fixed, planned, level, wanted = (v.reshape(-1) for v in (fixed, planned, level, wanted))
    best = mixture_information(level, side=side)
    drift = _fixed_critical(level, side) + wanted

    def short(n: FloatArray) -> FloatArray:
        boundary = critical_value(best * n / planned, alpha=level, side=side)
        return np.asarray(drift * np.sqrt(n / fixed) - boundary - wanted)

    high = 2 * fixed
    while (short(high) < 0).any():
        high = np.where(short(high) < 0, high * 2, high)
    return find_roots(short, fixed * 0.5, high, tolerance=np.zeros_like(high)).reshape(shape)[()]


def always_valid_looks_factor(
    fractions: npt.ArrayLike, *, power: npt.ArrayLike = 0.8, alpha: float = 0.05,
    side: str = "two-sided", tightest: float = 1.0,
) -> FloatArray:  # fmt: skip
    """Units at the end of an always-valid test over those of one look, all crossings counted.

    Parameters
    ----------
    fractions : array of shape (looks,)
        Looks as fractions of the end.
    power : float or array of shape (k,)
        Probability of crossing at some look, on the right side.
    alpha : float
        Error rate, of both sides together if there are two.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.
    tightest : float
        Fraction of the end at which the mixture is tightest.

    Returns
    -------
    array of shape (k,)
        Units needed are multiplied by it. Exact: the boundary at these looks is that of a group
        sequential test, and its exits are computed by recursive integration.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> always_valid_looks_factor([0.25, 0.5, 0.75, 1.0]).round(3)
    np.float64(1.841)
    """
    times = increasing_fractions("fractions", fractions)
    level, wanted = probability("alpha", alpha), probability("power", power)
    best = float(mixture_information(level, side=side)) / float(positive("tightest", tightest))
    bounds = critical_value(best * times, alpha=level, side=side)
    sides = "two" if side == "two-sided" else "one"
    drift = drift_for_power(design_from_bounds(times, bounds, sides=sides), wanted)
    fixed = _fixed_critical(level, side) + ndtri(wanted)
    return np.asarray((drift / fixed) ** 2 * times[-1])[()]


def always_valid_power(
    n: npt.ArrayLike, fixed_n: npt.ArrayLike, planned_n: npt.ArrayLike, *,
    power: npt.ArrayLike = 0.8, alpha: npt.ArrayLike = 0.05, side: str = "two-sided",
) -> FloatArray:  # fmt: skip
    """Power of a look of an always-valid test at so many units.

    Parameters
    ----------
    n : float or array of shape (k,)
        Units in each arm at the look.
    fixed_n : float or array of shape (k,)
        Units in each arm with which the test with one look has `power`.
    planned_n : float or array of shape (k,)
        Units in each arm at which the mixture is tightest.
    power : float or array of shape (k,)
        Power of the test with one look.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of shape (k,)
        On the right side; earlier crossings are not counted.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> always_valid_power([1000, 1914.9], 1000, 1914.9).round(3)
    array([0.393, 0.8  ])
    """
    level, wanted = probability("alpha", alpha), ndtri(probability("power", power))
    size, fixed = positive("n", n), positive("fixed_n", fixed_n)
    best = mixture_information(level, side=side)
    boundary = critical_value(
        np.asarray(best * size / positive("planned_n", planned_n)), alpha=level, side=side
    )
    drift = _fixed_critical(level, side) + wanted
    return np.asarray(ndtr(drift * np.sqrt(size / fixed) - boundary))[()]


def _fixed_critical(level: FloatArray, side: str) -> FloatArray:
    """Critical value of a test with one look."""
    tails = 2 if side == SIDES[0] else 1
    return np.asarray(-ndtri(level / tails))
