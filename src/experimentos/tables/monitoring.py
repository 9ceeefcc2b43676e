"""Looks: what holds at this one, given those that were taken before.

A comparison has a design. `fixed` is tested at its end. `group_sequential` spends its error rate
over looks: each hypothesis has its own fractions, information and boundary. `always_valid` holds
at every build. Metrics that are only explored are always-valid wherever the design is not fixed:
nothing about them has to be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.sequential import group
from experimentos.sequential.always_valid import log_e_value
from experimentos.sequential.normal_mixture import critical_value, nominal_level

if TYPE_CHECKING:
    from experimentos import arrow
    from experimentos.moments import BoolArray, FloatArray, IntArray
    from experimentos.tables.courses import Course, Recorded

HARM_SPENDING = "pocock"
LARGEST_Z = 37.0
LEAST_TAIL = 1e-290


@dataclass(frozen=True)
class Boundary:
    """What each comparison is tested against.

    Parameters
    ----------
    now : array of shape (k,)
        Standard normal units, infinite where nothing may be spent; NaN where the design is fixed or
        there is no look.
    spent : array of shape (k,)
        Error rate spent by now; NaN where nothing is spent over looks.
    by_look : array of shape (k, looks)
        Boundaries at all looks up to this one; NaN at others.
    """

    now: FloatArray
    spent: FloatArray
    by_look: FloatArray


@dataclass(frozen=True)
class _Spending:
    """A spending function with its parameter."""

    name: str
    parameter: float | None


def statistic_of(p_fixed: FloatArray) -> FloatArray:
    """Turn one-sided p-values into the normal statistics that have them.

    Parameters
    ----------
    p_fixed : array of shape (k,)
        One-sided p-values at a fixed time.

    Returns
    -------
    array of shape (k,)
        Standard normal units, at most 37 either way.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(-ndtri(p_fixed), -LARGEST_Z, LARGEST_Z))


def anytime(course: Course, p_fixed: FloatArray) -> FloatArray:
    """One-sided p-values that hold at every build.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    p_fixed : array of shape (k,)
        One-sided p-values at a fixed time.

    Returns
    -------
    array of shape (k,)
        NaN before the mixture starts.
    """
    return np.exp(-np.maximum(log_e_value(statistic_of(p_fixed), course.mixture), 0.0))


def valid(
    course: Course, p_fixed: FloatArray, recorded: Recorded, *, spending: str | None = None
) -> tuple[FloatArray, FloatArray]:
    """Repeated p-values of the comparisons that have a look.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    p_fixed : array of shape (k,)
        One-sided p-values as the data say now.
    recorded : Recorded, fields of shape (k,)
        What the look said where it was taken before: it keeps that.
    spending : str, optional
        In place of the spending functions of the course.

    Returns
    -------
    p_value, statistic : array of shape (k,)
        NaN where no look is taken or shown.
    """
    is_new = np.isnan(recorded.statistic)
    z = np.where(is_new, statistic_of(p_fixed), recorded.statistic)
    z = np.where(course.is_at_look, z, np.nan)
    p_value = np.where(course.is_at_look, recorded.p_value, np.nan)
    for rows, how in _by_spending(course, spending, np.isnan(p_value) & ~np.isnan(z)):
        table = np.full((rows.size, course.fractions.shape[1]), np.nan)
        table[np.arange(rows.size), course.place[rows]] = z[rows]
        found = group.repeated_p_values(
            table, course.fractions[rows], information=course.information[rows],
            final=course.is_closed[rows], spending=how.name, parameter=how.parameter,
        )  # fmt: skip
        p_value[rows] = found[np.arange(rows.size), course.place[rows]]
    return p_value, z


def boundary(course: Course, tail: FloatArray, *, spending: str | None = None) -> Boundary:
    """Boundary of each comparison now, and the error rate spent with it.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    tail : array of shape (k,)
        One-sided error rate over all looks.
    spending : str, optional
        In place of the spending functions of the course.

    Returns
    -------
    Boundary, fields of shape (k,)
        Standard normal units, infinite where nothing may be spent; NaN where there is no look. A
        fixed design spends all at its only one. For `nominal` and `stopped`, too: boundaries take
        long to compute.
    """
    bound, spent = np.full(tail.shape, np.nan), np.full(tail.shape, np.nan)
    by_look = np.full(course.fractions.shape, np.nan)
    known = (tail > 0) & (tail < 1)
    for rows, how in _by_spending(course, spending, course.is_at_look & known):
        by_look[rows] = group.spending_bounds(
            course.fractions[rows], tail[rows], information=course.information[rows],
            final=course.is_closed[rows], spending=how.name, parameter=how.parameter,
        )  # fmt: skip
        bound[rows] = by_look[rows, course.place[rows]]
        used = group.spend(
            course.here(course.fractions)[rows, None],
            tail[rows],
            spending=how.name,
            parameter=how.parameter,
        )[:, 0]
        spent[rows] = np.where(course.is_closed[rows], tail[rows], used)
    rows = np.flatnonzero(course.is_at_end & known)
    bound[rows], spent[rows] = statistic_of(tail[rows]), tail[rows]
    rows = np.flatnonzero(course.is_anytime & ~np.isnan(course.mixture) & known)
    bound[rows] = critical_value(course.mixture[rows], alpha=tail[rows], side="greater")
    return Boundary(bound, spent, by_look)


