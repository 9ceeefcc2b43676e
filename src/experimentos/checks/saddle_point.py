"""Logarithms of probabilities of counts, without the digits lost by differences of log gammas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)
_SMALL = 15.0


def deviance(x: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Half the deviance of a count from its mean.

    Parameters
    ----------
    x, mean : array that broadcast
        Counts (not necessarily whole), 0 or more, and means above 0.

    Returns
    -------
    array
        :math:`x \log(x / m) + m - x`, 0 or more.

    Notes
    -----
    Near the mean its terms cancel; there it is summed as a series in
    :math:`v = (x - m) / (x + m)` [1]_, whose square is at most 0.0025.

    References
    ----------
    .. [1] C. Loader (2000), "Fast and accurate computation of binomial probabilities".

    Examples
    --------
    >>> deviance(np.array([0.0, 10.0, 1e9 + 1e4]), np.array([3.0, 10.0, 1e9])).round(6)
    array([3.  , 0.  , 0.05])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gap = x - mean
        v = gap / (x + mean)
        square = v * v
        series = np.zeros_like(square)
        for power in range(15, 1, -2):
            series = (series + 1 / power) * square
        near = gap * v + 2 * x * v * series
        far = x * np.log(np.where(x > 0, x / mean, 1.0)) - gap
        return np.where(np.abs(v) < 0.05, near, far)


def stirling_error(z: FloatArray) -> FloatArray:
    r"""Log gamma function less Stirling's formula.

    Parameters
    ----------
    z : array
        Numbers above 0.

    Returns
    -------
    array
        :math:`\log \Gamma(z) - (z - \frac{1}{2}) \log z + z - \frac{1}{2} \log 2 \pi`, about
        ``1 / (12 z)``.

    Examples
    --------
    >>> stirling_error(np.array([1.0, 1e9]))
    array([8.10614668e-02, 8.33333333e-11])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        square = 1 / (z * z)
        series = (
            (((square / 1188 - 1 / 1680) * square + 1 / 1260) * square - 1 / 360) * square + 1 / 12
        ) / z
        direct = gammaln(z) - (z - 0.5) * np.log(z) + z - _HALF_LOG_TWO_PI
        return np.where(z < _SMALL, direct, series)


def log_poisson(x: FloatArray, mean: FloatArray) -> FloatArray:
    """Logarithm of the Poisson probability of a count.

    Parameters
    ----------
    x, mean : array that broadcast
        Counts, 0 or more, and means above 0.

    Returns
    -------
    array
        Right to about 1e-15 times the distance from the mean.

    Examples
    --------
    >>> log_poisson(np.array([0.0, 2.0]), np.array([3.0, 3.0])).round(6)
    array([-3.      , -1.495923])
    """
    seen = np.where(x > 0, x, 1.0)
    at_least_one = -deviance(seen, mean) - stirling_error(seen) - 0.5 * np.log(seen)
    return np.where(x == 0, -mean, at_least_one - _HALF_LOG_TWO_PI)


def log_multinomial(counts: FloatArray, shares: FloatArray) -> FloatArray:
    """Logarithm of the multinomial probability of counts.

    Parameters
    ----------
    counts, shares : array that broadcast to (k, v)
        Whole counts and shares that sum to 1, variants along the last axis.

    Returns
    -------
    array of shape (k,)
        Negative.

    Examples
    --------
    >>> log_multinomial(np.array([[1.0, 1.0]]), np.array([[0.5, 0.5]])).round(6)  # log(1/2)
    array([-0.693147])
    """
    total = counts.sum(axis=-1)
    terms = log_poisson(counts, shares * total[..., None])
    # Poisson counts given their total; with no units there is one outcome.
    every = np.where(total > 0, total, 1.0)
    return np.where(total > 0, terms.sum(axis=-1) - log_poisson(every, every), 0.0)
