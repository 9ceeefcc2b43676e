"""Closed testing: a hypothesis is rejected where every intersection that contains it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import one_of
from experimentos.errors import ArgumentError
from experimentos.multiplicity.blocks import family_blocks, sort_rows
from experimentos.multiplicity.correction import (
    ROUNDING,
    Correction,
    Hypotheses,
    check,
    check_sizes,
    check_weights,
    decide,
    per_hypothesis,
)
from experimentos.multiplicity.simes import hommel
from experimentos.multiplicity.step_down import holm, weighted_holm

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.moments import FloatArray, IntArray

LARGEST_CLOSURE = 8
_NUMBERS_AT_ONCE = 2**18


@dataclass(frozen=True)
class LocalTest:
    """A test of intersections, over matrices of families, subsets and their hypotheses.

    Parameters
    ----------
    p_value : function
        Given the p-values of shape (families, 1, width) in increasing order, the weights of the
        members of shape (families, subsets, width), and the total weight of shape (families,
        subsets), it gives the p-values of the intersections.
    largest : function
        Given those p-values, the weights of all members but one, the weight of that one, and the
        level of a unit of weight, of shape (families, subsets, 1), it gives the largest p-value of
        that one with which the intersection is rejected.
    """

    p_value: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
    largest: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


def closed(
    p: FloatArray,
    family: IntArray,
    *,
    level: FloatArray,
    sizes: FloatArray | None = None,
    local: str = "bonferroni",
    weights: FloatArray | None = None,
) -> Correction:
    r"""Reject a hypothesis within families where all intersections that contain it are rejected.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values; for Simes' test independent or positively dependent.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Default: those given. Not together with
        `weights`.
    local : str
        Test of an intersection: ``"bonferroni"`` or ``"simes"``.
    weights : array of shape (k,), optional
        Share of the level of each hypothesis in the intersection of all; at most 1 together in a
        family, and in proportion in smaller intersections. What is left belongs to hypotheses
        that have no row. Default: equal.

    Returns
    -------
    Correction, fields of shape (k,)
        `level` is the largest p-value with which each hypothesis would have been rejected, the
        other p-values being what they are.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed; or if `weights` and Simes' test are asked for
        in a family of more than 8 hypotheses.

    Notes
    -----
    :math:`\tilde p_i = \max_{I \ni i} p_I` over all intersections [1]_, where with weights
    :math:`w` (1 for all if equal), :math:`W_I` their sum over the intersection and
    :math:`A_{(k)}` that of its `k` smallest p-values, Bonferroni's test has
    :math:`p_I = W_I \min_I p_k / w_k` and Simes' :math:`p_I = W_I \min_k p_{(k)} / A_{(k)}`
    [2]_. All intersections are looked at in families of up to 8 hypotheses. In larger ones the
    procedures that are equal to it are used, with their levels: `holm`, `weighted_holm` and
    `hommel`.

    References
    ----------
    .. [1] R. Marcus, E. Peritz, K. R. Gabriel (1976), Biometrika 63, 655-660.
    .. [2] Y. Hochberg, U. Liberman (1994), Statistics and Probability Letters 21, 99-105.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.02, 0.022, 0.09]), np.zeros(4, dtype=int)
    >>> closed(p, family, level=np.full(4, 0.05), local="simes").p_value  # as Hommel's
    array([0.03 , 0.04 , 0.044, 0.09 ])
    >>> closed(p, family, level=np.full(4, 0.05)).p_value  # as Holm's
    array([0.04, 0.06, 0.06, 0.09])
    """
    test = LOCAL_TESTS[one_of("local", local, LOCAL_TESTS)]
    given = check(p, family, level)
    count = np.bincount(given.family)[given.family].astype(np.float64)
    share, rest = _shares(given, count, sizes, weights)
    width = np.where(count + (rest if weights is None else 0) > LARGEST_CLOSURE, 0, count)
    adjusted, tested = np.empty_like(given.p), np.empty_like(given.p)
    for one in np.unique(width):
        chosen = width == one
        part = Hypotheses(given.p[chosen], given.family[chosen], given.level[chosen])
        adjusted[chosen], tested[chosen] = (
            _closure(part, share[chosen], rest[chosen], test)
            if one
            else _shortcut(
                part, share[chosen], rest[chosen], local, is_weighted=weights is not None
            )
        )
    return decide(given, adjusted, tested)


def _shares(
    given: Hypotheses, count: FloatArray, sizes: FloatArray | None, weights: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Weight of each hypothesis, and of those of its family that have no row."""
    if weights is None:
        defined = count if sizes is None else per_hypothesis("sizes", sizes, given.p)
        check_sizes(defined, count)
        return np.ones_like(given.p), defined - count
    if sizes is not None:
        msg = "`sizes` must be left out where `weights` is given, got both"
        raise ArgumentError(msg)
    share = check_weights(weights, given)
    total = np.bincount(given.family, weights=share)[given.family]
    return share, np.where(total < 1 - ROUNDING, 1 - total, 0.0)


