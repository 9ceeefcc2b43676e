"""Unconditional exact test of two proportions against a margin, one comparison at a time.

Every outcome at least as extreme as the observed one by the score statistic is summed, at the
nuisance rate that makes the sum largest within a confidence region of the two rates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

from experimentos.inference.binomial import binomial_mass, binomial_tail
from experimentos.inference.score_statistic import (
    Counts,
    difference_statistic,
    ratio_statistic,
)
from experimentos.inference.suprema import supremum

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.moments import FloatArray

BERGER_BOOS = 1e-6
FIRST_RATES = 33
PRECISION = 1e-8
WIDEST = 20


@np.errstate(all="ignore")
def tail_pair(
    x_c: float, n_c: float, x_t: float, n_t: float, *, weight: float, shift: float
) -> tuple[float, float]:
    r"""One-sided exact p-values of ``p_t - weight p_c`` lying below, and above, a shift.

    Parameters
    ----------
    x_c, n_c, x_t, n_t : float
        Events and units of control and treatment.
    weight, shift : float
        Boundary; weight 1 with any shift, or any weight with shift 0.

    Returns
    -------
    tuple of float
        `less` and `greater`, as in `Tails`. NaN without units; 0 and 1 where no rates have the
        boundary (a shift of -1 or 1 and beyond, a weight of 0 and below).

    Notes
    -----
    :math:`p = \sup P(Z \ge z) + \gamma` over the rates in the null hypothesis and in a confidence
    region of coverage :math:`1 - \gamma` (Clopper-Pearson for each arm) [1]_,
    :math:`\gamma = 10^{-6}`, with :math:`Z` the score statistic at the boundary [2]_. For a given
    control rate the worst treatment rate is the one nearest the alternative, since Z rises with
    its events; the supremum over control rates is right to a relative 1e-8 (above
    one half, only known to be that large).

    References
    ----------
    .. [1] R. L. Berger, D. D. Boos (1994), JASA 89, 1012-1016.
    .. [2] I. S. F. Chan (1998), Statistics in Medicine 17, 1403-1413.

    Examples
    --------
    >>> less, greater = tail_pair(69, 76, 83, 88, weight=1.0, shift=-0.1)
    >>> round(greater, 4)  # childhood nephroblastoma; over all nuisance rates 0.0017 [2]_
    0.0016
    """
    certain = _certain_pair(x_c, n_c, x_t, n_t, weight, shift)
    if certain is not None:
        return certain
    data = Counts(*(np.array([float(v)]) for v in (x_c, n_c, x_t, n_t)))
    observed = float(_statistic(data, weight, shift)[0])
    return tuple(  # type: ignore[return-value]
        _tail(data, observed, weight, shift, upper=upper) for upper in (False, True)
    )


def _certain_pair(
    x_c: float, n_c: float, x_t: float, n_t: float, weight: float, shift: float
) -> tuple[float, float] | None:
    """Tails where there is nothing to sum."""
    if not (0 <= x_c <= n_c < np.inf and 0 <= x_t <= n_t < np.inf and n_c >= 1 and n_t >= 1):
        return np.nan, np.nan
    if -1 < shift < 1 and 0 < weight < np.inf:
        return None
    contrast = x_t / n_t - weight * (x_c / n_c) - shift
    if np.isnan(contrast):
        return np.nan, np.nan
    return float(contrast >= 0), float(contrast <= 0)


def _tail(data: Counts, observed: float, weight: float, shift: float, *, upper: bool) -> float:
    """Largest probability of an outcome as extreme as the observed one."""
    x_c, n_c, x_t, n_t = (float(v[0]) for v in (data.x_c, data.n_c, data.x_t, data.n_t))
    low, high = _confidence_limits(x_c, n_c)
    treatment_low, treatment_high = _confidence_limits(x_t, n_t)
    if upper:
        low = max(low, (treatment_low - shift) / weight)
    else:
        high = min(high, (treatment_high - shift) / weight)
    if low > high:
        return BERGER_BOOS
    outcomes = _likely_outcomes(n_c, low, high)
    edges = _edges(outcomes, n_c, n_t, weight, shift, observed, upper=upper)
    inside = (0.0, treatment_high) if upper else (treatment_low, 1.0)

    def treatment(control: FloatArray) -> FloatArray:
        return np.clip(weight * control + shift, *inside)

    beyond = _beyond(edges, n_t, upper=upper)

    def probability(control: FloatArray) -> FloatArray:
        mass = binomial_mass(outcomes, n_c, control)
        return np.asarray((mass * beyond(treatment(control))).sum(axis=0)) + BERGER_BOOS

    def curvature(first: FloatArray, last: FloatArray) -> tuple[FloatArray, FloatArray]:
        return _curvature(
            ((n_c, 1.0, first, last), (n_t, weight, treatment(first), treatment(last)))
        )

    start = _spread_out(low, high)
    kinks = (np.array(inside) - shift) / weight
    start = np.unique(np.append(start, kinks[(kinks > low) & (kinks < high)]))
    # Nothing depends on how far above one half a p-value is.
    return min(supremum(probability, curvature, start, tolerance=PRECISION, ceiling=0.5), 1.0)


def _spread_out(low: float, high: float) -> FloatArray:
    """Rates from one to another, equally far apart in standard deviations."""
    first, last = (float(np.arcsin(np.sqrt(rate))) for rate in (low, high))
    rates = np.clip(np.sin(np.linspace(first, last, FIRST_RATES)) ** 2, low, high)
    rates[0], rates[-1] = low, high
    return np.asarray(rates)


def _curvature(
    arms: tuple[tuple[float, float, FloatArray, FloatArray], ...],
) -> tuple[FloatArray, FloatArray]:
    r"""Bounds of the second derivative of the probability of a set, and of it over its value.

    Each arm has its units, the slope of its rate and the rates at the ends of intervals. With the
    score :math:`\ell'` of both binomials the derivative is :math:`E[1_R (\ell'^2 + \ell'')]`, and
    :math:`E[\ell'^2] = -E[\ell'']` is the information. Where that is infinite, at rates of 0 and
    1, second differences of a monotone set bound it by the square of the weighted units. Counts
    more than 9 deviations and 20 from their mean have no mass that matters; :math:`-\ell''` is at
    most the square of what the score would be at the last of them.
    """
    information, score = np.zeros(arms[0][2].shape), np.zeros(arms[0][2].shape)
    for units, weight, first, last in arms:
        rest = np.minimum(first * (1 - first), last * (1 - last))
        information += weight**2 * units / rest
        score += weight * (9 * np.sqrt(units / rest) + 20 / rest)
    most = sum(units * weight for units, weight, *_ in arms) ** 2
    return np.minimum(information, most), 2 * score**2


def _statistic(data: Counts, weight: float, shift: float) -> FloatArray:
    """Score statistic, with the sign of infinity where it has no variance."""
    full = np.ones_like(data.x_c)
    if weight == 1:
        statistic = difference_statistic(data, shift * full)
    else:
        statistic = ratio_statistic(data, weight * full)
    contrast = data.x_t / data.n_t - weight * data.x_c / data.n_c - shift
    certain = np.where(np.abs(contrast) < 1e-12, 0.0, np.copysign(np.inf, contrast))
    return np.where(np.isnan(statistic), certain, statistic)


def _edges(
    outcomes: FloatArray, n_c: float, n_t: float, weight: float, shift: float, observed: float,
    *, upper: bool,
) -> FloatArray:  # fmt: skip
    """For each control count, the treatment count nearest the null that is still as extreme.

    The statistic rises with the treatment count: a bisection over counts, all outcomes at once.
    """
    slack = 1e-9 * max(1.0, abs(observed)) if np.isfinite(observed) else 0.0
    low, high = np.full_like(outcomes, -1.0), np.full_like(outcomes, n_t + 1)
    full = np.ones_like(outcomes)
    while (high - low > 1).any():
        middle = np.clip(np.floor((low + high) / 2), 0, n_t)
        data = Counts(x_c=outcomes, n_c=n_c * full, x_t=middle, n_t=n_t * full)
        value = _statistic(data, weight, shift)
        above = value >= observed - slack if upper else value > observed + slack
        open_ = high - low > 1
        high, low = np.where(open_ & above, middle, high), np.where(open_ & ~above, middle, low)
    return high if upper else low


def _confidence_limits(events: float, units: float) -> tuple[float, float]:
    """Clopper-Pearson limits, half of the Berger-Boos error for each arm."""
    tail = BERGER_BOOS / 4
    low = 0.0 if events == 0 else float(betaincinv(events, units - events + 1, tail))
    rest = 0.0 if events == units else float(betaincinv(units - events, events + 1, tail))
    return low, 1.0 - rest


def _likely_outcomes(units: float, low: float, high: float) -> FloatArray:
    """List the counts that are not negligible at some rate of a range."""
    first = units * low - 8.5 * np.sqrt(units * low) - 1
    last = units * high + 8.5 * np.sqrt(units * high) + 40
    return np.arange(max(np.floor(first), 0.0), min(np.ceil(last), units) + 1, dtype=np.float64)


def _beyond(edges: FloatArray, units: float, *, upper: bool) -> Callable[[FloatArray], FloatArray]:
    """Probability of at least (upper) or at most each of some counts, a column for each rate."""
    first, last = edges.min(), edges.max()
    if last - first > WIDEST * edges.size:
        return lambda rates: binomial_tail(edges[:, None], units, rates[None, :], upper=upper)
    # One tail, and from there sums of single probabilities: many times faster than many tails.
    counts = np.arange(first, last + 1)
    end = np.array([last + 1 if upper else first - 1])
    index = (edges - first).astype(np.intp)
    possible = (counts >= 0) & (counts <= units)

    def beyond(rates: FloatArray) -> FloatArray:
        mass = np.zeros((counts.size, rates.size))
        mass[possible] = binomial_mass(counts[possible], units, rates)
        rest = binomial_tail(end[:, None], units, rates[None, :], upper=upper)
        sums = np.cumsum(mass[::-1], axis=0)[::-1] if upper else np.cumsum(mass, axis=0)
        return np.asarray((sums + rest)[index])

    return beyond
