"""Quadrature over many independent normal posteriors, on one grid for all arms of a row."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from experimentos.bayes.panels import LANES, NODES, WEIGHTS

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

# Deviations beyond which 1e-12 is left.
REACH = 7.2
# Step of the grid, in deviations of the product of the arms' curves, at which the trapezoidal rule
# errs by 1e-12.
STEP = 2 * np.pi / np.sqrt(2 * np.log(1e12))
SIZES = (16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256)
CHUNK = 16
ROOT = float(np.sqrt(2 * np.pi))
EDGES = REACH * np.linspace(-1.0, 1.0, 9)


def best_of_normals(mean: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probability of being the largest, and expected loss of choosing it, of each arm.

    Parameters
    ----------
    mean, sd : array of shape (arms, k)
        Of independent normal posteriors. `k` is a multiple of 16.

    Returns
    -------
    probability : array of shape (arms, k)
        NaN in all arms of a row where one is undefined or its `sd` is 0.
    loss : array of shape (arms, k)
        In metric units.
    """
    undefined = ~((sd > 0) & np.isfinite(mean)).all(axis=0)
    low, high = np.max(mean - REACH * sd, axis=0), np.max(mean + REACH * sd, axis=0)
    # An arm whose largest value is below the least of the best one bends nothing on the grid.
    matters = mean + REACH * sd > low
    step = STEP / np.sqrt(np.sum(np.where(matters, sd**-2.0, 0.0), axis=0))
    needed = np.where(undefined, np.nan, (high - low) / step)
    probability, loss = np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    for previous, size in zip((0, *SIZES), (*SIZES, np.inf), strict=True):
        rows = np.flatnonzero((needed > previous) & (needed <= size))
        if not rows.size:
            continue
        rows = np.append(rows, np.full(-rows.size % LANES, rows[-1]))
        window = low[rows], high[rows]
        if size == np.inf:
            parts = _on_panels(mean[:, rows], sd[:, rows], window)
        else:
            parts = _on_grid(mean[:, rows], sd[:, rows], window, int(size))
        probability[:, rows], loss[:, rows] = parts
    return probability, loss


def _on_grid(
    mean: FloatArray, sd: FloatArray, window: tuple[FloatArray, FloatArray], size: int
) -> tuple[FloatArray, FloatArray]:
    """Sum in equal steps, whose error for such curves is exponentially small."""
    low, high = window
    step = (high - low) / size
    probability, loss = np.zeros_like(mean), np.zeros_like(mean)
    for start in range(0, size, CHUNK):
        at = low + step * (np.arange(start, min(start + CHUNK, size))[:, None] + 0.5)
        _add(probability, loss, mean, sd, at, np.broadcast_to(step, at.shape))
    return probability, loss


def _on_panels(
    mean: FloatArray, sd: FloatArray, window: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre panels, for arms whose deviations differ a lot."""
    points = mean + sd * EDGES[:, None, None]
    edges = np.sort(np.clip(points.reshape(-1, mean.shape[1]), *window), axis=0)
    probability, loss = np.zeros_like(mean), np.zeros_like(mean)
    for left, right in pairwise(edges):
        width = right - left
        _add(probability, loss, mean, sd, left + width * NODES[:, None], width * WEIGHTS[:, None])
    return probability, loss


def _add(
    probability: FloatArray,
    loss: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    at: FloatArray,
    weight: FloatArray,
) -> None:
    r"""Add what some nodes contribute, in place.

    With :math:`r_j = f_j / F_j`, arm j is best at x with density :math:`r_j \prod F`. Arm k, if
    below x, is so by :math:`\int^x F_k / F_k(x) = \sigma_k (z_k + \sigma_k r_k)` on average.
    """
    product, total, parts = weight.copy(), np.zeros_like(at), []
    scale = 1 / sd
    for arm_mean, arm_scale in zip(mean, scale, strict=True):
        z = (at - arm_mean) * arm_scale
        cumulative = ndtr(z)
        mills = np.exp(-0.5 * z * z)
        mills /= cumulative * ROOT
        product *= cumulative
        hazard = mills * arm_scale
        total += hazard
        z += mills
        parts.append((hazard, z))
    for arm, (hazard, excess) in enumerate(parts):
        probability[arm] += np.einsum("ij,ij->j", product, hazard)
        others = total - hazard
        others *= product
        loss[arm] += sd[arm] * np.einsum("ij,ij->j", others, excess)
