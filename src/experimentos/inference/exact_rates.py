"""Exact tests of two proportions where events, or non-events, are few.

At no difference (and at a ratio of rare events) the test is conditional: given the total of the
rarer outcome, how many fell into treatment is binomial. At a margin in metric units no
conditional test exists and `unconditional` is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincc, betaincinv

from experimentos.inference import score, unconditional
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate
from experimentos.inference.score import Counts

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, Moments

FEW = 10
HALF = 0.5


@np.errstate(all="ignore")
def has_few(comparison: Comparison) -> BoolArray:
    """Tell where exact tests decide instead of the score test.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    array of bool, shape (k,)
        True where an arm has fewer than 10 expected events, or non-events, at the pooled rate.
    """
    data = score.counts(comparison)
    pooled = (data.x_c + data.x_t) / (data.n_c + data.n_t)
    expected = np.minimum(data.n_c, data.n_t) * np.minimum(pooled, 1 - pooled)
    return np.asarray(expected < FEW)


@np.errstate(all="ignore")
def tails(comparison: Comparison, null: Null) -> Tails:
    r"""One-sided exact p-values against a boundary.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary: weight 1 with any shift, or any weight with shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        1 where neither outcome tells the arms apart, as with no event in either. 0 where no rates
        can have the boundary, on the side that the estimate shows.

    Notes
    -----
    Given :math:`T = x_c + x_t` events and the rate ratio :math:`R`, :math:`x_t` is binomial with
    share :math:`n_t R/(n_c + n_t R)` [1]_: exact for Poisson counts, and conservative for binomial
    ones at no difference, where the exact law (hypergeometric) is narrower.

    References
    ----------
    .. [1] J. Przyborowski, H. Wilenski (1940), Biometrika 31, 313-323.
    """
    data = score.counts(comparison)
    non_events = _non_events_are_rare(data)
    fewer, more = _binomial_tails(_rare(data, non_events), null.weight)
    # More non-events are fewer events.
    less, greater = np.where(non_events, more, fewer), np.where(non_events, fewer, more)
    rows = np.flatnonzero(needs_unconditional(comparison, null) & ~np.isnan(data.x_c))
    if rows.size:
        less[rows], greater[rows] = _unconditional_tails(data.take(rows), null.take(rows))
    undefined = np.isnan(null.shift + null.weight)
    return Tails(np.where(undefined, np.nan, less), np.where(undefined, np.nan, greater))


@np.errstate(all="ignore")
def needs_unconditional(comparison: Comparison, null: Null) -> BoolArray:
    """Tell where no conditional test of a boundary exists.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary.

    Returns
    -------
    array of bool, shape (k,)
        True for a shift other than 0, and for a ratio other than 1 where events are not the rarer
        outcome.
    """
    relative = null.weight != 1
    absolute = null.shift != 0
    defined = ~np.isnan(null.weight + null.shift)
    return np.asarray(
        defined & (absolute | (relative & _non_events_are_rare(score.counts(comparison))))
    )


@np.errstate(all="ignore")
def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    r"""Limits for the difference of two rates, dual to the conditional test of no difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        In rate units. It excludes 0 exactly when the conditional test rejects.

    Notes
    -----
    Clopper-Pearson limits of the share give limits of the rate ratio :math:`R`, and given the
    total :math:`T` those of the difference :math:`(R - 1) T / (n_c + n_t R)`. That ignores how
    uncertain the total is, so the limits are taken no tighter than the score limits, as long as
    they stay on their side of 0.
    """
    data = score.counts(comparison)
    low, high = _share_limits(data, tail)
    wide = score.interval(comparison, tail)
    lower, upper = _difference_at(data, low), _difference_at(data, high)
    return widened(Interval(lower, upper), wide)


@np.errstate(all="ignore")
def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate, dual to the conditional test.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where control has no event. Where non-events are the rarer outcome the limits
        are those given their total, as in `interval`.
    """
    data = score.counts(comparison)
    low, high = _share_limits(data, tail)
    events = Interval(_ratio_at(data, low) - 1, _ratio_at(data, high) - 1)
    wide = score.lift_interval(comparison, tail)
    given_total = widened(Interval(_lift_at(data, low), _lift_at(data, high)), wide)
    non_events = _non_events_are_rare(data)
    none = ~(data.x_c > 0)
    lower = np.where(non_events, given_total.lower, events.lower)
    upper = np.where(non_events, given_total.upper, events.upper)
    return Interval(np.where(none, np.nan, lower), np.where(none, np.nan, upper))


@np.errstate(all="ignore")
def widened(tight: Interval, wide: Interval) -> Interval:
    """Limits no tighter than those of a second interval, on the same side of 0 as they were.

    Parameters
    ----------
    tight : Interval, fields of shape (k,)
        Says whether 0 is excluded.
    wide : Interval, fields of shape (k,)
        Says how far the limits reach at least.

    Returns
    -------
    Interval, fields of shape (k,)
        Where only the second interval includes 0, the limits of the first.
    """
    outer = Interval(np.fmin(tight.lower, wide.lower), np.fmax(tight.upper, wide.upper))
    lower = np.where((tight.lower > 0) & ~(outer.lower > 0), tight.lower, outer.lower)
    upper = np.where((tight.upper < 0) & ~(outer.upper < 0), tight.upper, outer.upper)
    return Interval(
        np.where(np.isnan(tight.lower), np.nan, lower),
        np.where(np.isnan(tight.upper), np.nan, upper),
    )


