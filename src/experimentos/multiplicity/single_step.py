"""Single-step corrections: Bonferroni's, with equal or unequal shares of the level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.correction import (
    Correction,
    check,
    check_sizes,
    check_weights,
    decide,
    per_hypothesis,
)

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


def bonferroni(
    p: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Bonferroni's correction within families: controls the family-wise error, any dependence.

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

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_i = \min(1, m p_i)` [1]_.

    References
    ----------
    .. [1] O. J. Dunn (1961), Journal of the American Statistical Association 56, 52-64.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.04]), np.zeros(2, dtype=int)
    >>> bonferroni(p, family, level=np.full(2, 0.05)).p_value
    array([0.02, 0.08])
    """
    given = check(p, family, level)
    size = np.bincount(given.family)[given.family].astype(np.float64)
    if sizes is not None:
        defined = per_hypothesis("sizes", sizes, given.p)
        check_sizes(defined, size)
        size = defined
    return decide(given, np.minimum(1.0, size * given.p), given.level / size)


def weighted_bonferroni(
    p: FloatArray, family: IntArray, *, level: FloatArray, weights: FloatArray
) -> Correction:
    r"""Bonferroni's correction with unequal shares of the level within families.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family.
    weights : array of shape (k,)
        Share of the level of each hypothesis; at most 1 together in a family. What is left is
        nobody's, or belongs to hypotheses that have no row.

    Returns
    -------
    Correction, fields of shape (k,)
        Every hypothesis is tested at ``weights * level``: intervals are simultaneous. A weight of
        0 is never tested.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_i = \min(1, p_i / w_i)` [1]_.

    References
    ----------
    .. [1] R. Rosenthal, D. B. Rubin (1983), Psychological Bulletin 94, 540-541.

    Examples
    --------
    >>> p, family = np.array([0.01, 0.04]), np.zeros(2, dtype=int)
    >>> weights = np.array([0.2, 0.8])
    >>> weighted_bonferroni(p, family, level=np.full(2, 0.05), weights=weights).p_value
    array([0.05, 0.05])
    """
    given = check(p, family, level)
    share = check_weights(weights, given)
    adjusted = np.minimum(1.0, weighted_p_value(given.p, share))
    return decide(given, adjusted, np.where(share > 0, share * given.level, np.nan))


def weighted_p_value(p: FloatArray, weights: FloatArray) -> FloatArray:
    """Quotients of p-values and weights, infinite where the weight is 0.

    Parameters
    ----------
    p : array
        P-values.
    weights : array of the same shape
        Shares of the level.

    Returns
    -------
    array of the same shape
        The smallest level of the whole family at which each would be rejected with its share.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(weights > 0, p / weights, np.inf)
