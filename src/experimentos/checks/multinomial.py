"""Exact multinomial test of planned shares, for few expected units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaln

from experimentos.checks.saddle_point import log_multinomial, log_poisson

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

LISTED_AT_ONCE = 5_000
ENUMERATED = 200_000
CONDITIONED = 50_000
CASES_AT_ONCE = 1_000_000
SIMULATED = 99_999
SEED = 20_260_901
SLACK = 1e-7
_NEGLIGIBLE = 50.0


def exact_multinomial(counts: FloatArray, shares: FloatArray) -> float:
    """Exact multinomial test of planned shares, one check.

    Parameters
    ----------
    counts, shares : array of shape (v,)
        Units and planned shares (summing to 1) of each variant.

    Returns
    -------
    float
        Probability of outcomes no more likely than the observed one, see `exact_multinomials`.

    Examples
    --------
    >>> p_value = exact_multinomial(np.array([9.0, 1.0]), np.array([0.5, 0.5]))
    >>> round(p_value, 9)  # R: binom.test(9, 10)
    0.021484375
    """
    return float(exact_multinomials(counts[None, :], shares[None, :])[0])


def exact_multinomials(counts: FloatArray, shares: FloatArray) -> FloatArray:
    """Exact multinomial tests of planned shares, one per row.

    Parameters
    ----------
    counts, shares : array of shape (k, v)
        Units and planned shares; NaN where a check has fewer variants. Needs two variants or more.

    Returns
    -------
    array of shape (k,)
        Probability of outcomes no more likely than the observed one, where likelihoods that agree
        to 1e-7 count as equal.

    Notes
    -----
    Two variants: binomial tails, for any number of units. More: all outcomes where they are at
    most 5,000 (listed once for checks of equal units and shares); else all variants but two are
    listed and the two enter by binomial tails, leaving out what cannot change the 20th digit. Where
    that is over 50,000 cases, all outcomes if they are at most 200,000, and else 99,999 seeded
    draws, observed outcome included.
    """
    p_value = np.full(len(counts), np.nan)
    present = ~np.isnan(counts)
    variants = present.sum(axis=1)
    order = np.argsort(~present, axis=1, kind="stable")
    counts, shares = (np.take_along_axis(values, order, axis=1) for values in (counts, shares))
    for number in np.unique(variants):
        rows = np.flatnonzero(variants == number)
        x, theta = counts[rows, :number], shares[rows, :number]
        theta = theta / theta.sum(axis=1, keepdims=True)
        if number == 2:
            total = x.sum(axis=1)
            observed = log_multinomial(x, theta) + SLACK
            p_value[rows] = _less_likely(total, theta[:, 0], theta[:, 1], observed)
        else:
            p_value[rows] = _of_many(x, theta)
    return p_value


def _of_many(x: FloatArray, theta: FloatArray) -> FloatArray:
    """Test three or more variants. The way taken must not depend on the other checks."""
    units = x.sum(axis=1)
    observed = log_multinomial(x, theta)
    ways = number_of_outcomes(units, x.shape[1])
    p_value = np.full(len(x), np.nan)
    many = ways > LISTED_AT_ONCE
    p_value[many] = _conditioned(units[many], theta[many], observed[many])
    rest = np.flatnonzero(np.isnan(p_value))
    key = np.column_stack([units, theta])[rest]
    groups, number = np.unique(key, axis=0, return_inverse=True)
    members = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
    for member, (total, *shares) in zip(members, groups, strict=False):
        rows = rest[member]
        method = _listed if ways[rows[0]] <= ENUMERATED else _drawn
        p_value[rows] = method(int(total), np.array(shares), observed[rows])
    return p_value


def _listed(units: int, shares: FloatArray, observed: FloatArray) -> FloatArray:
    """Sum over all outcomes that are no more likely, for each observed one."""
    mass = np.sort(log_multinomial(outcomes(units, shares.size), shares))
    with np.errstate(under="ignore"):
        below = np.cumsum(np.exp(mass))
    last = np.searchsorted(mass, observed + SLACK, side="right") - 1
    return np.asarray(np.minimum(1.0, below[np.maximum(last, 0)]))


def _conditioned(units: FloatArray, shares: FloatArray, observed: FloatArray) -> FloatArray:
    """List all variants but two; the two are binomial given the others. NaN: too many cases."""
    # An outcome whose own variant is this unlikely adds less than 1e-20 of the p-value in all.
    floor = observed - _NEGLIGIBLE - np.log1p(units)
    low, high = _edges(units[:, None], shares, 1 - shares, floor[:, None])
    width = np.where(high < 0, units[:, None] + 1, high - low - 1)
    order = np.argsort(width, axis=1, kind="stable")
    low = np.take_along_axis(np.where(high < 0, -1.0, low), order, axis=1)[:, :-2]
    width, shares = (np.take_along_axis(values, order, axis=1) for values in (width, shares))
    cases = width[:, :-2].prod(axis=1)
    p_value = np.full(units.size, np.nan)
    few = np.flatnonzero(cases <= CONDITIONED)
    chunk = np.cumsum(cases[few]) // CASES_AT_ONCE
    for number in np.unique(chunk):
        rows = few[chunk == number]
        p_value[rows] = _over_cases(
            units[rows], shares[rows], observed[rows], low[rows], width[rows, :-2]
        )
    return p_value


def _over_cases(
    units: FloatArray, shares: FloatArray, observed: FloatArray, low: FloatArray, width: FloatArray
) -> FloatArray:
    """Sum over the cases of all variants but the last two of each row."""
    cases = width.prod(axis=1).astype(np.int64)
    row = np.repeat(np.arange(units.size), cases)
    position = np.arange(row.size) - np.repeat(np.cumsum(cases) - cases, cases)
    listed = np.empty((row.size, width.shape[1]))
    for variant, span in enumerate(width.astype(np.int64).T):
        position, digit = np.divmod(position, span[row])
        listed[:, variant] = low[row, variant] + 1 + digit
    left = units[row] - listed.sum(axis=1)
    possible = left >= 0
    row, listed, left = row[possible], listed[possible], left[possible]
    pooled = shares[:, -2:].sum(axis=1)
    marginal = log_multinomial(
        np.column_stack([listed, left]), np.column_stack([shares[:, :-2], pooled])[row]
    )
    one, other = (shares[:, -2:] / pooled[:, None])[row].T
    tails = _less_likely(left, one, other, observed[row] + SLACK - marginal)
    with np.errstate(under="ignore"):
        total = np.bincount(row, weights=np.exp(marginal) * tails, minlength=units.size)
    return np.minimum(1.0, total)


def _drawn(units: int, shares: FloatArray, observed: FloatArray) -> FloatArray:
    """Estimate from seeded draws."""
    generator = np.random.default_rng(SEED)
    draws = generator.multinomial(units, shares, SIMULATED).astype(np.float64)
    mass = np.sort(log_multinomial(draws, shares))
    as_rare = np.searchsorted(mass, observed + SLACK, side="right")
    return np.asarray((1 + as_rare) / (SIMULATED + 1))


def _less_likely(n: FloatArray, p: FloatArray, q: FloatArray, threshold: FloatArray) -> FloatArray:
    """Probability that a binomial outcome has a log probability of at most a threshold."""
    low, high = _edges(n, p, q, threshold)
    with np.errstate(all="ignore"):
        lower = np.where(low < 0, 0.0, betainc(np.maximum(n - low, 1e-300), low + 1, q))
        upper = np.where(high > n, 0.0, betainc(np.maximum(high, 1e-300), n - high + 1, p))
    return np.where(high < 0, 1.0, np.minimum(1.0, lower + upper))


def _edges(
    n: FloatArray, p: FloatArray, q: FloatArray, threshold: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Last outcome below the mode, and first above it, of at most a log probability.

    -1 and n + 1 where there is none; -1 for both where even the mode is at most it.
    """
    constant = log_poisson(np.maximum(n, 1.0), np.maximum(n, 1.0)) * (n > 0)

    def log_mass(x: FloatArray) -> FloatArray:
        return log_poisson(x, n * p) + log_poisson(n - x, n * q) - constant

    mode = np.clip(np.floor((n + 1) * p), 0, n)
    inside_low, inside_high = mode, mode
    low, high = np.full_like(mode, -1.0), np.zeros_like(mode) + n + 1
    for _ in range(int(np.ceil(np.log2(np.max(n, initial=0.0) + 2))) + 1):
        middle = np.floor((low + inside_low) / 2)
        below = log_mass(np.maximum(middle, 0.0)) <= threshold
        moves = inside_low - low > 1
        low = np.where(moves & below, middle, low)
        inside_low = np.where(moves & ~below, middle, inside_low)
        middle = np.floor((high + inside_high) / 2)
        below = log_mass(np.minimum(middle, n)) <= threshold
        moves = high - inside_high > 1
        high = np.where(moves & below, middle, high)
        inside_high = np.where(moves & ~below, middle, inside_high)
    everything = log_mass(mode) <= threshold
    return np.where(everything, -1.0, low), np.where(everything, -1.0, high)


