"""Fisher's exact test of two proportions, conditional on the total of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from experimentos.inference import hypergeometric, score
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate
from experimentos.inference.exact_rates import widened
from experimentos.inference.roots import find_roots

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.inference.score import Counts
    from experimentos.moments import FloatArray, Moments

DOUBLINGS = 60


def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided exact p-values against no difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary: weight 1 and shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        1 with no event at all, or only events. NaN at any other boundary: given the total of
        events no test of it exists (see `unconditional`).
    """
    data = score.counts(comparison)
    found = hypergeometric.sums(data, np.ones_like(data.x_c))
    possible = (null.weight == 1) & (null.shift == 0)
    return Tails(
        less=np.where(possible, found.at_most, np.nan),
        greater=np.where(possible, found.at_least, np.nan),
    )


def two_sided(comparison: Comparison) -> FloatArray:
    """Two-sided p-value by probability, as R and SciPy print it.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    array of shape (k,)
        Probability of all tables that are no more probable than the observed one. No interval is
        dual to it, so `fisher` gives twice the smaller tail instead.

    Examples
    --------
    >>> from experimentos.inference.counts import compare_arms, from_counts
    >>> tea = compare_arms(from_counts(1, 4), from_counts(3, 4))  # Fisher's tea tasting
    >>> two_sided(tea).round(4)  # R, ?fisher.test: 0.4857
    array([0.4857])
    """
    data = score.counts(comparison)
    return hypergeometric.sums(data, np.ones_like(data.x_c)).no_more_probable


def odds_ratio_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    r"""Exact conditional limits of the odds ratio, dual to the one-sided tests.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Odds of an event in treatment over those in control; from 0, or to infinity, where an arm
        has no event or only events.

    Notes
    -----
    The odds ratios at which the noncentral hypergeometric probability of the observed count or
    more (or fewer) is `tail` [1]_.

    References
    ----------
    .. [1] J. Cornfield (1956), Proceedings of the Third Berkeley Symposium 4, 135-148.

    Examples
    --------
    >>> from experimentos.inference.counts import compare_arms, from_counts
    >>> twins = compare_arms(from_counts(2, 17), from_counts(10, 13))  # Fisher's criminal twins
    >>> limits = odds_ratio_interval(twins, np.array([0.025]))
    >>> limits.lower.round(2), limits.upper.round(1)
    (array([2.75]), array([301.5]))
    """
    data = score.counts(comparison)
    lower = _odds_limit(data, tail)
    # The upper limit is the inverse of the lower one with the arms exchanged.
    swapped = type(data)(x_c=data.x_t, n_c=data.n_t, x_t=data.x_c, n_t=data.n_c)
    with np.errstate(divide="ignore"):
        return Interval(lower, 1 / _odds_limit(swapped, tail))


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates that agree with the test of no difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        The difference at the limits of the odds ratio, the total of events kept, and no tighter
        than the score interval (`exact_rates.widened`).
    """
    data, limits = score.counts(comparison), odds_ratio_interval(comparison, tail)
    ends = [_rates_at(data, odds) for odds in (limits.lower, limits.upper)]
    tight = Interval(*(treatment - control for control, treatment in ends))
    return widened(tight, score.interval(comparison, tail))


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate that agree with the test of no difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions, found as in `interval`; NaN where control has no event.
    """
    data, limits = score.counts(comparison), odds_ratio_interval(comparison, tail)
    ends = [_rates_at(data, odds) for odds in (limits.lower, limits.upper)]
    with np.errstate(divide="ignore", invalid="ignore"):
        tight = Interval(*((treatment - control) / control for control, treatment in ends))
    found = widened(tight, score.lift_interval(comparison, tail))
    none = ~(data.x_c > 0)
    return Interval(np.where(none, np.nan, found.lower), np.where(none, np.nan, found.upper))


def fisher(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Fisher's exact test of two proportions, with intervals that agree with it.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate of the test of no difference, at most.

    Returns
    -------
    Effect, fields of shape (k,)
        `p_value` is twice the smaller tail, at most 1; `two_sided` gives R's.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Notes
    -----
    Given the total of events :math:`T`, treatment's share is hypergeometric without an effect:
    :math:`P(x) = \binom{n_t}{x} \binom{n_c}{T - x} / \binom{n_c + n_t}{T}` [1]_.

    References
    ----------
    .. [1] R. A. Fisher (1935), The Design of Experiments, section 5.

    Examples
    --------
    >>> from experimentos.inference.counts import from_counts
    >>> fisher(from_counts(1, 4), from_counts(3, 4)).p_value.round(4)  # R: one-sided 0.2429
    array([0.4857])
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def _odds_limit(data: Counts, tail: FloatArray) -> FloatArray:
    """Odds ratio at which the observed count or more has a given probability."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = (data.x_t, data.n_c - data.x_c, data.n_t - data.x_t, data.x_c)
        centre = np.log((cells[0] + 0.5) * (cells[1] + 0.5) / (cells[2] + 0.5) / (cells[3] + 0.5))
        deviation = np.sqrt(sum(1 / (values + 0.5) for values in cells))
        reach = (0.2 - ndtri(tail)) * deviation
    # With no event in treatment, or only events in control, every odds ratio is possible.
    bounded = (data.x_t > 0) & (data.x_c < data.n_c)
    rows = np.flatnonzero(bounded & ~np.isnan(reach))
    few, wanted = data.take(rows), np.log(tail[rows])

    def excess(log_odds: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            at_least = hypergeometric.sums(few, np.exp(log_odds)).at_least
            return np.log(np.maximum(at_least, np.finfo(float).tiny)) - wanted

    low, high = centre[rows] - reach[rows], centre[rows] + 0.1 * reach[rows]
    for _ in range(DOUBLINGS):
        too_high = excess(low) > 0
        if not too_high.any():
            break
        low = np.where(too_high, low - 2 * reach[rows], low)
    for _ in range(DOUBLINGS):
        too_low = excess(high) < 0
        if not too_low.any():
            break
        high = np.where(too_low, high + 2 * reach[rows], high)
    limit = np.where(np.isnan(reach), np.nan, 0.0)
    limit[rows] = np.exp(find_roots(excess, low, high, tolerance=np.full(rows.size, 1e-14)))
    return limit


def _rates_at(data: Counts, odds_ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rates of the two arms at an odds ratio, the total of events kept."""
    total = data.x_c + data.x_t
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        finite = np.minimum(odds_ratio, 1e300)
        b = (data.n_c - total) + finite * (total + data.n_t)
        product = finite * total * data.n_t
        root = np.sqrt(np.maximum(b**2 + 4 * (1 - finite) * product, 0.0))
        events = np.where(b > 0, 2 * product / (b + root), (root - b) / (2 * (1 - finite)))
        events = np.where(odds_ratio > 1e100, np.minimum(total, data.n_t), events)
        events = np.clip(events, np.maximum(total - data.n_c, 0), np.minimum(total, data.n_t))
        return (total - events) / data.n_c, events / data.n_t


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
