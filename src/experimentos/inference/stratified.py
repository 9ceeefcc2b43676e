r"""Two rates over several strata, such as the periods of a ramp: one score test for all of them.

Miettinen and Nurminen's test of strata [1]_: the weighted contrast over the deviation it has at the
rates of largest likelihood within each stratum,

.. math:: z = \frac{\sum_j w_j (\hat p_{tj} - R \hat p_{cj}) - \delta}
               {\sqrt{\sum_j w_j^2 \tilde V_j(R, \delta)}}.

At no difference it is Cochran's test [2]_, Mantel and Haenszel's without their N/(N-1). A Wald
statistic would not do: in a ramp an arm holds few units, and its variance is the smaller the fewer
events it happens to have.

Where events, or non-events, are few the treatment's total is tested given the totals of the strata:
a sum of binomials of different shares, and so no wider than the binomial of their mean share [3]_.

References
----------
.. [1] O. Miettinen, M. Nurminen (1985), Statistics in Medicine 4, 213-226.
.. [2] W. G. Cochran (1954), Biometrics 10, 417-451, section 6.
.. [3] W. Hoeffding (1956), Annals of Mathematical Statistics 27, 713-721.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc, ndtr, ndtri

from experimentos.errors import ArgumentError
from experimentos.estimators.grouping import totals
from experimentos.inference.effect import Interval, Method, Null, Tails, on_the_side_of
from experimentos.inference.roots import find_roots
from experimentos.inference.score_statistic import Counts, difference_deviation, ratio_deviation

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, IntArray

SCORE, EXACT = NAMES = "stratified score", "stratified binomial"
FEW = 10
# Limits lie further from the estimate than this: where they would meet, the deviation is 0.
_APART = 1e-12
_TOLERANCE = 1e-14


@dataclass(frozen=True)
class Strata:
    """Counts of the strata of some comparisons.

    Parameters
    ----------
    of : array of int, shape (m,)
        Comparison of each stratum, numbered from 0.
    weight : array of shape (m,)
        Weights; they sum to 1 for each comparison.
    counts : Counts, fields of shape (m,)
        Events and units of both arms.
    """

    of: IntArray
    weight: FloatArray
    counts: Counts

    def __post_init__(self) -> None:
        """Check that there is a comparison and a weight for each stratum."""
        shape = self.counts.x_c.shape
        if self.of.shape != shape or self.weight.shape != shape:
            msg = (
                f"`of` and `weight` must have one number for each stratum, shape {shape}, "
                f"got {self.of.shape} and {self.weight.shape}"
            )
            raise ArgumentError(msg)

    @classmethod
    def none(cls) -> Strata:
        """Return the strata of comparisons that have none.

        Returns
        -------
        Strata
            Without elements.
        """
        empty = np.empty(0)
        return cls(np.empty(0, dtype=np.int64), empty, Counts(empty, empty, empty, empty))

    def take(self, rows: BoolArray) -> Strata:
        """Return the strata of the comparisons under a mask.

        Parameters
        ----------
        rows : array of bool, shape (k,)
            Comparisons to keep.

        Returns
        -------
        Strata
            Their strata; comparisons are numbered anew.
        """
        kept = rows[self.of]
        number = np.cumsum(rows) - 1
        return Strata(number[self.of[kept]], self.weight[kept], self.counts.take(kept))

    def method(self, name: str) -> Method:
        """Return the test of the comparisons with its intervals.

        Parameters
        ----------
        name : str
            ``stratified score`` or ``stratified binomial``.

        Returns
        -------
        Method
            Reads these strata, and of the comparisons it is given nothing.
        """
        tails = exact_tails if name == EXACT else score_tails

        def test(_: Comparison, null: Null) -> Tails:
            return tails(self, null)

        def limits(of: Callable[[Strata, FloatArray], Interval]) -> Callable[..., Interval]:
            def interval(_: Comparison, tail: FloatArray) -> Interval:
                null = Null(np.ones_like(tail), np.zeros_like(tail))
                return on_the_side_of(tails(self, null), of(self, tail), tail)

            return interval

        return Method(test, limits(score_limits), limits(score_lift_limits))

    def sum(self, values: FloatArray) -> FloatArray:
        """Sum over the strata of each comparison.

        Parameters
        ----------
        values : array of shape (m,)
            One number for each stratum.

        Returns
        -------
        array of shape (k,)
            One for each comparison.
        """
        return totals(self.of, values)


@np.errstate(all="ignore")
def choose(strata: Strata) -> npt.NDArray[np.str_]:
    """Choose the method of each comparison.

    Parameters
    ----------
    strata : Strata
        Counts.

    Returns
    -------
    array of str, shape (k,)
        ``stratified binomial`` where an arm has fewer than 10 expected events, or non-events, at
        the rates pooled within strata; else ``stratified score``.
    """
    data = strata.counts
    rate = (data.x_c + data.x_t) / (data.n_c + data.n_t)
    expected = [strata.sum(n * share) for n in (data.n_c, data.n_t) for share in (rate, 1 - rate)]
    return np.where(np.min(expected, axis=0) < FEW, EXACT, SCORE)


@np.errstate(all="ignore")
def score_tails(strata: Strata, null: Null) -> Tails:
    """One-sided p-values against a boundary by the score statistic.

    Parameters
    ----------
    strata : Strata
        Counts.
    null : Null, fields of shape (k,)
        Boundary: weight 1 with any shift, or any weight with shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN where no event or only events happened. 0 and 1 at boundaries that no rates can have.
    """
    data = strata.counts
    ratio, shift = null.weight[strata.of], null.shift[strata.of]
    pooled = (data.x_c + data.x_t) / (data.n_c + data.n_t)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / data.n_c + 1 / data.n_t))
    for rows, function, boundary in (
        (np.flatnonzero(ratio != 1), ratio_deviation, np.maximum(ratio, 0.0)),
        (np.flatnonzero((shift != 0) & (ratio == 1)), difference_deviation, shift),
    ):
        if rows.size:
            deviation[rows] = function(data.take(rows), boundary[rows])
    own = data.difference - (ratio - 1) * (data.x_c / data.n_c)
    contrast = strata.sum(strata.weight * own) - null.shift
    variance = strata.sum((strata.weight * deviation) ** 2)
    certain = np.where(contrast == 0, np.nan, np.copysign(np.inf, contrast))
    statistic = np.where(variance == 0, certain, contrast / np.sqrt(variance))
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


@np.errstate(all="ignore")
def exact_tails(strata: Strata, null: Null) -> Tails:
    r"""One-sided p-values against a boundary given the events of each stratum.

    Parameters
    ----------
    strata : Strata
        Counts.
    null : Null, fields of shape (k,)
        Boundary.

    Returns
    -------
    Tails, fields of shape (k,)
        NaN at a shift, and at a ratio where events are not the rarer outcome: no conditional test
        exists, and nothing is shown.

    Notes
    -----
    Given :math:`T_j` events in stratum j and the rate ratio :math:`R`, the treatment's are binomial
    with share :math:`n_{tj} R / (n_{cj} + n_{tj} R)`; the tails are those of :math:`\sum_j T_j`
    trials with the mean share.
    """
    data = strata.counts
    sums = [strata.sum(values) for values in (data.x_c, data.x_t, data.n_c, data.n_t)]
    common = sums[0] + sums[1] > (sums[2] + sums[3]) / 2
    ratio = np.maximum(null.weight, 0.0)[strata.of]
    swapped = common[strata.of]
    x_c = np.where(swapped, data.n_c - data.x_c, data.x_c)
    x_t = np.where(swapped, data.n_t - data.x_t, data.x_t)
    share = data.n_t * ratio / (data.n_c + data.n_t * ratio)
    in_control, in_treatment = strata.sum(x_c), strata.sum(x_t)
    total = in_control + in_treatment
    mean = np.where(total > 0, strata.sum((x_c + x_t) * share) / total, 0.5)
    fewer = np.where(in_control == 0, 1.0, betaincc(in_treatment + 1, in_control, mean))
    more = np.where(in_treatment == 0, 1.0, betainc(in_treatment, in_control + 1, mean))
    untested = (null.shift != 0) | (common & (null.weight != 1)) | np.isnan(null.weight)
    less, greater = np.where(common, more, fewer), np.where(common, fewer, more)
    return Tails(np.where(untested, np.nan, less), np.where(untested, np.nan, greater))


@np.errstate(all="ignore")
def score_limits(strata: Strata, tail: FloatArray) -> Interval:
    """Limits for the weighted difference of rates, by inverting the score test.

    Parameters
    ----------
    strata : Strata
        Counts.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Within -1 and 1.
    """
    data, critical = strata.counts, -ndtri(tail)
    estimate = strata.sum(strata.weight * data.difference)

    def beyond(sign: float) -> Callable[[FloatArray], FloatArray]:
        def gap(boundary: FloatArray) -> FloatArray:
            deviation = difference_deviation(data, boundary[strata.of])
            spread = np.sqrt(strata.sum((strata.weight * deviation) ** 2))
            return np.asarray(estimate - boundary - sign * critical * spread)

        return gap

    end = np.ones_like(estimate)
    return Interval(
        _root(beyond(1.0), -end, np.maximum(estimate - _APART, -1.0)),
        _root(beyond(-1.0), np.minimum(estimate + _APART, 1.0), end),
    )


@np.errstate(all="ignore")
def score_lift_limits(strata: Strata, tail: FloatArray) -> Interval:
    """Limits for the ratio of the weighted rates minus 1, by inverting the score test.

    Parameters
    ----------
    strata : Strata
        Counts.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where control has no event.
    """
    data, critical = strata.counts, -ndtri(tail)
    control = strata.sum(strata.weight * (data.x_c / data.n_c))
    treatment = strata.sum(strata.weight * (data.x_t / data.n_t))

    # In ratio / (1 + ratio), which has an end.
    def beyond(sign: float) -> Callable[[FloatArray], FloatArray]:
        def gap(share: FloatArray) -> FloatArray:
            deviation = ratio_deviation(data, (share / (1 - share))[strata.of])
            spread = np.sqrt(strata.sum((strata.weight * deviation) ** 2))
            inside = (share > 0) & (share < 1)
            spread = np.where(inside, (1 - share) * spread, 0.0)
            return np.asarray((1 - share) * treatment - share * control - sign * critical * spread)

        return gap

    at = treatment / (control + treatment)
    zero, one = np.zeros_like(at), np.ones_like(at)
    low = _root(beyond(1.0), zero, np.maximum(at - _APART, 0.0))
    high = _root(beyond(-1.0), np.minimum(at + _APART, 1.0), one)
    none = ~(control > 0)
    # share / (1 - share) - 1, which keeps the digits of a small lift.
    low, high = ((2 * share - 1) / (1 - share) for share in (low, high))
    return Interval(np.where(none, np.nan, low), np.where(none, np.nan, high))


def _root(
    function: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    return find_roots(function, low, high, tolerance=np.full(low.shape, _TOLERANCE))
