"""Whether units fell into variants as planned, for every experiment, population and segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import arrow
from experimentos.checks import sample_ratio as ratio_check

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

_CHECK = ["experiment_id", "population", "segment", "segment_value"]

SAMPLE_RATIO_INPUT = arrow.schema(
    "string: experiment_id population segment segment_value variant; date: assigned_on; "
    "integer: n_units; double: planned_share; flag: is_assigning"
)
SAMPLE_RATIO_OUTPUT = arrow.schema(
    "string: experiment_id population segment segment_value; integer: n_units; "
    "double: p_value_fixed p_value_anytime; flag: is_assigning; double: p_value; string: method"
)


def sample_ratio(table: pa.Table) -> pa.Table:
    """Sample-ratio checks of every experiment, population and segment.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__sample_ratio_inputs`: one row per day and variant with units, and one with
        none for a variant that has no units. Needs the columns of `SAMPLE_RATIO_INPUT`.

    Returns
    -------
    pyarrow.Table
        The columns of `SAMPLE_RATIO_OUTPUT`, one row per check. `p_value` is the anytime one
        while units are being assigned and the fixed one afterwards.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    """
    inputs = arrow.read(table, SAMPLE_RATIO_INPUT)
    if inputs.num_rows == 0:
        return SAMPLE_RATIO_OUTPUT.empty_table()
    counts, shares, check = _cumulative_counts(inputs)
    last = np.flatnonzero(np.diff(check, append=-1) != 0)
    p_fixed, is_exact = ratio_check.fixed(counts[last], shares[last])
    p_anytime = ratio_check.anytime(counts, shares, check)

    number = arrow.codes(inputs, _CHECK)
    first = np.unique(number, return_index=True)[1]
    assigning = np.bincount(number, weights=arrow.flags(inputs, "is_assigning")) > 0
    fixed_name = np.where(is_exact, "exact multinomial", "chi-square")
    undefined = np.isnan(counts[last]).all(axis=1)
    result: dict[str, object] = {name: inputs.column(name).take(first) for name in _CHECK}
    result |= {
        "n_units": np.where(undefined, np.nan, np.nansum(counts[last], axis=1)),
        "p_value_fixed": p_fixed,
        "p_value_anytime": p_anytime,
        "is_assigning": assigning,
        "p_value": np.where(assigning, p_anytime, p_fixed),
        "method": np.where(assigning, "anytime Dirichlet-multinomial", fixed_name),
    }
    output = arrow.write(result, SAMPLE_RATIO_OUTPUT)
    return output.sort_by([(name, "ascending") for name in _CHECK])


def _cumulative_counts(inputs: pa.Table) -> tuple[FloatArray, FloatArray, IntArray]:
    """Cumulative units by check and day (rows) and variant (columns), shares, and the check."""
    no_day = np.iinfo(np.int32).min
    day = pc.fill_null(inputs.column("assigned_on").cast(pa.int32()), no_day).to_numpy()
    return ratio_check.accumulate(
        arrow.codes(inputs, _CHECK),
        arrow.codes(inputs, [*_CHECK, "variant"]),
        day,
        units=arrow.floats(inputs, "n_units"),
        shares=arrow.floats(inputs, "planned_share"),
    )
