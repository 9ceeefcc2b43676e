"""Looks that are still to come: where the plan puts them, and what they will have to reach.

They decide nothing: what a look has to reach is computed when it is taken. Imported when a figure
needs it, with SciPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from experimentos.memo.context import Look, PlannedLook
from experimentos.sequential import group

LEAST_STEP: Final = 1e-9
"""Fractions closer than this are one look."""


@dataclass(frozen=True, slots=True)
class LookAhead:
    """A look to come at one hypothesis.

    Parameters
    ----------
    look : int
        Number it will have.
    planned_on : date or None
        End of its data; None where it waits for units.
    fraction : float
        Share of the plan.
    boundary : float or None
        Standard normal units; None where nothing may be spent yet.
    """

    look: int
    planned_on: date | None
    fraction: float
    boundary: float | None


def looks_ahead(taken: Sequence[Look], planned: Sequence[PlannedLook]) -> tuple[LookAhead, ...]:
    """Continue the boundary of one hypothesis to the end of its plan.

    Parameters
    ----------
    taken : sequence of Look
        All looks that were taken at the hypothesis, in order.
    planned : sequence of PlannedLook
        Looks to come, in order.

    Returns
    -------
    tuple of LookAhead
        Empty where none is to come, or where the latest look does not say how it was tested.

    Notes
    -----
    From the latest look on, units come as the plan says: with a share f of the information at a
    share s of the schedule, a look at s' is at f + (1 - f) (s' - s) / (1 - s). The boundaries are
    those of the level that the latest look was tested at; a correction for many metrics may change
    it.
    """
    past = [look.information_fraction for look in taken]
    last = taken[-1] if taken else None
    if last is None or last.is_final or last.level is None or last.spending is None:
        return ()
    known = [fraction for fraction in past if fraction is not None]
    if len(known) < len(past) or not known or known[-1] >= 1 or not _rises(known):
        return ()
    ahead = _fractions(known[-1], planned)
    if not ahead:
        return ()
    bounds = group.spending_bounds(
        [*known, *(fraction for fraction, _ in ahead)],
        (1 - last.level) / 2,
        spending=last.spending,
        parameter=last.spending_parameter,
    )[len(known) :]
    return tuple(
        LookAhead(
            look=(last.look or 0) + place,
            planned_on=look.planned_date,
            fraction=fraction,
            boundary=float(bound) if np.isfinite(bound) else None,
        )
        for place, ((fraction, look), bound) in enumerate(zip(ahead, bounds, strict=True), 1)
    )


def _fractions(now: float, planned: Sequence[PlannedLook]) -> list[tuple[float, PlannedLook]]:
    """Put the looks to come between now and the end; the last spends all that is left."""
    found: list[tuple[float, PlannedLook]] = []
    for look in planned:
        reached = look.reached_fraction or 0.0
        share = look.planned_fraction
        if look.is_last:
            fraction = 1.0
        elif share is None or reached >= 1:
            continue
        else:
            fraction = now + (1 - now) * (share - reached) / (1 - reached)
        if fraction > (found[-1][0] if found else now) + LEAST_STEP:
            found.append((fraction, look))
    return found


def _rises(fractions: Sequence[float]) -> bool:
    return all(after > before for before, after in pairwise(fractions))
