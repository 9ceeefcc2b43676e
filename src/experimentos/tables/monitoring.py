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
import pyarrow as pa
from scipy.special import ndtr, ndtri

from experimentos import arrow
from experimentos.inference import mixed
from experimentos.sequential import group
from experimentos.sequential.always_valid import log_e_value, tightest_information
from experimentos.sequential.normal_mixture import critical_value, nominal_level

if TYPE_CHECKING:
    from experimentos.inference.mixed import Mixed
    from experimentos.moments import BoolArray, FloatArray, IntArray
    from experimentos.tables.pairs import Pairs

DEFAULT_PLANNED_N = 5000.0
HARM_SPENDING = "pocock"
KEY = ["experiment_id", "metric", "variant"]
# What a look says in its own numbers, however the data change later.
REMEMBERED = [
    "estimate", "std_error", "level", "lower", "upper", "lift", "lift_lower", "lift_upper",
    "futility_boundary", "p_value_stagewise", "estimate_stagewise", "lower_stagewise",
    "upper_stagewise",
]  # fmt: skip
LOOKS_INPUT = arrow.schema(
    "string: experiment_id metric variant test outcome; integer: look; flag: is_final; "
    "double: information_fraction information statistic planned_n " + " ".join(REMEMBERED)
)
LARGEST_Z = 37.0
LEAST_STEP = 1e-9
LEAST_TAIL = 1e-290


@dataclass(frozen=True)
class Course:
    """The looks of each comparison up to the one that is taken or shown.

    Parameters
    ----------
    is_sequential, is_anytime : array of bool, shape (k,)
        Whether error rates are spent over looks, or the test holds at every build; neither: fixed.
    is_at_look : array of bool, shape (k,)
        Sequential comparisons that have a look now; `place` is its position.
    fractions, information : array of shape (k, looks)
        NaN at the end of rows with fewer looks.
    is_closed : array of bool, shape (k,)
        Whether this look is the last of the hypothesis.
    spending : array of str, shape (k,)
        Spending function.
    parameter : array of shape (k,)
        Its parameter, NaN without one.
    mixture : array of shape (k,)
        Variance of the normal mixture over that of the estimate; NaN before it starts.
    statistic, harm_statistic : array of shape (k,)
        Those that were recorded for this look; NaN where it is new.
    crossed_before : array of bool, shape (k,)
        Whether the boundary of Launch was crossed at an earlier look.
    remembered : dict
        Columns of `REMEMBERED` as they were recorded for this look.
    planned_n : array of shape (k,)
        Planned units of an arm that set the mixture once.
    """

    is_sequential: BoolArray
    is_anytime: BoolArray
    is_at_look: BoolArray
    place: IntArray
    fractions: FloatArray
    information: FloatArray
    is_closed: BoolArray
    spending: arrow.StringArray
    parameter: FloatArray
    mixture: FloatArray
    statistic: FloatArray
    harm_statistic: FloatArray
    crossed_before: BoolArray
    remembered: dict[str, FloatArray]
    planned_n: FloatArray

    @property
    def is_monitored(self) -> BoolArray:
        """Whether the design is not fixed."""
        return np.asarray(self.is_sequential | self.is_anytime)

    def here(self, values: FloatArray) -> FloatArray:
        """Element of each row at its look; NaN where there is none."""
        found = np.full(self.place.shape, np.nan)
        rows = np.flatnonzero(self.is_at_look)
        found[rows] = values[rows, self.place[rows]]
        return found


@dataclass(frozen=True)
class _Spending:
    """A spending function with its parameter."""

    name: str
    parameter: float | None


@dataclass(frozen=True)
class _Records:
    """Looks of earlier builds beside the comparison they are of, in order."""

    row: IntArray
    look: IntArray
    table: pa.Table

    def take(self, index: IntArray | BoolArray) -> _Records:
        kept = np.arange(self.row.size)[index]
        return _Records(self.row[kept], self.look[kept], self.table.take(pa.array(kept)))

    def spread(self, name: str, size: int) -> FloatArray:
        """Put a column into rows; the last record of a row counts."""
        values = np.full(size, np.nan)
        values[self.row] = arrow.floats(self.table, name)
        return values


