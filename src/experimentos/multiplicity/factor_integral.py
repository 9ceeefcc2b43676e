r"""The largest of several statistics that share one control: its tail by one-dimensional integrals.

Statistics with one control have correlations :math:`\rho_{ij} = \lambda_i \lambda_j`, so they are
:math:`Z_i = \lambda_i U + \sqrt{1 - \lambda_i^2}\, E_i` with independent :math:`U, E_1, \dots` and

.. math:: P(\max Z_i > c) = \int \phi(u) \Bigl[1 - \prod_i \Phi\Bigl(\frac{c - \lambda_i u}
   {\sqrt{1 - \lambda_i^2}}\Bigr)\Bigr] du.

The bracket is summed from upper tails and never taken from 1, so that the result keeps its digits
down to 1e-300. The integrand is analytic and dies off at both ends: the trapezoidal rule converges
geometrically. For Student's t the statistics are divided by one :math:`S`,
:math:`\nu S^2 \sim \chi^2_\nu`, and a second trapezoidal rule runs over :math:`\log S`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, ndtr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experimentos.moments import BoolArray, FloatArray, IntArray

# A control of less than 1e-5 of an arm is taken for 1e-5: the tail is a little too large.
LARGEST_LOADING = float(np.sqrt(1 - 1e-5))
NORMAL_DF = 1e12
_REACH = 8.5
_BEYOND = 39.0  # where a normal tail is 0 or 1
_NEGLIGIBLE = 36.0
_NUMBERS_AT_ONCE = 2**16


def tail_of_largest(
    critical: FloatArray,
    loading: FloatArray,
    *,
    df: FloatArray | None = None,
    two_sided: bool = False,
) -> FloatArray:
    """Probability that the largest of several statistics with one control exceeds a value.

    Parameters
    ----------
    critical : array of shape (k,)
        Values.
    loading : array of shape (k, m)
        Correlation of each statistic with the control, from 0 to 1: those of two statistics
        correlate by the product. NaN where there is no statistic.
    df : array of shape (k,), optional
        Degrees of freedom that all statistics of a row share; infinite for the normal
        distribution. Default: infinite.
    two_sided : bool
        Take the statistics' absolute values.

    Returns
    -------
    array of shape (k,)
        Within about 1e-11 of itself; NaN where `critical` or `df` is.

    Examples
    --------
    >>> critical, loading = np.array([2.5, 2.5]), np.sqrt([[0.5, 0.5, 0.5], [0.5, 0.5, np.nan]])
    >>> tail_of_largest(critical, loading).round(6)
    array([0.016792, 0.01175 ])
    >>> tail_of_largest(critical, loading, df=np.array([10.0, 10.0])).round(6)
    array([0.038377, 0.028063])
    """
    result = np.full(critical.shape, np.nan)
    degrees = np.full(critical.shape, np.inf) if df is None else df
    is_normal = degrees > NORMAL_DF
    with np.errstate(all="ignore"):
        result[is_normal] = _normal(critical[is_normal], loading[is_normal], two_sided=two_sided)
        rows = np.flatnonzero((degrees > 0) & ~is_normal)
        result[rows] = _student(critical[rows], loading[rows], degrees[rows], two_sided=two_sided)
    return np.where(np.isnan(critical), np.nan, result)


def _normal(critical: FloatArray, loading: FloatArray, *, two_sided: bool) -> FloatArray:
    result = np.where(critical > 0, 0.0, 1.0)
    present = ~np.isnan(loading)
    result[~present.any(axis=1)] = 0.0
    capped = np.where(present, np.minimum(loading, LARGEST_LOADING), 0.0)
    spread = np.sqrt((1 - capped) * (1 + capped))
    arms = np.maximum(present.sum(axis=1), 1)
    # The rule's error depends on the sharpest bend, and on how many are multiplied.
    sharpest = np.minimum(1.0, np.where(capped > 0, spread / capped, np.inf).min(axis=1))
    step = 0.55 / (1 + 0.3 * np.log(arms)) * sharpest
    start = 0.0 if two_sided else -_REACH
    stop = np.maximum(critical, 0.0) * capped.max(axis=1) + _REACH
    wanted = (stop - start) / step + 1
    usable = (np.abs(critical) < _BEYOND) & present.any(axis=1)
    for rows, nodes in _classes(wanted, usable):
        width = step[rows, None]
        u = start + width * np.arange(nodes)
        outside = np.zeros_like(u)
        for arm in np.flatnonzero(present[rows].any(axis=0)):
            slope, noise = capped[rows, arm, None] * u, spread[rows, arm, None]
            beyond = ndtr((slope - critical[rows, None]) / noise)
            if two_sided:
                beyond += ndtr((-slope - critical[rows, None]) / noise)
            beyond *= present[rows, arm, None]
            outside += beyond * (1 - outside)
        outside *= np.exp(-0.5 * u * u)
        if two_sided:
            # The integrand is even: the left half equals the right.
            outside[:, 1:] *= 2
        result[rows] = outside.sum(axis=1) * step[rows] / np.sqrt(2 * np.pi)
    return np.minimum(result, 1.0)


def _student(
    critical: FloatArray, loading: FloatArray, df: FloatArray, *, two_sided: bool
) -> FloatArray:
    result = np.where(critical > 0, 0.0, 1.0)
    # Around the largest of S^nu exp(-(nu + c^2) S^2 / 2), what the tail of the normal leaves.
    root, value = np.sqrt(df), np.maximum(critical, 0.0)
    centre = np.log(root / np.hypot(root, value))
    lower, upper = _reach_of_log(df)
    step = 0.55 / (root + 2.7)
    wanted = (upper - lower) / step + 1
    for rows, nodes in _classes(wanted, np.isfinite(critical)):
        shift = lower[rows, None] + step[rows, None] * np.arange(nodes)
        log_s = centre[rows, None] + shift
        values = (critical[rows, None] * np.exp(log_s)).reshape(-1)
        tails = _normal(values, np.repeat(loading[rows], nodes, axis=0), two_sided=two_sided)
        degrees = df[rows, None]
        exponent = degrees * (log_s - np.expm1(2 * log_s) / 2) + _log_scale(degrees)
        weighted = tails.reshape(shift.shape) * np.exp(exponent)
        result[rows] = weighted.sum(axis=1) * step[rows]
    return np.minimum(result, 1.0)


def _reach_of_log(df: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where ``nu (x - (exp(2 x) - 1) / 2)`` has fallen far, below and above its largest at 0."""
    fall = _NEGLIGIBLE / df
    root = np.sqrt(fall)
    ends = [-fall - root, np.log1p(2 * (root + fall)) / 2]
    for _ in range(6):
        # Newton's method, from outside: the function is concave.
        ends = [x + (x - np.expm1(2 * x) / 2 + fall) / np.expm1(2 * x) for x in ends]
    return ends[0], ends[1]


def _log_scale(df: FloatArray) -> FloatArray:
    """Logarithm of ``2 (nu/2)^(nu/2) exp(-nu/2) / gamma(nu/2)``."""
    half = df / 2
    inverse = 1 / half
    series = inverse * (1 / 12 - inverse**2 * (1 / 360 - inverse**2 / 1260))
    large = 0.5 * np.log(half / (2 * np.pi)) - series
    small = half * np.log(half) - half - gammaln(half)
    return np.asarray(np.log(2) + np.where(half > 50, large, small))


def _classes(wanted: FloatArray, usable: BoolArray) -> Iterator[tuple[IntArray, int]]:
    """Rows that need about the same number of nodes, not too many at once."""
    # A quarter of a doubling apart; the class depends on the row alone.
    quarters = np.ceil(4 * np.log2(np.where(usable, np.maximum(wanted, 16.0), 16.0)))
    for quarter in np.unique(quarters[usable]):
        nodes = int(np.ceil(2.0 ** (quarter / 4)))
        rows = np.flatnonzero(usable & (quarters == quarter))
        step = max(1, _NUMBERS_AT_ONCE // nodes)
        for first in range(0, rows.size, step):
            yield rows[first : first + step], nodes
