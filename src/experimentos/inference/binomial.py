"""Binomial probabilities to nearly full precision, also with a billion units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincc, gammaln, xlog1py

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

MANY = 16  # units from which Stirling's series is right to rounding
LOWEST, HIGHEST = 1e-300, 1 - 2**-53


def binomial_mass(events: FloatArray, units: float, rates: FloatArray) -> FloatArray:
    r"""Probabilities of counts at several rates.

    Parameters
    ----------
    events : array of shape (m,)
        Counts from 0 to `units`.
    units : float
        Number of trials.
    rates : array of shape (r,)
        Rates from 0 to 1; the nearer to each other, the more digits.

    Returns
    -------
    array of shape (m, r)
        A row for each count.

    Notes
    -----
    At the middle one of the rates by Loader's expansion about the mode [1]_, which takes no
    difference of large logarithms, and from there by :math:`x \log(p/p_0) + (n - x) \log((1 -
    p)/(1 - p_0))`.

    References
    ----------
    .. [1] C. Loader (2000), Fast and Accurate Computation of Binomial Probabilities.

    Examples
    --------
    >>> binomial_mass(np.array([0.0, 2.0]), 4.0, np.array([0.5])).ravel()
    array([0.0625, 0.375 ])
    """
    inside = np.clip(rates, LOWEST, HIGHEST)
    middle = np.sort(inside)[inside.size // 2]
    up = _log_quotient(inside, middle, inside - middle)
    down = _log_quotient(1 - inside, 1 - middle, middle - inside)
    with np.errstate(under="ignore"):
        log_mass = np.multiply.outer(events, up)
        log_mass += np.multiply.outer(units - events, down)
        log_mass += _log_mass(events, units, middle)[:, None]
        mass = np.asarray(np.exp(log_mass, out=log_mass))
    for end, certain in ((0.0, 0.0), (1.0, units)):
        at_end = rates == end
        if at_end.any():
            mass[:, at_end] = (events == certain)[:, None]
    return mass


def binomial_tail(edge: FloatArray, units: float, rate: FloatArray, *, upper: bool) -> FloatArray:
    """Probability of at least, or of at most, a count.

    Parameters
    ----------
    edge : array
        Counts; below 0 and above `units` too.
    units : float
        Number of trials.
    rate : array
        Rates from 0 to 1, of a shape that fits.
    upper : bool
        At least the count, instead of at most.

    Returns
    -------
    array
        0 or 1 where the edge lies outside.
    """
    if upper:
        inner = betainc(np.clip(edge, 1, units), np.maximum(units - edge, 0) + 1, rate)
        return np.where(edge <= 0, 1.0, np.where(edge > units, 0.0, inner))
    inner = betaincc(np.maximum(edge, 0) + 1, np.clip(units - edge, 1, units), rate)
    return np.where(edge >= units, 1.0, np.where(edge < 0, 0.0, inner))


def _log_quotient(top: FloatArray, bottom: float, difference: FloatArray) -> FloatArray:
    far = np.abs(difference) > 0.5 * bottom
    near = np.log1p(np.where(far, 0.0, difference) / bottom)
    return np.where(far, np.log(top / bottom), near)


def _log_mass(events: FloatArray, units: float, rate: float) -> FloatArray:
    """Logarithm of a binomial probability at one rate, by Loader's expansion."""
    rest = units - events
    ends = (events == 0) | (rest == 0)
    x, y = np.where(ends, 1.0, events), np.where(ends, 1.0, rest)
    n = np.full(events.shape, units)
    root = 0.5 * np.log(n / (2 * np.pi * x * y))
    stirling = _stirling_error(n) - _stirling_error(x) - _stirling_error(y)
    inner = root + stirling - _deviance(x, n * rate) - _deviance(y, n * (1 - rate))
    outer = np.where(events == 0, n * np.log1p(-rate), n * np.log(rate))
    return np.where(ends, outer, inner)


def _deviance(count: FloatArray, expected: FloatArray) -> FloatArray:
    """Return ``x log(x/m) - (x - m)``."""
    excess = count - expected
    return np.asarray(xlog1py(count, excess / expected) - excess)


def _stirling_error(n: FloatArray) -> FloatArray:
    """Logarithm of a factorial less Stirling's formula."""
    direct = gammaln(n + 1) - (n + 0.5) * np.log(n) + n - 0.5 * np.log(2 * np.pi)
    square = n * n
    series = np.zeros_like(n)
    for denominator in (1188, -1680, 1260, -360, 12):
        series = series / square + 1 / denominator
    return np.where(n < MANY, direct, series / n)
