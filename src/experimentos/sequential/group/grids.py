"""Where the recursive integration puts its nodes: how far, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experimentos.moments import BoolArray, FloatArray, IntArray

MARGIN = 7.5
REACH = 7.0
FARTHEST = 38.0
LEAST_GROWTH = 1e-3
FEWEST_POINTS, MOST_POINTS = 16, 2048
POINTS_PER_WIDTH = 1.35
FEW_POINTS = 64
CHUNK_ELEMENTS = 2**15


@dataclass(frozen=True)
class Plan:
    """Limits of integration and number of nodes, one row per boundary set.

    Parameters
    ----------
    low, high : array of shape (rows, looks)
        What of the continuation region is integrated over, in standard normal units.
    points : array of int, shape (rows, looks)
        Nodes of the Gauss-Legendre rule.
    """

    low: FloatArray
    high: FloatArray
    points: IntArray

    def take(self, index: IntArray) -> Plan:
        """Rows at an index.

        Parameters
        ----------
        index : array of int
            Rows.

        Returns
        -------
        Plan
            Those rows.
        """
        return Plan(self.low[index], self.high[index], self.points[index])

    def alike(self, can_stop: BoolArray) -> Plan:
        """Rows with fewer different numbers of nodes, so that more of them go together.

        Parameters
        ----------
        can_stop : array of bool, shape (rows, looks)
            Looks whose boundary is finite.

        Returns
        -------
        Plan
            One node after which nothing is asked for; elsewhere those of the look that needs most,
            if these are few.
        """
        asked = np.logical_or.accumulate(can_stop[:, ::-1], axis=1)[:, ::-1]
        asked = np.concatenate([asked[:, 1:], np.zeros_like(asked[:, :1])], axis=1)
        points = np.where(asked, self.points, 1)
        most = np.minimum(points.max(axis=1, keepdims=True, initial=1), FEW_POINTS)
        return Plan(self.low, self.high, np.where(asked, np.maximum(points, most), 1))

    def coarser(self) -> Plan:
        """Half the nodes.

        Returns
        -------
        Plan
            For errors of about 1e-4 at a quarter of the cost.
        """
        return Plan(self.low, self.high, (self.points + 1) // 2)

    def groups(self) -> Iterator[IntArray]:
        """Rows that go through the recursion together.

        Yields
        ------
        array of int
            Rows of equal `points`, so that no row's result depends on the others, and not more
            than fit the cache at once.
        """
        _, group = np.unique(self.points, axis=0, return_inverse=True)
        group = group.reshape(-1)
        for number in range(group.max(initial=-1) + 1):
            rows = np.flatnonzero(group == number)
            most = int(self.points[rows[0]].max())
            size = max(1, CHUNK_ELEMENTS // most)
            for start in range(0, rows.size, size):
                yield rows[start : start + size]


def plan(
    lower: FloatArray, upper: FloatArray, information: FloatArray,
    drift: FloatArray, drift_high: FloatArray | None = None, *, floor: FloatArray | None = None,
) -> Plan:  # fmt: skip
    r"""Limits and nodes for which the recursion is accurate to about ten digits.

    Parameters
    ----------
    lower, upper : array of shape (rows, looks)
        Boundaries; may be infinite. Where an upper boundary is not yet known, a value above it
        (below it for a lower boundary) will do.
    information : array of shape (rows, looks)
        Positive and strictly increasing.
    drift, drift_high : array of shape (rows,)
        Smallest and largest drift. Default of the latter: the former.
    floor : array of shape (rows, looks), optional
        What paths below need not be followed from, see `least_reached`.

    Returns
    -------
    Plan, fields of shape (rows, looks)
        For `recursion`.

    Notes
    -----
    A path that ends at :math:`z_j` has passed around :math:`z_j \sqrt{I_k/I_j}` at look k, whatever
    the drift, so limits are 7.5 deviations beyond the largest of these and of the mean: crossings
    of probability 1e-100 keep their digits. The integrand is no narrower than a normal density of
    variance :math:`1/(1 + I_k/\Delta_k + I_k/\Delta_{k+1})`; nodes are so many to each such width.
    """
    highest = drift if drift_high is None else drift_high
    root = np.sqrt(information)
    high = root * np.maximum(_latest(upper / root), highest[:, None]) + MARGIN
    low = root * np.minimum(-_latest(-lower / root), drift[:, None]) - MARGIN
    middle = root * ((drift + highest) / 2)[:, None]
    high = np.minimum(np.minimum(high, middle + FARTHEST), upper)
    low = np.maximum(np.maximum(low, middle - FARTHEST), lower)
    if floor is not None:
        low = np.maximum(low, floor)
    return Plan(low, high, _points(high - low, information))


def least_reached(
    target: FloatArray, increments: FloatArray, information: FloatArray
) -> FloatArray:
    r"""Statistics from below which no upper boundary of a later look is reached.

    Parameters
    ----------
    target, increments : array of shape (rows, looks)
        Error rate that one-sided tests without drift have spent by each look, and at it.
    information : array of shape (rows, looks)
        Positive and strictly increasing.

    Returns
    -------
    array of shape (rows, looks)
        Standard normal units; infinite at the last look. What is left out is below 1e-12 of what is
        spent at any look.

    Notes
    -----
    Whatever earlier looks stopped, the boundary of look j is at least the quantile
    :math:`q_j = -\Phi^{-1}(\alpha_j)` of all that is spent by then. Of the paths that end there,
    the share :math:`\Phi(-m)` has been more than :math:`m \sqrt{1 - I_k/I_j}` under
    :math:`q_j \sqrt{I_k/I_j}` at look k.
    """
    least = np.full(target.shape, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        quantile = -ndtri(target)
        reach = np.sqrt(REACH**2 + 2 * np.log(target / increments))
    for look in range(1, target.shape[1]):
        share = information[:, :look] / information[:, look, None]
        here = quantile[:, look, None] * np.sqrt(share)
        here = here - reach[:, look, None] * np.sqrt(1 - share)
        spends = increments[:, look, None] > 0
        least[:, :look] = np.where(spends, np.minimum(least[:, :look], here), least[:, :look])
    return np.where(np.isinf(least), -np.inf, least)


def growing(information: FloatArray) -> FloatArray:
    """Information that grows by at least one part in a thousand from look to look.

    Parameters
    ----------
    information : array of shape (rows, looks)
        Information at the looks.

    Returns
    -------
    array of shape (rows, looks)
        Raised where it shrinks or stands still. Looks count as a little less alike than they are,
        so computed crossing probabilities are not below the true ones.
    """
    grown = information.copy()
    for look in range(1, grown.shape[1]):
        least = grown[:, look - 1] * (1 + LEAST_GROWTH)
        grown[:, look] = np.maximum(grown[:, look], least)
    return grown


@lru_cache(maxsize=256)
def legendre(points: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of Gauss and Legendre on (-1, 1).

    Parameters
    ----------
    points : int
        How many.

    Returns
    -------
    nodes, weights : array of shape (points,)
        Ascending. Newton's method from Tricomi's approximation; `scipy.special.roots_legendre`
        would load a linear algebra library for it.
    """
    index = np.arange(points, 0, -1)
    x = (1 - (points - 1) / (8 * points**3)) * np.cos(np.pi * (index - 0.25) / (points + 0.5))
    for _ in range(4):
        previous, value = np.ones_like(x), x
        for degree in range(1, points):
            following = ((2 * degree + 1) * x * value - degree * previous) / (degree + 1)
            previous, value = value, following
        slope = points * (previous - x * value) / (1 - x * x)
        x = x - value / slope
    nodes, weights = (x - x[::-1]) / 2, 2 / ((1 - x * x) * slope**2)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def _latest(values: FloatArray) -> FloatArray:
    """Largest finite value at this look or a later one; minus infinity if there is none."""
    finite = np.where(np.isfinite(values), values, -np.inf)
    return np.maximum.accumulate(finite[:, ::-1], axis=1)[:, ::-1]


def _points(length: FloatArray, information: FloatArray) -> IntArray:
    growth = np.diff(information, axis=1)
    edge = np.zeros((information.shape[0], 1))
    before = np.concatenate([edge, information[:, 1:] / growth], axis=1)
    after = np.concatenate([information[:, :-1] / growth, edge], axis=1)
    widths = np.maximum(length, 0) * np.sqrt(1 + before + after)
    wanted = FEWEST_POINTS + POINTS_PER_WIDTH * widths
    # A ladder of sizes about a tenth apart, so that few rules are computed and rows are alike.
    step = 2.0 ** np.maximum(np.floor(np.log2(wanted)) - 3, 3)
    return np.asarray(np.minimum(np.ceil(wanted / step) * step, MOST_POINTS), dtype=np.int64)
