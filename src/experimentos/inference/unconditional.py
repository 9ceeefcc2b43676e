"""Unconditional exact test of two proportions against a margin, one comparison at a time.

Every outcome at least as extreme as the observed one by the score statistic is summed, at the
nuisance rate that makes the sum largest within a confidence region of the two rates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincc, betaincinv, betaln

from experimentos.inference.score import Counts, difference_statistic, ratio_statistic

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

BERGER_BOOS = 1e-6
GRID_SIZES = (65, 17, 17)
COARSE_GRID_SIZES = (13, 9, 9)
MANY_OUTCOMES = 1000


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
        `less` and `greater`, as in `Tails`.

    Notes
    -----
    :math:`p = \sup P(Z \ge z) + \gamma` over the rates in the null hypothesis and in a confidence
    region of coverage :math:`1 - \gamma` (Clopper-Pearson for each arm) [1]_,
    :math:`\gamma = 10^{-6}`, with :math:`Z` the score statistic at the boundary [2]_. For a given
    control rate the worst treatment rate is the one nearest the alternative, since Z rises with
    its events; the supremum over control rates is taken on a grid, refined twice about its best
    point.

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
    data = Counts(*(np.array([float(v)]) for v in (x_c, n_c, x_t, n_t)))
    observed = float(_statistic(data, weight, shift)[0])
    return tuple(  # type: ignore[return-value]
        _tail(data, observed, weight, shift, upper=upper) for upper in (False, True)
    )


def _tail(data: Counts, observed: float, weight: float, shift: float, *, upper: bool) -> float:
    """Largest probability of an outcome as extreme as the observed one."""
    x_c, n_c, x_t, n_t = (float(v[0]) for v in (data.x_c, data.n_c, data.x_t, data.n_t))
    low, high = _confidence_limits(x_c, n_c)
    treatment_low, treatment_high = _confidence_limits(x_t, n_t)
    if upper and weight > 0:
        low = max(low, (treatment_low - shift) / weight)
    elif weight > 0:
        high = min(high, (treatment_high - shift) / weight)
    if low > high:
        return BERGER_BOOS
    outcomes = _likely_outcomes(n_c, low, high)
    edges = _edges(outcomes, n_c, n_t, weight, shift, observed, upper=upper)

    def probability(control: FloatArray) -> FloatArray:
        boundary = weight * control + shift
        treatment = (
            np.clip(boundary, 0, treatment_high) if upper else np.clip(boundary, treatment_low, 1)
        )
        beyond = _binomial_beyond(edges[:, None], n_t, treatment[None, :], upper=upper)
        return np.asarray(
            (_binomial_mass(outcomes[:, None], n_c, control[None, :]) * beyond).sum(axis=0)
        )

    largest = 0.0
    for size in COARSE_GRID_SIZES if outcomes.size > MANY_OUTCOMES else GRID_SIZES:
        grid = np.linspace(low, high, size)
        values = probability(grid)
        best = int(np.argmax(values))
        largest = max(largest, float(values[best]))
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, size - 1)])
    return min(1.0, largest + BERGER_BOOS)


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


def _binomial_mass(events: FloatArray, units: float, rate: FloatArray) -> FloatArray:
    rate = np.clip(rate, 1e-300, 1 - 1e-16)
    ways = -np.log(units + 1) - betaln(units - events + 1, events + 1)
    log_mass = ways + events * np.log(rate) + (units - events) * np.log1p(-rate)
    return np.asarray(np.exp(log_mass))


def _binomial_beyond(
    edge: FloatArray, units: float, rate: FloatArray, *, upper: bool
) -> FloatArray:
    """Probability of at least (upper) or at most that many events; the edge may lie outside."""
    if upper:
        inner = betainc(np.clip(edge, 1, units), np.maximum(units - edge, 0) + 1, rate)
        return np.where(edge <= 0, 1.0, np.where(edge > units, 0.0, inner))
    inner = betaincc(np.maximum(edge, 0) + 1, np.clip(units - edge, 1, units), rate)
    return np.where(edge >= units, 1.0, np.where(edge < 0, 0.0, inner))
