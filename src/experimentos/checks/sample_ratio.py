"""Sample-ratio checks: whether the units fall into variants as planned."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, gammaln, xlogy

from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

CONCENTRATION = 10_000.0
FEW = 5
ENUMERATED = 200_000
SIMULATED = 99_999
SEED = 20_260_901


def chi_square(counts: FloatArray, shares: FloatArray) -> FloatArray:
    r"""Pearson's chi-square test of planned shares.

    Parameters
    ----------
    counts : array of shape (k, v)
        Units of each variant; NaN where a check has fewer variants than the others.
    shares : array of shape (k, v)
        Planned shares, scaled here to sum to 1; NaN where `counts` is.

    Returns
    -------
    array of shape (k,)
        P-values; NaN with no units, fewer than two variants or a share of 0.

    Examples
    --------
    >>> counts = np.array([[44700.0, 45489.0]])  # Cookie Cats
    >>> chi_square(counts, np.array([[0.5, 0.5]])).round(6)
    array([0.008608])
    """
    expected = expected_counts(counts, shares)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.nansum((counts - expected) ** 2 / expected, axis=1)
        variants = (~np.isnan(counts)).sum(axis=1).astype(np.float64)
        valid = (variants > 1) & (np.nanmin(expected, axis=1, initial=np.inf) > 0)
        return np.where(valid, chdtrc(variants - 1, statistic), np.nan)


def expected_counts(counts: FloatArray, shares: FloatArray) -> FloatArray:
    """Units each variant would have with exactly the planned shares.

    Parameters
    ----------
    counts, shares : array of shape (k, v)
        As in `chi_square`.

    Returns
    -------
    array of shape (k, v)
        Expected units.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.nansum(counts, axis=1, keepdims=True)
        return np.asarray(shares / np.nansum(shares, axis=1, keepdims=True) * total)


def exact_multinomial(counts: FloatArray, shares: FloatArray) -> float:
    """Exact multinomial test of planned shares, one check.

    Parameters
    ----------
    counts, shares : array of shape (v,)
        Units and planned shares (summing to 1) of each variant.

    Returns
    -------
    float
        Probability of outcomes no more likely than the observed one. With more than 200,000
        outcomes it is estimated from 99,999 seeded draws, observed one included.

    Examples
    --------
    >>> p_value = exact_multinomial(np.array([9.0, 1.0]), np.array([0.5, 0.5]))
    >>> round(p_value, 9)  # R: binom.test(9, 10)
    0.021484375
    """
    units = int(counts.sum())
    observed = _log_mass(counts[None, :], shares)[0]
    slack = 1e-7
    if _number_of_outcomes(units, counts.size) <= ENUMERATED:
        mass = _log_mass(_outcomes(units, counts.size), shares)
        return float(min(1.0, np.exp(mass[mass <= observed + slack]).sum()))
    draws = np.random.default_rng(SEED).multinomial(units, shares / shares.sum(), SIMULATED)
    as_rare = _log_mass(draws.astype(np.float64), shares) <= observed + slack
    return float((1 + as_rare.sum()) / (SIMULATED + 1))


def fixed(counts: FloatArray, shares: FloatArray) -> tuple[FloatArray, IntArray]:
    """Test of planned shares at one time: chi-square, exact where an expected count is under 5.

    Parameters
    ----------
    counts, shares : array of shape (k, v)
        As in `chi_square`.

    Returns
    -------
    p_value : array of shape (k,)
        P-values; NaN where undefined.
    is_exact : array of int, shape (k,)
        One where the exact test was used, else 0.
    """
    p_value = chi_square(counts, shares)
    expected = expected_counts(counts, shares)
    with np.errstate(invalid="ignore"):
        few = ~np.isnan(p_value) & (expected < FEW).any(axis=1)
    for row in np.flatnonzero(few):
        here = ~np.isnan(counts[row])
        planned = shares[row][here]
        p_value[row] = exact_multinomial(counts[row][here], planned / planned.sum())
    return p_value, few.astype(np.int64)


