"""Sample-ratio checks: whether the units fall into variants as planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from experimentos.checks.counts import check_counts
from experimentos.checks.dirichlet_multinomial import anytime, log_bayes_factor
from experimentos.checks.multinomial import exact_multinomial, exact_multinomials

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

__all__ = [
    "accumulate",
    "anytime",
    "chi_square",
    "exact_multinomial",
    "expected_counts",
    "fixed",
    "log_bayes_factor",
]

FEW = 5


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
        P-values; NaN with no units, fewer than two variants or an unknown share.

    Raises
    ------
    ArgumentError
        If the shapes differ, a count is negative or a share is not positive.

    Notes
    -----
    :math:`X^2 = \sum_i (n_i - n \theta_i)^2 / (n \theta_i)` on ``v - 1`` degrees of freedom [1]_.

    References
    ----------
    .. [1] K. Pearson (1900), Philosophical Magazine 50, 157-175.

    Examples
    --------
    >>> counts = np.array([[44700.0, 45489.0]])  # Cookie Cats
    >>> chi_square(counts, np.array([[0.5, 0.5]])).round(6)
    array([0.008608])
    """
    counts, shares = check_counts(counts, shares)
    expected = expected_counts(counts, shares)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        statistic = np.nansum((counts - expected) ** 2 / expected, axis=1)
        present = ~np.isnan(counts)
        variants = present.sum(axis=1).astype(np.float64)
        known = (expected > 0) | ~present
        valid = (variants > 1) & known.all(axis=1)
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

    Raises
    ------
    ArgumentError
        If the shapes differ, a count is negative or a share is not positive.

    Examples
    --------
    >>> p_value, is_exact = fixed(np.array([[9.0, 0.0], [90.0, 60.0]]), np.full((2, 2), 0.5))
    >>> p_value.round(6), is_exact  # R: binom.test(9, 9), chisq.test(c(90, 60))
    (array([0.003906, 0.014306]), array([1, 0]))
    """
    counts, shares = check_counts(counts, shares)
    p_value = chi_square(counts, shares)
    expected = expected_counts(counts, shares)
    with np.errstate(invalid="ignore"):
        few = ~np.isnan(p_value) & (expected < FEW).any(axis=1)
    if few.any():
        p_value[few] = exact_multinomials(counts[few], shares[few])
    return p_value, few.astype(np.int64)


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
        variants, and throughout a check with missing or negative units. A share that is not
        positive leaves the check's counts and makes its shares NaN.
    check : array of int, shape (days,)
        Check of each row, rising.
    """
    if not check.size:
        empty = np.empty((0, 0))
        return empty, empty, np.empty(0, dtype=np.int64)
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
    cumulative = np.where(np.isnan(planned[check_of]), np.nan, total - before)
    planned[((planned <= 0) | np.isinf(planned)).any(axis=1)] = np.nan
    return cumulative, planned[check_of], check_of
