"""Anytime-valid test of planned shares, for looking every day while units are assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.checks.counts import check_counts
from experimentos.checks.saddle_point import deviance, stirling_error
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

CONCENTRATION = 10_000.0


def log_bayes_factor(counts: FloatArray, shares: FloatArray) -> FloatArray:
    r"""Evidence against planned shares, valid at every count of units.

    Parameters
    ----------
    counts, shares : array of shape (k, v)
        Cumulative units and planned shares, as in `sample_ratio.chi_square`.

    Returns
    -------
    array of shape (k,)
        Logarithm of the Bayes factor: at most ``log(1/alpha)`` at all times together with
        probability ``1 - alpha``.

    Raises
    ------
    ArgumentError
        See `counts.check_counts`.

    Notes
    -----
    Shares Dirichlet with parameters :math:`\alpha_i = 10\,000\,\theta_i` against the planned
    :math:`\theta` [1]_: :math:`\frac{\Gamma(\alpha)}{\Gamma(\alpha + n)} \prod_i
    \frac{\Gamma(\alpha_i + n_i)}{\Gamma(\alpha_i)} \theta_i^{-n_i}`. The log gammas are split into
    Stirling's formula, whose large terms combine to deviances of :math:`\alpha_i + n_i` from
    :math:`\alpha_i + n \theta_i`, and what it leaves out: no digits are lost at 1e9 units.

    References
    ----------
    .. [1] M. Lindon, A. Malek (2022), NeurIPS 35, "Anytime-valid inference for multinomial count
       data".

    Examples
    --------
    >>> counts, shares = np.array([[44700.0, 45489.0]]), np.array([[0.5, 0.5]])
    >>> log_bayes_factor(counts, shares).round(4)  # Cookie Cats: p = exp(-1.9545) = 0.142
    array([1.9545])
    """
    counts, shares = check_counts(counts, shares)
    with np.errstate(divide="ignore", invalid="ignore"):
        planned = shares / np.nansum(shares, axis=1, keepdims=True)
        total = np.nansum(counts, axis=1)
        prior = CONCENTRATION * planned
        seen, expected = prior + counts, prior + planned * total[:, None]
        terms = (
            deviance(seen, expected)
            - 0.5 * np.log(seen / expected)
            + stirling_error(seen)
            - stirling_error(prior)
        )
        present = ~np.isnan(counts)
        variants = present.sum(axis=1)
        factor = (
            np.nansum(terms, axis=1)
            - (variants - 1) / 2 * np.log1p(total / CONCENTRATION)
            + stirling_error(np.array(CONCENTRATION))
            - stirling_error(CONCENTRATION + total)
        )
        valid = (variants > 1) & ~(present & np.isnan(planned)).any(axis=1)
        return np.where(valid, factor, np.nan)


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

    Raises
    ------
    ArgumentError
        If the shapes do not fit; see `counts.check_counts` for the values.
    """
    counts, shares = check_counts(counts, shares)
    check = np.asarray(check)
    if check.size and (check.dtype.kind not in "iu" or check.min() < 0):
        msg = f"`check` must be whole numbers from 0, got {check.flat[int(check.argmin())]!r}"
        raise ArgumentError(msg)
    check = check.astype(np.int64)
    if counts.shape[:1] != check.shape:
        msg = (
            "`counts` and `shares` must have one shape (k, v) and `check` (k,), got "
            f"{counts.shape}, {shares.shape} and {check.shape}"
        )
        raise ArgumentError(msg)
    largest = np.full(int(check.max(initial=-1)) + 1, np.nan)
    np.fmax.at(largest, check, log_bayes_factor(counts, shares))
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(-np.maximum(largest, 0.0)))
