"""Holm's step-down correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.correction import (
    Correction,
    family_sizes,
    rank_within,
    running_maximum,
)

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


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
    size = family_sizes(family, sizes)
    filled = np.where(np.isnan(p), 1.0, p)
    order = np.lexsort((filled, family))
    grouped, sorted_size = family[order], size[order]
    rank = rank_within(grouped)
    scaled = np.minimum(1.0, (sorted_size - rank) * filled[order])
    adjusted = np.empty_like(filled)
    adjusted[order] = running_maximum(scaled, grouped)
    rejected = (adjusted <= level) & ~np.isnan(p)
    count = np.bincount(family, weights=rejected)[family] if family.size else np.empty(0)
    position = np.empty_like(filled)
    position[order] = rank
    step = np.where(rejected, position, np.minimum(count, size - 1))
    tested = level / (size - step)
    return Correction(np.where(np.isnan(p), np.nan, adjusted), rejected, tested)
