"""The score statistic of two rates: its deviation at the rates of largest likelihood.

Computed on the rarer kind of outcome and with the lower rate first, so that no digit is lost at
rates near 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.moments import FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from experimentos.estimators import Comparison

NEWTON_STEPS = 6


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
    def difference(self) -> FloatArray:
        """Treatment rate minus control rate, through non-events where those are rarer."""
        with np.errstate(divide="ignore", invalid="ignore"):
            by_events = self.x_t / self.n_t - self.x_c / self.n_c
            by_rest = (self.n_c - self.x_c) / self.n_c - (self.n_t - self.x_t) / self.n_t
        rare = self.x_c + self.x_t <= (self.n_c + self.n_t) / 2
        return np.where(rare, by_events, by_rest)


def counts(comparison: Comparison) -> Counts:
    """Events and units behind the rates of a comparison.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    Counts, fields of shape (k,)
        NaN in all fields where a rate is outside 0 to 1 or an arm has no units.
    """
    n_c, n_t = comparison.n_control, comparison.n_treatment
    with np.errstate(invalid="ignore"):
        x_c, x_t = np.rint(comparison.mean_control * n_c), np.rint(comparison.mean_treatment * n_t)
        valid = (n_c >= 1) & (n_t >= 1) & (x_c >= 0) & (x_c <= n_c) & (x_t >= 0) & (x_t <= n_t)
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
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (events / units) * ((units - events) / units) * (1 / data.n_c + 1 / data.n_t)
        return np.where(variance > 0, data.difference / np.sqrt(variance), np.nan)


def difference_statistic(data: Counts, difference: FloatArray) -> FloatArray:
    """Score statistic against a difference of rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        Difference at the boundary, between -1 and 1.

    Returns
    -------
    array of shape (k,)
        Standard normal at the boundary; NaN where its variance is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = difference_deviation(data, difference)
        return np.where(deviation > 0, (data.difference - difference) / deviation, np.nan)


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
        From the rates of largest likelihood.
    """
    common = data.x_c + data.x_t > (data.n_c + data.n_t) / 2
    x_c = np.where(common, data.n_c - data.x_c, data.x_c)
    x_t = np.where(common, data.n_t - data.x_t, data.x_t)
    gap = np.where(common, -difference, difference)
    swap = gap < 0  # the arm with the lower rate comes first
    x_low, x_high = np.where(swap, x_t, x_c), np.where(swap, x_c, x_t)
    n_low, n_high = np.where(swap, data.n_t, data.n_c), np.where(swap, data.n_c, data.n_t)
    gap = np.abs(gap)
    low = _lower_rate(x_low, n_low, x_high, n_high, gap)
    high = np.minimum(low + gap, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(low * (1 - low) / n_low + high * (1 - high) / n_high))


def ratio_statistic(data: Counts, ratio: FloatArray) -> FloatArray:
    """Score statistic against a ratio of rates, treatment to control.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        Ratio at the boundary, 0 or more.

    Returns
    -------
    array of shape (k,)
        Standard normal at the boundary; NaN where its variance is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        deviation = ratio_deviation(data, ratio)
        contrast = data.x_t / data.n_t - ratio * (data.x_c / data.n_c)
        return np.where(deviation > 0, contrast / deviation, np.nan)


def ratio_deviation(data: Counts, ratio: FloatArray) -> FloatArray:
    """Deviation of ``p_t - ratio * p_c`` when it truly is 0.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        True ratio of the rates.

    Returns
    -------
    array of shape (k,)
        From the rates of largest likelihood.
    """
    from_control, from_treatment = ratio * (data.n_t + data.x_c), data.n_c + data.x_t
    rest = (data.n_t - data.x_t) * (data.n_c - data.x_c)
    root = np.sqrt((from_control - from_treatment) ** 2 + 4 * ratio * rest)
    control = 2 * (data.x_c + data.x_t) / (from_control + from_treatment + root)
    control = np.minimum(control, 1.0)
    treatment = np.minimum(ratio * control, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        variance = (
            treatment * (1 - treatment) / data.n_t + ratio**2 * control * (1 - control) / data.n_c
        )
        return np.asarray(np.sqrt(variance))


def _lower_rate(
    x_low: FloatArray, n_low: FloatArray, x_high: FloatArray, n_high: FloatArray, gap: FloatArray
) -> FloatArray:
    """Rate of largest likelihood of one arm when the other's is larger by a gap of 0 or more.

    A root of a cubic: in closed form, then polished, because the closed form loses half its
    digits where two roots are close.
    """
    units, events = n_low + n_high, x_low + x_high
    cubic = (
        units,
        (n_high + 2 * n_low) * gap - units - events,
        (n_low * gap - units - 2 * x_low) * gap + events,
        x_low * gap * (1 - gap),
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rate = _polish(cubic, _closed_form(cubic), np.zeros_like(gap), 1 - gap)
        # No event in the lower arm: one root is 0 and the other is that of a quadratic.
        root = np.sqrt(np.maximum(cubic[1] ** 2 - 4 * units * cubic[2], 0.0))
        quadratic = 2 * cubic[2] / (root - cubic[1])
        none = np.where(cubic[2] <= 0, 0.0, np.minimum(quadratic, 1 - gap))
        rate = np.where(x_low == 0, none + 0 * gap, rate)
        return np.where(gap == 0, events / units, rate)


def _closed_form(cubic: tuple[FloatArray, ...]) -> FloatArray:
    """Middle root of a cubic with three real roots, by cosines."""
    c3, c2, c1, c0 = cubic
    centre = c2 / (3 * c3)
    q = centre**3 - c1 * c2 / (6 * c3**2) + c0 / (2 * c3)
    radius = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(centre**2 - c1 / (3 * c3), 0.0))
    cosine = np.where(radius == 0, 0.0, q / radius**3)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    return np.asarray(2 * radius * np.cos(angle) - centre)


def _polish(
    cubic: tuple[FloatArray, ...], rate: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Newton steps kept inside a bracket where the cubic falls from above 0 to below."""
    c3, c2, c1, c0 = cubic
    rate = np.clip(rate, low, high)
    for _ in range(NEWTON_STEPS):
        value = ((c3 * rate + c2) * rate + c1) * rate + c0
        slope = (3 * c3 * rate + 2 * c2) * rate + c1
        low, high = np.where(value > 0, rate, low), np.where(value < 0, rate, high)
        step = np.where(value == 0, 0.0, value / slope)
        following = rate - step
        inside = (following >= low) & (following <= high)
        rate = np.where(inside, following, np.where(np.isnan(value), np.nan, (low + high) / 2))
    return rate
