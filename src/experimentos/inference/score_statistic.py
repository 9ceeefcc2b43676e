"""The score statistic of two rates: its deviation at the rates of largest likelihood.

Rates and their complements are computed apart, so that no digit is lost near 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.inference.counts import are_counts, are_plainly_counts
from experimentos.inference.score_search import Outcome, multiplier_at
from experimentos.moments import FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from experimentos.estimators import Comparison

HALF = 0.5
LARGEST_RATIO = 1e100


@dataclass(frozen=True)
class Counts(_ArrayStruct):
    """Events and units of two arms, one element per comparison.

    Parameters
    ----------
    x_c, n_c, x_t, n_t : array of shape (k,)
        Events and units of control and treatment.
    """

    x_c: FloatArray
    n_c: FloatArray
    x_t: FloatArray
    n_t: FloatArray

    @property
    def control(self) -> Outcome:
        """Events of control."""
        return Outcome(count=self.x_c, rest=self.n_c - self.x_c, units=self.n_c)

    @property
    def treatment(self) -> Outcome:
        """Events of treatment."""
        return Outcome(count=self.x_t, rest=self.n_t - self.x_t, units=self.n_t)

    @property
    def difference(self) -> FloatArray:
        """Treatment rate minus control rate, through non-events where those are rarer."""
        with np.errstate(all="ignore"):
            by_events = self.x_t / self.n_t - self.x_c / self.n_c
            by_rest = (self.n_c - self.x_c) / self.n_c - (self.n_t - self.x_t) / self.n_t
        rare = self.x_c + self.x_t <= (self.n_c + self.n_t) / 2
        return np.where(rare, by_events, by_rest)


@np.errstate(all="ignore")
def counts(comparison: Comparison) -> Counts:
    """Events and units behind the rates of a comparison.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    Counts, fields of shape (k,)
        NaN in all fields where an arm has no units, or units that are no whole number, or a rate
        that is no whole number of events, or one outside 0 to 1.
    """
    n_c, n_t = comparison.n_control, comparison.n_treatment
    given = comparison.mean_control * n_c, comparison.mean_treatment * n_t
    x_c, x_t = np.rint(given[0]), np.rint(given[1])
    arms = (given[0], x_c, n_c), (given[1], x_t, n_t)
    if all(are_plainly_counts(*arm) for arm in arms):
        return Counts(x_c, n_c, x_t, n_t)
    valid = are_counts(*arms[0]) & are_counts(*arms[1])
    return Counts(*(np.where(valid, values, np.nan) for values in (x_c, n_c, x_t, n_t)))


def pooled_statistic(data: Counts) -> FloatArray:
    """Score statistic against no difference of rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.

    Returns
    -------
    array of shape (k,)
        Standard normal without a difference; NaN where its variance is 0.
    """
    events, units = data.x_c + data.x_t, data.n_c + data.n_t
    with np.errstate(all="ignore"):
        variance = (events / units) * ((units - events) / units) * (1 / data.n_c + 1 / data.n_t)
        return np.where(variance > 0, data.difference / np.sqrt(variance), np.nan)


@np.errstate(all="ignore")
def difference_statistic(data: Counts, difference: FloatArray) -> FloatArray:
    """Score statistic against a difference of rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        Difference at the boundary.

    Returns
    -------
    array of shape (k,)
        Standard normal at the boundary. Infinite, with its sign, at -1 and 1 and beyond: no rates
        have such a difference. NaN where it and its variance are 0.
    """
    contrast, _, _, multiplier = pull_apart(data, difference)
    statistic = np.copysign(np.sqrt(np.abs(contrast) * multiplier), contrast)
    at_estimate = np.where(_variance(data) > 0, 0.0, np.nan)
    return np.where(contrast == 0, at_estimate, statistic)


@np.errstate(all="ignore")
def difference_deviation(data: Counts, difference: FloatArray) -> FloatArray:
    """Deviation of the difference of rates when it truly is a given one.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        True difference.

    Returns
    -------
    array of shape (k,)
        From the rates of largest likelihood; 0 at -1 and 1 and beyond.
    """
    contrast, _, _, multiplier = pull_apart(data, difference)
    deviation = np.sqrt(np.abs(contrast) / multiplier)
    return np.where(contrast == 0, np.sqrt(_variance(data)), deviation)


@np.errstate(all="ignore")
def pull_apart(
    data: Counts, difference: FloatArray
) -> tuple[FloatArray, Outcome, Outcome, FloatArray]:
    """Find what a difference pulls down in each arm, and by which multiplier.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        True difference.

    Returns
    -------
    contrast : array of shape (k,)
        Estimate less boundary.
    control, treatment : Outcome, fields of shape (k,)
        Non-events of control and events of treatment where the contrast is 0 or more, else the
        other two.
    multiplier : array of shape (k,)
        Gives the rates of largest likelihood by `score_search.pulled`.
    """
    contrast = _contrast(data, difference)
    is_below = contrast >= 0
    rest_c, rest_t = data.n_c - data.x_c, data.n_t - data.x_t
    up_c, up_t = np.where(is_below, rest_c, data.x_c), np.where(is_below, data.x_t, rest_t)
    first = Outcome(up_c, np.where(is_below, data.x_c, rest_c), data.n_c)
    second = Outcome(up_t, np.where(is_below, rest_t, data.x_t), data.n_t)
    left = np.where(is_below, 1 + difference, 1 - difference)
    return contrast, first, second, multiplier_at(first, second, np.abs(contrast), left)


def _contrast(data: Counts, difference: FloatArray) -> FloatArray:
    """Estimate less boundary: near -1 and 1 from what is left there, so that no digit is lost."""
    p_c, p_t = data.x_c / data.n_c, data.x_t / data.n_t
    q_c, q_t = (data.n_c - data.x_c) / data.n_c, (data.n_t - data.x_t) / data.n_t
    contrast = data.difference - difference
    contrast = np.where(difference < -HALF, (p_t + q_c) - (1 + difference), contrast)
    return np.where(difference > HALF, (1 - difference) - (q_t + p_c), contrast)


def _variance(data: Counts) -> FloatArray:
    """Variance of the difference at the rates observed."""
    rest_c, rest_t = data.n_c - data.x_c, data.n_t - data.x_t
    part = data.x_c / data.n_c * (rest_c / data.n_c) / data.n_c
    return np.asarray(part + data.x_t / data.n_t * (rest_t / data.n_t) / data.n_t)


@np.errstate(all="ignore")
def ratio_statistic(data: Counts, ratio: FloatArray) -> FloatArray:
    """Score statistic against a ratio of rates, treatment to control.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        Ratio at the boundary.

    Returns
    -------
    array of shape (k,)
        Standard normal at the boundary. Infinite, with its sign, where that has no variance: at 0,
        and below, where no rates have such a ratio. NaN where it is 0, too.
    """
    # Beyond these the statistic is no different to 50 digits, or beyond any quantile.
    ratio = np.where(ratio > 0, np.clip(ratio, 1 / LARGEST_RATIO, LARGEST_RATIO), ratio)
    p_c, p_t = data.x_c / data.n_c, data.x_t / data.n_t
    rest_c, rest_t = (data.n_c - data.x_c) / data.n_c, (data.n_t - data.x_t) / data.n_t
    common = data.x_c + data.x_t > (data.n_c + data.n_t) / 2
    contrast = np.where(common, (1 - ratio) + (ratio * rest_c - rest_t), p_t - ratio * p_c)
    contrast = np.where(ratio > 0, contrast, p_t - ratio * p_c)
    deviation = np.where(ratio > 0, ratio_deviation(data, ratio), 0.0)
    certain = np.where(contrast == 0, np.nan, np.copysign(np.inf, contrast))
    statistic = np.where(deviation == 0, certain, contrast / deviation)
    return np.where(np.isnan(contrast), np.nan, statistic)


@np.errstate(all="ignore")
def ratio_deviation(data: Counts, ratio: FloatArray) -> FloatArray:
    """Deviation of ``p_t - ratio * p_c`` when it truly is 0.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        True ratio of the rates, 0 or more.

    Returns
    -------
    array of shape (k,)
        From the rates of largest likelihood.
    """
    (control, other_c), (treatment, other_t) = ratio_rates(data, ratio)
    variance = treatment * other_t / data.n_t + ratio * (ratio * (control * other_c)) / data.n_c
    return np.asarray(np.sqrt(variance))


@np.errstate(all="ignore")
def ratio_rates(
    data: Counts, ratio: FloatArray
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Rates of largest likelihood given their ratio, each with its complement.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        True ratio of the rates, 0 or more.

    Returns
    -------
    control, treatment : pair of arrays of shape (k,)
        Rate and complement of each arm.
    """
    units, events = data.n_c + data.n_t, data.x_c + data.x_t
    rest_c, rest_t = ratio * (data.n_c - data.x_c), data.n_t - data.x_t
    from_control, from_treatment = ratio * (data.n_t + data.x_c), data.n_c + data.x_t
    lead, rest = (ratio - 1) * units, rest_c + rest_t
    gap = np.where(events > units / 2, lead + (rest_t - rest_c), from_control - from_treatment)
    root = np.sqrt(gap**2 + 4 * rest_t * rest_c)
    control = np.minimum(2 * events / (from_control + from_treatment + root), 1.0)
    treatment = np.minimum(ratio * control, 1.0)
    # Complements by roots of their own: one minus a rate near 1 would lose their digits.
    up, down = rest + lead, rest - lead
    by_sum = (up + root) / (2 * units * ratio), (down + root) / (2 * units)
    by_difference = (
        2 * (1 - ratio) / ratio * rest_c / (root - up),
        2 * (ratio - 1) * rest_t / (root - down),
    )
    other_c = np.where(up >= 0, by_sum[0], by_difference[0])
    other_t = np.where(down >= 0, by_sum[1], by_difference[1])
    other_c, other_t = np.clip(other_c, 0.0, 1.0), np.clip(other_t, 0.0, 1.0)
    return (control, other_c), (treatment, other_t)