def _shortcut(
    given: Hypotheses, share: FloatArray, rest: FloatArray, local: str, *, is_weighted: bool
) -> tuple[FloatArray, FloatArray]:
    """Correct large families by procedures that are equal to the closure."""
    if is_weighted and local == "simes":
        msg = (
            f"`weights` must be left out in families of more than {LARGEST_CLOSURE} hypotheses "
            f"where `local` is 'simes', got {int(np.bincount(given.family).max())} hypotheses"
        )
        raise ArgumentError(msg)
    if is_weighted:
        found = weighted_holm(given.p, given.family, level=given.level, weights=share)
    else:
        sizes = np.bincount(given.family)[given.family] + rest
        method = hommel if local == "simes" else holm
        found = method(given.p, given.family, level=given.level, sizes=sizes)
    return found.p_value, found.level


def _closure(
    given: Hypotheses, share: FloatArray, rest: FloatArray, local: LocalTest
) -> tuple[FloatArray, FloatArray]:
    """Look at all intersections."""
    adjusted, tested = np.empty_like(given.p), np.empty_like(given.p)
    widest = int(np.bincount(given.family).max())
    for block in family_blocks(given.family, cells=_NUMBERS_AT_ONCE >> widest):
        order, ordered = sort_rows(np.fmin(block.gather(given.p, 1.0), 1.0))
        weight = np.take_along_axis(block.gather(share, 0.0), order, axis=1)
        found = _by_subsets(ordered, weight, block.first(rest), block.first(given.level), local)
        for values, out in zip(found, (adjusted, tested), strict=True):
            block.scatter(values, out, order=order)
    return adjusted, tested


def _by_subsets(
    ordered: FloatArray, weight: FloatArray, rest: FloatArray, alpha: FloatArray, local: LocalTest
) -> tuple[FloatArray, FloatArray]:
    """Adjust sorted families of shape (families, width) by looking at all their subsets."""
    width = ordered.shape[1]
    member = (np.arange(1, 2**width)[:, None] >> np.arange(width)) & 1 == 1
    inside = np.where(member, weight[:, None, :], 0.0)
    total = np.cumsum(inside, axis=2)[:, :, -1] + rest
    p, level = ordered[:, None, :], alpha[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        intersection = np.minimum(1.0, local.p_value(p, inside, total))
        adjusted, tested = np.empty_like(ordered), np.empty_like(ordered)
        for one in range(width):
            contains = member[:, one]
            adjusted[:, one] = intersection[:, contains].max(axis=1)
            own = inside[:, contains, one]
            others = inside[:, contains].copy()
            others[:, :, one] = 0.0
            largest = local.largest(p, others, own, level / total[:, contains, None])
            tested[:, one] = largest.min(axis=1)
    # Never rejected, whatever its p-value, where it has no weight even alone.
    return adjusted, np.where(tested > 0, tested, np.nan)


def _bonferroni(p: FloatArray, weight: FloatArray, total: FloatArray) -> FloatArray:
    return np.asarray(np.where(weight > 0, total[:, :, None] / weight * p, np.inf).min(axis=2))


def _largest_bonferroni(
    p: FloatArray, others: FloatArray, own: FloatArray, unit: FloatArray
) -> FloatArray:
    rejected = ((others > 0) & (p <= unit * others)).any(axis=2)
    return np.where(rejected, 1.0, own * unit[:, :, 0])


def _simes(p: FloatArray, weight: FloatArray, total: FloatArray) -> FloatArray:
    needed = total[:, :, None] / np.cumsum(weight, axis=2) * p
    return np.asarray(np.where(weight > 0, needed, np.inf).min(axis=2))


def _largest_simes(
    p: FloatArray, others: FloatArray, own: FloatArray, unit: FloatArray
) -> FloatArray:
    before = np.cumsum(others, axis=2)
    rejected = ((others > 0) & (p <= unit * before)).any(axis=2)
    # With the k smallest of the others below it, its own p-value may be as large as this.
    candidate = unit * (own[:, :, None] + before)
    candidate = np.where((others > 0) & (p <= candidate), candidate, 0.0).max(axis=2)
    largest = np.maximum(own * unit[:, :, 0], candidate)
    return np.where(rejected, 1.0, np.where(own > 0, largest, 0.0))


LOCAL_TESTS = {
    "bonferroni": LocalTest(_bonferroni, _largest_bonferroni),
    "simes": LocalTest(_simes, _largest_simes),
}
