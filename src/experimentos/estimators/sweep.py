"""Inverses of many small cross-product matrices at once, collinear columns left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray

# A covariate is left out where those before it explain all but this share of its variance.
TOLERANCE = 1e-10


def generalised_inverse(matrix: FloatArray, varies: BoolArray) -> tuple[FloatArray, BoolArray]:
    r"""Inverse of each matrix over the columns that add something to those before them.

    Parameters
    ----------
    matrix : array of shape (k, p, p)
        Sums of squares and products of p covariates: symmetric, not negative definite.
    varies : array of bool, shape (k, p)
        Covariates to use; the others are left out.

    Returns
    -------
    inverse : array of shape (k, p, p)
        Rows and columns of covariates that are left out are 0, so that their coefficients are.
    kept : array of bool, shape (k, p)
        Covariates that are not left out. None is where the matrix holds NaN.

    Notes
    -----
    Sweeps the correlations one column at a time [1]_: the pivot is the share of the covariate's
    variance that those before it do not explain, and a column is passed over where that is below
    1e-10. Nothing raises, so one bad matrix among many cannot stop the others.

    References
    ----------
    .. [1] J. H. Goodnight (1979), The American Statistician 33, 149-158.

    Examples
    --------
    >>> matrix = np.array([[[4.0, 8.0], [8.0, 16.0]]])  # the second is twice the first
    >>> inverse, kept = generalised_inverse(matrix, np.array([[True, True]]))
    >>> inverse[0, 0], kept
    (array([0.25, 0.  ]), array([[ True, False]]))
    """
    p = matrix.shape[-1]
    kept = np.zeros(varies.shape, dtype=np.bool_)
    with np.errstate(all="ignore"):
        deviation = np.sqrt(np.einsum("kii->ki", matrix))
        usable = varies & np.isfinite(deviation) & (deviation > 0)
        scale = np.where(usable, deviation, 1.0)
        swept = matrix / scale[:, :, None] / scale[:, None, :]
        for j in range(p):
            pivot = swept[:, j, j]
            kept[:, j] = usable[:, j] & (pivot > TOLERANCE)
            # A pivot of infinity leaves the matrix as it is.
            column = swept[:, :, j] / np.where(kept[:, j], pivot, np.inf)[:, None]
            row = np.where(kept[:, j, None], swept[:, j, :], 0.0)
            reduced = swept - column[:, :, None] * row[:, None, :]
            done = kept[:, j, None]
            reduced[:, :, j] = np.where(done, column, swept[:, :, j])
            reduced[:, j, :] = np.where(done, column, swept[:, j, :])
            reduced[:, j, j] = np.where(kept[:, j], -1 / pivot, pivot)
            swept = reduced
        inverse = -swept / scale[:, :, None] / scale[:, None, :]
    both = kept[:, :, None] & kept[:, None, :]
    return np.where(both, inverse, 0.0), kept
