"""Effects, intervals and p-values of every comparison, and what the families make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import arrow, families
from experimentos.checks import balance
from experimentos.inference import detectable, lift, mixed
from experimentos.inference.mixed import Directed, Goal, Mixed
from experimentos.tables.pairs import EFFECTS_INPUT, GROUP, Pairs, pair

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray

DEFAULT_PLANNED_N = 5000.0

EFFECTS_OUTPUT = arrow.schema(
    "string: experiment_id metric variant population segment segment_value; time: as_of; "
    "string: basis adjustment control role goal; integer: n_control n_treatment; "
    "double: value_control value_treatment estimate std_error p_value_fixed lower_fixed "
    "upper_fixed p_value p_value_corrected lower upper level lift lift_lower lift_upper margin; "
    "string: margin_kind; double: p_value_noninferior p_value_harm p_value_harm_corrected "
    "p_value_worse theta variance_reduction; string: method; "
    "flag: used_for_decision is_latest is_final; double: p_launch p_launch_corrected mde_reached "
    "mde_planned p_value_balance p_value_balance_corrected; string: inputs_hash control_inputs_hash"
)
_WORDS = {
    "role": ["success", "guardrail", "explore"],
    "metric_type": ["proportion", "mean", "ratio"],
    "goal": ["increase", "decrease"],
    "margin_kind": ["relative", "absolute"],
    "mde_kind": ["relative", "absolute"],
}
_PASSED_ON = [
    "experiment_id", "metric", "variant", "population", "segment", "segment_value", "as_of",
    "basis", "control", "role", "goal", "margin_kind", "is_final", "inputs_hash",
]  # fmt: skip


def effects(table: pa.Table) -> pa.Table:
    """Effects, intervals and p-values of every comparison.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__inference_inputs`: one row per experiment, metric, variant (control included)
        and readout. Needs the columns of `EFFECTS_INPUT`; others are ignored.

    Returns
    -------
    pyarrow.Table
        The columns of `EFFECTS_OUTPUT`: one row per treatment and adjustment (``none``, and
        ``cuped`` where the covariate passes its pre-check). Undefined numbers are NULL.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    ArgumentError
        If a role, metric type, goal, margin kind or correction is unknown.
    """
    inputs = arrow.read(table, EFFECTS_INPUT)
    if inputs.num_rows == 0:
        return EFFECTS_OUTPUT.empty_table()
    arrow.require_words(inputs, _WORDS)
    # Data may hold any number: what overflows becomes NULL, without a warning.
    with np.errstate(all="ignore"):
        pairs = pair(inputs)
        rows = inputs.take(pairs.treatment)
        result = _statistics(rows, pairs) | {name: rows.column(name) for name in _PASSED_ON}
    result["is_latest"] = _is_latest(inputs)[pairs.treatment]
    control = pa.array(pairs.control, mask=pairs.control < 0)
    result["control_inputs_hash"] = inputs.column("inputs_hash").take(control)
    output = arrow.write(result, EFFECTS_OUTPUT)
    order = [(name, "ascending") for name in (*GROUP, "metric", "variant")]
    return output.sort_by([*order, ("adjustment", "descending")])


@dataclass(frozen=True)
class Plan:
    """What the definitions say of each comparison."""

    goal: Goal
    alpha: FloatArray
    is_success: BoolArray
    is_guardrail: BoolArray
    has_margin: BoolArray
    is_final: BoolArray


def _statistics(rows: pa.Table, pairs: Pairs) -> dict[str, object]:
    """All numbers of the output, one element per comparison."""
    comparison, plan = pairs.comparison, _plan(rows)
    kind = arrow.strings(rows, "metric_type")
    is_proportion = kind == "proportion"
    method = mixed.choose_methods(comparison, is_proportion & ~pairs.is_adjusted, kind == "ratio")
    several = Mixed(comparison, method)
    directed, p_harm = _one_sided(rows, several, plan, is_proportion)
    result, tail = _decide(rows, pairs, plan, directed, p_harm)
    result |= _intervals(several, plan, directed, tail, plan.is_final & pairs.is_deciding)

    result |= _balance(rows, pairs)
    size = np.abs(comparison.mean_control)
    mde = arrow.floats(rows, "mde")
    std_error = comparison.std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - std_error**2 / pairs.plain_variance
        mde_absolute = np.where(size > 0, mde / size, np.nan)
    is_absolute = arrow.strings(rows, "mde_kind") == "absolute"
    return result | {
        "margin": arrow.floats(rows, "margin"),
        "adjustment": np.where(pairs.is_adjusted, "cuped", "none"),
        "n_control": comparison.n_control,
        "n_treatment": comparison.n_treatment,
        "value_control": comparison.mean_control,
        "value_treatment": comparison.mean_treatment,
        "estimate": comparison.estimate,
        "std_error": std_error,
        "p_value_fixed": np.minimum(1, 2 * np.minimum(directed.superior, directed.worse)),
        "theta": pairs.theta,
        "variance_reduction": np.where(pairs.is_adjusted, explained, np.nan),
        "method": mixed.name_methods(several, plan.goal, pairs.is_adjusted),
        "used_for_decision": pairs.is_deciding,
        "mde_reached": detectable(comparison, tail, arrow.floats(rows, "power")),
        "mde_planned": np.where(is_absolute, mde_absolute, mde),
    }


def _one_sided(
    rows: pa.Table, several: Mixed, plan: Plan, is_proportion: BoolArray
) -> tuple[Directed, FloatArray]:
    """One-sided p-values at a fixed time, and the harm p-value valid now."""
    wanted = plan.has_margin & (plan.is_final | mixed.started_harm(several, is_proportion))
    directed = mixed.direct(several, plan.goal, wanted)
    p_fixed = np.where(plan.has_margin, directed.beyond_margin, directed.worse)
    planned_n = arrow.floats(rows, "planned_n")
    p_any = mixed.always_valid_harm(
        several, p_fixed, is_proportion,
        alpha=plan.alpha / 2 * families.HARM_ANY_SHARE,
        planned_n=np.where(planned_n > 0, planned_n, DEFAULT_PLANNED_N),
    )  # fmt: skip
    p_harm = families.harm_p_value(p_any, np.where(plan.is_final, p_fixed, np.nan))
    return directed, np.where(plan.is_success | plan.is_guardrail, p_harm, np.nan)


def _decide(
    rows: pa.Table, pairs: Pairs, plan: Plan, directed: Directed, p_harm: FloatArray
) -> tuple[dict[str, object], FloatArray]:
    """Columns that come from the families, and the one-sided level of each comparison."""
    deciding = pairs.is_deciding
    group = arrow.codes(rows, GROUP)
    p_superior, p_noninferior, p_worse = (
        np.where(plan.is_final, p, np.nan)
        for p in (directed.superior, directed.noninferior, directed.worse)
    )
    hypotheses = families.Hypotheses(
        group=group,
        arm=arrow.codes(rows, ["variant"]),
        metric=arrow.codes(rows, ["metric"]),
        is_success=plan.is_success,
        is_guardrail=plan.is_guardrail,
        has_margin=plan.has_margin,
        p_superior=p_superior,
        p_noninferior=p_noninferior,
        p_harm=p_harm,
        alpha=plan.alpha,
        correction=arrow.strings(rows, "correction", default="holm"),
    )
    decided = families.decide(hypotheses.take(deciding))
    of_twin = (np.cumsum(deciding) - 1)[pairs.twin]
    columns: dict[str, object] = {
        "p_value": p_superior,
        "p_value_noninferior": p_noninferior,
        "p_value_worse": p_worse,
        "p_value_harm": p_harm,
        "p_value_corrected": np.where(deciding, decided.p_corrected[of_twin], np.nan),
        "p_value_harm_corrected": np.where(deciding, decided.p_harm_corrected[of_twin], np.nan),
        "p_launch": np.where(plan.is_final, decided.p_launch[of_twin], np.nan),
        "p_launch_corrected": np.where(plan.is_final, decided.p_launch_corrected[of_twin], np.nan),
    }
    return columns, np.where(deciding, decided.tail[of_twin], plan.alpha / 2)


def _balance(rows: pa.Table, pairs: Pairs) -> dict[str, object]:
    """Balance of the covariates before exposure; tested once per treatment and metric."""
    tested = pairs.is_deciding & (pairs.control >= 0)
    group = arrow.codes(rows, GROUP)[tested]
    control, treatment = (
        pairs.covariate_control.take(tested),
        pairs.covariate_treatment.take(tested),
    )
    columns = np.full((2, tested.size), np.nan)
    columns[:, tested] = balance.balance(control, treatment, group)
    return {"p_value_balance": columns[0], "p_value_balance_corrected": columns[1]}


def _intervals(
    several: Mixed, plan: Plan, directed: Directed, tail: FloatArray, is_decided: BoolArray
) -> dict[str, object]:
    """Limits at the fixed level, at the deciding one, and of the lift."""
    fixed = several.interval(plan.alpha / 2)
    deciding = several.interval(np.where(is_decided, tail, np.nan))
    relative = several.lift_interval(np.where(is_decided, tail, plan.alpha / 2))

    own_test = is_decided & plan.has_margin & mixed.is_unconditional(several, plan.goal)
    shown = directed.noninferior <= tail
    by_lift = plan.goal.margin_is_relative
    deciding = mixed.agree_with_margin(deciding, plan.goal, own_test & ~by_lift, shown)
    relative = mixed.agree_with_margin(relative, plan.goal, own_test & by_lift, shown)
    separated = ~np.isnan(relative.lower + relative.upper)
    return {
        "lower_fixed": fixed.lower,
        "upper_fixed": fixed.upper,
        "lower": deciding.lower,
        "upper": deciding.upper,
        "level": np.where(np.isnan(deciding.lower), np.nan, 1 - 2 * tail),
        "lift": np.where(separated, lift(several.comparison), np.nan),
        "lift_lower": relative.lower,
        "lift_upper": relative.upper,
    }


def _plan(rows: pa.Table) -> Plan:
    role = arrow.strings(rows, "role")
    margin, alpha = arrow.floats(rows, "margin"), arrow.floats(rows, "alpha")
    is_relative = arrow.strings(rows, "margin_kind") == "relative"
    sign = np.where(arrow.strings(rows, "goal") == "decrease", -1.0, 1.0)
    is_guardrail = role == "guardrail"
    return Plan(
        goal=Goal(sign, np.where(is_guardrail, margin, np.nan), is_relative),
        alpha=np.where((alpha > 0) & (alpha < 1), alpha, np.nan),
        is_success=role == "success",
        is_guardrail=is_guardrail,
        has_margin=is_guardrail & ~np.isnan(margin),
        is_final=arrow.flags(rows, "is_final"),
    )


def _is_latest(inputs: pa.Table) -> BoolArray:
    series = arrow.codes(inputs, [name for name in GROUP if name != "as_of"])
    times = pc.fill_null(inputs.column("as_of").cast(pa.int64()), np.iinfo(np.int64).min)
    time = times.to_numpy()
    latest = np.full(int(series.max()) + 1, np.iinfo(np.int64).min)
    np.maximum.at(latest, series, time)
    return np.asarray(time == latest[series])
