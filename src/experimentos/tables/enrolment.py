"""Days until enough units have entered and their windows are over, at the rate seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import arrow
from experimentos.power import duration_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from experimentos.moments import BoolArray, FloatArray, IntArray

ENROLMENT_INPUT = arrow.schema(
    "string: experiment_id variant; date: assigned_on observed_on; integer: n_units; "
    "flag: is_assigning; double: wait_days"
)
# Days of enrolment that the rate is taken from, and a week of them.
RECENT, WEEK = 14, 7


def days_until(
    rows: pa.Table, needed: FloatArray, seen: BoolArray, enrolment: pa.Table
) -> FloatArray:
    """Days from the end of the data until so many units of two arms are mature.

    Parameters
    ----------
    rows : pyarrow.Table
        Treatments, with `experiment_id`, `variant` and `control`.
    needed : array of shape (k,)
        Units of the two arms together; NaN where they are not known.
    seen : array of bool, shape (k,)
        Whether so many are mature already.
    enrolment : pyarrow.Table
        Units by experiment, variant and day, with the columns of `ENROLMENT_INPUT`.

    Returns
    -------
    array of shape (k,)
        0 where they are there. NaN where not so many have entered and no more are expected, or
        none came in the last 14 days.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.

    Notes
    -----
    Units enter at the rate of the last 14 days of enrolment, by day of the week (the mean of all
    days where there are fewer than seven), and the last of them waits for the longest window.
    """
    table = _told(arrow.read(enrolment, ENROLMENT_INPUT))
    days = np.where(seen & ~np.isnan(needed), 0.0, np.nan)
    number = arrow.codes(
        pa.concat_tables([table.select(_ARM), rows.select(_ARM), _controls(rows)]).combine_chunks(),
        _ARM,
    )
    of_table, of_rows, of_controls = np.split(
        number, [table.num_rows, table.num_rows + rows.num_rows]
    )
    places = _places(of_table, int(number.max(initial=0)) + 1)
    open_rows = np.flatnonzero(~seen & ~np.isnan(needed))
    pairs = np.stack([of_controls, of_rows], axis=1)[open_rows]
    for pair in np.unique(pairs, axis=0):
        mine = open_rows[(pairs == pair).all(axis=1)]
        found = np.concatenate([places[arm] for arm in pair])
        if found.size:
            days[mine] = _days(table.take(found), needed[mine])
    return days


_ARM = ["experiment_id", "variant"]


def _told(table: pa.Table) -> pa.Table:
    """Keep the days that are over and known; tables of totals have none."""
    kept = pc.less(table.column("assigned_on"), table.column("observed_on"))
    return table.filter(pc.fill_null(kept, False)).combine_chunks()  # noqa: FBT003


def _controls(rows: pa.Table) -> pa.Table:
    """Name the arm that each treatment is compared with."""
    return pa.table([rows.column("experiment_id"), rows.column("control")], names=_ARM)


def _places(number: IntArray, size: int) -> Sequence[IntArray]:
    """Positions of each number."""
    order = np.argsort(number, kind="stable")
    return np.split(order, np.cumsum(np.bincount(number, minlength=size))[:-1])


def _days(table: pa.Table, needed: FloatArray) -> FloatArray:
    """Days of one pair of arms, for several numbers of units."""
    assigned, observed = (
        table.column(name).cast(pa.int32()).to_numpy() for name in ("assigned_on", "observed_on")
    )
    last, wait = int(observed.max()), float(np.nan_to_num(arrow.floats(table, "wait_days")).max())
    first = int(assigned.min())
    counts = np.nan_to_num(arrow.floats(table, "n_units"))
    units = np.bincount(assigned - first, counts, last - first).astype(np.float64)
    entered = np.cumsum(units)
    # The end of the day on which they had entered.
    day = np.searchsorted(entered, needed * (1 - 1e-12), side="left")
    days = first + day + 1.0 - last + wait
    short = day >= entered.size
    if short.any():
        days[short] = np.nan
        traffic = coming_week(units)
        if arrow.flags(table, "is_assigning").any() and traffic.sum() > 0:
            days[short] = duration_of(needed[short] - entered[-1], traffic, window=wait).total
    return np.asarray(np.maximum(days, 0.0))


def coming_week(units: FloatArray) -> FloatArray:
    """Mean units of each of the seven days from the end of the data on.

    Parameters
    ----------
    units : array of shape (days,)
        Units of each day, the last before the end of the data; those of the last 14 count.

    Returns
    -------
    array of shape (7,)
        By day of the week; with fewer than seven days their mean.
    """
    recent = units[-RECENT:]
    if recent.size < WEEK:
        return np.full(WEEK, recent.mean())
    ago = np.arange(recent.size, 0, -1)
    coming = (-ago) % WEEK
    return np.asarray(
        np.bincount(coming, weights=recent, minlength=WEEK) / np.bincount(coming, minlength=WEEK)
    )
