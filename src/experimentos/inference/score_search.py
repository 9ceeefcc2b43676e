r"""Roots behind the score test and its limits, from where Newton's method cannot miss them.

As in `score_limits` a boundary pulls two rates down, one in each arm: the events of treatment and
the non-events of control if it lies below the estimate, the other two outcomes if above. :math:`V`
is the variance at the pulled rates and :math:`u = \lambda V` how far they are pulled together. Then
:math:`\lambda u` is convex in the multiplier :math:`\lambda`, and a step from the right of the root
of :math:`\lambda u = z^2` (a limit) or of :math:`\lambda (u - C) = 0` (a test at the distance
:math:`C`, with the statistic :math:`\sqrt{\lambda C}`) never passes it. So it is for a ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experimentos.moments import FloatArray, _ArrayStruct

STEPS = 200
TOLERANCE = 1e-11
Step = Callable[[tuple[FloatArray, ...], FloatArray], FloatArray]


@dataclass(frozen=True)
class Outcome(_ArrayStruct):
    """One of the two outcomes in an arm.

    Parameters
    ----------
    count, rest, units : array of shape (k,)
        Units with the outcome, without it, and all.
    """

    count: FloatArray
    rest: FloatArray
    units: FloatArray


@np.errstate(all="ignore")
def search_distance(first: Outcome, second: Outcome, critical: FloatArray) -> FloatArray:
    """Distance from the difference of rates to its score limit.

    Parameters
    ----------
    first, second : Outcome, fields of shape (k,)
        What the limit pulls down in each arm.
    critical : array of shape (k,)
        Critical value of the statistic, 0 or more.

    Returns
    -------
    array of shape (k,)
        In rate units: slower than `difference_distance`, and for every element.
    """
    square = critical * critical
    start = np.fmin(_alone(first, square), _alone(second, square))
    multiplier = _from_the_right(_limit_step, (*_arrays(first, second), square), start)
    distance = np.where(critical == 0, 0.0, square / multiplier)
    return np.where(np.isnan(first.count + second.count), np.nan, distance)


@np.errstate(all="ignore")
def multiplier_at(
    first: Outcome, second: Outcome, distance: FloatArray, left: FloatArray
) -> FloatArray:
    """Multiplier at a difference of rates.

    Parameters
    ----------
    first, second : Outcome, fields of shape (k,)
        What the boundary pulls down in each arm.
    distance, left : array of shape (k,)
        By how much it pulls the sum of the two rates down, and what is left of it. Each keeps its
        own digits.

    Returns
    -------
    array of shape (k,)
        Infinite where nothing is left, 0 at no distance.
    """
    given = (*_arrays(first, second), distance, left)
    start = _right_start(first, second, given)
    multiplier = _from_the_right(_test_step, given, start)
    multiplier = np.where(left > 0, np.where(distance > 0, multiplier, 0.0), np.inf)
    return np.where(np.isnan(first.count + second.count + distance), np.nan, multiplier)


@np.errstate(all="ignore")
def search_ratio(rising: Outcome, falling: Outcome, critical: FloatArray) -> FloatArray:
    r"""Score limit of the ratio of two rates, less 1.

    Parameters
    ----------
    rising, falling : Outcome, fields of shape (k,)
        Events of the arm in the numerator, whose rate the limit raises, and of the other arm.
    critical : array of shape (k,)
        Critical value of the statistic, 0 or more.

    Returns
    -------
    array of shape (k,)
        The upper limit; infinite where the falling arm has no events.

    Notes
    -----
    The rates are :math:`(x + \mu)/(n + \mu)` and :math:`(x - \mu)/(n - \mu)`. Where all units of
    the falling arm had the event it stays at 1 until :math:`\mu` is their number; then it is free,
    and the critical value gives the ratio.
    """
    square = critical * critical
    share_r, share_f = rising.rest / rising.units, falling.rest / falling.units
    root = np.sqrt(square * square + 4 * share_r * square * rising.count)
    most_r = (square + root) / (2 * share_r)  # where the rising arm alone would do
    root = np.sqrt(square * square + 4 * share_f * square * falling.count)
    most_f = 2 * square * falling.count / (square + root)
    given = (rising.count, share_r, falling.count, share_f, square)
    moved = _from_the_right(_ratio_step, given, np.fmin(most_r, most_f))
    moved = np.where(critical == 0, 0.0, moved)
    rest = rising.rest + falling.rest
    is_rare = rest > (rising.units + falling.units) / 2
    by_count = rising.count * falling.units - falling.count * rising.units
    by_rest = falling.rest * rising.units - rising.rest * falling.units
    top = np.where(is_rare, by_count, by_rest) + moved * rest
    excess = top / ((rising.units + moved) * (falling.count - moved))
    certain = -rising.rest / (rising.units + np.fmin(most_r, falling.units))
    part = (rising.count + falling.units) / (rising.units + falling.units)
    free = square / falling.units * part - rising.rest / rising.units
    certain = np.where(most_r < falling.units, certain, free)
    excess = np.where(falling.rest == 0, certain, excess)
    return np.where(falling.count > 0, excess, np.where(falling.count == 0, np.inf, np.nan))


def _arrays(first: Outcome, second: Outcome) -> tuple[FloatArray, ...]:
    return (first.count, first.rest, first.units, second.count, second.rest, second.units)


def _from_the_right(step: Step, given: tuple[FloatArray, ...], start: FloatArray) -> FloatArray:
    """Newton's method on an increasing convex function, from starts where it is not negative."""
    root = start.copy()
    rest = np.flatnonzero(np.isfinite(start) & (start > 0))
    given, here = tuple(values[rest] for values in given), start[rest]
    for _ in range(STEPS):
        if not rest.size:
            break
        change = step(given, here)
        # Backwards, and beyond what is defined, only by rounding.
        change = np.where((change > 0) & (change < here), change, 0.0)
        here = here - change
        root[rest] = here
        is_open = change > TOLERANCE * here
        if not is_open.all():
            rest, here = rest[is_open], here[is_open]
            given = tuple(values[is_open] for values in given)
    return root


