"""Corrections for many tests: p-values in, adjusted p-values out, within groups.

A family's size is fixed by definition. A p-value that is missing (NaN) counts as 1 for the size,
and so do hypotheses of the family that have no row; both are given through `sizes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def holm(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Holm's step-down correction within families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        In the order given.

    Notes
    -----
    :math:`\tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})` [1]_.

    References
    ----------
    .. [1] S. Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.04, 0.03]), np.zeros(3, dtype=int)
    >>> correction = holm(p, family, level=np.full(3, 0.05))
    >>> correction.p_value
    array([0.03, 0.06, 0.06])
    >>> correction.level.round(4)  # the first tested at 0.05 / 3; stopped at 0.05 / 2
    array([0.0167, 0.025 , 0.025 ])
    """
    size = _sizes(family, sizes)
    filled = np.where(np.isnan(p), 1.0, p)
    order = np.lexsort((filled, family))
    grouped, sorted_size = family[order], size[order]
    rank = _rank_within(grouped)
    scaled = np.minimum(1.0, (sorted_size - rank) * filled[order])
    adjusted = np.empty_like(filled)
    adjusted[order] = _running_maximum(scaled, grouped)
    rejected = (adjusted <= level) & ~np.isnan(p)
    count = np.bincount(family, weights=rejected)[family] if family.size else np.empty(0)
    position = np.empty_like(filled)
    position[order] = rank
    step = np.where(rejected, position, np.minimum(count, size - 1))
    tested = level / (size - step)
    return Correction(np.where(np.isnan(p), np.nan, adjusted), rejected, tested)


def bonferroni(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    """Bonferroni's correction within families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        Every hypothesis is tested at ``level / size``: intervals are simultaneous.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.04]), np.zeros(2, dtype=int)
    >>> bonferroni(p, family, level=np.full(2, 0.05)).p_value
    array([0.02, 0.08])
    """
    size = _sizes(family, sizes)
    adjusted = np.minimum(1.0, size * p)
    with np.errstate(invalid="ignore"):
        rejected = adjusted <= level
    return Correction(adjusted, rejected, level / size)


CORRECTIONS: dict[str, Callable[..., Correction]] = {"holm": holm, "bonferroni": bonferroni}


def correction_named(name: str) -> Callable[..., Correction]:
    """Find a correction by the name used in definitions.

    Parameters
    ----------
    name : str
        A key of `CORRECTIONS`.

    Returns
    -------
    function
        With the signature of `holm`.

    Raises
    ------
    ArgumentError
        If there is no correction of that name.
    """
    if name not in CORRECTIONS:
        msg = f"`correction` must be one of {sorted(CORRECTIONS)}, got {name!r}"
        raise ArgumentError(msg)
    return CORRECTIONS[name]


def _sizes(family: IntArray, sizes: FloatArray | None) -> FloatArray:
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


def _rank_within(grouped: IntArray) -> FloatArray:
    """Position of each element within its run of equal values, from 0."""
    position = np.arange(grouped.size)
    starts = np.ones(grouped.size, dtype=bool)
    starts[1:] = grouped[1:] != grouped[:-1]
    first = np.maximum.accumulate(np.where(starts, position, 0))
    return (position - first).astype(np.float64)


def _running_maximum(values: FloatArray, grouped: IntArray) -> FloatArray:
    """Largest value so far within each run, in as many steps as doublings of the longest run."""
    result, reach = values.copy(), 1
    longest = int(_rank_within(grouped).max(initial=0.0)) + 1
    while reach < longest:
        same = grouped[reach:] == grouped[:-reach]
        before = np.where(same, result[:-reach], -np.inf)
        result[reach:] = np.maximum(result[reach:], before)
        reach *= 2
    return result
