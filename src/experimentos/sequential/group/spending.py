"""Spending functions: how much of an error rate may be used up by a fraction of the information."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import one_of, probability
from experimentos.errors import ArgumentError
from experimentos.sequential.group.shapes import fitted

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

SpendingFunction = Callable[["FloatArray", "FloatArray", "FloatArray"], "FloatArray"]


def obrien_fleming(fractions: FloatArray, level: FloatArray, parameter: FloatArray) -> FloatArray:
    r"""Lan and DeMets's function whose boundaries look like O'Brien and Fleming's.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions in [0, 1].
    level : array of shape (...) or (..., 1)
        One-sided error rate.
    parameter : array
        Not used.

    Returns
    -------
    array of shape (..., looks)
        Cumulative error rate.

    Notes
    -----
    :math:`2 - 2 \Phi(z_{1 - \alpha/2} / \sqrt t)` [1]_. A two-sided test uses it in each tail at
    half its level.

    References
    ----------
    .. [1] K. K. G. Lan and D. L. DeMets (1983), Biometrika 70, 659-663.
    """
    del parameter
    with np.errstate(divide="ignore"):
        return np.asarray(2 * ndtr(ndtri(level / 2) / np.sqrt(fractions)))


def pocock(fractions: FloatArray, level: FloatArray, parameter: FloatArray) -> FloatArray:
    r"""Lan and DeMets's function whose boundaries look like Pocock's.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions in [0, 1].
    level : array of shape (...) or (..., 1)
        One-sided error rate.
    parameter : array
        Not used.

    Returns
    -------
    array of shape (..., looks)
        Cumulative error rate.

    Notes
    -----
    :math:`\alpha \log\{1 + (e - 1) t\}` [1]_.

    References
    ----------
    .. [1] K. K. G. Lan and D. L. DeMets (1983), Biometrika 70, 659-663.
    """
    del parameter
    return np.asarray(level * np.log1p(np.expm1(1.0) * fractions))


def hwang_shih_decani(
    fractions: FloatArray, level: FloatArray, parameter: FloatArray
) -> FloatArray:
    r"""Spend along an exponential curve.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions in [0, 1].
    level : array of shape (...) or (..., 1)
        One-sided error rate.
    parameter : array
        Gamma, between -40 and 40: -4 is much like O'Brien and Fleming, 1 like Pocock, 0 linear.

    Returns
    -------
    array of shape (..., looks)
        Cumulative error rate.

    Notes
    -----
    :math:`\alpha (1 - e^{-\gamma t}) / (1 - e^{-\gamma})` [1]_.

    References
    ----------
    .. [1] I. K. Hwang, W. J. Shih and J. S. de Cani (1990), Statistics in Medicine 9, 1439-1445.
    """
    gamma = np.where(parameter == 0, 1.0, parameter)
    share = np.expm1(-gamma * fractions) / np.expm1(-gamma)
    return np.asarray(level * np.where(parameter == 0, fractions, share))


def kim_demets(fractions: FloatArray, level: FloatArray, parameter: FloatArray) -> FloatArray:
    r"""Spend by a power of the fraction.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions in [0, 1].
    level : array of shape (...) or (..., 1)
        One-sided error rate.
    parameter : array
        Rho, above 0 and at most 50: 3 is much like O'Brien and Fleming, 1 linear.

    Returns
    -------
    array of shape (..., looks)
        Cumulative error rate.

    Notes
    -----
    :math:`\alpha t^\rho` [1]_.

    References
    ----------
    .. [1] K. Kim and D. L. DeMets (1987), Biometrika 74, 149-154.
    """
    return np.asarray(level * fractions**parameter)


def linear(fractions: FloatArray, level: FloatArray, parameter: FloatArray) -> FloatArray:
    r"""Spend in proportion to the fraction.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions in [0, 1].
    level : array of shape (...) or (..., 1)
        One-sided error rate.
    parameter : array
        Not used.

    Returns
    -------
    array of shape (..., looks)
        Cumulative error rate :math:`\alpha t`.
    """
    del parameter
    return np.asarray(level * fractions)


SPENDING: dict[str, SpendingFunction] = {
    "obrien_fleming": obrien_fleming,
    "pocock": pocock,
    "hwang_shih_decani": hwang_shih_decani,
    "kim_demets": kim_demets,
    "linear": linear,
}
PARAMETERS = {"hwang_shih_decani": (-40.0, 40.0), "kim_demets": (0.0, 50.0)}


def spend(
    fractions: npt.ArrayLike, level: npt.ArrayLike, *,
    spending: str = "obrien_fleming", parameter: float | None = None,
) -> FloatArray:  # fmt: skip
    """Cumulative error rate that may be spent by each look.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information fractions, 0 or more. Above 1 they count as 1: over-running adds nothing. NaN
        where there is no look.
    level : float or array of shape (...)
        One-sided error rate at the end.
    spending : str
        A key of `SPENDING`.
    parameter : float, optional
        Gamma of `hwang_shih_decani`, rho of `kim_demets`; the others take none.

    Returns
    -------
    array of shape (..., looks)
        Error rates.

    Raises
    ------
    ArgumentError
        If the level is outside (0, 1), the name unknown, the parameter missing, not wanted or
        out of its range, a fraction negative, or shapes do not fit.

    Examples
    --------
    >>> spend([0.2, 0.4, 0.6, 0.8, 1.0], 0.025, spending="linear")
    array([0.005, 0.01 , 0.015, 0.02 , 0.025])
    >>> spend([0.4, 0.6, 0.8, 1.0], 0.025).round(4)
    array([0.0004, 0.0038, 0.0122, 0.025 ])
    """
    function = SPENDING[one_of("spending", spending, SPENDING)]
    levels = np.asarray(probability("level", level))[..., None]
    times = np.asarray(fractions, dtype=np.float64)
    if (times < 0).any():
        msg = f"`fractions` must be 0 or more, got {float(times[times < 0].flat[0])!r}"
        raise ArgumentError(msg)
    times, levels = fitted(fractions=times, level=levels)
    spent = function(np.minimum(times, 1.0), levels, np.asarray(checked(spending, parameter)))
    # At 1 exactly the level: rounding must neither lose nor add.
    return np.where(times >= 1, levels, np.minimum(spent, levels))


def checked(spending: str, parameter: float | None) -> float:
    """Parameter of a spending function, if it takes one.

    Parameters
    ----------
    spending : str
        A key of `SPENDING`.
    parameter : float, optional
        What was given.

    Returns
    -------
    float
        NaN for functions without.

    Raises
    ------
    ArgumentError
        If it is missing, out of its range, or not wanted.
    """
    if spending not in PARAMETERS:
        if parameter is not None:
            msg = f"`parameter` must be None for {spending!r}, got {parameter!r}"
            raise ArgumentError(msg)
        return float("nan")
    low, high = PARAMETERS[spending]
    least_allowed = spending == "hwang_shih_decani"
    if parameter is None or not (low < parameter <= high or (least_allowed and parameter == low)):
        rule = f"{'at least' if least_allowed else 'above'} {low:g} and at most {high:g}"
        msg = f"`parameter` of {spending!r} must be {rule}, got {parameter!r}"
        raise ArgumentError(msg)
    return float(parameter)
