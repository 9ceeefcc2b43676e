"""Corrections that control the false discovery rate: for exploring, never for deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import psi

from experimentos.multiplicity.blocks import correct_sorted
from experimentos.multiplicity.correction import Correction, check

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


def benjamini_hochberg(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Benjamini and Hochberg's step-up correction within families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values, independent or positively dependent.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        False discovery rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        With :math:`r` rejections, `level` is :math:`r \alpha / m` where rejected: intervals with
        this error rate control the false coverage rate of what was selected [2]_. Where retained
        it is that of the next step, :math:`(r + 1) \alpha / m`.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} / j)` [1]_.

    References
    ----------
    .. [1] Y. Benjamini, Y. Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    .. [2] Y. Benjamini, D. Yekutieli (2005), Journal of the American Statistical Association 100,
       71-81.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.02, 0.03, 0.2]), np.zeros(4, dtype=int)
    >>> benjamini_hochberg(p, family, level=np.full(4, 0.05)).p_value
    array([0.04, 0.04, 0.04, 0.2 ])
    """
    return correct_sorted(_benjamini_hochberg, check(p, family, level), sizes)


def benjamini_yekutieli(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Benjamini and Yekutieli's correction within families: any dependence between the p-values.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        False discovery rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        As `benjamini_hochberg` at the level divided by :math:`\sum_{i \le m} 1 / i`.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} \sum_{l \le m} l^{-1} / j)` [1]_.

    References
    ----------
    .. [1] Y. Benjamini, D. Yekutieli (2001), Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.02, 0.03, 0.2]), np.zeros(4, dtype=int)
    >>> benjamini_yekutieli(p, family, level=np.full(4, 0.05)).p_value.round(6)
    array([0.083333, 0.083333, 0.083333, 0.416667])
    """
    return correct_sorted(_benjamini_yekutieli, check(p, family, level), sizes)


def _benjamini_hochberg(
    ordered: FloatArray, size: FloatArray, level: FloatArray
) -> tuple[FloatArray, FloatArray]:
    return _step_up(ordered, size, level, np.ones_like(size))


def _benjamini_yekutieli(
    ordered: FloatArray, size: FloatArray, level: FloatArray
) -> tuple[FloatArray, FloatArray]:
    harmonic = np.where(size == 1, 1.0, psi(size + 1) + np.euler_gamma)
    return _step_up(ordered, size, level, harmonic)


def _step_up(
    ordered: FloatArray, size: FloatArray, level: FloatArray, penalty: FloatArray
) -> tuple[FloatArray, FloatArray]:
    rank = np.minimum(np.arange(1.0, ordered.shape[1] + 1), size)
    scaled = penalty * (size / rank) * ordered
    adjusted = np.minimum(np.minimum.accumulate(scaled[:, ::-1], axis=1)[:, ::-1], 1.0)
    rejected = adjusted <= level
    count = rejected.sum(axis=1, keepdims=True)
    step = np.where(rejected, count, np.minimum(count + 1, size))
    return adjusted, level * step / (size * penalty)