def log_bayes_factor(counts: FloatArray, shares: FloatArray) -> FloatArray:
    r"""Evidence against planned shares, valid at every count of units.

    Parameters
    ----------
    counts, shares : array of shape (k, v)
        Cumulative units and planned shares, as in `chi_square`.

    Returns
    -------
    array of shape (k,)
        Logarithm of the Bayes factor: at most ``log(1/alpha)`` at all times together with
        probability ``1 - alpha``.

    Notes
    -----
    Shares Dirichlet with parameters :math:`\alpha_i = 10\,000\,\theta_i` against the planned
    :math:`\theta` [1]_: :math:`\frac{\Gamma(\alpha)}{\Gamma(\alpha + n)} \prod_i
    \frac{\Gamma(\alpha_i + n_i)}{\Gamma(\alpha_i)} \theta_i^{-n_i}`.

    References
    ----------
    .. [1] M. Lindon, A. Malek (2022), NeurIPS 35, "Anytime-valid inference for multinomial count
       data".
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        planned = shares / np.nansum(shares, axis=1, keepdims=True)
        prior = CONCENTRATION * planned
        terms = gammaln(prior + counts) - gammaln(prior) - xlogy(counts, planned)
        total = np.nansum(counts, axis=1)
        factor = gammaln(CONCENTRATION) - gammaln(CONCENTRATION + total) + np.nansum(terms, axis=1)
        valid = (~np.isnan(counts)).sum(axis=1) > 1
        return np.where(valid & (np.nanmin(planned, axis=1, initial=np.inf) > 0), factor, np.nan)


def accumulate(
    check: IntArray, member: IntArray, day: IntArray, *, units: FloatArray, shares: FloatArray
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Lay out units by day and variant as cumulative counts.

    Parameters
    ----------
    check : array of int, shape (k,)
        Check of each row, numbered from 0 without gaps.
    member : array of int, shape (k,)
        Variant of each row, numbered over all checks so that those of a check follow each other.
    day : array of int, shape (k,)
        Day of each row.
    units, shares : array of shape (k,)
        Units that came on that day, and the planned share of the variant.

    Returns
    -------
    counts, shares : array of shape (days, variants)
        Cumulative units and planned shares, one row per check and day; NaN beyond a check's
        variants, and throughout a check with missing or negative units.
    check : array of int, shape (days,)
        Check of each row, rising.
    """
    first = np.full(int(check.max()) + 1, member.max() + 1)
    np.minimum.at(first, check, member)
    column = member - first[check]
    width = int(column.max()) + 1
    days, row = np.unique(np.stack([check, day], axis=1), axis=0, return_inverse=True)
    valid = units >= 0
    new = np.zeros((len(days), width))
    np.add.at(new, (row, column), np.where(valid, units, 0.0))
    planned = np.full((first.size, width), np.nan)
    planned[check, column] = shares
    planned[np.bincount(check, weights=~valid) > 0] = np.nan

    total = np.cumsum(new, axis=0)
    check_of = days[:, 0].astype(np.int64)
    start = np.searchsorted(check_of, check_of)
    before = np.where((start > 0)[:, None], total[start - 1], 0.0)
    by_day = planned[check_of]
    return np.where(np.isnan(by_day), np.nan, total - before), by_day, check_of


def anytime(counts: FloatArray, shares: FloatArray, check: IntArray) -> FloatArray:
    """Anytime-valid p-value of each check, smallest so far.

    Parameters
    ----------
    counts : array of shape (k, v)
        Cumulative units at the end of each day of each check.
    shares : array of shape (k, v)
        Planned shares.
    check : array of int, shape (k,)
        Check of each row, numbered from 0 without gaps.

    Returns
    -------
    array of shape (number of checks,)
        ``min(1, min over days of 1/BF)``; NaN where no day is defined.
    """
    if counts.shape != shares.shape or counts.shape[:1] != check.shape:
        msg = (
            "`counts` and `shares` must have one shape (k, v) and `check` (k,), got "
            f"{counts.shape}, {shares.shape} and {check.shape}"
        )
        raise ArgumentError(msg)
    largest = np.full(int(check.max(initial=-1)) + 1, np.nan)
    np.fmax.at(largest, check, log_bayes_factor(counts, shares))
    return np.asarray(np.exp(-np.maximum(largest, 0.0)))


def _log_mass(outcomes: FloatArray, shares: FloatArray) -> FloatArray:
    terms = xlogy(outcomes, shares) - gammaln(outcomes + 1)
    return np.asarray(gammaln(outcomes.sum(axis=1) + 1) + terms.sum(axis=1))


def _number_of_outcomes(units: int, variants: int) -> float:
    """Ways to distribute units over variants."""
    log_ways = gammaln(units + variants) - gammaln(units + 1) - gammaln(variants)
    return float(np.exp(min(float(log_ways), 700.0)))


def _outcomes(units: int, variants: int) -> FloatArray:
    """Every way to distribute units over variants, one per row (stars and bars)."""
    if variants == 2:
        first = np.arange(units + 1, dtype=np.float64)
        return np.stack([first, units - first], axis=1)
    bars = np.array(list(combinations(range(units + variants - 1), variants - 1)), dtype=np.int64)
    edges = np.concatenate(
        [np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), units + variants - 1)], axis=1
    )
    return (np.diff(edges, axis=1) - 1).astype(np.float64)
