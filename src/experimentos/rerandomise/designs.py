"""Which runs a design would call better or worse at any of its looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from experimentos import families
from experimentos.errors import ArgumentError
from experimentos.inference import mixed
from experimentos.sequential import group
from experimentos.sequential.always_valid import log_e_value, tightest_information
from experimentos.tables.courses import DEFAULT_PLANNED_N
from experimentos.tables.monitoring import HARM_SPENDING, statistic_of

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray
    from experimentos.rerandomise.comparing import Compared

DESIGNS = ("fixed", "group_sequential", "always_valid")
_MOST_HARM = 0.5
_CLOSER = 1e-9


@dataclass(frozen=True)
class Design:
    """How often an experiment is looked at, and at which error rate.

    Parameters
    ----------
    name : str
        One of `DESIGNS`.
    alpha : float
        Two-sided error rate: half is for better.
    looks : array of int, shape (looks,)
        Positions of a group sequential design's looks among the days, increasing; the last day is
        its last look.
    open_from : int
        Position of the first day on which an always-valid design may say better.
    spending : str
        Spending function of a group sequential design.
    parameter : float or None
        Of the spending function.
    planned_n : float
        Planned units of an arm, at which an always-valid test is sharpest.
    alpha_harm : float, optional
        One-sided error rate of worse. Default: half of `alpha`.
    """

    name: str
    alpha: float
    looks: IntArray
    open_from: int = 0
    spending: str = "obrien_fleming"
    parameter: float | None = None
    planned_n: float = DEFAULT_PLANNED_N
    alpha_harm: float | None = None

    def __post_init__(self) -> None:
        """Check the name and the error rate."""
        if self.name not in DESIGNS:
            msg = f"`design` must be one of {list(DESIGNS)}, got {self.name!r}"
            raise ArgumentError(msg)
        if not 0 < self.alpha < 1:
            msg = f"`alpha` must be between 0 and 1, got {self.alpha!r}"
            raise ArgumentError(msg)
        if not 0 < self.harm_level < _MOST_HARM:
            msg = f"`alpha_harm` must be between 0 and 0.5, got {self.alpha_harm!r}"
            raise ArgumentError(msg)

    @property
    def harm_level(self) -> float:
        """One-sided error rate of worse."""
        return self.alpha / 2 if self.alpha_harm is None else self.alpha_harm

    def n_looks(self, days: int, *, is_explored: bool = False) -> int:
        """Count the looks at which better may be said.

        Parameters
        ----------
        days : int
            Days on which units enter.
        is_explored : bool
            Whether the metric only explores: under a monitored design it is always-valid.

        Returns
        -------
        int
            At least one.
        """
        if self.name == "fixed":
            return 1
        if self.name == "group_sequential" and not is_explored:
            return int(self.looks.size)
        return max(days - self.open_from, 1)


def says_better(
    found: Compared, design: Design, *, is_counted: bool, is_explored: bool
) -> BoolArray:
    """Tell which runs show better, or with a margin not worse than it, at any look.

    Parameters
    ----------
    found : Compared of shape (runs, days)
        On every day.
    design : Design
        When it is looked.
    is_counted : bool
        Whether events are counted.
    is_explored : bool
        Whether the metric only explores.

    Returns
    -------
    array of bool, shape (runs,)
        At one-sided alpha / 2 over all looks of this metric alone.
    """
    level = design.alpha / 2
    with np.errstate(all="ignore"):
        if design.name == "fixed":
            return np.asarray(found.launch[:, -1] <= level)
        if design.name == "group_sequential" and not is_explored:
            return _crosses(found, found.launch, design, level, None)
        ratio = tightest_information(level) * found.effective_units / (design.planned_n / 2)
        mixture = np.where(_started(found, is_counted), ratio, np.nan)
        log_e = log_e_value(statistic_of(found.launch), mixture)
        return np.asarray((log_e[:, design.open_from :] >= -np.log(level)).any(axis=1))


def says_worse(found: Compared, design: Design, *, is_counted: bool) -> BoolArray:
    """Tell which runs show harm, on any day.

    Parameters
    ----------
    found : Compared of shape (runs, days)
        On every day.
    design : Design
        When it is looked.
    is_counted : bool
        Whether events are counted.

    Returns
    -------
    array of bool, shape (runs,)
        At `harm_level` over all days: the always-valid part and the planned one.
    """
    level, shape = design.harm_level, found.harm.shape
    only_any = design.name == "always_valid"
    share = 1.0 if only_any else families.HARM_ANY_SHARE
    size = found.several.comparison.df.size
    with np.errstate(all="ignore"):
        p_any = mixed.always_valid_harm(
            found.several,
            found.harm.ravel(),
            np.full(size, is_counted),
            alpha=np.full(size, level * share),
            planned_n=np.full(size, design.planned_n),
            effective_units=found.effective_units.ravel(),
        ).reshape(shape)
        shown = (p_any <= level * share).any(axis=1)
        if only_any:
            return np.asarray(shown)
        planned = level * families.HARM_PLANNED_SHARE
        if design.name == "fixed":
            return np.asarray(shown | (found.harm[:, -1] <= planned))
        return np.asarray(shown | _crosses(found, found.harm, design, planned, HARM_SPENDING))


def _started(found: Compared, is_counted: bool) -> BoolArray:  # noqa: FBT001
    size = found.several.comparison.df.size
    started = mixed.started_harm(found.several, np.full(size, is_counted))
    return np.asarray(started.reshape(found.launch.shape))


def _crosses(
    found: Compared, p_value: FloatArray, design: Design, level: float, spending: str | None
) -> BoolArray:
    """Tell which runs cross the spending boundary of a level at any look.

    A boundary is nowhere below that of a single look, so most runs need none.
    """
    z = statistic_of(p_value[:, design.looks])
    near = np.flatnonzero((z >= -ndtri(level) - _CLOSER).any(axis=1))
    crossed = np.zeros(z.shape[0], dtype=np.bool_)
    if not near.size:
        return crossed
    units = found.effective_units[near][:, design.looks]
    information = found.information[near][:, design.looks]
    known = ~np.isnan(z[near]) & (units > 0) & (information > 0)
    fractions = np.where(known, units / units[:, -1:], np.nan)
    shifted = _to_the_left(np.stack([z[near], fractions, information]), known)
    bounds = group.spending_bounds(
        _rising(np.minimum(shifted[1], 1.0)),
        np.full(near.size, level),
        information=shifted[2],
        final=True,
        spending=spending or design.spending,
        parameter=None if spending else design.parameter,
    )
    crossed[near] = (shifted[0] >= bounds).any(axis=1)
    return crossed


def _to_the_left(tables: FloatArray, known: BoolArray) -> FloatArray:
    """Close the gaps that looks without a test leave in a run."""
    order = np.argsort(~known, axis=1, kind="stable")
    moved = np.stack([np.take_along_axis(table, order, axis=1) for table in tables])
    moved[:, ~np.take_along_axis(known, order, axis=1)] = np.nan
    return moved


def _rising(fractions: FloatArray) -> FloatArray:
    """Let a look without more units than the one before spend next to nothing."""
    found = fractions.copy()
    for look in range(1, found.shape[1]):
        before = found[:, look - 1]
        found[:, look] = np.where(found[:, look] <= before, before + _CLOSER, found[:, look])
    return found
