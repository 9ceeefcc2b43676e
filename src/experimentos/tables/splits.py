"""Whether units fell into variants as planned, for every experiment, population and segment.

- Segments: each level is tested; `p_value` is Holm's over the levels.
- Ramps: each phase is tested against its own shares, `p_value` is Holm's over the phases, and that
  of all units is the smallest of them: no split of all units together was ever planned. So it is
  for the activation rate, which may differ between weeks that had other splits.
- Activation rate: the share of units that activated, compared between the variants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import arrow
from experimentos.checks import correct_levels
from experimentos.checks import sample_ratio as ratio_check
from experimentos.checks.activation import activation_rate

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

_CHECK = ["experiment_id", "population", "segment", "segment_value"]
_SEGMENT = _CHECK[:-1]
_P_VALUES = ["p_value_fixed", "p_value_anytime", "p_value"]
ACTIVATION = "activation rate"

SAMPLE_RATIO_INPUT = arrow.schema(
    "string: experiment_id population segment segment_value variant; date: assigned_on; "
    "integer: n_units; double: planned_share; flag: is_assigning"
)
SAMPLE_RATIO_OUTPUT = arrow.schema(
    "string: experiment_id population segment segment_value; integer: n_units; "
    "double: p_value_fixed p_value_anytime; flag: is_assigning; double: p_value; string: method"
)


def sample_ratio(table: pa.Table) -> pa.Table:
    """Sample-ratio checks of every experiment, population and segment, and activation rates.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__sample_ratio_inputs`: one row per day and variant with units, and one with
        none for a variant that has no units; of segment 'phase' with the shares of that phase.
        Needs the columns of `SAMPLE_RATIO_INPUT`.

    Returns
    -------
    pyarrow.Table
        The columns of `SAMPLE_RATIO_OUTPUT`, one row per check. `p_value` is the anytime one while
        units are being assigned and the fixed one afterwards; of segments and phases it is
        corrected. Where there is a population 'activated', one more row for all its units and one
        for each of its phases, whose `method` begins with 'activation rate'.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    """
    inputs = arrow.read(table, SAMPLE_RATIO_INPUT)
    if inputs.num_rows == 0:
        return SAMPLE_RATIO_OUTPUT.empty_table()
    found = pa.concat_tables([_corrected(_ratios(inputs)), _corrected(_activation(inputs))])
    return found.sort_by([(name, "ascending") for name in (*_CHECK, "method")])


def _ratios(inputs: pa.Table) -> pa.Table:
    """Every check by itself."""
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
    return arrow.write(result, SAMPLE_RATIO_OUTPUT)


def _activation(inputs: pa.Table) -> pa.Table:
    """Share of the analysed units (of the assigned ones where those are not there) that activated.

    Of all units and of phases; other segments have few units and no readout of their own.
    """
    population = arrow.strings(inputs, "population")
    where = ["experiment_id", "segment", "segment_value"]
    check = arrow.codes(inputs, where)
    size = int(check.max()) + 1
    units = np.maximum(np.nan_to_num(arrow.floats(inputs, "n_units")), 0.0)
    arm = arrow.codes(inputs, ["variant"])
    counted = np.zeros((3, size, int(arm.max()) + 1))
    for layer, name in zip(counted, ("activated", "analysed", "assigned"), strict=True):
        rows = population == name
        np.add.at(layer, (check[rows], arm[rows]), units[rows])
    activated, analysed, assigned = counted
    has_analysed = analysed.sum(axis=1, keepdims=True) > 0
    p_value, is_exact = activation_rate(activated, np.where(has_analysed, analysed, assigned))

    # A check is there where there are rows of activated units, even if none did.
    first = np.full(size, -1)
    rows = np.flatnonzero((population == "activated") & np.isin(
        arrow.strings(inputs, "segment"), ["all", "phase"]
    ))  # fmt: skip
    first[check[rows]] = rows
    kept = np.flatnonzero(first >= 0)
    assigning = np.bincount(check, weights=arrow.flags(inputs, "is_assigning")) > 0
    result: dict[str, object] = {name: inputs.column(name).take(first[kept]) for name in _CHECK}
    result |= {
        "n_units": activated.sum(axis=1)[kept],
        "p_value_fixed": p_value[kept],
        "p_value_anytime": np.full(kept.size, np.nan),
        "is_assigning": assigning[kept],
        "p_value": p_value[kept],
        "method": np.where(is_exact, f"{ACTIVATION}, exact multinomial", ACTIVATION)[kept],
    }
    return arrow.write(result, SAMPLE_RATIO_OUTPUT)


def _corrected(checks: pa.Table) -> pa.Table:
    """Correct over the levels of segments and over phases, and let phases speak for all units."""
    if not checks.num_rows:
        return checks
    segment = arrow.strings(checks, "segment")
    family, is_level = arrow.codes(checks, _SEGMENT), segment != "all"
    method = arrow.strings(checks, "method").astype("U100")
    p_values = {name: arrow.floats(checks, name) for name in _P_VALUES}
    p_values["p_value"] = np.where(
        is_level, correct_levels(p_values["p_value"], family)[0], p_values["p_value"]
    )
    levels = np.bincount(family)[family]
    word = np.where(segment == "phase", " phases", " levels")
    for count in np.unique(levels[is_level & (levels > 1)]):
        corrected = np.char.add(np.char.add(method, f", Holm over {count}"), word)
        method = np.where(is_level & (levels == count), corrected, method)
    _speak_for_all(arrow.codes(checks, _SEGMENT[:-1]), p_values, method, segment)
    columns: dict[str, object] = {name: checks.column(name) for name in checks.column_names}
    return arrow.write(columns | p_values | {"method": method}, SAMPLE_RATIO_OUTPUT)


def _speak_for_all(
    units: IntArray, p_values: dict[str, FloatArray], method: arrow.StringArray,
    segment: arrow.StringArray,
) -> None:  # fmt: skip
    """Give the check of all units the smallest p-values of its phases, times their number."""
    phase = np.flatnonzero(segment == "phase")
    phases = np.bincount(units[phase], minlength=int(units.max()) + 1)
    spoken_for = np.flatnonzero((segment == "all") & (phases[units] > 0))
    for name, values in p_values.items():
        least = np.full(phases.size, np.nan)
        np.fmin.at(least, units[phase], values[phase])
        number = 1 if name == "p_value" else phases  # that one is corrected already
        values[spoken_for] = np.minimum(1.0, least * number)[units[spoken_for]]
    falling = phase[np.argsort(-np.nan_to_num(p_values["p_value"][phase], nan=1.0))]
    smallest = np.full(phases.size, -1)
    smallest[units[falling]] = falling
    method[spoken_for] = method[smallest[units[spoken_for]]]


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
