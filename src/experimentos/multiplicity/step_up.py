"""Hochberg's step-up correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.blocks import correct_sorted
from experimentos.multiplicity.correction import Correction, check

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


def hochberg(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Hochberg's step-up correction within families.

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
        With :math:`r` rejections, `level` is :math:`\alpha / (m - r + 1)` where rejected and
        :math:`\alpha / (m - r)` where retained. Intervals with these error rates agree with the
        test; no intervals with a joint coverage are known for it.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, (m - j + 1) p_{(j)})` [1]_. It controls the
    family-wise error where Simes' inequality holds, as it does under positive dependence [2]_, and
    rejects all that Holm's rejects.

    References
    ----------
    .. [1] Y. Hochberg (1988), Biometrika 75, 800-802.
    .. [2] S. K. Sarkar (1998), Annals of Statistics 26, 494-504.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.02, 0.03, 0.04, 0.05]), np.zeros(5, dtype=int)
    >>> hochberg(p, family, level=np.full(5, 0.05)).p_value
    array([0.05, 0.05, 0.05, 0.05, 0.05])
    """
    return correct_sorted(_hochberg, check(p, family, level), sizes)


def _hochberg(
    ordered: FloatArray, size: FloatArray, level: FloatArray
) -> tuple[FloatArray, FloatArray]:
    left = np.maximum(size - np.arange(ordered.shape[1]), 1.0)
    adjusted = np.minimum.accumulate((left * ordered)[:, ::-1], axis=1)[:, ::-1]
    adjusted = np.minimum(adjusted, 1.0)
    rejected = adjusted <= level
    count = rejected.sum(axis=1, keepdims=True)
    step = np.where(rejected, size - count + 1, np.maximum(size - count, 1.0))
    return adjusted, level / step
