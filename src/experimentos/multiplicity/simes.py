r"""Hommel's correction: closed testing with Simes' tests, without going through the subsets.

The subset of size :math:`j` that is hardest to reject holds the :math:`j` largest p-values, so the
whole closure is in the numbers :math:`s_j = \min_{i \le j} j q_i / (j - i + 1)`, where
:math:`q_1 \ge q_2 \ge \dots` are the p-values in decreasing order, and
:math:`S_j = \max_{l \ge j} s_l`. A hypothesis is rejected at :math:`\alpha` exactly where
:math:`h p \le \alpha` with :math:`h` the number of :math:`S_j` above :math:`\alpha`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.blocks import family_blocks, sort_rows
from experimentos.multiplicity.correction import Correction, check, decide, per_hypothesis

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


def hommel(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Hommel's correction within families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values, independent or positively dependent.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        `level` is :math:`\alpha / h` for all hypotheses of a family (:math:`\alpha` where all are
        rejected). Intervals with this error rate agree with the test; no intervals with a joint
        coverage are known for it.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Closed testing with Simes' test of every intersection [1]_: it controls the family-wise error
    where Simes' inequality holds, as it does under positive dependence (metrics that tend to move
    together, arms with one control; not metrics that move against each other) [2]_. It rejects
    all that Hochberg's and Holm's reject. In :math:`m \log m` steps [3]_: the minimiser in
    :math:`s_j` never moves back as :math:`j` grows, so it is looked for between those of its
    neighbours; and :math:`\tilde p_i = \min_j \max(j p_i, S_{j+1})`, found by bisection.

    References
    ----------
    .. [1] G. Hommel (1988), Biometrika 75, 383-386.
    .. [2] S. K. Sarkar (1998), Annals of Statistics 26, 494-504.
    .. [3] R. J. Meijer, T. J. P. Krebs, J. J. Goeman (2019), Biometrical Journal 61, 73-82.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.02, 0.022, 0.09]), np.zeros(4, dtype=int)
    >>> hommel(p, family, level=np.full(4, 0.05)).p_value  # R: p.adjust(p, "hommel")
    array([0.03 , 0.04 , 0.044, 0.09 ])
    """
    given = check(p, family, level)
    defined = None if sizes is None else per_hypothesis("sizes", sizes, given.p)
    adjusted, tested = np.empty_like(given.p), np.empty_like(given.p)
    for block in family_blocks(given.family):
        filled = np.fmin(block.gather(given.p, -1.0), 1.0)
        order, ordered = sort_rows(-filled)
        size = block.sizes(defined)
        present = block.sizes(None)
        largest = hardest_subsets(-ordered, present, size - present)
        alpha = block.first(given.level)
        block.scatter(_adjust(-ordered, largest, size - present), adjusted, order=order)
        still = (largest > alpha).sum(axis=1, keepdims=True) + (size - present)
        threshold = np.broadcast_to(alpha / np.maximum(still, 1.0), order.shape)
        block.scatter(threshold, tested, order=order)
    return decide(given, adjusted, tested)


def hardest_subsets(decreasing: FloatArray, given: FloatArray, more: FloatArray) -> FloatArray:
    """Simes p-value of the subset of each size, or a larger one, that is hardest to reject.

    Parameters
    ----------
    decreasing : array of shape (families, width)
        P-values, decreasing along rows; below 0 behind the last one.
    given : array of shape (families, 1)
        How many there are in each row.
    more : array of shape (families, 1)
        Further hypotheses whose p-value is 1.

    Returns
    -------
    array of shape (families, width + 1)
        Column ``j`` is that of size ``more + j + 1``; 0 from the column `given` on.
    """
    families, width = decreasing.shape
    size = np.arange(1, width + 1)
    best = np.zeros((families, width + 1), dtype=np.int64)
    smallest = np.zeros((families, width + 1))
    stride = 1 << int(width).bit_length()
    while stride:
        # Sizes `stride`, 3 `stride`, ...; those between them are known.
        chosen = size[stride - 1 :: 2 * stride]
        if chosen.size:
            first = best[:, chosen - stride]
            after = np.minimum(chosen + stride, width)
            known = np.where(chosen + stride <= given, best[:, after], chosen)
            last = np.minimum(known, chosen - 1)
            found = _smallest_ratio(decreasing, chosen, first, last)
            smallest[:, chosen - 1], best[:, chosen] = found
        stride //= 2
    smallest[:, :-1] = np.minimum(1.0, (more + size) * smallest[:, :-1])
    smallest = np.where(np.arange(width + 1) < given, smallest, 0.0)
    return np.asarray(np.maximum.accumulate(smallest[:, ::-1], axis=1)[:, ::-1])


def _smallest_ratio(
    decreasing: FloatArray, size: IntArray, first: IntArray, last: IntArray
) -> tuple[FloatArray, IntArray]:
    """Smallest ``q[i] / (size - i)`` for ``first <= i <= last``, and its first ``i``."""
    length = (last - first + 1).reshape(-1)
    starts = np.cumsum(length) - length
    segment = np.repeat(np.arange(length.size), length)
    within = np.arange(segment.size) - starts[segment]
    index = first.reshape(-1)[segment] + within
    row, column = np.divmod(segment, size.size)
    ratio = decreasing[row, index] / (size[column] - index)
    smallest = np.minimum.reduceat(ratio, starts)
    hits = np.flatnonzero(ratio == smallest[segment])
    where = index[hits[np.searchsorted(hits, starts)]]
    return smallest.reshape(first.shape), where.reshape(first.shape)


def _adjust(decreasing: FloatArray, largest: FloatArray, more: FloatArray) -> FloatArray:
    """Smallest over sizes ``j`` of the larger of ``j p`` and what size ``j + 1`` needs."""
    low = np.zeros(decreasing.shape, dtype=np.int64)
    high = np.full(decreasing.shape, decreasing.shape[1])
    for _ in range(int(decreasing.shape[1]).bit_length()):
        middle = (low + high) // 2
        enough = (more + middle) * decreasing >= np.take_along_axis(largest, middle, axis=1)
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    crossing = np.minimum(1.0, (more + high) * decreasing)
    before = np.take_along_axis(largest, np.maximum(high - 1, 0), axis=1)
    return np.asarray(np.where(high > 0, np.minimum(crossing, before), crossing))
