"""Power of the readouts that decide: what their errors would find, and what is still needed.

Each hypothesis is planned as `power.plan_experiment` plans it, with the variance seen in place of
one that was assumed: superiority at one-sided ``(alpha / 2) / (S K)``, non-inferiority at
``(alpha / 2) / K`` without effect, both with power ``1 - beta / (G + 1)``, times the factor of the
design.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from experimentos import arrow
from experimentos.inference import detectable
from experimentos.power import (
    Means,
    Rates,
    design_factor,
    noninferiority_units,
    superiority_units,
)
from experimentos.power.rule import HARM_POWER
from experimentos.tables.comparisons import WORDS
from experimentos.tables.enrolment import days_until
from experimentos.tables.pairs import COUNTED, DECIDING_INPUT, Pairs, error_rates, is_deciding, pair

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray

POWER_OUTPUT = arrow.schema(
    "string: experiment_id metric variant test role; "
    "double: mde_planned harm_found n_needed days_left; string: inputs_hash control_inputs_hash"
)
DEFAULT_SPENDING, DEFAULT_LOOKS = "obrien_fleming", 4
_KEY = ["experiment_id", "metric", "variant"]


@dataclass(frozen=True)
class Hypotheses:
    """Hypotheses that decide, one element each: what is planned of them, and what was seen."""

    comparison: Comparison
    sd_control: FloatArray
    sd_treatment: FloatArray
    is_rate: BoolArray
    is_up: BoolArray
    test: arrow.StringArray
    level: FloatArray
    power: FloatArray
    mde: FloatArray
    margin: FloatArray
    margin_is_relative: BoolArray
    share_with_value: FloatArray


def power(table: pa.Table, enrolment: pa.Table) -> pa.Table:
    """Planned effects of the hypotheses that decide, and the units and days that they still need.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__deciding_inputs`: the rows that decide, with those of their phases. Needs the
        columns of `DECIDING_INPUT`; others are ignored. A group sequential design whose `spending`
        or `n_looks` is NULL is planned with O'Brien-Fleming spending and four looks.
    enrolment : pyarrow.Table
        `experimentos__enrolment`: units by experiment, variant and day. Needs the columns of
        `ENROLMENT_INPUT`.

    Returns
    -------
    pyarrow.Table
        The columns of `POWER_OUTPUT`: one row per experiment, treatment, and metric that decides.
        Undefined numbers are NULL.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    ArgumentError
        If a role, metric type, goal, margin kind, design or spending function is unknown.
    """
    inputs = arrow.read(table, DECIDING_INPUT)
    if inputs.num_rows == 0:
        return POWER_OUTPUT.empty_table()
    arrow.require_words(inputs, WORDS)
    with np.errstate(all="ignore"):
        pairs = pair(inputs)
        decides = is_deciding(inputs) & (arrow.strings(inputs, "role") != "explore")
        chosen = pairs.is_chosen & decides[pairs.treatment]
        treatment, control = pairs.treatment[chosen], pairs.control[chosen]
        rows = inputs.take(treatment)
        hypotheses = _hypotheses(inputs, rows, pairs, chosen)
        values = _units(hypotheses) * _factors(rows, hypotheses)
        needed, seen = _whole(values, hypotheses)
        result: dict[str, object] = {name: rows.column(name) for name in (*_KEY, "role")}
        result |= {
            "test": hypotheses.test,
            "mde_planned": _planned(hypotheses),
            "harm_found": _harm_found(hypotheses, error_rates(rows)[1]),
            "n_needed": needed,
            "days_left": days_until(rows, needed, seen, enrolment),
            "inputs_hash": rows.column("inputs_hash"),
            "control_inputs_hash": inputs.column("inputs_hash").take(
                pa.array(control, mask=control < 0)
            ),
        }
    output = arrow.write(result, POWER_OUTPUT)
    return output.sort_by([(name, "ascending") for name in _KEY])


def _hypotheses(inputs: pa.Table, rows: pa.Table, pairs: Pairs, chosen: BoolArray) -> Hypotheses:
    comparison, own = pairs.comparison.take(chosen), pairs.own_control[chosen]
    margin = arrow.floats(rows, "margin")
    is_success = arrow.strings(rows, "role") == "success"
    has_margin = ~is_success & ~np.isnan(margin)
    counted = np.isin(arrow.strings(rows, "metric_type"), COUNTED) & ~pairs.is_adjusted[chosen]
    size = np.abs(comparison.mean_control)
    mde = arrow.floats(rows, "mde")
    mde = np.where(arrow.strings(rows, "mde_kind") == "absolute", mde, mde * size)
    level, each = _plan(rows, is_success, has_margin)
    units = arrow.floats(inputs, "n_units")
    missing = np.nan_to_num(arrow.floats(inputs, "n_missing"))
    arms = pairs.treatment[chosen], pairs.control[chosen]
    with_value, without = (values[arms[0]] + values[arms[1]] for values in (units, missing))
    return Hypotheses(
        comparison=comparison,
        # Deviations of a unit that give the error seen, also where it is adjusted or combined.
        sd_control=np.sqrt(own * comparison.n_control),
        sd_treatment=np.sqrt((comparison.std_error**2 - own) * comparison.n_treatment),
        is_rate=counted & (arrow.floats(rows, "n_phases") <= 1),
        is_up=arrow.strings(rows, "goal") != "decrease",
        test=np.where(is_success, "superior", np.where(has_margin, "noninferior", "harm")),
        level=level,
        power=each,
        mde=mde,
        margin=np.where(has_margin, margin, np.nan),
        margin_is_relative=arrow.strings(rows, "margin_kind") == "relative",
        share_with_value=with_value / (with_value + without),
    )


def _plan(
    rows: pa.Table, is_success: BoolArray, has_margin: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """One-sided level and power of each test; NaN for guardrails without a margin."""
    experiment = arrow.codes(rows, _KEY[:1])

    def number(column: str, counted: BoolArray) -> FloatArray:
        members = np.stack([experiment, arrow.codes(rows, [column])], axis=1)[counted]
        sizes = np.bincount(
            np.unique(members, axis=0)[:, 0], minlength=int(experiment.max(initial=0)) + 1
        )
        return sizes[experiment].astype(np.float64)

    arms, success = number("variant", np.ones_like(is_success)), number("metric", is_success)
    side, wanted = error_rates(rows)[0] / 2, arrow.floats(rows, "power")
    level = np.where(is_success, side / (success * arms), side / arms)
    each = 1 - (1 - wanted) / (number("metric", has_margin) + 1)
    each = np.where((wanted > 0) & (wanted < 1), each, np.nan)
    tested = np.where(is_success | has_margin, 0.0, np.nan)
    return level + tested, each + tested


def _units(given: Hypotheses) -> FloatArray:
    """Units of control that each hypothesis needs in a test with one look."""
    needed, comparison = np.full(given.level.shape, np.nan), given.comparison
    sign = np.where(given.is_up, 1.0, -1.0)
    ratio = comparison.n_treatment / comparison.n_control
    rate = comparison.mean_control
    moved = rate + sign * given.mde
    known = (given.level > 0) & (given.power > 0) & (ratio > 0) & np.isfinite(ratio)
    superior = known & (given.test == "superior") & (given.mde > 0)
    superior &= ~given.is_rate | ((moved >= 0) & (moved <= 1))
    inferior = known & (given.test == "noninferior") & (given.margin >= 0)
    for is_rate in (False, True):
        for goal, side in (("increase", given.is_up), ("decrease", ~given.is_up)):
            kind = side & (given.is_rate == is_rate)
            for test, rows in (
                ("superior", superior & kind),
                ("noninferior", inferior & kind),
            ):
                if rows.any():
                    truth = _truth(given, rows, sign, is_rate=is_rate)
                    found = _solve(truth, given, rows, ratio[rows], test=test, goal=goal)
                    needed[rows] = found
    return np.where(np.isfinite(needed), needed, np.nan)


def _truth(given: Hypotheses, rows: BoolArray, sign: FloatArray, *, is_rate: bool) -> Means | Rates:
    """Assume the planned effect of a success metric, and none of a guardrail."""
    effect = np.where(given.test == "superior", sign * given.mde, 0.0)[rows]
    control = given.comparison.mean_control[rows]
    if is_rate:
        return Rates(control, np.clip(control + effect, 0.0, 1.0))
    sds = [np.nan_to_num(sd[rows]) for sd in (given.sd_control, given.sd_treatment)]
    return Means(effect, control, *sds)


def _solve(
    truth: Means | Rates, given: Hypotheses, rows: BoolArray, ratio: FloatArray, *, test: str,
    goal: str,
) -> FloatArray:  # fmt: skip
    wanted, level = given.power[rows], given.level[rows]
    if test == "superior":
        return superiority_units(truth, power=wanted, ratio=ratio, goal=goal, alpha=level).control
    margin, relative = given.margin[rows], given.margin_is_relative[rows]
    found = [
        noninferiority_units(
            truth, margin, power=wanted, ratio=ratio, is_relative=kind, goal=goal, alpha=level
        ).control
        for kind in (True, False)
    ]
    return np.where(relative, *found)


def _factors(rows: pa.Table, given: Hypotheses) -> FloatArray:
    """Find what the design multiplies units by, once for each plan."""
    design = arrow.strings(rows, "design", default="fixed")
    spending = arrow.strings(rows, "spending", default=DEFAULT_SPENDING)
    parameter = [
        None if np.isnan(x) else float(x) for x in arrow.floats(rows, "spending_parameter")
    ]
    looks = np.nan_to_num(arrow.floats(rows, "n_looks"), nan=DEFAULT_LOOKS)
    factors = np.full(design.size, np.nan)
    known: dict[tuple[object, ...], float] = {}
    for i in np.flatnonzero((given.level > 0) & (given.power > 0)):
        number = max(int(looks[i]), 1)
        key = (given.level[i], given.power[i], design[i], spending[i], parameter[i], number)
        if key not in known:
            known[key] = design_factor(
                float(given.level[i]), float(given.power[i]), design=str(design[i]),
                fractions=np.arange(1, number + 1) / number, spending=str(spending[i]),
                parameter=parameter[i],
            )  # fmt: skip
        factors[i] = known[key]
    return factors


def _whole(control: FloatArray, given: Hypotheses) -> tuple[FloatArray, BoolArray]:
    """Whole units of both arms with a share without a value, and whether they have been seen."""
    comparison = given.comparison
    less = 1 - 1e-12  # rounding must not cost a unit
    ratio = comparison.n_treatment / comparison.n_control
    total = np.ceil(control * less) + np.ceil(control * ratio * less)
    seen = comparison.n_control + comparison.n_treatment >= total
    return np.ceil(total / given.share_with_value * less), seen


def _planned(given: Hypotheses) -> FloatArray:
    """Planned effects as fractions of control; of a guardrail with a margin, that margin."""
    size = np.abs(given.comparison.mean_control)
    absolute = np.where(given.test == "noninferior", given.margin, given.mde)
    relative = (given.test == "noninferior") & given.margin_is_relative
    return np.where(relative, given.margin, np.where(size > 0, absolute / size, np.nan))


def _harm_found(given: Hypotheses, alpha_harm: FloatArray) -> FloatArray:
    tail = np.where(given.test == "harm", alpha_harm, np.nan)
    return detectable(given.comparison, tail, np.full(tail.shape, HARM_POWER))
