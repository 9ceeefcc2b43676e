"""Effects, intervals and p-values of every comparison.

Three kinds of rows:

- The readout that decides (`is_deciding`: one of each experiment, metric and variant) has all
  columns.
- All others have the classical columns: estimate, error, p-value and intervals at `alpha`. That is
  the daily series, the other basis and population, and the phases of a ramp. A p-value in a series
  holds on its day alone.
- Segments and slices have them, and `p_value_corrected`: Benjamini and Hochberg over the levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import arrow, families
from experimentos.inference import choices, lift, mixed, no_effect
from experimentos.inference.mixed import Goal, Mixed
from experimentos.tables.courses import LOOKS_INPUT
from experimentos.tables.deciding import DECIDED, decide
from experimentos.tables.pairs import COUNTED, EFFECTS_INPUT, GROUP, Pairs, pair

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray

EFFECTS_OUTPUT = arrow.schema(
    "string: experiment_id metric variant population segment segment_value; time: as_of; "
    "string: basis adjustment control role goal; integer: n_control n_treatment; "
    "double: value_control value_treatment estimate std_error p_value_fixed lower_fixed "
    "upper_fixed p_value p_value_corrected lower upper level lift lift_lower lift_upper margin; "
    "string: margin_kind; double: p_value_noninferior p_value_harm p_value_harm_corrected "
    "p_value_worse theta variance_reduction; string: method; "
    "flag: used_for_decision is_latest is_final; double: p_launch p_launch_corrected mde_reached "
    "mde_planned p_value_balance p_value_balance_corrected; "
    "string: inputs_hash control_inputs_hash; "
    "integer: look; time: look_date; flag: is_open; double: p_value_harm_planned information "
    "information_fraction statistic boundary alpha_spent statistic_harm boundary_harm "
    "alpha_spent_harm planned_n futility_boundary p_value_stagewise estimate_stagewise "
    "lower_stagewise upper_stagewise restated_by test_level launch_level harm_level skewness; "
    "flag: is_too_skewed"
)
WORDS = {
    "role": ["success", "guardrail", "explore"],
    "metric_type": [*COUNTED, "mean", "ratio", "quantile"],
    "goal": ["increase", "decrease"],
    "margin_kind": ["relative", "absolute"],
    "design": ["fixed", "group_sequential", "always_valid"],
    "mde_kind": ["relative", "absolute"],
}
_PASSED_ON = [
    "experiment_id", "metric", "variant", "population", "segment", "segment_value", "as_of",
    "basis", "control", "role", "goal", "margin_kind", "inputs_hash",
]  # fmt: skip
_LEVELS = ["experiment_id", "population", "basis", "as_of", "metric", "variant", "segment"]


def effects(table: pa.Table, looks: pa.Table | None = None) -> pa.Table:
    """Effects, intervals and p-values of every comparison.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__inference_inputs`: one row per experiment, metric, variant (control included)
        and readout. Needs the columns of `EFFECTS_INPUT`; others are ignored.
    looks : pyarrow.Table, optional
        `experimentos__past_looks`: what earlier builds recorded in `experimentos__looks`. Needs
        the columns of `LOOKS_INPUT`. Default: there were no looks.

    Returns
    -------
    pyarrow.Table
        The columns of `EFFECTS_OUTPUT`: one row per treatment, readout and adjustment (``none``,
        and ``cuped`` where the covariate passes its pre-check). Undefined numbers are NULL.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type, or several rows decide on one metric and
        variant.
    ArgumentError
        If a role, metric type, goal, margin kind or correction is unknown.
    """
    inputs = arrow.read(table, EFFECTS_INPUT)
    past = LOOKS_INPUT.empty_table() if looks is None else arrow.read(looks, LOOKS_INPUT)
    if inputs.num_rows == 0:
        return EFFECTS_OUTPUT.empty_table()
    arrow.require_words(inputs, WORDS)
    # Data may hold any number: what overflows becomes NULL, without a warning.
    with np.errstate(all="ignore"):
        pairs = pair(inputs)
        rows = inputs.take(pairs.treatment)
        result = _statistics(rows, past, pairs) | {name: rows.column(name) for name in _PASSED_ON}
    result["is_latest"] = _is_latest(inputs)[pairs.treatment]
    control = pa.array(pairs.control, mask=pairs.control < 0)
    result["control_inputs_hash"] = inputs.column("inputs_hash").take(control)
    output = arrow.write(result, EFFECTS_OUTPUT)
    order = [(name, "ascending") for name in (*GROUP, "metric", "variant")]
    return output.sort_by([*order, ("adjustment", "descending")])


def _statistics(rows: pa.Table, past: pa.Table, pairs: Pairs) -> dict[str, object]:
    """All numbers of the output, one element per comparison."""
    several = _mixed(rows, pairs)
    segment = arrow.strings(rows, "segment")
    is_decided = arrow.flags(rows, "is_deciding") & (segment == "all")
    alpha = arrow.floats(rows, "alpha")
    alpha = np.where((alpha > 0) & (alpha < 1), alpha, np.nan)
    columns = _classical(several, alpha)
    goal, is_final = _decided(rows, past, several, pairs, is_decided, columns)
    is_level = pairs.is_chosen & (segment != "all") & (segment != "phase")
    columns["p_value_corrected"][is_level] = families.correct_levels(
        columns["p_value_fixed"][is_level],
        arrow.codes(rows, _LEVELS)[is_level] if is_level.any() else np.empty(0, dtype=np.int64),
        alpha[is_level],
    )
    comparison = several.comparison
    number = _look_number(rows, columns["boundary"])
    number[~(is_decided & pairs.is_chosen)] = np.nan
    explained = 1 - comparison.std_error**2 / pairs.plain_variance
    return columns | {
        "margin": arrow.floats(rows, "margin"),
        "adjustment": np.where(pairs.is_adjusted, "cuped", "none"),
        "n_control": comparison.n_control,
        "n_treatment": comparison.n_treatment,
        "value_control": comparison.mean_control,
        "value_treatment": comparison.mean_treatment,
        "theta": pairs.theta,
        "variance_reduction": np.where(pairs.is_adjusted, explained, np.nan),
        "method": mixed.name_methods(several, goal, pairs.is_adjusted, pairs.n_combined),
        "used_for_decision": pairs.is_chosen & is_decided,
        "is_final": is_final,
        "skewness": np.where(several.is_counted, np.nan, pairs.skewness),
        "is_too_skewed": several.is_too_skewed,
        "is_open": arrow.flags(rows, "is_open") & is_decided,
        "look": number,
        "look_date": pc.if_else(pa.array(~np.isnan(number)), _look_date(rows), None),
    }


def _decided(
    rows: pa.Table, past: pa.Table, several: Mixed, pairs: Pairs, is_decided: BoolArray,
    columns: dict[str, FloatArray],
) -> tuple[Goal, BoolArray]:  # fmt: skip
    """Put the deciding columns into those of all rows; goals, and where nothing follows."""
    comparison = several.comparison
    columns |= {"estimate": comparison.estimate, "std_error": comparison.std_error}
    found, goal, is_closed = decide(
        rows.filter(pa.array(is_decided)), past, several, pairs, is_decided
    )
    for name in [*DECIDED, "estimate", "std_error"]:
        values = columns.get(name, np.full(is_decided.shape, np.nan)).copy()
        values[is_decided] = found[name]
        columns[name] = values
    is_final = arrow.flags(rows, "is_final")
    is_final[is_decided] = is_closed
    return goal, is_final


def _look_number(rows: pa.Table, boundary: FloatArray) -> FloatArray:
    """Give looks their numbers; an always-valid design has one, its start, which sets it."""
    start = np.where(np.isnan(boundary), np.nan, 1.0)
    is_started = arrow.strings(rows, "design") == "always_valid"
    return np.where(is_started, start, arrow.floats(rows, "look"))


def _look_date(rows: pa.Table) -> pa.ChunkedArray:
    return pc.coalesce(rows.column("look_date"), rows.column("as_of"))


def _mixed(rows: pa.Table, pairs: Pairs) -> Mixed:
    """Every comparison with its method."""
    kind = arrow.strings(rows, "metric_type")
    method = choices.choose_methods(
        pairs.comparison,
        np.isin(kind, COUNTED) & ~pairs.is_adjusted,
        kind == "ratio",
        is_quantile=kind == "quantile",
        strata=pairs.strata,
        mean_skewness=pairs.skewness,
    )
    return Mixed(pairs.comparison, method, pairs.strata, pairs.skewness)


def _classical(several: Mixed, alpha: FloatArray) -> dict[str, FloatArray]:
    """Two-sided test and intervals at alpha, as if this were the only look."""
    tails = several.tails(no_effect(several.comparison))
    fixed = several.interval(alpha / 2)
    relative = several.lift_interval(alpha / 2)
    separated = ~np.isnan(relative.lower + relative.upper)
    return {
        "p_value_fixed": tails.two_sided,
        "lower_fixed": fixed.lower,
        "upper_fixed": fixed.upper,
        "lift": np.where(separated, lift(several.comparison), np.nan),
        "lift_lower": relative.lower,
        "lift_upper": relative.upper,
    }


def _is_latest(inputs: pa.Table) -> BoolArray:
    series = arrow.codes(inputs, [name for name in GROUP if name != "as_of"])
    times = pc.fill_null(inputs.column("as_of").cast(pa.int64()), np.iinfo(np.int64).min)
    time = times.to_numpy()
    latest = np.full(int(series.max()) + 1, np.iinfo(np.int64).min)
    np.maximum.at(latest, series, time)
    return np.asarray(time == latest[series])
