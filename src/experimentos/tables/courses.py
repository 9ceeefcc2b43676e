"""The looks of each comparison: those that earlier builds recorded, and this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from experimentos import arrow
from experimentos.inference import mixed
from experimentos.sequential.always_valid import tightest_information

if TYPE_CHECKING:
    from experimentos.inference.mixed import Mixed
    from experimentos.moments import BoolArray, FloatArray, IntArray
    from experimentos.tables.pairs import Pairs

DEFAULT_PLANNED_N = 5000.0
KEY = ["experiment_id", "metric", "variant"]
# What a look says in its own numbers, however the data change later.
REMEMBERED = [
    "estimate", "std_error", "level", "lower", "upper", "lift", "lift_lower", "lift_upper",
    "futility_boundary", "p_value_stagewise", "estimate_stagewise", "lower_stagewise",
    "upper_stagewise",
]  # fmt: skip
LOOKS_INPUT = arrow.schema(
    "string: experiment_id metric variant test outcome; integer: look; flag: is_final; "
    "double: information_fraction information statistic p_value planned_n " + " ".join(REMEMBERED)
)
LEAST_STEP = 1e-9


@dataclass(frozen=True)
class Recorded:
    """What a test showed at a look of an earlier build."""

    statistic: FloatArray
    p_value: FloatArray


@dataclass(frozen=True)
class Course:
    """The looks of each comparison up to the one that is taken or shown.

    Parameters
    ----------
    is_sequential, is_anytime : array of bool, shape (k,)
        Whether error rates are spent over looks, or the test holds at every build; neither: fixed.
    is_at_look : array of bool, shape (k,)
        Sequential comparisons that have a look now; `place` is its position.
    is_at_end : array of bool, shape (k,)
        Fixed comparisons that have their only look now.
    is_recorded : array of bool, shape (k,)
        Whether an earlier build took this look, which keeps its numbers.
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
    launch, harm : Recorded, fields of shape (k,)
        Statistics and p-values that were recorded for this look; NaN where it is new.
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
    is_at_end: BoolArray
    is_recorded: BoolArray
    place: IntArray
    fractions: FloatArray
    information: FloatArray
    is_closed: BoolArray
    spending: arrow.StringArray
    parameter: FloatArray
    mixture: FloatArray
    launch: Recorded
    harm: Recorded
    crossed_before: BoolArray
    remembered: dict[str, FloatArray]
    planned_n: FloatArray

    @property
    def is_monitored(self) -> BoolArray:
        """Whether the design is not fixed."""
        return np.asarray(self.is_sequential | self.is_anytime)

    def kept(self, recorded: Recorded, p_fixed: FloatArray, is_tested: BoolArray) -> FloatArray:
        """P-values of fixed designs: those that their look recorded where it was taken."""
        is_kept = self.is_at_end & self.is_recorded & is_tested
        return np.where(is_kept, recorded.p_value, p_fixed)

    def here(self, values: FloatArray) -> FloatArray:
        """Element of each row at its look; NaN where there is none."""
        found = np.full(self.place.shape, np.nan)
        rows = np.flatnonzero(self.is_at_look)
        found[rows] = values[rows, self.place[rows]]
        return found


@dataclass(frozen=True)
class _Records:
    """Looks of earlier builds beside the comparison they are of, in order; `at`: where they are."""

    row: IntArray
    look: IntArray
    at: IntArray
    table: pa.Table

    def take(self, index: IntArray | BoolArray) -> _Records:
        return _Records(self.row[index], self.look[index], self.at[index], self.table)

    def column(self, name: str) -> pa.Table:
        """One column of these looks."""
        return self.table.select([name]).take(pa.array(self.at))

    def floats(self, name: str) -> FloatArray:
        return arrow.floats(self.column(name), name)

    def is_word(self, name: str, word: str) -> BoolArray:
        """Whether a column holds a word."""
        return np.asarray(arrow.strings(self.column(name), name) == word)

    def spread(self, name: str, size: int) -> FloatArray:
        """Put a column into rows; the last record of a row counts."""
        values = np.full(size, np.nan)
        values[self.row] = self.floats(name)
        return values

    def recorded(self, size: int) -> Recorded:
        """Statistics and p-values in rows."""
        return Recorded(self.spread("statistic", size), self.spread("p_value", size))


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
    is_harm = records.is_word("test", "harm")
    harm, launch = records.take(is_harm), records.take(~is_harm)
    looks = _looks(harm, wanted, look, rows, several, pairs)
    at_look, place, fractions, information, closed, number = looks
    is_at_end = (design == "fixed") & ~np.isnan(look) & arrow.flags(rows, "is_final")
    is_at_end &= pairs.is_chosen & ~is_explored
    number = np.where(is_at_end & _is_taken(harm, look), look, number)
    shown, shown_harm = (each.take(number[each.row] == each.look) for each in (launch, harm))
    before = launch.take(launch.look < np.where(np.isnan(number), np.inf, number)[launch.row])
    crossed = np.zeros(size, dtype=bool)
    crossed[before.row[before.is_word("outcome", "crossed")]] = True
    planned_n = _planned_n(rows, harm)
    started = mixed.started_harm(several, is_counted)
    tuned = tightest_information(alpha / 2) * pairs.effective_units / (planned_n / 2)
    return Course(
        is_sequential=is_sequential,
        is_anytime=(design == "always_valid") | (is_group & is_explored),
        is_at_look=at_look,
        is_at_end=is_at_end,
        is_recorded=~np.isnan(number),
        place=place,
        fractions=fractions,
        information=information,
        is_closed=closed,
        spending=arrow.strings(rows, "spending", default="obrien_fleming"),
        parameter=arrow.floats(rows, "spending_parameter"),
        mixture=np.where(started, tuned, np.nan),
        launch=shown.recorded(size),
        harm=shown_harm.recorded(size),
        crossed_before=crossed,
        remembered=_remembered(shown, shown_harm, size),
        planned_n=planned_n,
    )


