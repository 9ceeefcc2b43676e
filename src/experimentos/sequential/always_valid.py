"""One-sided always-valid p-values: a normal mixture over effects in the harmful direction."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtri

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray

MINIMUM_UNITS = 100
MINIMUM_EVENTS = 30


def log_e_value(z: FloatArray, information: FloatArray) -> FloatArray:
    r"""Logarithm of the mixture likelihood ratio against a one-sided null hypothesis.

    Parameters
    ----------
    z : array of shape (k,)
        Standard normal statistic, large when the effect lies in the direction looked for.
    information : array of shape (k,)
        ``r``: variance of the mixture times the statistical information.

    Returns
    -------
    array of shape (k,)
        At most ``log(1/alpha)`` at all times together with probability ``1 - alpha``.

    Notes
    -----
    Effects in the direction looked for are half-normal with variance :math:`\rho^2`:
    :math:`E = 2 (1 + r)^{-1/2} \exp\{z^2 r / (2 (1 + r))\} \Phi(z \sqrt{r/(1+r)})`,
    :math:`r = \rho^2 V` with :math:`V` the information [1]_. It rises with z, so the boundary of no
    effect is the worst of the null hypothesis.

    References
    ----------
    .. [1] H. Robbins (1970), Annals of Mathematical Statistics 41, 1397-1409, section 5.
    """
    share = information / (1 + information)
    with np.errstate(invalid="ignore", over="ignore"):
        value = (np.log(2.0) - 0.5 * np.log1p(information) + 0.5 * z * z * share) + log_ndtr(
            z * np.sqrt(share)
        )
        # Far on the wrong side the two large terms cancel to a value far below 0.
        return np.where(z < -30, -np.inf, value)


def p_value(
    p_fixed: FloatArray, n_control: FloatArray, n_treatment: FloatArray, *,
    alpha: FloatArray, planned_n: FloatArray,
) -> FloatArray:  # fmt: skip
    """One-sided p-value that holds at every look together.

    Parameters
    ----------
    p_fixed : array of shape (k,)
        One-sided p-value of a test at a fixed time; its normal quantile is the statistic.
    n_control, n_treatment : array of shape (k,)
        Units.
    alpha : array of shape (k,)
        One-sided level the mixture is tuned for.
    planned_n : array of shape (k,)
        Units in each arm at which the boundary is tightest.

    Returns
    -------
    array of shape (k,)
        ``min(1, 1/E)``, no running minimum; NaN where an argument is.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = 1 / (1 / n_control + 1 / n_treatment)
        information = tightest_information(alpha) * effective / (planned_n / 2)
    z = -ndtri(p_fixed)
    return np.exp(-np.maximum(log_e_value(z, information), 0.0))


def has_started(
    n_control: FloatArray, n_treatment: FloatArray, events: FloatArray, non_events: FloatArray
) -> BoolArray:
    """Tell where normal theory is near enough for always-valid p-values to start.

    Parameters
    ----------
    n_control, n_treatment : array of shape (k,)
        Units.
    events, non_events : array of shape (k,)
        The smaller of the two arms' counts; NaN for a metric that is not a proportion.

    Returns
    -------
    array of bool, shape (k,)
        True with 100 units in each arm and, for proportions, 30 events and 30 non-events in each.
    """
    enough = np.minimum(n_control, n_treatment) >= MINIMUM_UNITS
    rare = np.fmin(events, non_events)
    return np.asarray(enough & (np.isnan(rare) | (rare >= MINIMUM_EVENTS)))


def tightest_information(alpha: npt.ArrayLike) -> FloatArray:
    """Mixture variance times information at which the boundary of a level is lowest.

    Parameters
    ----------
    alpha : array of shape (k,)
        One-sided levels.

    Returns
    -------
    array of shape (k,)
        Dimensionless; NaN where `alpha` is.

    Examples
    --------
    >>> tightest_information([0.005]).round(2)
    array([11.76])
    """
    levels, inverse = np.unique(np.asarray(alpha, dtype=np.float64), return_inverse=True)
    tuned = [_tightest_information(float(level)) for level in levels]
    return np.asarray(tuned, dtype=np.float64)[inverse]


@lru_cache(maxsize=1024)
def _tightest_information(alpha: float) -> float:
    """Information of the lowest boundary, by a grid refined three times."""
    if not 0 < alpha < 1:
        return float("nan")
    low, high = np.log(1e-4), np.log(1e6)
    for _ in range(4):
        grid = np.linspace(low, high, 257)
        best = int(np.argmin(boundary(alpha, np.exp(grid))))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    return float(np.exp((low + high) / 2))


def boundary(alpha: float, information: FloatArray) -> FloatArray:
    """Value of the statistic at which the always-valid p-value is a given level.

    Parameters
    ----------
    alpha : float
        One-sided level.
    information : array of shape (k,)
        Mixture variance times information.

    Returns
    -------
    array of shape (k,)
        Standard normal units.
    """
    low, high = np.full_like(information, -10.0), np.full_like(information, 200.0)
    for _ in range(100):
        middle = (low + high) / 2
        crossed = log_e_value(middle, information) >= -np.log(alpha)
        low, high = np.where(crossed, low, middle), np.where(crossed, middle, high)
    return (low + high) / 2