def follow(
    rows: pa.Table, past: pa.Table, several: Mixed, pairs: Pairs, *,
    alpha: FloatArray, is_counted: BoolArray,
) -> Course:  # fmt: skip
    """Put this look beside those of earlier builds.

    Parameters
    ----------
    rows : pyarrow.Table
        Treatments whose readout decides.
    past : pyarrow.Table
        The columns of `LOOKS_INPUT`: looks that earlier builds recorded.
    several, pairs : Mixed, Pairs of shape (k,)
        Their comparisons.
    alpha : array of shape (k,)
        Two-sided error rate.
    is_counted : array of bool, shape (k,)
        Whether events are counted.

    Returns
    -------
    Course
        A look that was recorded has its recorded numbers. A hypothesis that had its last look is
        not tested again: it stays with that one.
    """
    size, design = rows.num_rows, arrow.strings(rows, "design")
    is_explored = arrow.strings(rows, "role") == "explore"
    is_group = design == "group_sequential"
    look = arrow.floats(rows, "look")
    is_sequential = is_group & ~is_explored
    wanted = is_sequential & ~np.isnan(look) & pairs.is_chosen
    records = _records(rows, past, pairs.is_chosen)
    harm = records.take(arrow.strings(records.table, "test") == "harm")
    launch = records.take(arrow.strings(records.table, "test") != "harm")
    looks = _looks(harm, wanted, look, rows, several, pairs)
    at_look, place, fractions, information, closed, number = looks
    shown, shown_harm = (each.take(number[each.row] == each.look) for each in (launch, harm))
    before = launch.take(launch.look < np.where(np.isnan(number), np.inf, number)[launch.row])
    crossed = np.zeros(size, dtype=bool)
    crossed[before.row[arrow.strings(before.table, "outcome") == "crossed"]] = True
    planned_n = _planned_n(rows, harm)
    started = mixed.started_harm(several, is_counted)
    tuned = tightest_information(alpha / 2) * pairs.effective_units / (planned_n / 2)
    return Course(
        is_sequential=is_sequential,
        is_anytime=(design == "always_valid") | (is_group & is_explored),
        is_at_look=at_look,
        place=place,
        fractions=fractions,
        information=information,
        is_closed=closed,
        spending=arrow.strings(rows, "spending", default="obrien_fleming"),
        parameter=arrow.floats(rows, "spending_parameter"),
        mixture=np.where(started, tuned, np.nan),
        statistic=shown.spread("statistic", size),
        harm_statistic=shown_harm.spread("statistic", size),
        crossed_before=crossed,
        remembered={name: shown_harm.spread(name, size) for name in REMEMBERED},
        planned_n=planned_n,
    )


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
    course: Course, p_fixed: FloatArray, statistic: FloatArray, *, spending: str | None = None
) -> tuple[FloatArray, FloatArray]:
    """Repeated p-values of the comparisons that have a look.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    p_fixed, statistic : array of shape (k,)
        One-sided p-values as the data say now, and statistics that were recorded.
    spending : str, optional
        In place of the spending functions of the course.

    Returns
    -------
    p_value, statistic : array of shape (k,)
        NaN where no look is taken or shown.
    """
    z = np.where(np.isnan(statistic), statistic_of(p_fixed), statistic)
    z = np.where(course.is_at_look, z, np.nan)
    p_value = np.full(z.shape, np.nan)
    for rows, how in _by_spending(course, spending, ~np.isnan(z)):
        table = np.full((rows.size, course.fractions.shape[1]), np.nan)
        table[np.arange(rows.size), course.place[rows]] = z[rows]
        found = group.repeated_p_values(
            table, course.fractions[rows], information=course.information[rows],
            final=course.is_closed[rows], spending=how.name, parameter=how.parameter,
        )  # fmt: skip
        p_value[rows] = found[np.arange(rows.size), course.place[rows]]
    return p_value, z