def exact_rates(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    """Exact test and intervals for two proportions.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate of the test, at most. The lift of rare events is covered with at least
        ``1 - alpha``; the difference about as often, as by the score limits.

    Returns
    -------
    Effect, fields of shape (k,)
        `p_value` is twice the smaller tail.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> control, treatment = Moments([1000.0], [0.001], [0.0]), Moments([1000.0], [0.008], [0.0])
    >>> exact_rates(control, treatment).p_value  # R: binom.test(8, 9)
    array([0.0390625])
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def _non_events_are_rare(data: Counts) -> BoolArray:
    return np.asarray(data.x_c + data.x_t > (data.n_c + data.n_t) / 2)


def _rare(data: Counts, non_events: BoolArray) -> Counts:
    """Exchange events for non-events where those are the rarer outcome."""
    x_c = np.where(non_events, data.n_c - data.x_c, data.x_c)
    x_t = np.where(non_events, data.n_t - data.x_t, data.x_t)
    return Counts(x_c=x_c, n_c=data.n_c, x_t=x_t, n_t=data.n_t)


def _unconditional_tails(data: Counts, null: Null) -> tuple[FloatArray, FloatArray]:
    """Tails by the test without a condition, each table and boundary computed once."""
    given = (data.x_c, data.n_c, data.x_t, data.n_t, null.weight, null.shift)
    cases, which = np.unique(np.stack(given, axis=1), axis=0, return_inverse=True)
    pairs = [
        unconditional.tail_pair(*case[:4], weight=case[4], shift=case[5]) for case in cases.tolist()
    ]
    less, greater = np.array(pairs)[which.ravel()].T
    return less, greater


def _binomial_tails(data: Counts, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probabilities of at most, and of at least, the treatment's events given the total."""
    x_t, x_c, boundary = data.x_t, data.x_c, np.maximum(weight, 0.0)
    total = data.n_c + data.n_t * boundary
    share, rest = data.n_t * boundary / total, data.n_c / total
    # From the smaller of the two shares, which has more digits.
    large = share > HALF
    at_most = np.where(large, betainc(x_c, x_t + 1, rest), betaincc(x_t + 1, x_c, share))
    at_least = np.where(large, betaincc(x_c + 1, x_t, rest), betainc(x_t, x_c + 1, share))
    # A ratio below 0 is below that of any rates, unless there are no events to tell.
    at_most = np.where(x_c == 0, 1.0, at_most)
    at_least = np.where(x_t == 0, np.where((weight < 0) & (x_c > 0), 0.0, 1.0), at_least)
    undefined = np.isnan(x_t + share)
    return np.where(undefined, np.nan, at_most), np.where(undefined, np.nan, at_least)


def _share_limits(data: Counts, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Odds ``R n_t / n_c`` of the treatment's rarer outcomes at the Clopper-Pearson limits.

    For non-events the larger share comes first: it is the lower limit of the effect.
    """
    non_events = _non_events_are_rare(data)
    rare = _rare(data, non_events)
    low = np.where(rare.x_t == 0, 0.0, betaincinv(rare.x_t, rare.x_c + 1, tail))
    # The upper limit as one minus a share of control: no digits lost near 1.
    rest = np.where(rare.x_c == 0, 0.0, betaincinv(rare.x_c, rare.x_t + 1, tail))
    low_odds, high_odds = low / (1 - low), (1 - rest) / rest
    undefined = np.isnan(rare.x_t + tail)
    low_odds, high_odds = (np.where(undefined, np.nan, odds) for odds in (low_odds, high_odds))
    return np.where(non_events, high_odds, low_odds), np.where(non_events, low_odds, high_odds)


def _ratio_at(data: Counts, odds: FloatArray) -> FloatArray:
    """Rate ratio at the odds of the rarer outcome falling into treatment."""
    return np.asarray(odds * data.n_c / data.n_t)


def _rates_at(data: Counts, odds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rates of the rarer outcome at given odds, their total kept."""
    rare = _rare(data, _non_events_are_rare(data))
    total = rare.x_c + rare.x_t
    in_treatment = np.where(np.isinf(odds), 1.0, odds / (1 + odds))
    in_control = 1 / (1 + odds)
    return np.minimum(total * in_control / data.n_c, 1), np.minimum(
        total * in_treatment / data.n_t, 1
    )


def _difference_at(data: Counts, odds: FloatArray) -> FloatArray:
    control, treatment = _rates_at(data, odds)
    return np.where(_non_events_are_rare(data), control - treatment, treatment - control)


def _lift_at(data: Counts, odds: FloatArray) -> FloatArray:
    """Lift of events at given odds of non-events."""
    control, treatment = _rates_at(data, odds)
    return np.where(control < 1, (control - treatment) / (1 - control), np.inf)


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
