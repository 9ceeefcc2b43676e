"""Two arms compared as the verdict compares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos import estimators
from experimentos.inference import choices, mixed
from experimentos.inference.mixed import Goal, Mixed
from experimentos.tables.pairs import LEAST_SPREAD, compare_plainly

if TYPE_CHECKING:
    from experimentos.moments import FloatArray
    from experimentos.rerandomise.buckets import Arm, Kind


@dataclass(frozen=True)
class Compared:
    """Comparisons with their one-sided p-values, of shape (runs, looks).

    Parameters
    ----------
    several : Mixed of shape (runs * looks,)
        Comparisons with the method of each.
    two_sided : array of shape (runs, looks)
        Against no effect.
    launch : array of shape (runs, looks)
        Small when shown better, or with a margin not worse than it.
    harm : array of shape (runs, looks)
        Small when shown worse, or with a margin beyond it.
    information, effective_units : array of shape (runs, looks)
        One over the squared standard error; units as precision counts them.
    """

    several: Mixed
    two_sided: FloatArray
    launch: FloatArray
    harm: FloatArray
    information: FloatArray
    effective_units: FloatArray


@dataclass(frozen=True)
class Aim:
    """What is looked for.

    Parameters
    ----------
    sign : float
        1 where an increase is good, -1 where a decrease is.
    margin : float
        Largest deterioration allowed; NaN without one.
    margin_is_relative : bool
        As a fraction of the control mean or in metric units.
    """

    sign: float = 1.0
    margin: float = float("nan")
    margin_is_relative: bool = False

    @property
    def has_margin(self) -> bool:
        """Whether there is a margin."""
        return bool(np.isfinite(self.margin))


def compare(control: Arm, treatment: Arm, kind: Kind, aim: Aim, *, looks: int) -> Compared:
    """Compare arms by the estimator and the test that decide.

    Parameters
    ----------
    control, treatment : Arm, fields of shape (runs * looks,)
        Arms; looks of a run stand together.
    kind : Kind
        What is measured.
    aim : Aim
        Direction and margin.
    looks : int
        Looks of a run.

    Returns
    -------
    Compared
        The same p-values as `tables.effects` has of these moments: NaN where there are too few
        units for the skewness of the values, so that nothing is decided.
    """
    size = control.moments.n.size
    first = np.arange(size)
    joint, second = control.moments.append(treatment.moments), first + size
    is_counted = np.full(2 * size, kind.is_counted)
    with np.errstate(all="ignore"):
        plain = compare_plainly(joint, is_counted, first, second)
        chosen, is_adjusted = plain, np.zeros(size, dtype=np.bool_)
        if kind.has_covariate:
            group, allowed = np.tile(first, 2), np.ones(2 * size, dtype=np.bool_)
            adjusted = estimators.adjust(joint, group, allowed)
            is_adjusted = ~np.isnan(adjusted.theta[:size])
            both = estimators.compare_adjusted(adjusted.take(first), adjusted.take(second))
            chosen = plain.replace(is_adjusted, both)
        counted, is_ratio = is_counted[:size] & ~is_adjusted, np.full(size, kind.is_ratio)
        skewness = _skewness(control, treatment, kind)
        methods = choices.choose_methods(chosen, counted, is_ratio, mean_skewness=skewness)
        several = Mixed(chosen, methods, skewness=skewness)
        goal = Goal(
            np.full(size, aim.sign),
            np.full(size, aim.margin),
            np.full(size, aim.margin_is_relative),
        )
        has_margin = np.full(size, aim.has_margin)
        directed = mixed.direct(several, goal, has_margin)
        two_sided = np.minimum(1.0, 2 * np.minimum(directed.superior, directed.worse))
        information = chosen.std_error**-2.0
        effective = estimators.effective_units(plain)
    shape = (-1, looks)
    return Compared(
        several=several,
        two_sided=two_sided.reshape(shape),
        launch=(directed.noninferior if aim.has_margin else directed.superior).reshape(shape),
        harm=(directed.beyond_margin if aim.has_margin else directed.worse).reshape(shape),
        information=np.where(np.isfinite(information), information, np.nan).reshape(shape),
        effective_units=effective.reshape(shape),
    )


def _skewness(control: Arm, treatment: Arm, kind: Kind) -> FloatArray:
    """Skewness of differences, as of the verdict: a ratio's is that of its numerator."""
    arms = []
    for arm in (control, treatment):
        n, mean, m2 = arm.moments.n, arm.moments.mean_num, arm.moments.m2_num
        if kind.is_counted:
            arms.append(estimators.third_moments_of_rates(n, mean))
        else:
            is_lost = n * (LEAST_SPREAD * mean) ** 2 > m2
            arms.append(estimators.ThirdMoments(n, m2, np.where(is_lost, np.nan, arm.m3_num)))
    return estimators.difference_skewness(*arms)
