"""What every correction is given and gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import numbers
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

ROUNDING = 1e-9
_SPARSE = 10


@dataclass(frozen=True)
class Correction:
    """Adjusted p-values and the level each hypothesis was tested at.

    Parameters
    ----------
    p_value : array of shape (k,)
        Adjusted; NaN where the p-value given is.
    rejected : array of bool, shape (k,)
        Whether the adjusted p-value is at most the family's level.
    level : array of shape (k,)
        Level at which the procedure tested (rejected) or stopped (retained): the unadjusted
        p-value is at most it exactly where rejected, so that the interval with this error rate
        excludes the null value exactly where rejected. NaN where the procedure never came to test
        the hypothesis: nothing can be said with an interval.
    """

    p_value: FloatArray
    rejected: BoolArray
    level: FloatArray


@dataclass(frozen=True)
class Hypotheses:
    """Checked p-values in families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values; NaN where missing.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Error rate, equal within a family.
    """

    p: FloatArray
    family: IntArray
    level: FloatArray


def check(p: npt.ArrayLike, family: npt.ArrayLike, level: npt.ArrayLike) -> Hypotheses:
    """Check what every correction is given.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values; NaN where missing.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : float, or array of shape (k,)
        Error rate, equal within a family; NaN where undefined: nothing is rejected there.

    Returns
    -------
    Hypotheses, fields of shape (k,)
        As arrays.

    Raises
    ------
    ArgumentError
        If a p-value is outside [0, 1], `family` holds anything but whole numbers from 0, `level`
        is outside [0, 1), or the shapes differ.
    """
    values, groups = numbers("p", p), np.asarray(family)
    if values.ndim != 1:
        msg = f"`p` must have one dimension, got shape {values.shape}"
        raise ArgumentError(msg)
    values = check_p_values(values)
    if groups.shape != values.shape:
        msg = f"`family` must be of shape {values.shape}, got shape {groups.shape}"
        raise ArgumentError(msg)
    if groups.size and (groups.dtype.kind not in "iu" or int(groups.min()) < 0):
        msg = f"`family` must be whole numbers from 0, got {groups.dtype} from {groups.min()}"
        raise ArgumentError(msg)
    groups = groups.astype(np.int64, copy=False)
    if groups.size and int(groups.max()) > _SPARSE * groups.size:
        # Numbers such as identifiers: counting up to them would need too much memory.
        groups = np.unique(groups, return_inverse=True)[1]
    return Hypotheses(values, groups, check_level(level, values.shape))


def check_level(level: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Refuse error rates outside [0, 1); half of a tiny one may be 0.

    Parameters
    ----------
    level : float, or array
        Error rates; NaN where undefined.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    array
        Of `shape`.

    Raises
    ------
    ArgumentError
        If one is outside [0, 1), or the shape does not fit.
    """
    rates = numbers("level", level)
    outside = (rates < 0) | (rates >= 1)
    if outside.any():
        msg = f"`level` must be 0 or more and below 1, got {float(rates[outside].flat[0])!r}"
        raise ArgumentError(msg)
    return broadcast("level", rates, shape)


def broadcast(name: str, values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Repeat one number where there is only one.

    Parameters
    ----------
    name : str
        Name of the argument.
    values : array
        Numbers.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    array
        Of `shape`; not to be written to.

    Raises
    ------
    ArgumentError
        If the shape does not fit.
    """
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        msg = f"`{name}` must be one number or of shape {shape}, got shape {values.shape}"
        raise ArgumentError(msg) from None


def check_p_values(p: FloatArray) -> FloatArray:
    """Refuse p-values outside [0, 1].

    Parameters
    ----------
    p : array
        P-values; NaN where missing.

    Returns
    -------
    array of the same shape
        The p-values, those above 1 by no more than rounding set to 1.

    Raises
    ------
    ArgumentError
        If one is outside [0, 1].
    """
    lowest = float(np.fmin.reduce(p, axis=None, initial=0.0))
    highest = float(np.fmax.reduce(p, axis=None, initial=1.0))
    if lowest < 0 or highest > 1 + ROUNDING:
        msg = f"`p` must be between 0 and 1 or NaN, got {lowest if lowest < 0 else highest!r}"
        raise ArgumentError(msg)
    return p if highest == 1 else np.minimum(p, 1.0)


def per_hypothesis(name: str, values: npt.ArrayLike, like: FloatArray) -> FloatArray:
    """One number for each hypothesis.

    Parameters
    ----------
    name : str
        Name of the argument.
    values : float, or array of shape (k,)
        Numbers.
    like : array of shape (k,)
        Gives the shape.

    Returns
    -------
    array of shape (k,)
        The numbers.

    Raises
    ------
    ArgumentError
        If the shape does not fit.
    """
    return broadcast(name, numbers(name, values), like.shape)


def check_sizes(sizes: FloatArray, given: FloatArray) -> None:
    """Refuse sizes of families below the number of hypotheses given.

    Parameters
    ----------
    sizes : array
        Sizes by definition.
    given : array of the same shape
        Hypotheses given.

    Raises
    ------
    ArgumentError
        If a size is smaller, or NaN.
    """
    short = ~(sizes >= given)
    if short.any():
        msg = (
            "`sizes` must be at least the number of hypotheses given in the family "
            f"({given[short][0]:.0f}), got {float(sizes[short][0])!r}"
        )
        raise ArgumentError(msg)


def check_weights(weights: npt.ArrayLike, hypotheses: Hypotheses) -> FloatArray:
    """Check shares of the level: not negative, and at most 1 together in each family.

    Parameters
    ----------
    weights : array of shape (k,)
        Share of the family's level each hypothesis begins with.
    hypotheses : Hypotheses, fields of shape (k,)
        Gives families and shape.

    Returns
    -------
    array of shape (k,)
        The weights.

    Raises
    ------
    ArgumentError
        If a weight is negative or NaN, or those of a family sum to more than 1.
    """
    shares = per_hypothesis("weights", weights, hypotheses.p)
    if not (shares >= 0).all():
        bad = float(shares[~(shares >= 0)][0])
        msg = f"`weights` must be 0 or more, got {bad!r}"
        raise ArgumentError(msg)
    if shares.size:
        most = float(np.bincount(hypotheses.family, weights=shares).max())
        if most > 1 + ROUNDING:
            msg = f"`weights` must sum to at most 1 in a family, got {most!r}"
            raise ArgumentError(msg)
    return shares


def decide(hypotheses: Hypotheses, adjusted: FloatArray, tested: FloatArray) -> Correction:
    """Compare adjusted p-values with the level, and keep the levels compatible.

    Parameters
    ----------
    hypotheses : Hypotheses, fields of shape (k,)
        What was given.
    adjusted : array of shape (k,)
        Adjusted p-values; those of missing ones do not matter.
    tested : array of shape (k,)
        Level each was tested at; NaN where never tested.

    Returns
    -------
    Correction, fields of shape (k,)
        `level` is moved by one rounding where `adjusted` and `tested` fall on different sides.
    """
    p = hypotheses.p
    # Also undoes the last rounding of quotients that are multiplied back.
    adjusted = np.maximum(adjusted, p)
    rejected = adjusted <= hypotheses.level
    differs = (p <= tested) != rejected
    if differs.any():
        nearest = np.where(rejected, p, np.nextafter(p, -1.0))
        tested = np.where(differs, nearest, tested)
    return Correction(adjusted, rejected, tested)
