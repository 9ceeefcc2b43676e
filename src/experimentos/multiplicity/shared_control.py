"""What many comparisons with one control reach together, as a function of what one reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.factor_integral import tail_of_largest
from experimentos.student import upper_quantile

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

_TOLERANCE = 1e-13
_ITERATIONS = 12


@dataclass(frozen=True)
class SharedControl:
    """Sets of comparisons, one a row.

    Parameters
    ----------
    loading : array of shape (rows, width)
        Correlation of each comparison with its control; NaN where it is not in the set.
    control : array of int, shape (rows, width)
        Number of its control.
    more : array of shape (rows,)
        Further comparisons in the set, of which nothing is known.
    df : array of shape (rows,)
        Degrees of freedom; infinite for normal statistics.
    two_sided : bool
        Whether error rates are two-sided.
    """

    loading: FloatArray
    control: IntArray
    more: FloatArray
    df: FloatArray
    two_sided: bool

    def take(self, rows: IntArray | BoolArray) -> SharedControl:
        """Return some of the sets.

        Parameters
        ----------
        rows : array of int or bool
            Which.

        Returns
        -------
        SharedControl
            The chosen rows.
        """
        return SharedControl(
            self.loading[rows], self.control[rows], self.more[rows], self.df[rows], self.two_sided
        )

    @property
    def size(self) -> FloatArray:
        """Comparisons in each set."""
        return np.asarray((~np.isnan(self.loading)).sum(axis=1) + self.more)

    def joint(self, single: FloatArray) -> FloatArray:
        """Probability that some comparison of the set is as extreme as one is with another.

        Parameters
        ----------
        single : array of shape (rows,)
            Probability for one comparison.

        Returns
        -------
        array of shape (rows,)
            Exact for one control; the sum over controls and unknown comparisons otherwise, at
            most 1.
        """
        critical = upper_quantile(self.df, single / 2 if self.two_sided else single)
        total = self.more * single
        for one in np.unique(self.control[~np.isnan(self.loading)]):
            loading = np.where(self.control == one, self.loading, np.nan)
            count = (~np.isnan(loading)).sum(axis=1)
            many = count > 1
            tail = np.where(count == 1, single, 0.0)
            tail[many] = tail_of_largest(
                critical[many], loading[many], df=self.df[many], two_sided=self.two_sided
            )
            total = total + tail
        return np.clip(total, single, 1.0)

    def single(self, joint: FloatArray) -> FloatArray:
        """Find the error rate of one comparison that gives the set one.

        Parameters
        ----------
        joint : array of shape (rows,)
            Error rate of the set.

        Returns
        -------
        array of shape (rows,)
            Inverse of `joint`, between ``joint / size`` and ``joint``; NaN where `df` is.
        """
        # The logarithm of the one is nearly a straight line in that of the other, of slope 1.
        with np.errstate(divide="ignore"):
            target = np.log(joint)
        lowest = target - np.log(np.maximum(self.size, 1.0))
        x, before = lowest.copy(), np.full_like(lowest, np.nan)
        gap_before = np.full_like(lowest, np.nan)
        active = np.flatnonzero((lowest < target) & ~np.isnan(self.df))
        for _ in range(_ITERATIONS):
            if active.size == 0:
                break
            gap = np.log(self.take(active).joint(np.exp(x[active]))) - target[active]
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = (gap - gap_before[active]) / (x[active] - before[active])
            slope = np.where((slope > 0.1) & (slope < 2), slope, 1.0)
            before[active], gap_before[active] = x[active], gap
            moved = np.clip(x[active] - gap / slope, lowest[active], target[active])
            done = np.abs(moved - x[active]) <= _TOLERANCE
            x[active] = moved
            active = active[~done]
        return np.where(lowest < target, np.where(np.isnan(self.df), np.nan, np.exp(x)), joint)
