"""What every correction gives back, and its steps within families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray


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
        One-sided level at which the procedure tested (rejected) or stopped (retained): the
        unadjusted p-value is at most it exactly where rejected.
    """

    p_value: FloatArray
    rejected: BoolArray
    level: FloatArray


def family_sizes(family: IntArray, sizes: FloatArray | None) -> FloatArray:
    """Hypotheses in the family of each element.

    Parameters
    ----------
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    sizes : array of shape (k,), optional
        Sizes by definition; default: those given.

    Returns
    -------
    array of shape (k,)
        At least the number given.

    Raises
    ------
    ArgumentError
        If a size is smaller than the number given.
    """
    given = np.bincount(family)[family].astype(np.float64) if family.size else np.empty(0)
    if sizes is None:
        return given
    if (sizes < given).any():
        short = int(np.flatnonzero(sizes < given)[0])
        msg = (
            "`sizes` must be at least the number of hypotheses given in the family "
            f"({given[short]:.0f}), got {sizes[short]!r}"
        )
        raise ArgumentError(msg)
    return sizes.astype(np.float64)


def rank_within(grouped: IntArray) -> FloatArray:
    """Position of each element within its run of equal values, from 0.

    Parameters
    ----------
    grouped : array of int, shape (k,)
        Sorted families.

    Returns
    -------
    array of shape (k,)
        Ranks.
    """
    position = np.arange(grouped.size)
    starts = np.ones(grouped.size, dtype=bool)
    starts[1:] = grouped[1:] != grouped[:-1]
    first = np.maximum.accumulate(np.where(starts, position, 0))
    return (position - first).astype(np.float64)


def running_maximum(values: FloatArray, grouped: IntArray) -> FloatArray:
    """Largest value so far within each run, in as many steps as doublings of the longest run.

    Parameters
    ----------
    values : array of shape (k,)
        Numbers.
    grouped : array of int, shape (k,)
        Sorted families.

    Returns
    -------
    array of shape (k,)
        Never decreasing within a run.
    """
    result, reach = values.copy(), 1
    longest = int(rank_within(grouped).max(initial=0.0)) + 1
    while reach < longest:
        same = grouped[reach:] == grouped[:-reach]
        before = np.where(same, result[:-reach], -np.inf)
        result[reach:] = np.maximum(result[reach:], before)
        reach *= 2
    return result
