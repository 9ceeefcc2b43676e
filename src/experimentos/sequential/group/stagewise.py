r"""The analysis of a test that has stopped: p-value, estimate and interval by stage-wise ordering.

Outcomes are ordered by how early the upper boundary was crossed, then by the statistic: an outcome
is at least as extreme as that of look k with statistic z where the upper boundary was crossed
before look k, or look k was reached and the statistic there is z or more. Nothing depends on looks
that did not happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import one_of, probability
from experimentos.errors import ArgumentError
from experimentos.moments import _ArrayStruct
from experimentos.sequential.group.boundaries import SIDES
from experimentos.sequential.group.joint import exit_probabilities
from experimentos.sequential.group.search import rising_root

if TYPE_CHECKING:
    from experimentos.moments import FloatArray

LEAST_PROBABILITY = 1e-300


@dataclass(frozen=True)
class Stagewise(_ArrayStruct):
    """Analysis of tests that have stopped, one element per test.

    Parameters
    ----------
    p_value : array of shape (k,)
        Of an outcome at least as extreme, without an effect.
    estimate : array of shape (k,)
        Median-unbiased, in metric units.
    lower, upper : array of shape (k,)
        Limits with coverage ``1 - alpha``, in metric units.
    """

    p_value: FloatArray
    estimate: FloatArray
    lower: FloatArray
    upper: FloatArray


def stagewise(
    statistic: npt.ArrayLike, look: npt.ArrayLike, bounds: npt.ArrayLike,
    information: npt.ArrayLike, *, sides: str = "one", alpha: npt.ArrayLike = 0.05,
    futility: npt.ArrayLike | None = None,
) -> Stagewise:  # fmt: skip
    r"""Analyse tests at the look at which they stopped.

    Parameters
    ----------
    statistic : array of shape (k,)
        Standard normal statistic at that look.
    look : array of int, shape (k,)
        Number of the look, from 1.
    bounds : array of shape (k, looks) or (looks,)
        Upper boundaries that were used; those from `look` on are not read.
    information : array of shape (k, looks) or (looks,)
        ``1 / se**2`` at the looks, in metric units to the power of -2: estimate and limits come
        in metric units.
    sides : str
        ``"one"``, or ``"two"``: looks before also stopped at or below minus `bounds`.
    alpha : float or array of shape (k,)
        Error rate of the interval: each limit has half of it.
    futility : array of shape (k, looks) or (looks,), optional
        Binding lower boundaries of a one-sided test. Those that need not be heeded are left out.

    Returns
    -------
    Stagewise, fields of shape (k,)
        `p_value` is one-sided for ``sides="one"``, and twice the smaller tail for ``"two"``. It is
        at most the level of the boundaries exactly where one of them was crossed, at the looks so
        far. NaN where an argument is undefined.

    Raises
    ------
    ArgumentError
        If `look` is not one of the looks, `sides` unknown, `alpha` outside (0, 1), or `futility`
        given for a two-sided test.

    Notes
    -----
    With :math:`P_\theta` the probability of an outcome at least as extreme under the drift
    :math:`\theta`, which rises with it: the p-value is :math:`P_0`, the estimate solves
    :math:`P_\theta = 1/2` and the limits :math:`P_\theta = \alpha/2` and :math:`1 - \alpha/2`
    [1]_ [2]_.

    References
    ----------
    .. [1] A. A. Tsiatis, G. L. Rosner, C. R. Mehta (1984), Biometrics 40, 797-803.
    .. [2] C. Jennison and B. W. Turnbull (2000), Group Sequential Methods with Applications to
       Clinical Trials, sections 8.4 and 8.5.

    Examples
    --------
    >>> bounds = [3.92857254, 2.43873788, 2.00000857]  # spends like O'Brien and Fleming
    >>> found = stagewise([4.40688434793646], [2], bounds, np.array([150, 350, 500]) / 1.00133)
    >>> found.p_value.round(9), found.estimate.round(4)  # rpact: getFinalPValue and others
    (array([4.7348e-05]), array([0.2337]))
    """
    one_of("sides", sides, SIDES)
    if futility is not None and sides == "two":
        msg = f"`futility` must be None where `sides` is 'two', got {futility!r}"
        raise ArgumentError(msg)
    z = np.atleast_1d(np.asarray(statistic, dtype=np.float64))
    upper, known = (
        np.broadcast_to(np.asarray(v, dtype=np.float64), (z.size, np.shape(v)[-1]))
        for v in (bounds, information)
    )
    at = _checked_look(look, z.size, upper.shape[1])
    here = np.arange(1, upper.shape[1] + 1) == at[:, None]
    later = np.arange(1, upper.shape[1] + 1) > at[:, None]
    lower = _lower(upper, sides, futility)
    lower = np.where(here, -np.inf, lower)
    upper = np.where(later, np.nan, np.where(here, z[:, None], upper))

    def at_least(drift: FloatArray) -> FloatArray:
        """Probability of an outcome at least as extreme; drifts may have rows of their own."""
        above = exit_probabilities(lower, upper, known, drift).above
        return np.asarray(np.where(later, 0.0, above).sum(axis=-1))

    level = probability("alpha", alpha, z.shape)
    wanted = np.stack([np.full(z.shape, 0.5), level / 2, 1 - level / 2])
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = np.where(here, known, np.nan)
        root = np.sqrt(np.nanmax(np.where(np.isnan(reached), 0.0, reached), axis=1))
        centre = z / root
        start = centre + np.stack([0 * z, ndtri(level / 2), -ndtri(level / 2)]) / root

    def excess(drift: FloatArray) -> FloatArray:
        tail = np.clip(at_least(drift), LEAST_PROBABILITY, 1 - 1e-16)
        return np.asarray(ndtri(tail) - ndtri(wanted))

    # In deviations of the estimate, so that the tolerance of the search means the same everywhere.
    scaled = rising_root(lambda x: excess(x / root), start * root - 0.25, start * root + 0.25)
    estimate, low, high = np.where(root > 0, scaled / root, np.nan)
    p_value = at_least(np.zeros(z.size))
    if sides == "two":
        p_value = 2 * np.minimum(p_value, 1 - p_value)
    undefined = np.isnan(z + root) | (root == 0) | np.isnan(estimate + p_value)
    return Stagewise(
        *(np.where(undefined, np.nan, values) for values in (p_value, estimate, low, high))
    )


def _checked_look(look: npt.ArrayLike, rows: int, looks: int) -> FloatArray:
    numbers = np.asarray(look, dtype=np.float64)
    wrong = ~((numbers >= 1) & (numbers <= looks) & (numbers == np.rint(numbers)))
    if wrong.any():
        msg = f"`look` must be a whole number from 1 to {looks}, got {float(numbers[wrong][0])!r}"
        raise ArgumentError(msg)
    return np.broadcast_to(numbers, (rows,)).astype(np.float64)


def _lower(upper: FloatArray, sides: str, futility: npt.ArrayLike | None) -> FloatArray:
    if sides == "two":
        return -upper
    if futility is None:
        return np.full(upper.shape, -np.inf)
    return np.broadcast_to(np.asarray(futility, dtype=np.float64), upper.shape)
