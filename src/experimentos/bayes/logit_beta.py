"""The density of a beta variable on the logit scale, without loss of digits.

There it is log-concave with exponential tails, whatever the parameters, and the product of two is
another one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, gammaln

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

# Fall of the log density at which panels end: 2.75, 5.5, 8.25 and 11 deviations of a normal.
FALLS = 0.5 * (2.75 * np.arange(1.0, 5.0)) ** 2
NEWTON_STEPS = 4
# Below this many events or non-events a density bends on the scale of the logit itself.
BROAD = 1.5
FINER = np.array([-20.0, -12.0, -6.0, -2.5, 0.0, 2.5, 6.0, 12.0, 20.0])[:, None]


def log_peak(a: FloatArray, b: FloatArray) -> FloatArray:
    r"""Logarithm of the density of logit(X) at its mode, which is ``log(a / b)``.

    Parameters
    ----------
    a, b : array of shape (k,)
        Parameters of the beta distribution of X.

    Returns
    -------
    array of shape (k,)
        :math:`\log\{a^a b^b (a+b)^{-a-b} / B(a, b)\}`, through Stirling's remainders.
    """
    n = a + b
    remainder = stirling_remainder(n) - stirling_remainder(a) - stirling_remainder(b)
    return np.asarray(0.5 * (np.log(a) + np.log(b / n) - np.log(2 * np.pi)) + remainder)


def stirling_remainder(x: FloatArray) -> FloatArray:
    """Logarithm of the gamma function minus Stirling's formula for it.

    Parameters
    ----------
    x : array of shape (k,)
        Positive numbers.

    Returns
    -------
    array of shape (k,)
        About ``1 / (12 x)``.
    """
    large = np.maximum(x, 10.0)
    square = 1 / large**2
    series = 1 - square / 30 * (1 - square * 2 / 7 * (1 - square * 3 / 4 * (1 - square * 140 / 99)))
    direct = gammaln(x) - (x - 0.5) * np.log(x) + x - 0.5 * np.log(2 * np.pi)
    return np.asarray(np.where(x > 10, series / (12 * large), direct), dtype=np.float64)


def log_fall(a: FloatArray, b: FloatArray, rate: FloatArray, rest: FloatArray) -> FloatArray:
    """Logarithm of the density of logit(X) over that at its mode.

    Parameters
    ----------
    a, b : array of shape (k,)
        Parameters of the beta distribution of X.
    rate, rest : array of shape (k,)
        Where: X and 1 - X, each with all its digits.

    Returns
    -------
    array of shape (k,)
        0 or less; exact also where `a` and `b` are 1e9 and the peak is narrow.
    """
    n = a + b
    mode, mode_rest = a / n, b / n
    away = np.where(mode < mode_rest, rate - mode, mode_rest - rest)
    fall = a * _log_quotient(rate, mode, away) + b * _log_quotient(rest, mode_rest, -away)
    return np.asarray(np.minimum(fall, 0.0))


def _log_quotient(value: FloatArray, base: FloatArray, difference: FloatArray) -> FloatArray:
    """Logarithm of ``value / base`` where their difference is known better than both."""
    relative = difference / base
    near = np.abs(relative) < 0.5
    return np.where(near, np.log1p(np.where(near, relative, 0.0)), np.log(value / base))


def fall_points(a: FloatArray, b: FloatArray) -> FloatArray:
    """Places around the mode of logit(X) at which its log density has fallen by `FALLS`.

    Parameters
    ----------
    a, b : array of shape (k,)
        Parameters of the beta distribution of X.

    Returns
    -------
    array of shape (9, k)
        Logits, increasing, with the mode in the middle. They place panels and need not be exact.
    """
    mode = np.log(a) - np.log(b)
    below, above = _distances(a, b), _distances(b, a)
    return np.concatenate([mode - below[::-1], mode[None], mode + above])


def _distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Distances on the side where the tail is ``exp(-a t)``, by Newton on the root of the fall."""
    n = a + b
    share, rest = a / n, b / n
    root = np.sqrt(2 * FALLS)[:, None]
    # Both are too far out: the fall is convex, and above its asymptote.
    quadratic = root / np.sqrt(a * rest) + FALLS[:, None] / a
    furthest = np.minimum(quadratic, (FALLS[:, None] - n * np.log(rest)) / a)
    distance = furthest
    for _ in range(NEWTON_STEPS):
        lost = share * np.expm1(-distance)
        found = np.sqrt(2 * np.maximum(n * np.log1p(lost) + a * distance, 1e-300))
        # The root of the fall is straight where that is a square, its logarithm far out.
        excess = np.where(found > 4 * root, np.log(found / root) * found, found - root)
        step = excess * found * (1 + lost) * share / (a * rest * lost)
        distance = np.clip(distance + step, distance / 4, furthest)
    return distance


def logistic_growth(
    share: FloatArray, rest_share: FloatArray, offset: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How the logistic function and its complement change away from a reference.

    Parameters
    ----------
    share, rest_share : array of shape (k,)
        Both at the reference; they add up to 1.
    offset : array of shape (..., k)
        Distance on the logit scale.

    Returns
    -------
    growth : array of shape (..., k)
        Logarithm of the logistic function over that at the reference.
    decay : array of shape (..., k)
        The same of its complement.
    step : array of shape (..., k)
        ``exp(growth) - 1`` is `rest_share` times it, ``exp(decay) - 1`` is minus `share` times it.
    """
    lower = share <= 0.5
    # In terms of the smaller share: the other way around its complement would lose its digits.
    signed = np.where(lower, offset, -offset)
    grown = np.expm1(np.minimum(signed, 700.0))
    loss = np.minimum(share, rest_share) * grown
    other = -np.log1p(loss) - np.maximum(signed - 700.0, 0.0)
    own = signed + other
    growth, decay = np.where(lower, own, other), np.where(lower, other, own)
    return growth, decay, np.where(lower, grown, -grown) / (1 + loss)


def expected_excess(
    a: FloatArray, b: FloatArray, rate: FloatArray, rest: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Probability that X exceeds a rate, and by how much it does on average.

    Parameters
    ----------
    a, b : array of shape (k,)
        Parameters of the beta distribution of X.
    rate, rest : array of shape (k,)
        The rate and 1 minus it.

    Returns
    -------
    probability : array of shape (k,)
        Of X > rate.
    excess : array of shape (k,)
        Mean of ``max(X - rate, 0)``.
    """
    n = a + b
    probability = np.asarray(betainc(b, a, rest), dtype=np.float64)
    gap = np.where(a < b, a / n - rate, rest - b / n)
    density = np.exp(log_peak(a, b) + log_fall(a, b, rate, rest))
    return probability, np.maximum(gap * probability + density / n, 0.0)