def boundary(
    course: Course, tail: FloatArray, *, spending: str | None = None
) -> tuple[FloatArray, FloatArray]:
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
    bound, spent : array of shape (k,)
        Standard normal units, infinite where nothing may be spent; NaN where the design is fixed or
        there is no look.
    """
    bound, spent = np.full(tail.shape, np.nan), np.full(tail.shape, np.nan)
    known = (tail > 0) & (tail < 1)
    for rows, how in _by_spending(course, spending, course.is_at_look & known):
        table = _bounds(course, rows, tail, how)
        bound[rows] = table[np.arange(rows.size), course.place[rows]]
        used = group.spend(
            course.here(course.fractions)[rows, None],
            tail[rows],
            spending=how.name,
            parameter=how.parameter,
        )[:, 0]
        spent[rows] = np.where(course.is_closed[rows], tail[rows], used)
    rows = np.flatnonzero(course.is_anytime & ~np.isnan(course.mixture) & known)
    bound[rows] = critical_value(course.mixture[rows], alpha=tail[rows], side="greater")
    return bound, spent


def nominal(course: Course, tail: FloatArray) -> FloatArray:
    """One-sided level of a test at this look alone that has the same boundary.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    tail : array of shape (k,)
        One-sided error rate over all looks.

    Returns
    -------
    array of shape (k,)
        The tail itself where the design is fixed; NaN where nothing is tested now.
    """
    levels = np.where(course.is_monitored, ndtr(-boundary(course, tail)[0]), tail)
    rows = np.flatnonzero(course.is_anytime & ~np.isnan(course.mixture) & (tail > 0))
    levels[rows] = nominal_level(course.mixture[rows], alpha=tail[rows], side="greater")
    return np.where((levels > LEAST_TAIL) & (levels < 0.5), levels, np.nan)


def stopped(
    course: Course, z: FloatArray, tail: FloatArray, has_crossed: BoolArray, sign: FloatArray
) -> dict[str, FloatArray]:
    """Analyse hypotheses of no effect at the look at which they cross for the first time.

    Parameters
    ----------
    course : Course
        Of the comparisons.
    z, tail : array of shape (k,)
        Statistics, and one-sided error rates over all looks.
    has_crossed : array of bool, shape (k,)
        Whether the boundary is crossed at this look.
    sign : array of shape (k,)
        1 where an increase is good, -1 where a decrease is.

    Returns
    -------
    dict
        Stage-wise p-value, median-unbiased estimate and limits; NaN elsewhere.
    """
    names = ["p_value_stagewise", "estimate_stagewise", "lower_stagewise", "upper_stagewise"]
    columns = {name: np.full(z.shape, np.nan) for name in names}
    wanted = has_crossed & course.is_at_look & ~course.crossed_before & ~np.isnan(z)
    for rows, how in _by_spending(course, None, wanted):
        found = group.stagewise(
            z[rows], course.place[rows] + 1, _bounds(course, rows, tail, how),
            np.fmax.accumulate(course.information[rows], axis=1), alpha=2 * tail[rows],
        )  # fmt: skip
        ends = np.sort(sign[rows] * np.stack([found.lower, found.upper]), axis=0)
        for name, values in zip(
            names, [found.p_value, sign[rows] * found.estimate, *ends], strict=True
        ):
            columns[name][rows] = values
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


def _records(rows: pa.Table, past: pa.Table, chosen: BoolArray) -> _Records:
    """Put looks beside their comparisons, in order; those of others are left out."""
    keys = pa.concat_tables([rows.select(KEY), past.select(KEY)]).combine_chunks()
    code = arrow.codes(keys, KEY)
    row_of = np.full(int(code.max(initial=-1)) + 1, -1)
    row_of[code[: rows.num_rows][chosen]] = np.flatnonzero(chosen)
    row = row_of[code[rows.num_rows :]]
    look = np.nan_to_num(arrow.floats(past, "look")).astype(np.int64)
    order = np.lexsort([look, row])
    return _Records(row[order], look[order], past.take(pa.array(order))).take(row[order] >= 0)


def _looks(
    records: _Records, wanted: BoolArray, look: FloatArray, rows: pa.Table, several: Mixed,
    pairs: Pairs,
) -> tuple[BoolArray, IntArray, FloatArray, FloatArray, BoolArray, FloatArray]:  # fmt: skip
    """Past looks and this one as a table, where this one is, and the number it was recorded as."""
    size = wanted.size
    was_tested = arrow.floats(records.table, "information") > 0
    kept = records.take(was_tested & wanted[records.row] & (records.look <= look[records.row]))
    ends = arrow.flags(kept.table, "is_final")
    # After its last look a hypothesis is not tested again.
    last = np.full(size, np.inf)
    np.minimum.at(last, kept.row[ends], kept.look[ends].astype(np.float64))
    kept = kept.take(kept.look <= last[kept.row])
    count = np.bincount(kept.row, minlength=size)
    place = np.arange(kept.row.size) - (np.cumsum(count) - count)[kept.row]
    table = np.full((2, size, int(count.max(initial=0)) + 1), np.nan)
    for layer, name in zip(table, ("information_fraction", "information"), strict=True):
        layer[kept.row, place] = arrow.floats(kept.table, name)
    newest = np.zeros(size)
    newest[kept.row] = kept.look
    is_old = wanted & (count > 0) & ((newest == look) | np.isfinite(last))
    fraction, known = _fraction(rows, pairs), several.comparison.std_error**-2.0
    # What could not be tested when the look was taken is not tested later.
    was_taken = np.zeros(size, dtype=bool)
    was_taken[records.row[records.look == look[records.row]]] = True
    is_new = wanted & ~is_old & ~was_taken & (fraction > 0) & np.isfinite(known) & (known > 0)
    fresh = np.flatnonzero(is_new)
    table[0, fresh, count[fresh]] = fraction[fresh]
    table[1, fresh, count[fresh]] = known[fresh]
    fractions = _increasing(table[0])
    at_look = is_old | is_new
    here = np.where(is_old, count - 1, count)
    reached = np.zeros(size, dtype=bool)
    index = np.flatnonzero(at_look)
    reached[index] = fractions[index, here[index]] >= 1
    closed = np.where(is_old, np.isfinite(last), arrow.flags(rows, "is_last_look") | reached)
    return at_look, here, fractions, table[1], closed, np.where(is_old, newest, np.nan)


def _fraction(rows: pa.Table, pairs: Pairs) -> FloatArray:
    """Share of the planned size that is there; without one, of the time."""
    planned = arrow.floats(rows, "planned_effective_n")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(planned > 0, pairs.effective_units / planned, np.nan)
    share = np.where(np.isnan(planned), arrow.floats(rows, "time_fraction"), share)
    return np.minimum(share, 1.0)


def _increasing(fractions: FloatArray) -> FloatArray:
    """Let a look without more units than the one before spend next to nothing."""
    found = fractions.copy()
    for look in range(1, found.shape[1]):
        before = found[:, look - 1]
        found[:, look] = np.where(found[:, look] <= before, before + LEAST_STEP, found[:, look])
    return found


def _planned_n(rows: pa.Table, records: _Records) -> FloatArray:
    """Planned units of an arm as first recorded: the mixture is set once."""
    planned = arrow.floats(rows, "planned_n")
    planned = np.where(planned > 0, planned, DEFAULT_PLANNED_N)
    written = arrow.floats(records.table, "planned_n") > 0
    first = records.take(np.flatnonzero(written)[::-1]).spread("planned_n", planned.size)
    return np.where(np.isnan(first), planned, first)


def _bounds(course: Course, rows: IntArray, tail: FloatArray, how: _Spending) -> FloatArray:
    return group.spending_bounds(
        course.fractions[rows], tail[rows], information=course.information[rows],
        final=course.is_closed[rows], spending=how.name, parameter=how.parameter,
    )  # fmt: skip


def _by_spending(
    course: Course, spending: str | None, wanted: BoolArray
) -> list[tuple[IntArray, _Spending]]:
    """Rows that spend alike, with the function and its parameter."""
    rows = np.flatnonzero(wanted)
    if spending is not None:
        return [(rows, _Spending(spending, None))] if rows.size else []
    groups: dict[_Spending, list[int]] = {}
    for row in rows.tolist():
        parameter = float(course.parameter[row])
        given = None if np.isnan(parameter) else parameter
        key = _Spending(str(course.spending[row]), given)
        groups.setdefault(key, []).append(row)
    return [(np.array(members), how) for how, members in groups.items()]