def _records(rows: pa.Table, past: pa.Table, chosen: BoolArray) -> _Records:
    """Put looks beside their comparisons, in order; those of others are left out."""
    keys = pa.concat_tables([rows.select(KEY), past.select(KEY)]).combine_chunks()
    code = arrow.codes(keys, KEY)
    row_of = np.full(int(code.max(initial=-1)) + 1, -1)
    row_of[code[: rows.num_rows][chosen]] = np.flatnonzero(chosen)
    row = row_of[code[rows.num_rows :]]
    look = np.nan_to_num(arrow.floats(past, "look")).astype(np.int64)
    order = np.lexsort([look, row])
    return _Records(row[order], look[order], order, past).take(row[order] >= 0)


def _looks(
    records: _Records, wanted: BoolArray, look: FloatArray, rows: pa.Table, several: Mixed,
    pairs: Pairs,
) -> tuple[BoolArray, IntArray, FloatArray, FloatArray, BoolArray, FloatArray]:  # fmt: skip
    """Past looks and this one as a table, where this one is, and the number it was recorded as."""
    size = wanted.size
    was_tested = records.floats("information") > 0
    kept = records.take(was_tested & wanted[records.row] & (records.look <= look[records.row]))
    ends = arrow.flags(kept.column("is_final"), "is_final")
    # After its last look a hypothesis is not tested again.
    last = np.full(size, np.inf)
    np.minimum.at(last, kept.row[ends], kept.look[ends].astype(np.float64))
    kept = kept.take(kept.look <= last[kept.row])
    count = np.bincount(kept.row, minlength=size)
    place = np.arange(kept.row.size) - (np.cumsum(count) - count)[kept.row]
    table = np.full((2, size, int(count.max(initial=0)) + 1), np.nan)
    for layer, name in zip(table, ("information_fraction", "information"), strict=True):
        layer[kept.row, place] = kept.floats(name)
    newest = np.zeros(size)
    newest[kept.row] = kept.look
    is_old = wanted & (count > 0) & ((newest == look) | np.isfinite(last))
    # Where too few units are there for their skewness nothing is tested, and nothing spent.
    known = np.where(several.is_too_skewed, np.nan, several.comparison.std_error**-2.0)
    fraction = _fraction(rows, pairs)
    # What could not be tested when the look was taken is not tested later.
    is_new = (
        wanted
        & ~is_old
        & ~_is_taken(records, look)
        & (fraction > 0)
        & np.isfinite(known)
        & (known > 0)
    )
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


def _is_taken(records: _Records, look: FloatArray) -> BoolArray:
    """Tell comparisons of which an earlier build took the look that they have now."""
    found = np.zeros(look.shape, dtype=bool)
    found[records.row[records.look == look[records.row]]] = True
    return found


def _remembered(launch: _Records, harm: _Records, size: int) -> dict[str, FloatArray]:
    """Numbers of the look: of the Launch test where it has them, else of that of harm."""
    found = {}
    for name in REMEMBERED:
        first = launch.spread(name, size)
        found[name] = np.where(np.isnan(first), harm.spread(name, size), first)
    return found


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
    written = records.floats("planned_n") > 0
    first = records.take(np.flatnonzero(written)[::-1]).spread("planned_n", planned.size)
    return np.where(np.isnan(first), planned, first)
