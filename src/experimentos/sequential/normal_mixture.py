"""Normal mixtures of likelihood ratios: e-values, boundaries and the levels they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr

from experimentos.arguments import one_of, probability
from experimentos.moments import EPSILON
from experimentos.sequential.always_valid import log_e_value as _one_sided

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

SIDES = ("two-sided", "greater", "less")
_LOG_SQRT_TWO_PI = 0.5 * np.log(2 * np.pi)
_MAXIMUM_STEPS = 60


def log_e_value(z: FloatArray, information: FloatArray, *, side: str = "two-sided") -> FloatArray:
    r"""Logarithm of a normal mixture of likelihood ratios against no effect.

    Parameters
    ----------
    z : array of shape (k,) or (k, looks)
        Estimate divided by its standard error.
    information : array of the shape of `z`
        ``r``: variance of the mixture divided by the variance of the estimate.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of the shape of `z`
        At most ``log(1/alpha)`` at all looks together with probability ``1 - alpha``.

    Raises
    ------
    ArgumentError
        If `side` is unknown.

    Notes
    -----
    Two-sided, the effects are normal with mean 0 [1]_:
    :math:`\log E = \frac{1}{2} \{z^2 \frac{r}{1 + r} - \log(1 + r)\}`. One-sided they are
    half-normal, see `always_valid.log_e_value`.

    References
    ----------
    .. [1] H. Robbins (1970), Annals of Mathematical Statistics 41, 1397-1409.

    Examples
    --------
    >>> z, information = np.array([1.96, 3.0, 4.0]), np.full(3, 8.2)
    >>> np.exp(log_e_value(z, information)).round(2)
    array([  1.83,  18.2 , 411.92])
    """
    if one_of("side", side, SIDES) != "two-sided":
        return _one_sided(z if side == "greater" else -z, information)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return 0.5 * (z * z / (1 + 1 / information) - np.log1p(information))


def critical_value(
    information: FloatArray, *, alpha: npt.ArrayLike = 0.05, side: str = "two-sided"
) -> FloatArray:
    r"""Boundary: value of the statistic at which the e-value is ``1/alpha``.

    Parameters
    ----------
    information : array of shape (k,) or (k, looks)
        Variance of the mixture divided by the variance of the estimate.
    alpha : float or array that broadcasts to `information`
        Error rate over all looks together, of both sides or of the one.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of the shape of `information`
        Standard normal units, positive whatever the side; infinite without information.

    Raises
    ------
    ArgumentError
        If `side` is unknown or `alpha` is not between 0 and 1.

    Notes
    -----
    Two-sided :math:`c^2 = \frac{1 + r}{r} \{\log(1 + r) - 2 \log \alpha\}`. One-sided by Newton's
    method from above, where the convex function converges without overshooting.

    Examples
    --------
    >>> critical_value(np.array([0.1, 8.2, 1000.0])).round(3)
    array([8.183, 3.035, 3.593])
    """
    one_of("side", side, SIDES)
    log_threshold = -np.log(probability("alpha", alpha))
    if side != "two-sided":
        return _one_sided_root(information, log_threshold)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = (1 + 1 / information) * (np.log1p(information) + 2 * log_threshold)
        return np.asarray(np.sqrt(square))


def nominal_level(
    information: FloatArray, *, alpha: npt.ArrayLike = 0.05, side: str = "two-sided"
) -> FloatArray:
    """One-sided level of a test at this look alone that has the same boundary.

    Parameters
    ----------
    information : array of shape (k,) or (k, looks)
        Variance of the mixture divided by the variance of the estimate.
    alpha : float or array that broadcasts to `information`
        Error rate over all looks together, of both sides or of the one.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for.

    Returns
    -------
    array of the shape of `information`
        Tail probability. The interval of any test method at this tail is its confidence sequence,
        and its one-sided p-value is below the level exactly where the sequence excludes the null.

    Raises
    ------
    ArgumentError
        If `side` is unknown or `alpha` is not between 0 and 1.

    Examples
    --------
    >>> nominal_level(np.array([8.2])).round(5)  # a look at the planned size; fixed: 0.025
    array([0.0012])
    """
    return np.asarray(ndtr(-critical_value(information, alpha=alpha, side=side)))


def _one_sided_root(information: FloatArray, log_threshold: FloatArray) -> FloatArray:
    """Solve for the statistic at which the half-normal mixture reaches a threshold."""
    with np.errstate(all="ignore"):
        share = 1 / (1 + 1 / information)
        # exp(x^2/2) Phi(x) >= exp(x^2/2) - 1/2 bounds the root from above.
        log_odds = log_threshold + 0.5 * np.log1p(information)
        bound = np.logaddexp(log_odds, 0.0) - np.log(2.0)
        z = np.sqrt(2 * bound / share)
        for _ in range(_MAXIMUM_STEPS):
            value = _one_sided(z, information) - log_threshold
            x = z * np.sqrt(share)
            hazard = np.exp(-0.5 * x * x - _LOG_SQRT_TWO_PI - log_ndtr(x))
            step = value / (z * share + np.sqrt(share) * hazard)
            moves = np.abs(step) > 2 * EPSILON * z
            if not moves.any():
                break
            # One that has arrived stays, whatever the others need.
            z = np.where(moves, z - step, z)
    return np.asarray(z)
