r"""Probability that one beta variable lies above a line through another, exactly.

With X of control and Y of treatment, :math:`P(Y > \omega X + \delta)` is one integral of the
density of Y against the distribution of X along the line. It is taken in the logit of the part of
the line inside the unit square, where both densities are smooth, on panels between points at which
either has fallen by given amounts; far in the tail, on panels around the peak of their product.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

from experimentos.bayes.beta_frame import Arms, Frame, Line, frame_at, place, reference
from experimentos.bayes.logit_beta import BROAD, FINER, expected_excess, logistic_growth
from experimentos.bayes.panels import LANES, NODES, integral, merged, running_integrals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experimentos.moments import BoolArray, FloatArray, IntArray

# Fall of the product of the densities beyond which only the tail around its peak is integrated, and
# beyond which it underflows.
DEEP = 18.0
HOPELESS = 800.0
TAIL_PANELS = 64
# More break points where the line cuts a density off.
BROAD_IF_CUT_OFF = 5.0
BEYOND = np.array([1.5, 4.0, 9.0])[:, None]
# The points of an arm between which it has all but 1e-6 of its probability.
BULK = slice(2, 7)


def above_diagonal(arms: Arms) -> tuple[FloatArray, FloatArray]:
    """Probability that Y exceeds X, and by how much it does on average.

    Parameters
    ----------
    arms : Arms, fields of shape (k,)
        The two variables, that of the larger mean first: then the digits of a small probability are
        right. `k` is a multiple of 16.

    Returns
    -------
    probability : array of shape (k,)
        Of Y > X.
    excess : array of shape (k,)
        Mean of ``max(Y - X, 0)``.
    """
    one, zero = np.ones_like(arms.a_c), np.zeros_like(arms.a_c)
    total = arms.a_c + arms.b_c + arms.a_t + arms.b_t
    share, rest = (arms.a_c + arms.a_t) / total, (arms.b_c + arms.b_t) / total
    frame = frame_at(arms, Line(one, zero, zero), share, rest)
    probability, excess = np.empty_like(zero), np.empty_like(zero)
    for rows, kind in _groups(frame, zero > 0):
        part = frame.take(rows)
        if kind == "deep":
            edges = _tail_edges(part)
            outside = _outside_with_excess(part, edges)
        else:
            points = [arms.points_c[:, rows], arms.points_t[:, rows]]
            if kind == "broad":
                points += [points[0][4] + FINER, points[1][4] + FINER]
            edges = np.sort(np.concatenate(points) - part.centre, axis=0)
            outside = (zero[rows],) * 4
        certain = part.depth > HOPELESS
        sums = _diagonal_sums(part, edges, outside)
        probability[rows], excess[rows] = (np.where(certain, 0.0, value) for value in sums)
    return probability, excess


def above_line(arms: Arms, line: Line, *, by_slope: bool) -> tuple[FloatArray, FloatArray]:
    """Probability that Y lies above a line through X, and how fast it falls.

    Parameters
    ----------
    arms : Arms, fields of shape (k,)
        The two variables. `k` is a multiple of 16.
    line : Line, fields of shape (k,)
        The line, of slope above 0.
    by_slope : bool
        Whether to give the derivative by the logarithm of the slope, for lines through the origin,
        and not by the shift.

    Returns
    -------
    probability : array of shape (k,)
        Right to the last digits where it is small.
    fall : array of shape (k,)
        Minus its derivative.
    """
    frame = frame_at(arms, line, *reference(arms, line))
    along = np.stack([
        place(arms.points_c, frame.low, frame.high_rest),
        place(arms.points_t, frame.y_low, frame.y_high_rest),
    ])  # fmt: skip
    cut_off = np.asarray(np.isinf(along[:, BULK]).any(axis=(0, 1)))
    probability, fall = np.empty_like(frame.x), np.empty_like(frame.x)
    for rows, kind in _groups(frame, cut_off):
        part = frame.take(rows)
        if kind == "deep":
            edges = _tail_edges(part)
        else:
            points = [*along[..., rows]]
            if kind != "narrow":
                points = [_cut_off_along(along[..., rows])]
            if kind == "broad":
                points.append(_finer_along(part, arms, rows))
            edges = merged(np.concatenate(points)) - part.centre
        outside = _outside(part, edges, is_deep=kind == "deep")
        sums = _line_sums(part, edges, outside, by_slope=by_slope)
        below = part.x * (part.a_c + part.b_c) < part.a_c
        known = (part.depth > DEEP) & ~(below & (part.depth <= HOPELESS))
        probability[rows] = np.where(known, np.where(below, 0.0, 1.0), sums[0])
        fall[rows] = np.where(known, 0.0, sums[1])
    never, always = line.shift >= 1, line.rest >= 1
    outcome = np.where(np.isnan(frame.a_c + frame.b_c + frame.a_t + frame.b_t), np.nan, 0.0)
    probability = np.where(never, outcome, np.where(always, 1 + outcome, probability))
    return np.clip(probability, 0.0, 1.0), np.where(never | always, outcome, fall)


def _cut_off_along(along: FloatArray) -> FloatArray:
    """More break points beyond the last ones of each arm, where the line cuts its density off."""
    finite = np.isfinite(along)
    least = np.min(np.where(finite, along, np.inf), axis=1)
    greatest = np.max(np.where(finite, along, -np.inf), axis=1)
    return np.concatenate([
        *along, least[0] - BEYOND, least[1] - BEYOND, greatest[0] + BEYOND, greatest[1] + BEYOND
    ])  # fmt: skip


def _finer_along(part: Frame, arms: Arms, rows: IntArray) -> FloatArray:
    """More break points where a density bends on the scale of the logit."""
    return np.concatenate([
        place(arms.points_c[4, rows] + FINER, part.low, part.high_rest),
        place(arms.points_t[4, rows] + FINER, part.y_low, part.y_high_rest),
        np.broadcast_to(FINER, (FINER.size, rows.size)),
    ])  # fmt: skip


def _groups(frame: Frame, cut_off: BoolArray) -> Iterator[tuple[IntArray, str]]:
    """Rows that share a way to place panels, each group filled up to a multiple of 16."""
    deep = frame.depth > DEEP
    smallest = np.minimum(np.minimum(frame.a_c, frame.b_c), np.minimum(frame.a_t, frame.b_t))
    broad = smallest < np.where(cut_off, BROAD_IF_CUT_OFF, BROAD)
    kinds = np.select([deep, broad, cut_off], [0, 1, 2], default=3)
    for kind, name in enumerate(("deep", "broad", "cut off", "narrow")):
        rows = np.flatnonzero(kinds == kind)
        if rows.size:
            yield np.append(rows, np.full(-rows.size % LANES, rows[-1])), name


def _tail_edges(frame: Frame) -> FloatArray:
    """Panels around the peak of the product of the densities."""
    left = np.where(frame.low == 0, frame.a_c, 0.0) + np.where(frame.y_low == 0, frame.a_t, 0.0)
    right = np.where(frame.high_rest == 0, frame.b_c, 0.0) + np.where(
        frame.y_high_rest == 0, frame.b_t, 0.0
    )
    steps = np.linspace(0.0, 1.0, TAIL_PANELS // 2 + 1)[:, None]
    near = 9 / np.sqrt(frame.bend) * steps
    return np.concatenate([-(near + 30 / left * steps**3)[:0:-1], near + 30 / right * steps**3])


def _outside(frame: Frame, edges: FloatArray, *, is_deep: bool) -> tuple[FloatArray, FloatArray]:
    """Probabilities that X lies before the first edge, and Y after the last."""
    x, _, _, _ = frame.rates(edges[0])
    _, _, _, y_rest = frame.rates(edges[-1])
    below, above = np.zeros_like(x), np.zeros_like(x)
    betainc(frame.a_c, frame.b_c, x, out=below, where=is_deep | (frame.low > 0))
    betainc(frame.b_t, frame.a_t, y_rest, out=above, where=is_deep | (frame.y_high_rest > 0))
    return below, above


def _outside_with_excess(frame: Frame, edges: FloatArray) -> tuple[FloatArray, ...]:
    """Give both with the mean distances from the edges."""
    x, x_rest, _, _ = frame.rates(edges[0])
    _, _, y, y_rest = frame.rates(edges[-1])
    below = expected_excess(frame.b_c, frame.a_c, x_rest, x)
    above = expected_excess(frame.a_t, frame.b_t, y, y_rest)
    return (*below, *above)


def _diagonal_sums(
    frame: Frame, edges: FloatArray, outside: tuple[FloatArray, ...]
) -> tuple[FloatArray, FloatArray]:
    """Integrals for ``y = x``."""
    reached, room, above, beyond = outside
    probability, excess = np.zeros_like(reached), np.zeros_like(reached)
    unit = frame.share * frame.rest_share
    for left, right in pairwise(edges):
        width = right - left
        growth, decay, _ = logistic_growth(
            frame.share, frame.rest_share, left + width * NODES[:, None]
        )
        density_c = width * np.exp(frame.log_c + frame.a_c * growth + frame.b_c * decay)
        density_t = width * np.exp(frame.log_t + frame.a_t * growth + frame.b_t * decay)
        total, running = running_integrals(density_c)
        running += reached
        probability += integral(density_t * running)
        running *= (width * unit) * np.exp(growth + decay)
        run, running = running_integrals(running)
        excess += integral(density_t * (room + running))
        reached, room = reached + total, room + run
    return probability + above * reached, excess + above * room + beyond * reached


def _line_sums(
    frame: Frame, edges: FloatArray, outside: tuple[FloatArray, FloatArray], *, by_slope: bool
) -> tuple[FloatArray, FloatArray]:
    """Integrals for any line."""
    reached, above = outside
    probability, fall = np.zeros_like(reached), np.zeros_like(reached)
    for left, right in pairwise(edges):
        width = right - left
        growth, decay, step = logistic_growth(
            frame.share, frame.rest_share, left + width * NODES[:, None]
        )
        stretch = growth + decay
        log_c, log_t = frame.log_densities(growth, decay, step)
        density_c = width * np.exp(log_c + stretch)
        total, running = running_integrals(density_c)
        density_t = width * np.exp(log_t + stretch)
        probability += integral(density_t * (running + reached))
        fall += integral(density_c * np.exp(log_t + growth if by_slope else log_t))
        reached = reached + total
    scale = (
        frame.rest_share if by_slope else frame.slope * frame.span * frame.share * frame.rest_share
    )
    return probability + above * reached, fall / scale
