"""What a design promises: power, the price of looking in information, when it stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import positive, probability
from experimentos.sequential.group.boundaries import SIDES
from experimentos.sequential.group.joint import Exits, exit_probabilities
from experimentos.sequential.group.search import rising_root

if TYPE_CHECKING:
    from experimentos.moments import FloatArray
    from experimentos.sequential.group.design import Design


@dataclass(frozen=True, eq=False)
class Characteristics:
    """A design beside a test of the same error rates with one look.

    Parameters
    ----------
    power : float
        Power planned for.
    drift : float
        Mean of the statistic at the last look that gives it.
    inflation : float
        Information at the last look over the information of the test with one look.
    effect : array of shape (effects,)
        True effects as shares of the planned one.
    rejection : array of shape (effects,)
        Probability of rejecting under each.
    expected : array of shape (effects,)
        Expected information over the information of the test with one look.
    stopping : array of shape (effects, looks)
        Probability that each look is the last.
    """

    power: float
    drift: float
    inflation: float
    effect: FloatArray
    rejection: FloatArray
    expected: FloatArray
    stopping: FloatArray


def exits(design: Design, drift: npt.ArrayLike, *, heed_futility: bool = True) -> Exits:
    """Probability of stopping at each look, below and above.

    Parameters
    ----------
    design : Design
        The design.
    drift : array of shape (...)
        Mean of the statistic at information 1: at the last look, if its fraction is 1.
    heed_futility : bool
        False if a one-sided test goes on after a futility boundary.

    Returns
    -------
    Exits, fields of shape (..., looks)
        Below means futility, or for a two-sided test rejection on the other side.
    """
    lower = design.lower
    if design.sides == "one" and not heed_futility:
        lower = np.full(design.looks, -np.inf)
    return exit_probabilities(lower, design.efficacy, design.fractions, drift)


def power(
    design: Design, drift: npt.ArrayLike, *, heed_futility: bool = True, either_side: bool = False
) -> FloatArray:
    """Probability of rejecting at some look.

    Parameters
    ----------
    design : Design
        The design.
    drift : array of shape (...)
        Mean of the statistic at information 1.
    heed_futility : bool
        False if a one-sided test goes on after a futility boundary.
    either_side : bool
        Whether rejections of a two-sided test at its lower boundaries count too.

    Returns
    -------
    array of shape (...)
        At drift 0 the type I error, of one tail or of both.

    Examples
    --------
    >>> from experimentos.sequential.group.design import group_sequential
    >>> plan = group_sequential([0.5, 1.0], alpha=0.05, sides="two")
    >>> power(plan, [0.0, 2.8, 3.24]).round(3)
    array([0.025, 0.798, 0.899])
    """
    stopped = exits(design, drift, heed_futility=heed_futility)
    both = either_side and design.sides == "two"
    crossed = stopped.stopped if both else stopped.above
    return np.asarray(np.minimum(crossed.sum(axis=-1), 1.0))


def drift_for_power(design: Design, wanted: npt.ArrayLike) -> FloatArray:
    """Mean of the statistic at information 1 that gives a power.

    Parameters
    ----------
    design : Design
        The design.
    wanted : array of shape (...)
        Power, above the design's error rate.

    Returns
    -------
    array of shape (...)
        Standard normal units. For an effect d and information I at the last look, ``d * sqrt(I)``.
        Rejections on the wrong side don't count.

    Raises
    ------
    ArgumentError
        If a power is outside (0, 1).

    Examples
    --------
    >>> from experimentos.sequential.group.design import group_sequential
    >>> drift_for_power(group_sequential([0.5, 1.0]), [0.8, 0.9]).round(4)
    array([2.8068, 3.2471])
    """
    level = probability("wanted", wanted)
    goal = ndtri(level.reshape(-1))

    def excess(drift: FloatArray) -> FloatArray:
        reached = np.clip(power(design, drift), 1e-300, 1 - 1e-16)
        return np.asarray(ndtri(reached) - goal)

    start = _fixed_drift(design, level.reshape(-1)) / np.sqrt(design.fractions[-1])
    return rising_root(excess, start, start * 1.03 + 0.01).reshape(level.shape)


def inflation(design: Design, wanted: npt.ArrayLike) -> FloatArray:
    r"""Information at the last look over that of a test with one look and the same power.

    Parameters
    ----------
    design : Design
        The design.
    wanted : array of shape (...)
        Power.

    Returns
    -------
    array of shape (...)
        The largest sample the design may need, as a multiple of the fixed one.

    Raises
    ------
    ArgumentError
        If a power is outside (0, 1).

    Notes
    -----
    :math:`\theta^2 / (z_{1-\alpha} + z_{1-\beta})^2`, half of `alpha` for a two-sided test, where
    :math:`\theta` is the drift of that power [1]_.

    References
    ----------
    .. [1] C. Jennison and B. W. Turnbull (2000), Group Sequential Methods with Applications to
       Clinical Trials, tables 2.2 and 2.4.

    Examples
    --------
    >>> from experimentos.sequential.group.classic import pocock_bounds
    >>> from experimentos.sequential.group.design import design_from_bounds
    >>> fifths = np.arange(1, 6) / 5
    >>> bounds = pocock_bounds(fifths, 0.05, sides="two")
    >>> inflation(design_from_bounds(fifths, bounds, sides="two"), 0.8).round(3)
    np.float64(1.229)
    """
    level = probability("wanted", wanted)
    return _inflation(design, level, drift_for_power(design, level))


def expected_information(design: Design, drift: npt.ArrayLike) -> FloatArray:
    """Average information at stopping, as a share of that at the last look.

    Parameters
    ----------
    design : Design
        The design.
    drift : array of shape (...)
        Mean of the statistic at information 1.

    Returns
    -------
    array of shape (...)
        Between the first look's share and 1.
    """
    return _average(design, _last_looks(exits(design, drift)))


def characteristics(
    design: Design, wanted: float, *, effect: npt.ArrayLike = (0.0, 0.5, 1.0)
) -> Characteristics:
    """Power, inflation and expected size, beside the test with one look.

    Parameters
    ----------
    design : Design
        The design.
    wanted : float
        Power at the planned effect.
    effect : array of shape (effects,)
        True effects as shares of the planned one.

    Returns
    -------
    Characteristics
        For planning and for the memo.

    Raises
    ------
    ArgumentError
        If the power is outside (0, 1).

    Examples
    --------
    >>> from experimentos.sequential.group.design import group_sequential
    >>> plan = group_sequential([1 / 3, 2 / 3, 1.0])
    >>> promised = characteristics(plan, 0.8)
    >>> round(promised.inflation, 3), promised.expected.round(3)
    (1.013, array([1.011, 0.983, 0.866]))
    """
    drift = float(drift_for_power(design, wanted))
    shares = np.atleast_1d(np.asarray(effect, dtype=np.float64))
    factor = float(_inflation(design, np.float64(wanted), np.float64(drift)))
    outcome = exits(design, shares * drift)
    stopping = _last_looks(outcome)
    return Characteristics(
        power=float(wanted),
        drift=drift,
        inflation=factor,
        effect=shares,
        rejection=outcome.above.sum(axis=-1),
        expected=factor * _average(design, stopping),
        stopping=stopping,
    )


def effect_bounds(
    bounds: npt.ArrayLike, information: npt.ArrayLike, *, null: npt.ArrayLike = 0.0
) -> FloatArray:
    """Boundaries on the scale of the effect.

    Parameters
    ----------
    bounds : array of shape (..., looks)
        Boundaries in standard normal units.
    information : array of shape (..., looks)
        ``1 / se**2`` of the effect at each look.
    null : array of shape (..., looks) or (...)
        Effect of the null hypothesis, such as minus a margin.

    Returns
    -------
    array of shape (..., looks)
        Smallest estimates that cross, in units of the effect.

    Raises
    ------
    ArgumentError
        If information is not positive.

    Examples
    --------
    >>> effect_bounds([2.797, 1.977], [2500.0, 5000.0]).round(4)
    array([0.0559, 0.028 ])
    """
    known = positive("information", information)
    return np.asarray(np.asarray(null) + np.asarray(bounds, dtype=np.float64) / np.sqrt(known))


def _inflation(
    design: Design, level: FloatArray | np.float64, drift: FloatArray | np.float64
) -> FloatArray:
    """Squared ratio of the drifts at the last look."""
    return np.asarray((drift / _fixed_drift(design, level)) ** 2 * design.fractions[-1])


def _fixed_drift(design: Design, level: FloatArray | np.float64) -> FloatArray:
    """Drift of a test with one look."""
    return np.asarray(ndtri(level) - ndtri(design.alpha / SIDES[design.sides]))


def _last_looks(outcome: Exits) -> FloatArray:
    """Probability that each look is the last: the final one if none stopped the test."""
    stopped = outcome.stopped
    stopped[..., -1] = 1 - stopped[..., :-1].sum(axis=-1)
    return stopped


def _average(design: Design, stopping: FloatArray) -> FloatArray:
    """Information at the last look reached, as a share of that at the final one."""
    return np.asarray((stopping * design.fractions).sum(axis=-1) / design.fractions[-1])
