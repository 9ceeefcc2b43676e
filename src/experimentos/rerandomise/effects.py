"""Effects that are put into the moments of a treatment arm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from experimentos.moments import divide

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, JointMoments
    from experimentos.rerandomise.buckets import Arm, Kind


@dataclass(frozen=True)
class Effect:
    """What a treatment does to its units.

    Parameters
    ----------
    amount : float
        Change; negative for a decrease.
    is_relative : bool
        As a fraction of the mean of all units, or in metric units.
    """

    amount: float
    is_relative: bool

    def in_units(self, mean: float) -> float:
        """Change of the mean in metric units.

        Parameters
        ----------
        mean : float
            Mean of all units.

        Returns
        -------
        float
            Its sign is that of `amount`, also where the mean is negative.
        """
        return self.amount * abs(mean) if self.is_relative else self.amount


def change(
    treatment: Arm, kind: Kind, effect: Effect, mean: float,
    generator: np.random.Generator, *, looks: int,
) -> Arm:  # fmt: skip
    """Moments of treated units with an effect.

    Parameters
    ----------
    treatment : Arm, fields of shape (runs * looks,)
        Without it; looks of a run stand together.
    kind : Kind
        What is measured.
    effect : Effect
        Of the treatment.
    mean : float
        Mean of all units: the value of control.
    generator : numpy.random.Generator
        Source of chance for rates.
    looks : int
        Looks of a run.

    Returns
    -------
    Arm, fields of shape (runs * looks,)
        NaN where a rate would leave 0 to 1.

    Notes
    -----
    Means and ratios: a relative effect multiplies each unit's numerator, an absolute one adds its
    amount times the denominator, which leaves cubes as they are: exact but for ratios. Rates:
    units without the event get it at random, or units with it lose it, at the probability that
    gives the change on average; a unit that was there at an earlier look stays what it was then.
    """
    if kind.is_counted:
        flipped = _flip(treatment.moments, effect.in_units(mean), mean, generator, looks)
        return replace(treatment, moments=flipped)
    # A unit's own value times a factor: the mean moves by its own size, whatever its sign.
    factor = 1 + effect.amount * float(np.sign(mean)) if effect.is_relative else 1.0
    added = 0.0 if effect.is_relative else effect.amount
    t = treatment.moments
    moments = replace(
        t,
        mean_num=factor * t.mean_num + added * t.mean_den,
        m2_num=np.maximum(
            factor**2 * t.m2_num + 2 * factor * added * t.c2_num_den + added**2 * t.m2_den, 0.0
        ),
        c2_num_den=factor * t.c2_num_den + added * t.m2_den,
        c2_num_num_cov=factor * t.c2_num_num_cov + added * t.c2_den_num_cov,
        c2_num_den_cov=factor * t.c2_num_den_cov + added * t.c2_den_den_cov,
    )
    return replace(treatment, moments=moments, m3_num=factor**3 * treatment.m3_num)


def _flip(
    treatment: JointMoments, shift: float, mean: float, generator: np.random.Generator, looks: int
) -> JointMoments:
    """Give units an event, or take it from them."""
    room = 1 - mean if shift > 0 else mean
    chance = abs(shift) / room if room > 0 else np.inf
    n, events = treatment.n, np.rint(treatment.mean_num * treatment.n)
    events = np.where(np.isnan(events), 0.0, events)
    if not 0 <= chance <= 1:
        return replace(treatment, mean_num=np.full_like(n, np.nan))
    open_to = n - events if shift > 0 else events
    new = np.diff(open_to.reshape(-1, looks), axis=1, prepend=0.0)
    flipped = generator.binomial(new.astype(np.int64), chance).cumsum(axis=1).ravel()
    rate = divide(events + np.sign(shift) * flipped, n)
    return replace(
        treatment,
        mean_num=rate,
        m2_num=_binomial(n, rate),
        c2_num_den=(1 - chance) * treatment.c2_num_den,
        c2_num_num_cov=(1 - chance) * treatment.c2_num_num_cov,
        c2_num_den_cov=(1 - chance) * treatment.c2_num_den_cov,
    )


def _binomial(n: FloatArray, rate: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(n * rate * (1 - rate), 0.0))
