"""Bonferroni's single-step correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.correction import Correction, family_sizes

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


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
    size = family_sizes(family, sizes)
    adjusted = np.minimum(1.0, size * p)
    with np.errstate(invalid="ignore"):
        rejected = adjusted <= level
    return Correction(adjusted, rejected, level / size)
