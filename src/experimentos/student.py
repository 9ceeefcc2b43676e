r"""Student's t: tails and quantiles of a million comparisons.

Where the degrees of freedom are large for the statistic, t is turned into a standard normal
deviate by a series; elsewhere the incomplete beta function gives the tail itself. Which of the two
is used depends on the element alone, so one call gives what many give.

With :math:`a = \nu - 1/2` and :math:`w^2 = a \log(1 + t^2/\nu)`, the deviate with the same tail is
:math:`z = w + \sum_k P_k(w) a^{-2k}`, :math:`P_1 = (w^3 + 3w)/48`: Hill's expansion [1]_, carried
here to :math:`k = 3` by matching the two densities order by order in rational arithmetic. Only
even powers of :math:`1/a` occur, and the remainder is below rounding where
:math:`(w^2 + 8)/a \le 0.1`.

References
----------
.. [1] G. W. Hill (1970), Communications of the ACM 13, 617-619 (Algorithm 395) and 619-620 (396).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincc, betaln, ndtr, ndtri, stdtrit

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

REACH = 0.1
NORMAL = 1e19
TINY, FEW_DF, NEWTON_STEPS = 1e-100, 100.0, 8
# Coefficients of w, w^3, w^5, ... in P_1, P_2, P_3, and of z in those of the inverse series.
_TO_NORMAL = (
    (1 / 16, 1 / 48),
    (-19 / 512, -1 / 96, -11 / 7680, -1 / 5760),
    (631 / 8192, 575 / 24576, 95 / 24576, 121 / 286720, 197 / 5806080, 1 / 362880),
)
_FROM_NORMAL = (
    (-1 / 16, -1 / 48),
    (21 / 512, 1 / 64, 7 / 2560, 1 / 5760),
    (-671 / 8192, -245 / 8192, -257 / 40960, -2209 / 2580480, -407 / 5806080, -1 / 362880),
)


def lower_tail(df: FloatArray, statistic: FloatArray) -> FloatArray:
    """Lower tail of Student's t, right down to the smallest numbers.

    Parameters
    ----------
    df : array of shape (k,)
        Degrees of freedom; infinite for the normal distribution.
    statistic : array of shape (k,)
        Values of t.

    Returns
    -------
    array of shape (k,)
        Probabilities; NaN where either is.

    Examples
    --------
    >>> lower_tail(np.array([10.0, 10_000.0]), np.array([-2.228138852, -30.0]))  # R: pt
    array([2.50000000e-002, 1.02216352e-189])
    """
    return both_tails(df, statistic)[0]


def both_tails(df: FloatArray, statistic: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper tail of Student's t, each right down to the smallest numbers.

    Parameters
    ----------
    df : array of shape (k,)
        Degrees of freedom; infinite for the normal distribution.
    statistic : array of shape (k,)
        Values of t.

    Returns
    -------
    lower, upper : array of shape (k,)
        Probabilities; NaN where either argument is.
    """
    df, statistic = np.asarray(df, np.float64), np.asarray(statistic, np.float64)
    df, statistic = (np.atleast_1d(v) for v in np.broadcast_arrays(df, statistic))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        square = statistic * statistic
        reduced = np.where(df > 0, df, np.nan) - 0.5
        deviate_sq = np.where(df >= NORMAL, square, reduced * np.log1p(square / df))
        near_normal = deviate_sq + 8 <= REACH * reduced
        normal = np.sqrt(deviate_sq)
        change = normal * _series(_TO_NORMAL, deviate_sq, 1 / (reduced * reduced))
        normal += np.where(df >= NORMAL, 0.0, change)
        normal = np.copysign(normal, statistic)
        lower, upper = np.asarray(ndtr(normal)), np.asarray(ndtr(-normal))
    rest = np.flatnonzero(~(near_normal | np.isnan(reduced) | np.isnan(statistic)))
    if rest.size:
        tail = _beta_tail(df[rest], statistic[rest])
        below = statistic[rest] <= 0
        lower[rest] = np.where(below, tail, 1 - tail)
        upper[rest] = np.where(below, 1 - tail, tail)
    return lower, upper


def upper_quantile(df: FloatArray, tail: FloatArray) -> FloatArray:
    """Upper quantile of Student's t.

    Parameters
    ----------
    df : array of shape (k,)
        Degrees of freedom; infinite for the normal distribution.
    tail : array of shape (k,)
        Upper tail probability.

    Returns
    -------
    array of shape (k,)
        NaN where either is.

    Examples
    --------
    >>> upper_quantile(np.array([10.0, 10_000.0]), np.array([0.025, 0.025])).round(9)  # R: qt
    array([2.22813885, 1.96020124])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        normal = -ndtri(tail)
        square = normal * normal
        reduced = df - 0.5
        near_normal = square + 8 <= REACH * reduced
        deviate = normal + normal * _series(_FROM_NORMAL, square, 1 / (reduced * reduced))
        size = np.sqrt(df * np.expm1(deviate * deviate / reduced))
        quantile = np.where(df >= NORMAL, normal, np.copysign(size, normal))
    rest = np.flatnonzero(~(near_normal | np.isnan(df) | np.isnan(tail)))
    if rest.size:
        quantile[rest] = _far_quantile(np.where(df[rest] > 0, df[rest], np.nan), tail[rest])
    return quantile


def _far_quantile(df: FloatArray, tail: FloatArray) -> FloatArray:
    """Quantiles where t is far from normal; of tiny tails by Newton's method on logarithms."""
    quantile = -np.asarray(stdtrit(df, tail), dtype=np.float64)
    quantile = np.where((tail == 0) & (df > 0), np.inf, quantile)
    tiny = np.flatnonzero((tail < TINY) & (tail > 0) & (df < FEW_DF))
    if tiny.size:
        units, wanted = df[tiny], np.log(tail[tiny])
        # The tail is x^(df/2) / (df B) for small x = df / t^2, to rounding below e^-40.
        log_x = 2 / units * (wanted + np.log(units) + betaln(units / 2, 0.5))
        log_t = 0.5 * (np.log(units) - log_x)
        near = log_x > -40
        for _ in range(NEWTON_STEPS):
            reached = np.log(_beta_tail(units[near], -np.exp(log_t[near])))
            log_t[near] += (reached - wanted[near]) / units[near]
        quantile[tiny] = np.exp(log_t)
    return quantile


def _series(
    table: tuple[tuple[float, ...], ...], square: FloatArray, scale: FloatArray
) -> FloatArray:
    """Sum of polynomials in the square of a deviate times powers of a scale, by Horner's rule."""
    total = np.zeros_like(scale)
    for coefficients in reversed(table):
        value = np.full_like(scale, coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            value *= square
            value += coefficient
        total += value
        total *= scale
    return total


def _beta_tail(df: FloatArray, statistic: FloatArray) -> FloatArray:
    """Smaller tail by the incomplete beta function, in the argument that keeps its digits."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        square = statistic * statistic
        tail = np.full_like(df, 0.5)
        near = (square < df) & (square > 0)
        far = square >= df
        tail[near] = 0.5 * betaincc(0.5, df[near] / 2, 1 / (1 + df[near] / square[near]))
        tail[far] = 0.5 * betainc(df[far] / 2, 0.5, 1 / (1 + square[far] / df[far]))
    return tail
