"""How likely a test that goes on is to cross a boundary at the looks to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.sequential.group.joint import exit_probabilities

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def conditional_power(
    statistic: npt.ArrayLike, reached: npt.ArrayLike, bounds: npt.ArrayLike,
    information: npt.ArrayLike, drift: npt.ArrayLike,
) -> FloatArray:  # fmt: skip
    r"""Probability of crossing an upper boundary at each of the looks to come.

    Parameters
    ----------
    statistic : array of shape (...)
        Standard normal statistic now.
    reached : array of shape (...)
        Information now.
    bounds : array of shape (..., looks)
        Upper boundaries at the looks to come.
    information : array of shape (..., looks)
        Information at them, above that reached.
    drift : array of shape (...)
        Mean of the statistic at information 1: the effect where information is ``1 / se**2``.

    Returns
    -------
    array of shape (..., looks)
        Probability of having crossed by each look, at that look or before.

    Notes
    -----
    The score :math:`z \sqrt I` has independent increments: after now the test is one of looks
    with information :math:`I_k - I` and boundaries
    :math:`(b_k \sqrt{I_k} - z \sqrt I)/\sqrt{I_k - I}` [1]_.

    References
    ----------
    .. [1] C. Jennison and B. W. Turnbull (2000), Group Sequential Methods with Applications to
       Clinical Trials, section 10.2.

    Examples
    --------
    >>> conditional_power(1.0, 0.5, [1.96], [1.0], 2.8).round(4)  # of a B-value: sf(-0.208)
    array([0.5824])
    """
    z, now, effect = (np.asarray(v, np.float64)[..., None] for v in (statistic, reached, drift))
    ahead, known = np.asarray(bounds, np.float64), np.asarray(information, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = np.where(known > now, known - now, np.nan)
        shifted = (ahead * np.sqrt(known) - z * np.sqrt(now)) / np.sqrt(gain)
    above = exit_probabilities(-np.inf, shifted, gain, effect[..., 0]).above
    return np.cumsum(above, axis=-1)
