"""What Bayesian methods give back."""

from __future__ import annotations

from dataclasses import dataclass

from experimentos.moments import FloatArray, _ArrayStruct, divide


@dataclass(frozen=True)
class Better(_ArrayStruct):
    """Which of two arms is better, and what choosing the worse one would cost.

    Parameters
    ----------
    probability : array of shape (k,)
        That treatment is better than control.
    complement : array of shape (k,)
        That it is not: ``1 - probability`` with all its digits.
    loss_control, loss_treatment : array of shape (k,)
        Expected loss of choosing that arm: the mean over the posterior of how much better the other
        is, 0 where it is worse. In metric units; a fraction under a prior on the lift.
    control : array of shape (k,)
        Posterior mean of control, in metric units; 1 under a prior on the lift.
    """

    probability: FloatArray
    complement: FloatArray
    loss_control: FloatArray
    loss_treatment: FloatArray
    control: FloatArray

    @property
    def relative_loss_control(self) -> FloatArray:
        """Expected loss of choosing control, as a fraction of its absolute posterior mean."""
        return divide(self.loss_control, abs(self.control))

    @property
    def relative_loss_treatment(self) -> FloatArray:
        """Expected loss of choosing treatment, as a fraction of control's posterior mean."""
        return divide(self.loss_treatment, abs(self.control))


@dataclass(frozen=True)
class Sides(_ArrayStruct):
    """Posterior probabilities of an effect on either side of a boundary.

    Parameters
    ----------
    below, above : array of shape (k,)
        They add up to 1; the smaller one has all its digits.
    """

    below: FloatArray
    above: FloatArray


@dataclass(frozen=True)
class CredibleInterval(_ArrayStruct):
    """Equal-tailed posterior limits.

    Parameters
    ----------
    lower, upper : array of shape (k,)
        In metric units for a difference, a fraction for a lift.
    """

    lower: FloatArray
    upper: FloatArray
