r"""A normal prior on the lift: the posterior of the lift itself, by one integral.

A skeptical prior is the same for every metric only when it is about the lift. It is not conjugate
to two means; but given the lift the mean of control is integrated out in closed form, and what is
left is a density in one variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import one_of, positive, probability
from experimentos.bayes.boundaries import broadcast, is_decrease
from experimentos.bayes.panels import NODES, in_blocks, integral
from experimentos.bayes.priors import NormalPrior
from experimentos.bayes.results import Better, CredibleInterval, Sides
from experimentos.moments import FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.estimators import Comparison

WEAK = NormalPrior(0.0, 0.3)  # type: ignore[arg-type]
METHODS = ("delta", "exact")
# Deviations of the mean of control from 0, below which its sign is not taken as known.
SEPARATED = 4.0
NEAR_PANELS, FAR_PANELS = 10, 6
FALL = 45.0
MODE_STEPS, LIMIT_STEPS = 12, 40
# Of a step in deviations; the next one would be its square.
CLOSE = 1e-7


@dataclass(frozen=True)
class LiftPosterior(_ArrayStruct):
    """Likelihood and prior of the lift, all in units of the absolute mean of control.

    Parameters
    ----------
    lift : array of shape (k,)
        Estimated lift.
    var_difference, covariance, var_control : array of shape (k,)
        Variances and covariance of difference and control.
    prior_mean, prior_sd : array of shape (k,)
        Of the lift.
    """

    lift: FloatArray
    var_difference: FloatArray
    covariance: FloatArray
    var_control: FloatArray
    prior_mean: FloatArray
    prior_sd: FloatArray


def posterior(
    comparison: Comparison, *, prior: NormalPrior = WEAK, method: str = "exact"
) -> LiftPosterior:
    r"""Posterior of the lift after data.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances and covariance.
    prior : NormalPrior
        On the difference as a fraction of the absolute mean of control. Mean 0 and deviation 0.3 if
        not given: GrowthBook's proper prior, which hardly shrinks. `priors.skeptical` gives one
        that does.
    method : {"exact", "delta"}
        Whether the ratio of the two means keeps its own likelihood, or is taken as normal with the
        variance of the delta method, as GrowthBook does.

    Returns
    -------
    LiftPosterior, fields of shape (k,)
        NaN where the mean of control is not four deviations away from 0.

    Raises
    ------
    ArgumentError
        If the method is unknown, or the prior's deviation is not finite.

    Notes
    -----
    The mean of control has a flat prior. Given the lift L it is integrated out, and

    .. math:: p(L) \propto \phi\left(\frac{L - m_0}{s_0}\right) V(L)^{-1/2}
       \exp\left\{-\frac{(\hat L - L)^2}{2 V(L)}\right\},\quad V(L) = v_d - 2 L k + L^2 v_c,

    with the variances in units of control's mean squared. The delta method fixes V at
    :math:`V(\hat L)`; then the posterior is normal, the lift shrunk by :math:`s_0^2/(s_0^2 + V)`.

    Examples
    --------
    >>> from experimentos.bayes.priors import skeptical
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> data = compare(Moments([1e4], [1.0], [1e5]), Moments([1e4], [1.1], [1e5]))
    >>> weak, skeptic = posterior(data), posterior(data, prior=skeptical(0.1))
    >>> mean(weak).round(4), mean(skeptic).round(4)
    (array([0.0997]), array([0.0561]))
    """
    shape = comparison.mean_control.shape
    positive("sd", prior.sd)
    size, sign = np.abs(comparison.mean_control), np.sign(comparison.mean_control)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = size**2
        separated = relative > SEPARATED**2 * comparison.var_control
        size = np.where(separated, size, np.nan)
        lift = comparison.estimate / size
        var_difference = comparison.std_error**2 / size**2
        var_control = comparison.var_control / size**2
        covariance = sign * (comparison.covariance - comparison.var_control) / size**2
    if one_of("method", method, METHODS) == "delta":
        var_difference = var_difference - 2 * lift * covariance + lift**2 * var_control
        covariance, var_control = 0 * covariance, 0 * var_control
    return LiftPosterior(
        lift, var_difference, covariance, var_control,
        broadcast("mean", prior.mean, shape), broadcast("sd", prior.sd, shape),
    )  # fmt: skip


def mean(lifts: LiftPosterior) -> FloatArray:
    """Posterior mean of the lift.

    Parameters
    ----------
    lifts : LiftPosterior, fields of shape (k,)
        From `posterior`.

    Returns
    -------
    array of shape (k,)
        Fractions: the estimate, shrunk towards the mean of the prior.
    """
    return _by_rows(lambda density: (density.mean,), lifts)[0]


def better(lifts: LiftPosterior, *, goal: str = "increase") -> Better:
    """Probability that treatment is better, and the expected loss of choosing each arm.

    Parameters
    ----------
    lifts : LiftPosterior, fields of shape (k,)
        From `posterior`.
    goal : {"increase", "decrease"}
        Whether the larger or the smaller mean is better.

    Returns
    -------
    Better, fields of shape (k,)
        Losses are fractions of control's mean, and `control` is 1.

    Raises
    ------
    ArgumentError
        If the goal is unknown.
    """
    decrease = is_decrease(goal)

    def at_zero(density: _Density) -> tuple[FloatArray, ...]:
        zero = np.zeros_like(density.mode)
        above, gain, below, loss = density.both_sides(zero)
        return above, below, gain, loss

    above, below, gain, loss = _by_rows(at_zero, lifts)
    if decrease:
        above, below, gain, loss = below, above, loss, gain
    return Better(above, below, loss_control=gain, loss_treatment=loss, control=1 + 0 * above)


def sides(lifts: LiftPosterior, *, lift: npt.ArrayLike) -> Sides:
    """Probabilities that the lift lies below and above a boundary.

    Parameters
    ----------
    lifts : LiftPosterior, fields of shape (k,)
        From `posterior`.
    lift : float or array of shape (k,)
        The boundary, a fraction.

    Returns
    -------
    Sides, fields of shape (k,)
        The smaller one with all its digits.

    Raises
    ------
    ArgumentError
        If the shape of `lift` does not fit.
    """

    def at(density: _Density, boundary: FloatArray) -> tuple[FloatArray, ...]:
        above, _, below, _ = density.both_sides(boundary)
        return below, above

    return Sides(*_by_rows(at, lifts, broadcast("lift", lift, lifts.lift.shape)))


def lift_interval(lifts: LiftPosterior, *, alpha: npt.ArrayLike = 0.05) -> CredibleInterval:
    """Equal-tailed limits for the lift.

    Parameters
    ----------
    lifts : LiftPosterior, fields of shape (k,)
        From `posterior`.
    alpha : float or array of shape (k,)
        Probability outside the limits.

    Returns
    -------
    CredibleInterval, fields of shape (k,)
        The boundaries at which `sides` gives ``alpha / 2``.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.
    """
    tail = probability("alpha", alpha, lifts.lift.shape) / 2

    def limits(density: _Density, tail: FloatArray) -> tuple[FloatArray, ...]:
        return density.limit(tail, -1.0), density.limit(tail, 1.0)

    return CredibleInterval(*_by_rows(limits, lifts, tail))


def _by_rows(
    function: Callable[..., tuple[FloatArray, ...]], lifts: LiftPosterior, *more: FloatArray
) -> tuple[FloatArray, ...]:
    def on_block(*block: FloatArray) -> tuple[FloatArray, ...]:
        return function(_Density(LiftPosterior(*block[:6])), *block[6:])

    arrays = [
        lifts.lift, lifts.var_difference, lifts.covariance, lifts.var_control,
        lifts.prior_mean, lifts.prior_sd, *more,
    ]  # fmt: skip
    with np.errstate(all="ignore"):
        flat = in_blocks(on_block, [array.ravel() for array in arrays])
    return tuple(values.reshape(lifts.lift.shape) for values in flat)


class _Density:
    """The posterior density of a block of rows, normalised."""

    def __init__(self, lifts: LiftPosterior) -> None:
        self.lifts = lifts
        self.mode = self._find_mode()
        self.top = self.log_density(self.mode)
        above, gain = self._outward(self.mode, 1.0)
        below, loss = self._outward(self.mode, -1.0)
        self.total = above + below
        self.mean = self.mode + (gain - loss) / self.total

    def log_density(self, lift: FloatArray) -> FloatArray:
        """Logarithm of the density, up to a constant."""
        own = self.lifts
        variance = own.var_difference + lift * (lift * own.var_control - 2 * own.covariance)
        log_prior = -0.5 * ((lift - own.prior_mean) / own.prior_sd) ** 2
        return log_prior - 0.5 * (np.log(variance) + (own.lift - lift) ** 2 / variance)

    def _slope_and_bend(self, lift: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the derivative of the log density, and roughly minus the second one."""
        own = self.lifts
        variance = own.var_difference + lift * (lift * own.var_control - 2 * own.covariance)
        widening = 2 * (lift * own.var_control - own.covariance)
        away = own.lift - lift
        slope = (own.prior_mean - lift) / own.prior_sd**2 + (
            away - 0.5 * widening * (1 - away**2 / variance)
        ) / variance
        return slope, 1 / own.prior_sd**2 + 1 / variance

    def _find_mode(self) -> FloatArray:
        """Mode, near enough to place panels."""
        own = self.lifts
        weight = own.prior_sd**2 / (own.prior_sd**2 + own.var_difference)
        mode = own.prior_mean + weight * (own.lift - own.prior_mean)
        for _ in range(MODE_STEPS):
            slope, bend = self._slope_and_bend(mode)
            mode = mode + np.clip(slope / bend, -1 / np.sqrt(bend), 1 / np.sqrt(bend))
        return mode

    def _outward(
        self, start: FloatArray, side: float | FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Integrals from a point outwards of the density, and of the distance times it."""
        own = self.lifts
        slope, bend = self._slope_and_bend(start)
        steep = np.maximum(-side * slope, 0.0)
        near = 1.3 * 2 * FALL / (steep + np.sqrt(steep**2 + 2 * FALL * bend))
        far = np.maximum(2 * near, side * (own.prior_mean - start) + 10 * own.prior_sd)
        steps = np.concatenate([
            near * np.linspace(0.0, 1.0, NEAR_PANELS + 1)[:, None],
            near * (far / near) ** (np.arange(1.0, FAR_PANELS + 1) / FAR_PANELS)[:, None],
        ])  # fmt: skip
        mass, moment = np.zeros_like(start), np.zeros_like(start)
        for left, right in pairwise(steps):
            width = right - left
            distance = left + width * NODES[:, None]
            density = width * np.exp(self.log_density(start + side * distance) - self.top)
            mass += integral(density)
            moment += integral(density * distance)
        return mass, moment

    def both_sides(self, boundary: FloatArray) -> tuple[FloatArray, ...]:
        """Probabilities above and below, each with the mean distance from the boundary."""
        side = np.where(boundary > self.mode, 1.0, -1.0)
        mass, moment = self._outward(boundary, side)
        small, excess = mass / self.total, moment / self.total
        most = excess + side * (boundary - self.mean)
        above = side > 0
        return (
            np.where(above, small, 1 - small), np.where(above, excess, most),
            np.where(above, 1 - small, small), np.where(above, most, excess),
        )  # fmt: skip

    def limit(self, tail: FloatArray, side: float) -> FloatArray:
        """Boundary beyond which a given probability lies, by Newton in normal units."""
        _, bend = self._slope_and_bend(self.mode)
        target = ndtri(tail)
        unit = 1 / np.sqrt(bend)
        value = self.mode - side * target * unit
        moving = ~np.isnan(value)
        for _ in range(LIMIT_STEPS):
            above, _, below, _ = self.both_sides(value)
            statistic = ndtri(above if side > 0 else below)
            density = np.exp(self.log_density(value) - self.top) / self.total
            fall = density * np.sqrt(2 * np.pi) * np.exp(statistic**2 / 2)
            step = np.clip((statistic - target) / fall, -2 * unit, 2 * unit)
            value = np.where(moving, value + side * step, value)
            moving &= np.abs(step) > CLOSE * unit
            if not moving.any():
                break
        return value
