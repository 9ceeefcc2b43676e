"""Posterior limits of the difference and the ratio of two beta variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, polygamma, psi

from experimentos.bayes.beta_frame import Arms, Line
from experimentos.bayes.beta_line import above_line
from experimentos.bayes.panels import LANES

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

MAXIMUM_ITERATIONS, PATIENCE = 160, 10
# Of the statistic in normal units; the last step of Newton's method squares it.
CLOSE = 3e-6
LARGEST_LOG_RATIO = 690.0


def upper_limits(arms: Arms, tail: FloatArray, *, of_ratio: bool) -> FloatArray:
    r"""Value that the difference, or the logarithm of the ratio, exceeds with some probability.

    Parameters
    ----------
    arms : Arms, fields of shape (k,)
        The two variables. `k` is a multiple of 16.
    tail : array of shape (k,)
        The probability.
    of_ratio : bool
        Whether to solve for ``log(Y / X)`` and not for ``Y - X``.

    Returns
    -------
    array of shape (k,)
        NaN where a parameter is.

    Notes
    -----
    Newton's method on :math:`\Phi^{-1}\{P(Y - X > d)\}`, which is nearly straight, kept inside a
    bracket. It starts from the Cornish-Fisher expansion with three cumulants.
    """
    edge = LARGEST_LOG_RATIO if of_ratio else 1.0
    least, greatest = np.full_like(tail, -edge), np.full_like(tail, edge)
    start = (_log_ratio_start if of_ratio else _difference_start)(arms, -ndtri(tail))
    undefined = np.isnan(arms.a_c + arms.b_c + arms.a_t + arms.b_t + tail)
    value = np.where(undefined, np.nan, np.where(np.abs(start) < edge, start, 0.0))
    rows = np.flatnonzero(~undefined)
    for iteration in range(MAXIMUM_ITERATIONS):
        if not rows.size:
            break
        here, wanted = value[rows], tail[rows]
        probability, fall = _evaluate(arms, rows, here, of_ratio=of_ratio)
        low = least[rows] = np.where(probability > wanted, here, least[rows])
        high = greatest[rows] = np.where(probability < wanted, here, greatest[rows])
        statistic = ndtri(probability)
        excess = statistic - ndtri(wanted)
        following = here + excess / (fall * np.sqrt(2 * np.pi) * np.exp(statistic**2 / 2))
        # Where the posterior is far from normal, as with hardly any event, bisection takes turns.
        halve = iteration > PATIENCE and iteration % 2 == 0
        inside = (following >= low) & (following <= high) & (not halve)
        value[rows] = np.where(inside, following, (low + high) / 2)
        exhausted = high - low <= 1e-15 * np.maximum(np.abs(low), np.abs(high))
        rows = rows[~(exhausted | (inside & (np.abs(excess) < CLOSE)))]
    return value


def _evaluate(
    arms: Arms, rows: IntArray, value: FloatArray, *, of_ratio: bool
) -> tuple[FloatArray, FloatArray]:
    """Probability of exceeding a value, and minus its derivative, for some rows."""
    filled = np.append(rows, np.full(-rows.size % LANES, rows[-1]))
    value = np.append(value, np.full(filled.size - rows.size, value[-1]))
    one, zero = np.ones_like(value), np.zeros_like(value)
    line = Line(np.exp(value), zero, -np.expm1(value)) if of_ratio else Line(one, value, -value)
    probability, fall = above_line(arms.take(filled), line, by_slope=of_ratio)
    return probability[: rows.size], fall[: rows.size]


def _difference_start(arms: Arms, deviate: FloatArray) -> FloatArray:
    """Cornish-Fisher quantile of Y - X."""
    (mean_c, var_c, third_c), (mean_t, var_t, third_t) = (
        _cumulants(a, b) for a, b in ((arms.a_c, arms.b_c), (arms.a_t, arms.b_t))
    )
    return _cornish_fisher(mean_t - mean_c, var_t + var_c, third_t - third_c, deviate)


def _cumulants(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = a + b
    variance = (a / n) * (b / n) / (n + 1)
    return a / n, variance, 2 * variance * (b - a) / (n * (n + 2))


def _log_ratio_start(arms: Arms, deviate: FloatArray) -> FloatArray:
    """Cornish-Fisher quantile of log(Y / X)."""
    cumulants = []
    for a, b in ((arms.a_c, arms.b_c), (arms.a_t, arms.b_t)):
        n = a + b
        cumulants.append(
            (
                psi(a) - psi(n),
                polygamma(1, a) - polygamma(1, n),
                polygamma(2, a) - polygamma(2, n),
            )
        )
    control, treatment = cumulants
    return _cornish_fisher(
        treatment[0] - control[0], treatment[1] + control[1], treatment[2] - control[2], deviate
    )


def _cornish_fisher(
    mean: FloatArray, variance: FloatArray, third: FloatArray, deviate: FloatArray
) -> FloatArray:
    sd = np.sqrt(variance)
    return mean + sd * (deviate + third / (6 * variance * sd) * (deviate**2 - 1))
