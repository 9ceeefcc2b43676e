"""Quadrature over many independent beta posteriors, on panels between the points of all arms."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from experimentos.bayes.logit_beta import (
    FINER,
    fall_points,
    log_fall,
    log_peak,
    logistic_growth,
)
from experimentos.bayes.panels import LANES, NODES, integral, running_integrals

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

# Below this many events or non-events a product of many curves bends on the scale of the logit.
BROAD = 5.0


def best_of_betas(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probability of being the largest, and expected loss of choosing it, of each arm.

    Parameters
    ----------
    a, b : array of shape (arms, k)
        Parameters of independent beta posteriors. `k` is a multiple of 16.

    Returns
    -------
    probability : array of shape (arms, k)
        NaN in all arms of a row where one is undefined.
    loss : array of shape (arms, k)
        In units of the rate.
    """
    points = np.stack([fall_points(*arm) for arm in zip(a, b, strict=True)])
    broad = np.minimum(a, b).min(axis=0) < BROAD
    probability, loss = np.full_like(a, np.nan), np.full_like(a, np.nan)
    for where in (broad, ~broad):
        rows = np.flatnonzero(where)
        if not rows.size:
            continue
        rows = np.append(rows, np.full(-rows.size % LANES, rows[-1]))
        own = points[..., rows]
        if where is broad:
            finer = own[:, 4:5] + FINER
            own = np.concatenate([own, finer, np.broadcast_to(FINER, finer.shape)], axis=1)
        edges = np.sort(own.reshape(-1, rows.size), axis=0)
        probability[:, rows], loss[:, rows] = _sums(a[:, rows], b[:, rows], edges)
    return probability, loss


def _sums(a: FloatArray, b: FloatArray, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Integrals over all panels.

    With :math:`r_j = f_j / F_j`, arm j is best at x with density :math:`r_j \prod F`. Arm k, if
    below x, is so by :math:`\int^x F_k / F_k(x)` on average.
    """
    # Offsets from the mode of the largest arm: there digits are needed.
    largest = np.argmax(np.log(a) - np.log(b), axis=0)[None]
    a_best, b_best = (np.take_along_axis(values, largest, axis=0)[0] for values in (a, b))
    share, rest = a_best / (a_best + b_best), b_best / (a_best + b_best)
    constants = [log_peak(*arm) + log_fall(*arm, share, rest) for arm in zip(a, b, strict=True)]
    reached, room = np.zeros_like(a), np.zeros_like(a)
    probability, loss = np.zeros_like(a), np.zeros_like(a)
    for left, right in pairwise(edges - (np.log(a_best) - np.log(b_best))):
        width = right - left
        growth, decay, _ = logistic_growth(share, rest, left + width * NODES[:, None])
        dx = (width * share * rest) * np.exp(growth + decay)
        product, total = np.broadcast_to(width, dx.shape), np.zeros_like(dx)
        hazards, excesses = [], []
        for arm, constant in enumerate(constants):
            density = np.exp(constant + a[arm] * growth + b[arm] * decay)
            mass, cumulative = running_integrals(density * width)
            cumulative += reached[arm]
            run, below = running_integrals(cumulative * dx)
            positive = cumulative > 0
            hazards.append(np.where(positive, density / cumulative, 0.0))
            excesses.append(np.where(positive, (room[arm] + below) / cumulative, 0.0))
            product, total = product * cumulative, total + hazards[-1]
            reached[arm] += mass
            room[arm] += run
        for arm, (hazard, excess) in enumerate(zip(hazards, excesses, strict=True)):
            probability[arm] += integral(product * hazard)
            loss[arm] += integral(product * (total - hazard) * excess)
    return probability, loss
