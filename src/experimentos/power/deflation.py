"""What adjustment takes from the variance and clusters add: factors on the units needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import not_negative, positive
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def cuped_factor(correlation: npt.ArrayLike) -> FloatArray:
    r"""Share of the variance that adjustment by a covariate leaves.

    Parameters
    ----------
    correlation : float or array of shape (k,)
        Correlation over units of metric and covariate, within arms.

    Returns
    -------
    array of shape (k,)
        :math:`1 - \rho^2` [1]_; units needed are multiplied by it.

    Raises
    ------
    ArgumentError
        If a correlation is outside -1 to 1.

    References
    ----------
    .. [1] A. Deng, Y. Xu, R. Kohavi, T. Walker (2013), WSDM '13, 123-132.

    Examples
    --------
    >>> cuped_factor([0.5, 0.7]).round(2)
    array([0.75, 0.51])
    """
    rho = np.asarray(correlation, dtype=np.float64)
    _refuse("correlation", rho, (rho < -1) | (rho > 1), "from -1 to 1")
    return np.asarray((1 - rho) * (1 + rho))[()]


def stratification_factor(explained: npt.ArrayLike) -> FloatArray:
    """Share of the variance that post-stratification leaves.

    Parameters
    ----------
    explained : float or array of shape (k,)
        Share of the variance that lies between strata (R squared).

    Returns
    -------
    array of shape (k,)
        Units needed are multiplied by it.

    Raises
    ------
    ArgumentError
        If a share is outside 0 to 1.

    Examples
    --------
    >>> stratification_factor(0.1)
    np.float64(0.9)
    """
    share = np.asarray(explained, dtype=np.float64)
    _refuse("explained", share, (share < 0) | (share > 1), "from 0 to 1")
    return np.asarray(1 - share)[()]


def cluster_factor(
    size: npt.ArrayLike, correlation: npt.ArrayLike, *, variation: npt.ArrayLike = 0.0
) -> FloatArray:
    r"""Design effect of clusters that are assigned as a whole.

    Parameters
    ----------
    size : float or array of shape (k,)
        Mean number of units in a cluster.
    correlation : float or array of shape (k,)
        Intra-cluster correlation of the metric.
    variation : float or array of shape (k,)
        Deviation of the cluster sizes over their mean.

    Returns
    -------
    array of shape (k,)
        :math:`1 + \{(c^2 + 1) m - 1\} \rho` [1]_; units (not clusters) are multiplied by it.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    References
    ----------
    .. [1] S. M. Eldridge, D. Ashby, S. Kerry (2006), International Journal of Epidemiology 35,
       1292-1300.

    Examples
    --------
    >>> cluster_factor(20, 0.05, variation=[0.0, 0.65]).round(4)
    array([1.95  , 2.3725])
    """
    rho = np.asarray(correlation, dtype=np.float64)
    _refuse("correlation", rho, (rho < -1) | (rho > 1), "from -1 to 1")
    spread = not_negative("variation", variation)
    return np.asarray(1 + ((spread**2 + 1) * positive("size", size) - 1) * rho)[()]


def _refuse(name: str, values: FloatArray, bad: npt.NDArray[np.bool_], rule: str) -> None:
    if bad.any():
        msg = f"`{name}` must be {rule}, got {float(values[bad].flat[0])!r}"
        raise ArgumentError(msg)
