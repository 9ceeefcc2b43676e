"""Gauss-Legendre panels, and running integrals that keep the digits of small tails.

Arrays of nodes have the shape (nodes, k): the last axis runs over rows, so that what belongs to a
row is broadcast without being copied and one panel of many rows stays in the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import legendre

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from experimentos.moments import FloatArray

ORDER = 12
BLOCK = 1024
LANES = 16


def _rule(order: int) -> tuple[FloatArray, FloatArray]:
    """Nodes in (0, 1), and the matrix from values at them to running integrals.

    The first row gives the integral over all of (0, 1), row ``1 + i`` the one from 0 to node ``i``.
    """
    nodes, weights = legendre.leggauss(order)
    # Legendre coefficients of the interpolating polynomial, and its integral term by term.
    degrees = np.arange(order)
    values = legendre.legvander(nodes, order)
    coefficients = (degrees[:, None] + 0.5) * values[:, :order].T * weights
    integrals = np.empty((order, order))
    integrals[:, 0] = nodes + 1
    integrals[:, 1:] = (values[:, 2:] - values[:, : order - 1]) / (2 * degrees[1:] + 1)
    running = integrals @ coefficients
    return (nodes + 1) / 2, np.vstack([weights, running]) / 2


NODES, RUNNING = _rule(ORDER)
WEIGHTS = RUNNING[0]


def running_integrals(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Integrals over a panel of width 1 and from its left end to each node.

    Parameters
    ----------
    values : array of shape (12, k)
        An integrand at `NODES`.

    Returns
    -------
    total : array of shape (k,)
        Over the panel.
    running : array of shape (12, k)
        From the left end to each node.
    """
    both = RUNNING @ values
    return both[0], both[1:]


def integral(values: FloatArray) -> FloatArray:
    """Integral over a panel of width 1.

    Parameters
    ----------
    values : array of shape (12, k)
        An integrand at `NODES`.

    Returns
    -------
    array of shape (k,)
        Over the panel.
    """
    return np.asarray(WEIGHTS @ values)


def merged(points: FloatArray) -> FloatArray:
    """Sort break points into the edges of panels.

    Parameters
    ----------
    points : array of shape (m, k)
        Break points in any order; infinite ones are moved to the nearest finite one.

    Returns
    -------
    array of shape (m, k)
        Edges; panels may be empty.
    """
    finite = np.isfinite(points)
    least = np.min(np.where(finite, points, np.inf), axis=0)
    greatest = np.max(np.where(finite, points, -np.inf), axis=0)
    return np.sort(np.clip(points, least, greatest), axis=0)


def in_blocks(
    function: Callable[..., tuple[FloatArray, ...]], arrays: Sequence[FloatArray]
) -> tuple[FloatArray, ...]:
    """Call a function on blocks of rows that fit in the cache.

    Parameters
    ----------
    function : function of arrays of shape (..., n) giving a tuple of arrays of shape (..., n)
        Each element of the results depends on the same element of the arguments alone.
    arrays : sequence of array of shape (..., k)
        The arguments.

    Returns
    -------
    tuple of array of shape (..., k)
        The results, end to end. A row's result does not depend on the rows beside it: blocks are
        filled up to a multiple of 16 rows, below which sums are taken in another order.
    """
    rows = arrays[0].shape[-1]
    results = []
    for start in range(0, max(rows, 1), BLOCK):
        block = [array[..., start : start + BLOCK] for array in arrays]
        size = block[0].shape[-1]
        missing = -size % LANES if size else LANES
        if missing:
            block = [_filled(array, missing) for array in block]
        results.append(tuple(result[..., :size] for result in function(*block)))
    if len(results) == 1:
        return results[0]
    return tuple(np.concatenate(parts, axis=-1) for parts in zip(*results, strict=True))


def _filled(array: FloatArray, missing: int) -> FloatArray:
    nothing = np.full((*array.shape[:-1], missing), np.nan)
    return np.concatenate([array, nothing], axis=-1)
