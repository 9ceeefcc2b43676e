"""Prior beliefs about rates, means, differences and lifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import positive, probability
from experimentos.errors import ArgumentError
from experimentos.moments import FloatArray, _ArrayStruct


@dataclass(frozen=True)
class BetaPrior(_ArrayStruct):
    """Beta prior on a rate, as units seen before the experiment.

    Parameters
    ----------
    events, non_events : float or array of shape (k,)
        The two parameters: 1 and 1 (the default) is flat, 0.5 and 0.5 is Jeffreys'.

    Raises
    ------
    ArgumentError
        If one is not positive and finite.

    Examples
    --------
    >>> BetaPrior.of_mean(0.1, units=50.0)
    BetaPrior(events=array(5.), non_events=array(45.))
    """

    events: FloatArray = 1.0  # type: ignore[assignment]
    non_events: FloatArray = 1.0  # type: ignore[assignment]

    def _check(self) -> None:
        positive("events", self.events)
        positive("non_events", self.non_events)

    @classmethod
    def of_mean(cls, mean: npt.ArrayLike, *, units: npt.ArrayLike) -> BetaPrior:
        """Prior that weighs as much as so many units with a given rate.

        Parameters
        ----------
        mean : float or array of shape (k,)
            Expected rate, between 0 and 1.
        units : float or array of shape (k,)
            Units that the belief is worth.

        Returns
        -------
        BetaPrior
            With the mean given.

        Raises
        ------
        ArgumentError
            If `mean` is not between 0 and 1 or `units` is not positive.
        """
        rate, weight = probability("mean", mean), positive("units", units)
        return cls(rate * weight, (1 - rate) * weight)


@dataclass(frozen=True)
class NormalPrior(_ArrayStruct):
    """Normal prior on a mean, a difference or a lift.

    Parameters
    ----------
    mean : float or array of shape (k,)
        In the units of what it is about.
    sd : float or array of shape (k,)
        Standard deviation; infinite means flat.

    Raises
    ------
    ArgumentError
        If `mean` is not finite or `sd` is not positive.
    """

    mean: FloatArray
    sd: FloatArray

    def _check(self) -> None:
        if not np.isfinite(self.mean).all():
            msg = (
                f"`mean` must be finite, got {float(self.mean[~np.isfinite(self.mean)].flat[0])!r}"
            )
            raise ArgumentError(msg)
        if not (self.sd > 0).all():
            msg = f"`sd` must be positive, got {float(self.sd[~(self.sd > 0)].flat[0])!r}"
            raise ArgumentError(msg)


def skeptical(largest_plausible: npt.ArrayLike, *, exceeded: npt.ArrayLike = 0.05) -> NormalPrior:
    r"""Prior around no effect that leaves little room for large ones.

    Parameters
    ----------
    largest_plausible : float or array of shape (k,)
        Size of an effect that would surprise, such as 0.1 for a lift of 10 %.
    exceeded : float or array of shape (k,)
        Probability of an effect larger than that, in either direction.

    Returns
    -------
    NormalPrior
        With mean 0 and :math:`\mathrm{sd} = x / \Phi^{-1}(1 - p/2)`.

    Raises
    ------
    ArgumentError
        If `largest_plausible` is not positive or `exceeded` not between 0 and 1.

    Examples
    --------
    >>> skeptical([0.1]).sd.round(4)
    array([0.051])
    """
    size = positive("largest_plausible", largest_plausible)
    tail = probability("exceeded", exceeded) / 2
    sd = -size / ndtri(tail)
    return NormalPrior(np.zeros_like(sd), sd)