def _alone(outcome: Outcome, square: FloatArray) -> FloatArray:
    """Multiplier at a limit of one arm's rate (Wilson's), the other one's certain."""
    count, rest, units = outcome.count, outcome.rest, outcome.units
    share, lean = square / units, (count - rest) / units
    product = count / units * (rest / units)
    root = np.sqrt(share * share + 4 * share * product)
    by_sum = 2 * units * (1 + share) * share / (root + share * lean)
    by_difference = units * (root - share * lean) / (2 * product)
    return np.asarray(np.where(lean >= 0, by_sum, by_difference))


def _right_start(first: Outcome, second: Outcome, given: tuple[FloatArray, ...]) -> FloatArray:
    """Multiplier a little to the right of the one of a test."""
    distance, left = given[-2:]
    part = distance / (distance + left)
    both, alone = np.zeros_like(distance), np.full_like(distance, np.inf)
    variance = np.zeros_like(distance)
    for arm in (first, second):
        rate, other = arm.count / arm.units, arm.rest / arm.units
        variance = variance + rate * other / arm.units
        # Both rates pulled down by the same part: the true multiplier is between the arms'.
        needed = arm.units * (distance / left) / (other + rate * part)
        both = np.fmax(both, np.where(arm.count > 0, needed, 0.0))
        pulled = rate - distance
        needed = arm.units * distance / (pulled * (other + distance))
        alone = np.fmin(alone, np.where(pulled > 0, needed, np.inf))
    start = np.fmin(both, alone)
    guess = distance / variance
    excess, slope = _excess(given, guess)
    # A step from the left passes the root, if the function already rises there.
    stepped = guess - guess * excess / (excess + slope)
    is_right = (excess + slope > 0) & (stepped > 0)
    return np.where(is_right, np.fmin(start, stepped), start)


def pulled(
    count: FloatArray, rest: FloatArray, units: FloatArray, multiplier: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pull a rate down by a multiplier.

    Parameters
    ----------
    count, rest, units : array of shape (k,)
        Units with the outcome, without it, and all.
    multiplier : array of shape (k,)
        0 or more.

    Returns
    -------
    rate, product, fall : array of shape (k,)
        The rate that is left, times its complement, and how fast it falls: of the smaller root of
        ``lambda p^2 - (n + lambda) p + x = 0``, so nothing cancels.
    """
    ahead = units - multiplier
    root = np.sqrt(ahead * ahead + 4 * multiplier * rest)
    rate = 2 * count / (units + multiplier + root)
    complement = np.where(ahead > 0, 2 * rest / (ahead + root), (root - ahead) / (2 * multiplier))
    product = rate * complement
    # The root is 0 only where a certain outcome is about to fall.
    return rate, product, np.where(root > 0, product / root, 0.0)


def _limit_step(given: tuple[FloatArray, ...], multiplier: FloatArray) -> FloatArray:
    x, y, n, other_x, other_y, other_n, square = given
    _, product, fall = pulled(x, y, n, multiplier)
    _, other, other_fall = pulled(other_x, other_y, other_n, multiplier)
    variance = product / n + other / other_n
    top = multiplier * variance - square / multiplier
    return np.asarray(top / (variance + fall + other_fall))


def _test_step(given: tuple[FloatArray, ...], multiplier: FloatArray) -> FloatArray:
    excess, slope = _excess(given, multiplier)
    return np.asarray(multiplier * excess / (excess + slope))


def _excess(given: tuple[FloatArray, ...], multiplier: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much too far a multiplier pulls, and the multiplier times its slope.

    From what is pulled, or from what is left: the smaller of them has more digits.
    """
    x, y, n, other_x, other_y, other_n, distance, left = given
    rate, product, fall = pulled(x, y, n, multiplier)
    other_rate, other, other_fall = pulled(other_x, other_y, other_n, multiplier)
    by_distance = multiplier * (product / n + other / other_n) - distance
    by_left = left - (rate + other_rate)
    excess = np.where(left < distance, by_left, by_distance)
    return excess, np.asarray(multiplier * (fall + other_fall))


def _ratio_step(given: tuple[FloatArray, ...], moved: FloatArray) -> FloatArray:
    x_r, share_r, x_f, share_f, square = given
    full, empty = x_r + moved, x_f - moved
    part_r, part_f = share_r / full, share_f / empty
    variance = part_r + part_f
    slope = 2 * variance + moved * (part_f / empty - part_r / full)
    return np.asarray((moved * variance - square / moved) / slope)