def number_of_outcomes(units: npt.ArrayLike, variants: int) -> FloatArray:
    """Ways to distribute units over variants.

    Parameters
    ----------
    units : float or array of shape (k,)
        Units.
    variants : int
        Variants.

    Returns
    -------
    array of shape (k,)
        Infinite beyond 1e308.

    Examples
    --------
    >>> number_of_outcomes([0, 2], 3).round()
    array([1., 6.])
    """
    size = np.asarray(units, dtype=np.float64)
    log_ways = gammaln(size + variants) - gammaln(size + 1) - gammaln(variants)
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(log_ways))


def outcomes(units: int, variants: int) -> FloatArray:
    """Every way to distribute units over variants.

    Parameters
    ----------
    units : int
        Units.
    variants : int
        Variants, at least one.

    Returns
    -------
    array of shape (ways, variants)
        In lexical order.

    Examples
    --------
    >>> outcomes(2, 2)
    array([[0., 2.],
           [1., 1.],
           [2., 0.]])
    """
    listed = np.zeros((1, 0), dtype=np.int64)
    left = np.array([units])
    for _ in range(variants - 1):
        choices = left + 1
        start = np.repeat(np.cumsum(choices) - choices, choices)
        taken = np.arange(choices.sum()) - start
        listed = np.column_stack([np.repeat(listed, choices, axis=0), taken])
        left = np.repeat(left, choices) - taken
    return np.column_stack([listed, left]).astype(np.float64)
