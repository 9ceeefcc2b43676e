"""Effects by days since exposure: whether they wear off, or grow with time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos import arrow
from experimentos.inference import choices
from experimentos.inference.mixed import Mixed
from experimentos.tables.comparisons import WORDS
from experimentos.tables.pairs import COUNTED, compare_plainly, joint_moments

if TYPE_CHECKING:
    import pyarrow as pa

EFFECTS_BY_AGE_INPUT = arrow.schema(
    "string: experiment_id metric variant; integer: age_days; flag: is_control; "
    "string: metric_type; integer: n_units; "
    "double: alpha mean_num m2_num mean_den m2_den c2_num_den"
)
EFFECTS_BY_AGE_OUTPUT = arrow.schema(
    "string: experiment_id metric variant; integer: age_days n_units; "
    "double: estimate std_error lower upper"
)
_AGE = ["experiment_id", "metric", "age_days"]


def effects_by_age(table: pa.Table) -> pa.Table:
    """Effects of every metric by days since exposure, each with its classical interval.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__age_inputs`: one row per experiment, metric, variant (control included) and
        age, with the moments of what units did on that day of theirs. Needs the columns of
        `EFFECTS_BY_AGE_INPUT`; others are ignored.

    Returns
    -------
    pyarrow.Table
        The columns of `EFFECTS_BY_AGE_OUTPUT`: one row per treatment and age. Undefined numbers
        are NULL, such as all of quantiles, whose moments do not add over ages.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    ArgumentError
        If a metric type is unknown.
    """
    inputs = arrow.read(table, EFFECTS_BY_AGE_INPUT)
    if inputs.num_rows == 0:
        return EFFECTS_BY_AGE_OUTPUT.empty_table()
    arrow.require_words(inputs, {"metric_type": WORDS["metric_type"]})
    is_control, kind = arrow.flags(inputs, "is_control"), arrow.strings(inputs, "metric_type")
    treatment, is_counted = np.flatnonzero(~is_control), np.isin(kind, COUNTED)
    control = arrow.only_row(arrow.codes(inputs, _AGE), is_control)[treatment]
    with np.errstate(all="ignore"):
        comparison = compare_plainly(joint_moments(inputs), is_counted, control, treatment)
        method = choices.choose_methods(
            comparison, is_counted[treatment], kind[treatment] == "ratio"
        )
        alpha = arrow.floats(inputs, "alpha")[treatment]
        alpha = np.where((alpha > 0) & (alpha < 1), alpha, np.nan)
        limits = Mixed(comparison, method).interval(alpha / 2)
    rows = inputs.take(treatment)
    result: dict[str, object] = {name: rows.column(name) for name in (*_AGE, "variant")}
    result |= {
        "n_units": comparison.n_treatment,
        "estimate": comparison.estimate,
        "std_error": comparison.std_error,
        "lower": limits.lower,
        "upper": limits.upper,
    }
    output = arrow.write(result, EFFECTS_BY_AGE_OUTPUT)
    return output.sort_by(
        [(name, "ascending") for name in ("experiment_id", "metric", "variant", "age_days")]
    )
