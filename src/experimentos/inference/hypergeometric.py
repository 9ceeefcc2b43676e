"""Tails of the hypergeometric distribution, also away from an odds ratio of 1.

Every probability is a sum of products of ratios of neighbouring probabilities, relative to that of
the observed count: no factorial is taken, so that nothing is lost with a billion units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.moments import BoolArray, FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from experimentos.inference.score import Counts

NEGLIGIBLE = 1e-19
SAME = 1e-7  # relative tolerance within which two probabilities count as equal, as in R
FIRST_TERMS = 16
MOST_TERMS = 8192
AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Sums(_ArrayStruct):
    """Sums over the possible counts, as multiples of the observed count's probability.

    Parameters
    ----------
    above, below : array of shape (k,)
        Over the larger counts, the smaller counts.
    above_rare, below_rare : array of shape (k,)
        The same over those that are no more probable than the observed one.
    """

    above: FloatArray
    below: FloatArray
    above_rare: FloatArray
    below_rare: FloatArray

    @property
    def at_least(self) -> FloatArray:
        """Probability of the observed count or more."""
        return self._share(1 + self.above, self.below)

    @property
    def at_most(self) -> FloatArray:
        """Probability of the observed count or fewer."""
        return self._share(1 + self.below, self.above)

    @property
    def no_more_probable(self) -> FloatArray:
        """Probability of all counts that are no more probable than the observed one."""
        rare = 1 + self.above_rare + self.below_rare
        rest = (self.above - self.above_rare) + (self.below - self.below_rare)
        return self._share(rare, rest)

    @staticmethod
    def _share(part: FloatArray, rest: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", over="ignore"):
            # Infinite where the ratio is beyond the range of floats: the share is then 0 or 1.
            return np.where(np.isinf(part), 1 / (1 + 0 * rest), part / (part + rest))


def sums(data: Counts, odds_ratio: FloatArray) -> Sums:
    r"""Sum over treatment's count given both arms' units and all events.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    odds_ratio : array of shape (k,)
        Odds of an event in treatment over those in control, above 0; 1 without an effect.

    Returns
    -------
    Sums, fields of shape (k,)
        NaN where a count or the odds ratio is.

    Notes
    -----
    :math:`P(x+1)/P(x) = \psi\, x_c (n_t - x) / ((x + 1)(n_c - x_c + 1))`, with :math:`x_c` the
    events left to control [1]_. Sums end where a term falls below 1e-19 of the observed count's.

    References
    ----------
    .. [1] R. A. Fisher (1935), Journal of the Royal Statistical Society 98, 39-82.
    """
    upward = (data.x_c, data.n_t - data.x_t, data.x_t, data.n_c - data.x_c)
    downward = (data.x_t, data.n_c - data.x_c, data.x_c, data.n_t - data.x_t)
    with np.errstate(divide="ignore", invalid="ignore"):
        above, above_rare = _one_side(upward, odds_ratio)
        below, below_rare = _one_side(downward, 1 / odds_ratio)
    return Sums(above, below, above_rare, below_rare)


def _one_side(
    cells: tuple[FloatArray, ...], odds_ratio: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sum the terms of one direction: two cells of the table lose what the other two gain."""
    total, rare = np.zeros_like(odds_ratio), np.zeros_like(odds_ratio)
    defined = ~np.isnan(odds_ratio + sum(cells))
    for values in (total, rare):
        values[~defined] = np.nan
    rows = np.flatnonzero(defined & (cells[0] > 0) & (cells[1] > 0))
    term = np.ones(rows.size)
    reached, terms = 0, FIRST_TERMS
    while rows.size:
        active = []
        height = max(AT_ONCE // terms, 1)
        for start in range(0, rows.size, height):
            some = slice(start, start + height)
            block = _products(cells, odds_ratio, rows[some], term[some], reached, terms)
            with np.errstate(over="ignore"):
                total[rows[some]] += block.sum(axis=1)
            rare[rows[some]] += np.where(block <= 1 + SAME, block, 0.0).sum(axis=1)
            term[some] = block[:, -1]
            active.append(_goes_on(block))
        keep = np.concatenate(active) & ~np.isinf(total[rows])
        rows, term = rows[keep], term[keep]
        reached, terms = reached + terms, min(2 * terms, MOST_TERMS)
    return total, rare


def _products(
    cells: tuple[FloatArray, ...], odds_ratio: FloatArray, rows: np.typing.NDArray[np.intp],
    term: FloatArray, reached: int, terms: int,
) -> FloatArray:  # fmt: skip
    """Continue the products of ratios from the last term of each row."""
    step = np.arange(reached, reached + terms, dtype=np.float64)
    lose, also, gain, rest = (values[rows, None] for values in cells)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        ratio = (lose - step) * (also - step) / ((gain + step + 1) * (rest + step + 1))
        # Beyond the last possible count the probability stays 0.
        ratio = np.where((step < lose) & (step < also), ratio * odds_ratio[rows, None], 0.0)
        ratio[:, 0] *= term
        product = np.cumprod(ratio, axis=1)
    return np.where(np.isnan(product), np.inf, product)


def _goes_on(block: FloatArray) -> BoolArray:
    """Whether the last term is not negligible, or the terms still grow."""
    last, before = block[:, -1], block[:, -2]
    return np.asarray((last > NEGLIGIBLE) | (last > before))
