"""Whether as many units, and values, are missing in a treatment as in control.

- `missing`: units without a value, of those whose windows have closed.
- `skipped`: values that are NULL, not numbers or infinite. Values of one unit are not independent,
  so no more of them are counted than there are units.

Ramps: each phase is compared with its own control; `p_value` of all units is the smallest of the
phases times their number, because units of phases with other splits are never pooled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from experimentos import arrow
from experimentos.checks.activation import activation_rate
from experimentos.estimators.grouping import totals

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

VALUES_INPUT = arrow.schema(
    "string: experiment_id metric variant population segment segment_value basis inputs_hash; "
    "time: as_of; flag: is_control is_deciding; "
    "integer: n_units n_missing n_events n_skipped n_phases"
)
VALUES_OUTPUT = arrow.schema(
    "string: experiment_id metric variant kind; double: share share_control p_value; "
    "string: inputs_hash control_inputs_hash"
)
_GROUP = ["experiment_id", "metric", "population", "basis", "as_of", "segment", "segment_value"]
_PARENT = ["experiment_id", "metric", "variant"]


def value_shares(table: pa.Table) -> pa.Table:
    """Compare the shares of units without a value, and of values that are skipped.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__deciding_inputs`: the rows that decide, with those of their phases. Needs the
        columns of `VALUES_INPUT`; others are ignored.

    Returns
    -------
    pyarrow.Table
        The columns of `VALUES_OUTPUT`: one row per experiment, metric, treatment and kind. NULL
        p-values where nothing is missing, everything is, or an arm has nothing.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    """
    inputs = arrow.read(table, VALUES_INPUT)
    if inputs.num_rows == 0:
        return VALUES_OUTPUT.empty_table()
    is_control = arrow.flags(inputs, "is_control")
    control = arrow.only_row(arrow.codes(inputs, _GROUP), is_control)
    treatment = np.flatnonzero(~is_control)
    beside = control[treatment]
    rows = inputs.take(treatment)
    of_all = arrow.flags(rows, "is_deciding") & (arrow.strings(rows, "segment") == "all")
    phase_of = _phase_of(rows, of_all)
    shown = pa.array(np.flatnonzero(of_all))
    hashes = inputs.column("inputs_hash").take(pa.array(beside, mask=beside < 0)).take(shown)
    parts = []
    for kind in ("missing", "skipped"):
        counted, total = _counts(inputs, kind)
        share = counted / np.where(total > 0, total, np.nan)
        p_value = _compare(*_independent(inputs, kind, counted, total), treatment, beside)
        p_value = _speak_for_all(p_value, phase_of)
        columns: dict[str, object] = {name: rows.column(name).take(shown) for name in _PARENT}
        columns |= {
            "kind": np.full(int(of_all.sum()), kind),
            "share": share[treatment][of_all],
            "share_control": np.where(beside >= 0, share[beside], np.nan)[of_all],
            "p_value": p_value[of_all],
            "inputs_hash": rows.column("inputs_hash").take(shown),
            "control_inputs_hash": hashes,
        }
        parts.append(arrow.write(columns, VALUES_OUTPUT))
    order = [(name, "ascending") for name in (*_PARENT, "kind")]
    return pa.concat_tables(parts).sort_by(order)


def _counts(inputs: pa.Table, kind: str) -> tuple[FloatArray, FloatArray]:
    """Count what is missing of each row, and of how much."""
    read = {
        name: np.maximum(np.nan_to_num(arrow.floats(inputs, name)), 0.0)
        for name in ("n_units", "n_missing", "n_events", "n_skipped")
    }
    if kind == "missing":
        return read["n_missing"], read["n_units"] + read["n_missing"]
    return np.minimum(read["n_skipped"], read["n_events"]), read["n_events"]


def _independent(
    inputs: pa.Table, kind: str, counted: FloatArray, total: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Cut values to as many as there are units, at the same share."""
    if kind == "missing":
        return counted, total
    size = np.minimum(total, np.nan_to_num(arrow.floats(inputs, "n_units")))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, np.rint(counted * size / total), 0.0), size


def _compare(
    counted: FloatArray, total: FloatArray, treatment: IntArray, control: IntArray
) -> FloatArray:
    """Test of one share in both arms; NaN without a control."""
    has_control = control >= 0
    arms = np.stack([control, treatment], axis=1)[has_control]
    p_value = np.full(treatment.size, np.nan)
    p_value[has_control] = activation_rate(counted[arms], total[arms])[0]
    return p_value


def _phase_of(rows: pa.Table, of_all: BoolArray) -> IntArray:
    """Row of all units that each phase of a ramp is part of; -1 elsewhere."""
    has_phases = of_all & (arrow.floats(rows, "n_phases") > 1)
    whole = arrow.only_row(arrow.codes(rows, _PARENT), has_phases)
    return np.where(arrow.strings(rows, "segment") == "phase", whole, -1)


def _speak_for_all(p_value: FloatArray, phase_of: IntArray) -> FloatArray:
    """Give rows of all units of a ramp the smallest p-value of their phases, corrected."""
    part = np.flatnonzero((phase_of >= 0) & ~np.isnan(p_value))
    ramps = np.unique(phase_of[phase_of >= 0])
    found = p_value.copy()
    found[ramps] = np.nan
    if part.size:
        ramp, group = np.unique(phase_of[part], return_inverse=True)
        least = np.full(ramp.size, np.inf)
        np.minimum.at(least, group, p_value[part])
        found[ramp] = np.minimum(1.0, least * totals(group, np.ones(part.size)))
    return found
