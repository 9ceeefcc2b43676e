"""Which of several treatments and control is best, by their posteriors.

Treatments of one metric share its control. In a ramp each is compared with the control of its own
phases: where those mixtures of control differ, the treatments' posteriors are not tied together by
one control, and nothing is said about which is best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.bayes import (
    BetaPosterior,
    NormalPosterior,
    NormalPrior,
    best_of,
    best_of_differences,
    differences,
)
from experimentos.moments import FloatArray, IntArray, _ArrayStruct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experimentos.bayes import Best
    from experimentos.bayes.differences import Differences
    from experimentos.moments import BoolArray

# How far the control of two treatments may differ, in its own deviations and as a share of its
# variance, to be taken for one: ramps in which the treatments had the same shares.
SAME_VALUE, SAME_VARIANCE = 0.5, 0.05


@dataclass(frozen=True)
class Normals(_ArrayStruct):
    """Treatments beside control, one element each.

    Parameters
    ----------
    estimate, control : array of shape (k,)
        Treatment minus control, and control, in metric units.
    variance, own_control : array of shape (k,)
        Variance of the difference, and control's part of it, in metric units squared.
    prior_mean, prior_sd : array of shape (k,)
        Belief on the difference, in metric units; infinite `prior_sd`: flat.
    """

    estimate: FloatArray
    control: FloatArray
    variance: FloatArray
    own_control: FloatArray
    prior_mean: FloatArray
    prior_sd: FloatArray

    def shared_control(self) -> FloatArray:
        """Variance of control for each row of treatments; NaN where theirs are not the same.

        Returns
        -------
        array of shape (g,)
            For fields of shape (g, arms).
        """
        own = self.own_control.mean(axis=1)
        far = np.ptp(self.control, axis=1) > SAME_VALUE * np.sqrt(own)
        other = np.ptp(self.own_control, axis=1) > SAME_VARIANCE * own
        return np.where(far | other, np.nan, own)

    def joint(self) -> Differences:
        """Posterior of the differences of each row together.

        Returns
        -------
        Differences, fields of shape (g, arms)
            For fields of shape (g, arms).
        """
        return differences.posterior(
            self.estimate,
            self.shared_control(),
            self.variance - self.own_control,
            prior=NormalPrior(self.prior_mean, self.prior_sd),
        )


def several(group: IntArray) -> Iterator[IntArray]:
    """Elements of the groups that have more than one, by their number.

    Parameters
    ----------
    group : array of int, shape (k,)
        Group of each element, numbered from 0 without gaps.

    Yields
    ------
    array of int, shape (g, arms)
        Positions; one row for each group of that size.
    """
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    ends = np.cumsum(sizes)
    for size in np.unique(sizes[sizes > 1]):
        first = (ends - sizes)[sizes == size]
        yield order[first[:, None] + np.arange(size)]


def best_rates(control: BetaPosterior, treatment: BetaPosterior, *, is_up: BoolArray) -> Best:
    """Find the best rates.

    Parameters
    ----------
    control, treatment : BetaPosterior, fields of shape (g, arms)
        Posteriors of the treatments, and of control beside each.
    is_up : array of bool, shape (g,)
        Whether the largest is best.

    Returns
    -------
    Best, fields of shape (g, arms + 1)
        Control first.
    """
    arms = [
        np.concatenate([own[:, :1], others], axis=1)
        for own, others in ((control.a, treatment.a), (control.b, treatment.b))
    ]
    # The smallest rate has the largest complement.
    up = is_up[:, None]
    return best_of(BetaPosterior(np.where(up, *arms), np.where(up, *arms[::-1])))


def best_means(normals: Normals, *, is_up: BoolArray) -> Best:
    """Find the best means.

    Parameters
    ----------
    normals : Normals, fields of shape (g, arms)
        Treatments beside control.
    is_up : array of bool, shape (g,)
        Whether the largest is best.

    Returns
    -------
    Best, fields of shape (g, arms + 1)
        Control first; NaN in a row whose treatments have no control in common.
    """
    rows: BoolArray = np.asarray(np.isinf(normals.prior_sd).all(axis=1))
    sign = np.where(is_up, 1.0, -1.0)[:, None]
    own, variance = normals.shared_control()[:, None], normals.variance - normals.own_control
    mean = sign * np.concatenate([np.zeros_like(own), normals.estimate], axis=1)
    sd = np.sqrt(np.concatenate([own, variance], axis=1))
    # Deviations of 0 and of rows without a control in common are undefined.
    flat = best_of(NormalPosterior(mean, np.where(rows[:, None] & (sd > 0), sd, np.nan)))
    joint = normals.joint()
    by_prior = best_of_differences(
        type(joint)(sign * joint.mean, joint.own, joint.shared).take(~rows)
    )
    probability, loss = flat.probability.copy(), flat.loss.copy()
    probability[~rows], loss[~rows] = by_prior.probability, by_prior.loss
    return type(flat)(probability, loss)
