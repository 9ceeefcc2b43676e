"""Moments of mature units at every build, drawn without their normal limits.

Averages of normal units and their sums of squares have exact distributions, also jointly over
correlated metrics. Rates are binomial. What is neither is drawn unit by unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

from validation.promises.cells import SKEWED

if TYPE_CHECKING:
    from validation.promises.cells import Cell, Metric


@dataclass(frozen=True)
class Drawn:
    """Moments of shape (runs, builds, arms, metrics); control is arm 0.

    `m3` is NaN where it decides nothing: of normal units, and of rates, which have their own.
    """

    n: np.ndarray
    mean: np.ndarray
    m2: np.ndarray
    m3: np.ndarray


def draw(cell: Cell, runs: int, rng: np.random.Generator) -> Drawn:
    """Moments of many experiments at all builds: cohorts drawn apart, then merged."""
    size = cohort_sizes(cell)
    shape = (runs, *size.shape)
    shared, spread = rng.standard_normal(shape), rng.chisquare(size - 1, shape)
    truths = true_means(cell)
    n = np.broadcast_to(size[..., None], (*size.shape, len(cell.metrics)))
    mean, within, cubes = (np.full((*shape, len(cell.metrics)), np.nan) for _ in range(3))
    for j, metric in enumerate(cell.metrics):
        if metric.kind == "skewed":
            drawn = _skewed(size, truths[:, j] / metric.value, shape, rng)
            mean[..., j], within[..., j], cubes[..., j] = drawn
        else:
            common = shared, spread
            drawn = _metric(metric, cell.correlation, size, truths[:, j], common, rng)
            mean[..., j], within[..., j] = drawn
    return _merged(cell, n, (mean, within, cubes), truths)


def cohort_sizes(cell: Cell) -> np.ndarray:
    """Units of shape (cohorts, arms)."""
    wanted = np.outer(cell.schedule.cohorts, cell.total * cell.shares)
    return np.maximum(np.rint(wanted), 2).astype(np.int64)


def true_means(cell: Cell) -> np.ndarray:
    """True means of shape (arms, metrics)."""
    sign = np.array([metric.sign for metric in cell.metrics])
    value = np.array([metric.value for metric in cell.metrics])
    change = np.concatenate([np.zeros((1, sign.size)), cell.benefit * sign])
    return value + change


def _metric(
    metric: Metric, correlation: float, n: np.ndarray, truth: np.ndarray,
    common: tuple[np.ndarray, np.ndarray], rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Mean and sum of squares of one metric, of shape (runs, cohorts, arms)."""
    shared, spread = common
    if metric.kind == "rate" and correlation == 0:
        return _of_counts(rng.binomial(n, truth, shared.shape), n)
    own, root = np.sqrt(1 - correlation), np.sqrt(correlation)
    deviate = root * shared + own * rng.standard_normal(shared.shape)
    if metric.kind == "rate":
        return _of_counts(stats.binom.ppf(special.ndtr(deviate), n, truth), n)
    # Units are root * common + own * alone. Given the common part, the sums of squares and
    # products of the parts are a chi-square and normal multiples of its length.
    along = rng.standard_normal(shared.shape)
    alone = along**2 + rng.chisquare(np.maximum(n - 2, 1), shared.shape) * (n > 2)
    squares = root**2 * spread + own**2 * alone + 2 * root * own * np.sqrt(spread) * along
    return truth + metric.sd * deviate / np.sqrt(n), metric.sd**2 * squares


def _of_counts(count: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rate = count / n
    return rate, count * (1 - rate)


def _skewed(
    n: np.ndarray, scale: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments of single units: how many spent something, and what each of them spent."""
    number = rng.binomial(n, SKEWED.share, shape)
    ends = np.cumsum(number.ravel())
    values = np.exp(SKEWED.log_sd * rng.standard_normal(int(ends[-1])))
    sums = []
    for power in (values, values**2, values**3):
        total = np.concatenate([[0.0], np.cumsum(power)])
        sums.append(np.diff(total[np.concatenate([[0], ends])]).reshape(shape))
    mean, squares = sums[0] * scale / n, sums[1] * scale**2
    cubes = sums[2] * scale**3 - 3 * mean * squares + 2 * n * mean**3
    return mean, np.maximum(squares - n * mean**2, 0.0), cubes


def _merged(
    cell: Cell, n: np.ndarray, moments: tuple[np.ndarray, np.ndarray, np.ndarray],
    truths: np.ndarray,
) -> Drawn:  # fmt: skip
    """Moments of the cohorts that are mature at each build; deviations are from the truth."""
    mean, within, cubes = moments
    ready = cell.schedule.ready_for(len(cell.metrics)) - 1
    column = np.arange(len(cell.metrics))

    def at_builds(values: np.ndarray) -> np.ndarray:
        summed = values.cumsum(axis=-3)
        # Advanced indices over cohorts and metrics come first: (builds, metrics, ..., arms).
        picked = np.moveaxis(summed, (-3, -1), (0, 1))[ready, column]
        return np.moveaxis(picked, (0, 1), (-3, -1))

    total = at_builds(n.astype(np.float64))
    deviation = mean - truths
    centre = at_builds(n * deviation) / total
    about_truth = at_builds(within + n * deviation**2)
    squares = np.maximum(about_truth - total * centre**2, 0.0)
    cubes = at_builds(cubes + 3 * deviation * within + n * deviation**3)
    cubes += 2 * total * centre**3 - 3 * centre * about_truth
    return Drawn(np.broadcast_to(total, centre.shape), centre + truths, squares, cubes)
