"""Step-down corrections: Holm's, with equal or unequal weights, and the fixed sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.errors import ArgumentError
from experimentos.multiplicity.blocks import correct_sorted, family_blocks, sort_rows
from experimentos.multiplicity.correction import (
    ROUNDING,
    Correction,
    check,
    check_weights,
    decide,
    per_hypothesis,
)
from experimentos.multiplicity.single_step import weighted_p_value

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


def holm(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Holm's step-down correction within families: controls the family-wise error.

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

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})` [1]_, whatever the
    dependence between the p-values.

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
    return correct_sorted(_holm, check(p, family, level), sizes)


def weighted_holm(
    p: FloatArray, family: IntArray, *, level: FloatArray, weights: FloatArray
) -> Correction:
    r"""Holm's step-down correction with unequal weights within families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    weights : array of shape (k,)
        Share of the level each hypothesis begins with; at most 1 together in a family. What is
        left belongs to hypotheses that have no row and are never rejected.

    Returns
    -------
    Correction, fields of shape (k,)
        In the order given. A weight of 0 is never tested.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    With :math:`q_i = p_i / w_i` in increasing order and :math:`W_{(i)}` the weight of the
    hypotheses from the i-th on, :math:`\tilde p_{(i)} = \max_{j \le i} \min(1, W_{(j)} q_{(j)})`
    [1]_: a weight that is set free goes to the others in proportion to theirs.

    References
    ----------
    .. [1] S. Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.04]), np.zeros(2, dtype=int)
    >>> weights = np.array([0.8, 0.2])
    >>> weighted_holm(p, family, level=np.full(2, 0.05), weights=weights).p_value
    array([0.0125, 0.04  ])
    """
    given = check(p, family, level)
    share = check_weights(weights, given)
    adjusted, tested = np.empty_like(given.p), np.empty_like(given.p)
    for block in family_blocks(given.family):
        weight = block.gather(share, 0.0)
        order, quotient = sort_rows(
            weighted_p_value(np.fmin(block.gather(given.p, 1.0), 1.0), weight)
        )
        found = _weighted_holm(
            quotient, np.take_along_axis(weight, order, axis=1), block.first(given.level)
        )
        for values, out in zip(found, (adjusted, tested), strict=True):
            block.scatter(values, out, order=order)
    return decide(given, adjusted, tested)


def fixed_sequence(
    p: FloatArray, family: IntArray, *, level: FloatArray, position: FloatArray | None = None
) -> Correction:
    r"""Test in an order fixed in advance, each at the whole level, until one is retained.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values; a missing one stops the sequence.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    position : array of shape (k,), optional
        Place of each hypothesis in the sequence of its family. Default: the order given.

    Returns
    -------
    Correction, fields of shape (k,)
        `level` is NaN for the hypotheses behind the first one retained.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed, or two hypotheses of a family have one position.

    Notes
    -----
    :math:`\tilde p_i = \max_{j \le i} p_j` [1]_, whatever the dependence between the p-values.

    References
    ----------
    .. [1] W. Maurer, L. A. Hothorn, W. Lehmacher (1995), in J. Vollmar (ed.), Biometrie in der
       chemisch-pharmazeutischen Industrie 6, 3-18.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.06, 0.001]), np.zeros(3, dtype=int)
    >>> correction = fixed_sequence(p, family, level=np.full(3, 0.05))
    >>> correction.p_value
    array([0.01, 0.06, 0.06])
    >>> correction.level
    array([0.05, 0.05,  nan])
    """
    given = check(p, family, level)
    place = np.arange(given.p.size) if position is None else position
    places = _check_finite(per_hypothesis("position", place, given.p))
    adjusted, tested = np.empty_like(given.p), np.empty_like(given.p)
    for block in family_blocks(given.family):
        order, ordered = sort_rows(block.gather(places, np.inf))
        _check_positions(ordered)
        filled = np.fmin(block.gather(given.p, 1.0), 1.0)
        largest = np.maximum.accumulate(np.take_along_axis(filled, order, axis=1), axis=1)
        alpha = block.first(given.level)
        reached = np.ones(largest.shape, dtype=bool)
        reached[:, 1:] = largest[:, :-1] <= alpha
        for values, out in ((largest, adjusted), (np.where(reached, alpha, np.nan), tested)):
            block.scatter(values, out, order=order)
    return decide(given, adjusted, tested)


def _holm(
    ordered: FloatArray, size: FloatArray, level: FloatArray
) -> tuple[FloatArray, FloatArray]:
    left = np.maximum(size - np.arange(ordered.shape[1]), 1.0)
    adjusted = np.maximum.accumulate(left * ordered, axis=1)
    np.minimum(adjusted, 1.0, out=adjusted)
    rejected = adjusted <= level
    count = rejected.sum(axis=1, keepdims=True)
    return adjusted, level / np.where(rejected, left, np.maximum(size - count, 1.0))


def _weighted_holm(
    quotient: FloatArray, weight: FloatArray, level: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Adjust quotients of p and weight in increasing order."""
    others = 1.0 - np.cumsum(weight, axis=1)[:, -1:]
    # Summed from the end on, so that no digits of a small remaining weight are lost.
    backwards = np.concatenate([np.where(others > ROUNDING, others, 0.0), weight[:, ::-1]], axis=1)
    remaining = np.cumsum(backwards, axis=1)[:, :0:-1]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        scaled = np.where(weight > 0, np.minimum(1.0, remaining * quotient), 1.0)
        adjusted = np.maximum.accumulate(scaled, axis=1)
        rejected = adjusted <= level
        stopped = np.take_along_axis(
            remaining,
            np.minimum(rejected.sum(axis=1, keepdims=True), weight.shape[1] - 1),
            axis=1,
        )
        tested = level * weight / np.where(rejected, remaining, stopped)
    return adjusted, np.where(weight > 0, tested, np.nan)


def _check_finite(position: FloatArray) -> FloatArray:
    if not np.isfinite(position).all():
        bad = float(position[~np.isfinite(position)][0])
        msg = f"`position` must be finite, got {bad!r}"
        raise ArgumentError(msg)
    return position


def _check_positions(ordered: FloatArray) -> None:
    same = (ordered[:, 1:] == ordered[:, :-1]) & np.isfinite(ordered[:, 1:])
    if same.any():
        msg = (
            "`position` must be different for every hypothesis of a family, got "
            f"{float(ordered[:, 1:][same][0])!r} twice"
        )
        raise ArgumentError(msg)