def nominal(course: Course, tail: FloatArray, bound: FloatArray) -> FloatArray:
    """One-sided level of a test at this look alone that has the same boundary.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    tail, bound : array of shape (k,)
        One-sided error rate over all looks, and its boundary now.

    Returns
    -------
    array of shape (k,)
        The tail itself where the design is fixed; NaN where nothing is tested now.
    """
    levels = np.where(course.is_monitored, ndtr(-bound), tail)
    rows = np.flatnonzero(course.is_anytime & ~np.isnan(course.mixture) & (tail > 0))
    levels[rows] = nominal_level(course.mixture[rows], alpha=tail[rows], side="greater")
    return np.where((levels > LEAST_TAIL) & (levels < 0.5), levels, np.nan)


def stopped(
    course: Course, z: FloatArray, tail: FloatArray, bounds: Boundary, sign: FloatArray,
    has_crossed: BoolArray,
) -> dict[str, FloatArray]:  # fmt: skip
    """Analyse hypotheses of no effect at the look at which they cross for the first time.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    z, tail : array of shape (k,)
        Statistics, and one-sided error rates over all looks.
    bounds : Boundary, fields of shape (k,)
        Of these error rates.
    sign : array of shape (k,)
        1 where an increase is good, -1 where a decrease is.
    has_crossed : array of bool, shape (k,)
        Whether the boundary is crossed at this look.

    Returns
    -------
    dict
        Stage-wise p-value, median-unbiased estimate and limits; NaN elsewhere.
    """
    names = ["p_value_stagewise", "estimate_stagewise", "lower_stagewise", "upper_stagewise"]
    columns = {name: np.full(z.shape, np.nan) for name in names}
    wanted = has_crossed & course.is_at_look & ~course.crossed_before & ~np.isnan(z)
    rows = np.flatnonzero(wanted)
    if rows.size:
        found = group.stagewise(
            z[rows], course.place[rows] + 1, bounds.by_look[rows],
            np.fmax.accumulate(course.information[rows], axis=1), alpha=2 * tail[rows],
        )  # fmt: skip
        ends = np.sort(sign[rows] * np.stack([found.lower, found.upper]), axis=0)
        values = [found.p_value, sign[rows] * found.estimate, *ends]
        for name, column in zip(names, values, strict=True):
            columns[name][rows] = column
    return columns


def futility(
    course: Course, tail: FloatArray, power: FloatArray, spending: arrow.StringArray
) -> FloatArray:
    """Boundaries at or below which going on is not worth it; they need not be heeded.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    tail, power : array of shape (k,)
        One-sided error rate over all looks, and the power that was planned.
    spending : array of str, shape (k,)
        How the type II error is spent; empty: no boundary is asked for.

    Returns
    -------
    array of shape (k,)
        Standard normal units; NaN at the last look, and where none is asked for.
    """
    found = np.full(tail.shape, np.nan)
    wanted = course.is_at_look & ~course.is_closed & (spending != "") & (power < 1)
    for row in np.flatnonzero(wanted & (power > 0) & (tail > 0)):
        parameter = course.parameter[row]
        plan = group.group_sequential(
            [*course.fractions[row, : course.place[row] + 1], 1.0],
            alpha=float(tail[row]), spending=str(course.spending[row]),
            parameter=None if np.isnan(parameter) else float(parameter),
            beta=float(1 - power[row]), beta_spending=str(spending[row]),
        )  # fmt: skip
        found[row] = plan.futility[course.place[row]]
    return found


def _by_spending(
    course: Course, spending: str | None, wanted: BoolArray
) -> list[tuple[IntArray, _Spending]]:
    """Rows that spend alike, with the function and its parameter."""
    rows = np.flatnonzero(wanted)
    if spending is not None:
        return [(rows, _Spending(spending, None))] if rows.size else []
    found = []
    while rows.size:
        name, parameter = course.spending[rows[0]], course.parameter[rows[0]]
        given = None if np.isnan(parameter) else float(parameter)
        of_row = course.parameter[rows]
        alike = np.isnan(of_row) if given is None else of_row == parameter
        alike &= course.spending[rows] == name
        found.append((rows[alike], _Spending(str(name), given)))
        rows = rows[~alike]
    return found
