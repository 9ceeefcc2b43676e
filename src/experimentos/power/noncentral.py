"""Noncentral Student's t: upper tails, and the power of two one-sided tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri, gammaln, nctdtr, ndtr

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

NEARLY_NORMAL = 1e7
_NODES = 96
_NEGLIGIBLE = 1e-18


def upper_tail(df: FloatArray, shift: FloatArray, statistic: FloatArray) -> FloatArray:
    r"""Probability that noncentral t exceeds a value.

    Parameters
    ----------
    df : array of shape (k,)
        Degrees of freedom.
    shift : array of shape (k,)
        Noncentrality: the mean of the normal variable over its deviation.
    statistic : array of shape (k,)
        Values.

    Returns
    -------
    array of shape (k,)
        Within about 1e-13; NaN where an argument is.

    Notes
    -----
    From 1e7 degrees of freedom on :math:`\Phi\{(\delta - t (1 - 1/4\nu)) / \sqrt{1 + t^2/2\nu}\}`
    [1]_, whose error is below 1e-10 there, and ten deviations away from the value (forty below 300
    degrees of freedom).

    References
    ----------
    .. [1] M. Abramowitz, I. A. Stegun (1964), Handbook of Mathematical Functions, 26.7.10.

    Examples
    --------
    >>> from scipy.special import stdtrit
    >>> df = np.array([38.0])
    >>> upper_tail(df, np.array([np.sqrt(10)]), stdtrit(df, 0.975)).round(7)  # R: power.t.test
    array([0.8689528])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        spread = np.sqrt(1 + statistic * statistic / (2 * df))
        deviate = (shift - statistic * (1 - 1 / (4 * df))) / spread
        reach = np.where(df < 300, 40.0, 10.0)
        near = (np.abs(deviate) < reach) & (df < NEARLY_NORMAL)
        exact = nctdtr(
            np.where(near, df, 1.0), np.where(near, -shift, 0.0), np.where(near, -statistic, 0.0)
        )
        # Undefined in some tails that are next to nothing: there by integration.
        rest = np.flatnonzero(near & np.isnan(exact) & ~np.isnan(df + shift + statistic))
        if rest.size:
            s, weight = _chi_nodes(df[rest], np.inf)
            inside = ndtr(shift[rest, None] - statistic[rest, None] * s)
            exact[rest] = np.minimum((inside * weight).sum(axis=-1), 1.0)
        return np.where(near, np.clip(exact, 0.0, 1.0), ndtr(deviate))


def between(
    df: FloatArray, shift: FloatArray, distance: FloatArray, critical: FloatArray
) -> FloatArray:
    r"""Power of two one-sided tests on one standard error.

    Parameters
    ----------
    df : array of shape (k,)
        Degrees of freedom.
    shift : array of shape (k,)
        Distance of the true effect from the lower boundary, in standard errors.
    distance : array of shape (k,)
        Distance of the two boundaries, in standard errors.
    critical : array of shape (k,)
        Critical value of each test.

    Returns
    -------
    array of shape (k,)
        Probability that the estimate exceeds the lower boundary, and falls below the upper one, by
        the critical value times the estimated standard error.

    Notes
    -----
    :math:`\int_0^{D/2t} [\Phi(D - \delta - t s) - \Phi(t s - \delta)] dF(s)` with :math:`\nu s^2`
    chi-square: Owen's Q [1]_, by 96 Gauss-Legendre nodes where the density is not
    negligible.

    References
    ----------
    .. [1] D. B. Owen (1965), Biometrika 52, 437-446.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        known = np.maximum(ndtr(distance - shift - critical) - ndtr(critical - shift), 0.0)
        rough = df < NEARLY_NORMAL
        degrees = np.where(rough, df, 1.0)
        s, weight = _chi_nodes(degrees, distance / (2 * critical))
        t, delta = critical[..., None], shift[..., None]
        inside = ndtr(distance[..., None] - delta - t * s) - ndtr(t * s - delta)
        total = (inside * weight).sum(axis=-1)
        return np.where(rough, np.clip(total, 0.0, 1.0), known)


def _chi_nodes(df: FloatArray, ceiling: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for a mean over ``s``, ``df s^2`` chi-square, below a ceiling."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        low = np.where(df < 200, 0.0, 1 - 9 / np.sqrt(2 * df))
        high = np.minimum(np.sqrt(chdtri(df, _NEGLIGIBLE) / df), ceiling)
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        y, nu = (1 + nodes) / 2, df[..., None]
        # Few degrees of freedom: a fourth power takes away the corner of the density at 0.
        few = nu < 200
        span = np.maximum(high - low, 0.0)[..., None]
        s = low[..., None] + span * np.where(few, y**4, y)
        stretch = span / 2 * np.where(few, 4 * y**3, 1.0)
        log_density = (
            np.log(2)
            + (nu / 2) * np.log(nu / 2)
            - gammaln(nu / 2)
            + (nu - 1) * np.log(s)
            - nu * s * s / 2
        )
        return s, np.exp(log_density) * stretch * weights
