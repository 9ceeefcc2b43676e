"""Checks of arguments: each error names the argument, what is allowed and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection

FloatArray = npt.NDArray[np.float64]


def numbers(name: str, value: npt.ArrayLike) -> FloatArray:
    """Anything that holds numbers as an array of floats.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like
        Numbers, None for undefined ones; masked values become NaN.

    Returns
    -------
    array
        Of the shape given.

    Raises
    ------
    ArgumentError
        If there is anything else: text, times, complex numbers, rows of different lengths.

    Examples
    --------
    >>> numbers("n", ["10", "20"])
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `n` must be numbers, got ['10', '20']
    """
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    try:
        given = np.ma.asarray(value) if np.ma.isMaskedArray(value) else np.asarray(value)
        if given.dtype.kind in "biufO" and not _has_text(given):
            converted = given.astype(np.float64)
            return np.asarray(np.ma.filled(converted, np.nan))
    except (TypeError, ValueError, OverflowError):
        pass
    msg = f"`{name}` must be numbers, got {_shortly(value)}"
    raise ArgumentError(msg)


def same_shape(**arrays: FloatArray) -> tuple[int, ...]:
    """Return the one shape of several arrays.

    Parameters
    ----------
    **arrays : array
        Arrays by the names of their arguments.

    Returns
    -------
    tuple of int
        Their shape.

    Raises
    ------
    ArgumentError
        If shapes differ.

    Examples
    --------
    >>> same_shape(control=np.ones(3), treatment=np.ones(4))
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `control` and `treatment` must have one shape, got (3,) and (4,)
    """  # noqa: E501
    shapes = [array.shape for array in arrays.values()]
    if len(set(shapes)) > 1:
        names = " and ".join(f"`{name}`" for name in arrays)
        msg = f"{names} must have one shape, got {' and '.join(map(str, shapes))}"
        raise ArgumentError(msg)
    return shapes[0]


def probability(name: str, value: npt.ArrayLike, shape: tuple[int, ...] = ()) -> FloatArray:
    """Rates strictly between 0 and 1, broadcast to a shape.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like
        Rates.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    array
        The rates, of `shape`.

    Raises
    ------
    ArgumentError
        If a rate is outside (0, 1) or NaN, or the shape does not fit.

    Examples
    --------
    >>> probability("alpha", 1.5)
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `alpha` must be between 0 and 1, got 1.5
    """
    rates = numbers(name, value)
    return _checked(name, rates, (rates > 0) & (rates < 1), "between 0 and 1", shape)


def positive(name: str, value: npt.ArrayLike, shape: tuple[int, ...] = ()) -> FloatArray:
    """Finite numbers above 0, broadcast to a shape.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like
        Numbers.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    array
        The numbers, of `shape`.

    Raises
    ------
    ArgumentError
        If a number is 0 or less, infinite or NaN, or the shape does not fit.
    """
    given = numbers(name, value)
    allowed = (given > 0) & np.isfinite(given)
    return _checked(name, given, allowed, "positive and finite", shape)


def not_negative(name: str, value: npt.ArrayLike, shape: tuple[int, ...] = ()) -> FloatArray:
    """Numbers of 0 or more, or NaN, broadcast to a shape.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like
        Numbers; NaN means undefined.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    array
        The numbers, of `shape`.

    Raises
    ------
    ArgumentError
        If a number is negative, or the shape does not fit.
    """
    given = numbers(name, value)
    return _checked(name, given, ~(given < 0), "0 or more", shape)


def increasing_fractions(name: str, value: npt.ArrayLike) -> FloatArray:
    """Information fractions: strictly increasing, above 0 and at most 1.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like of shape (looks,)
        Fractions.

    Returns
    -------
    array of shape (looks,)
        The fractions.

    Raises
    ------
    ArgumentError
        If they are not such a sequence.
    """
    fractions = numbers(name, value)
    if fractions.ndim != 1 or fractions.size == 0:
        msg = f"`{name}` must be a sequence of at least one number, got {value!r}"
        raise ArgumentError(msg)
    valid = (fractions > 0).all() and (fractions <= 1 + 1e-12).all()
    if not (valid and (np.diff(fractions) > 0).all()):
        msg = (
            f"`{name}` must increase strictly, above 0 and at most 1, got "
            f"{[float(v) for v in fractions]}"
        )
        raise ArgumentError(msg)
    return fractions


def one_of(name: str, value: str, allowed: Collection[str]) -> str:
    """One of some names.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : str
        What was given.
    allowed : collection of str
        What is allowed.

    Returns
    -------
    str
        The value.

    Raises
    ------
    ArgumentError
        If it is not allowed.

    Examples
    --------
    >>> one_of("method", "nope", ["welch", "score"])
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `method` must be one of ['score', 'welch'], got 'nope'
    """
    known = list(allowed)  # a list: what cannot be hashed is not allowed either
    if value not in known:
        msg = f"`{name}` must be one of {sorted(allowed)}, got {value!r}"
        raise ArgumentError(msg)
    return value


def _checked(
    name: str,
    values: FloatArray,
    is_allowed: npt.NDArray[np.bool_],
    rule: str,
    shape: tuple[int, ...],
) -> FloatArray:
    if not is_allowed.all():
        msg = f"`{name}` must be {rule}, got {float(values[~is_allowed].flat[0])!r}"
        raise ArgumentError(msg)
    if not shape:
        return values
    try:
        return np.array(np.broadcast_to(values, shape))
    except ValueError:
        msg = f"`{name}` must be one number or of shape {shape}, got shape {values.shape}"
        raise ArgumentError(msg) from None


def _has_text(given: npt.NDArray[np.generic]) -> bool:
    """Whether an array of objects holds text, which NumPy would read as numbers."""
    return given.dtype.kind == "O" and any(isinstance(one, str | bytes) for one in given.flat)


def _shortly(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
