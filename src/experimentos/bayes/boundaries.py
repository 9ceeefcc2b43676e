"""What the models of this package read alike: a boundary for an effect, and the goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import numbers, one_of
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

GOALS = ("decrease", "increase")


def is_decrease(goal: str) -> bool:
    """Tell whether smaller is better.

    Parameters
    ----------
    goal : {"increase", "decrease"}
        Direction of improvement.

    Returns
    -------
    bool
        True for a decrease.

    Raises
    ------
    ArgumentError
        If the goal is unknown.
    """
    return one_of("goal", goal, GOALS) == "decrease"


def one_boundary(
    difference: npt.ArrayLike | None, lift: npt.ArrayLike | None, shape: tuple[int, ...]
) -> tuple[FloatArray, bool]:
    """Boundary for a difference or for a lift, whichever is given.

    Parameters
    ----------
    difference, lift : float or array, optional
        One of them must be given.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    boundary : array of `shape`
        NaN where undefined.
    is_lift : bool
        Whether it is relative.

    Raises
    ------
    ArgumentError
        If none or both are given, or the shape does not fit.
    """
    if lift is not None and difference is None:
        return broadcast("lift", lift, shape), True
    if difference is not None and lift is None:
        return broadcast("difference", difference, shape), False
    given = "none" if lift is None else "both"
    msg = f"one of `difference` and `lift` must be given, got {given}"
    raise ArgumentError(msg)


def broadcast(name: str, value: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Numbers of a given shape.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : float or array
        Numbers; NaN means undefined.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    array of `shape`
        A copy.

    Raises
    ------
    ArgumentError
        If the shape does not fit.
    """
    values = numbers(name, value)
    try:
        return np.array(np.broadcast_to(values, shape))
    except ValueError:
        msg = f"`{name}` must be one number or of shape {shape}, got shape {values.shape}"
        raise ArgumentError(msg) from None
