"""Arrow tables in, Arrow tables out: the only statistics module that knows column names.

The dbt Python models are a docstring and one call each:
``return tables.effects(dbt.ref("experimentos__inference_inputs").to_arrow_table())`` and
``return tables.sample_ratio(dbt.ref("experimentos__sample_ratio_inputs").to_arrow_table())``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import arrow, estimators, families
from experimentos.checks import balance
from experimentos.checks import sample_ratio as ratio_check
from experimentos.inference import detectable, lift, mixed
from experimentos.inference.mixed import Directed, Goal, Mixed
from experimentos.moments import BoolArray, FloatArray, IntArray, JointMoments, Moments

if TYPE_CHECKING:
    from experimentos.estimators import Comparison

DEFAULT_PLANNED_N = 5000.0

_GROUP = ["experiment_id", "population", "segment", "segment_value", "basis", "as_of"]
_CHECK = ["experiment_id", "population", "segment", "segment_value"]
_MOMENTS = [field.name for field in fields(JointMoments) if field.name != "n"]

EFFECTS_INPUT = arrow.schema(
    "string: experiment_id metric variant population segment segment_value basis control role "
    "metric_type goal margin_kind mde_kind correction inputs_hash; time: as_of; "
    "flag: is_control is_final has_covariate; integer: n_units n_events; "
    "double: margin mde alpha power planned_n " + " ".join(_MOMENTS)
)
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
SAMPLE_RATIO_INPUT = arrow.schema(
    "string: experiment_id population segment segment_value variant; date: assigned_on; "
    "integer: n_units; double: planned_share; flag: is_assigning"
)
SAMPLE_RATIO_OUTPUT = arrow.schema(
    "string: experiment_id population segment segment_value; integer: n_units; "
    "double: p_value_fixed p_value_anytime; flag: is_assigning; double: p_value; string: method"
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
        pairs = _pair(inputs)
        rows = inputs.take(pairs.treatment)
        result = _statistics(rows, pairs) | {name: rows.column(name) for name in _PASSED_ON}
    result["is_latest"] = _is_latest(inputs)[pairs.treatment]
    control = pa.array(pairs.control, mask=pairs.control < 0)
    result["control_inputs_hash"] = inputs.column("inputs_hash").take(control)
    output = arrow.write(result, EFFECTS_OUTPUT)
    order = [(name, "ascending") for name in (*_GROUP, "metric", "variant")]
    return output.sort_by([*order, ("adjustment", "descending")])


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


@dataclass(frozen=True)
class _Pairs:
    """Comparisons, plain ones first; control -1: none; `twin`: the element that decides."""

    treatment: IntArray
    control: IntArray
    is_adjusted: BoolArray
    twin: IntArray
    comparison: Comparison
    covariate_control: Moments
    covariate_treatment: Moments
    plain_variance: FloatArray
    theta: FloatArray

    @property
    def is_deciding(self) -> BoolArray:
        """Whether the element is its own twin."""
        return np.asarray(self.twin == np.arange(self.twin.size))


@dataclass(frozen=True)
class _Plan:
    """What the definitions say of each comparison."""

    goal: Goal
    alpha: FloatArray
    is_success: BoolArray
    is_guardrail: BoolArray
    has_margin: BoolArray
    is_final: BoolArray


def _pair(inputs: pa.Table) -> _Pairs:
    """Find the control of every treatment row and estimate both ways."""
    metric_group = arrow.codes(inputs, [*_GROUP, "metric"])
    is_control = arrow.flags(inputs, "is_control")
    treatment = np.flatnonzero(~is_control)
    control = arrow.only_row(metric_group, is_control)[treatment]

    joint = _joint_moments(inputs)
    arms = estimators.ratio(joint)
    plain = estimators.compare(arms.take(control), arms.take(treatment))
    counted = arrow.strings(inputs, "metric_type")[treatment] == "proportion"
    plain = plain.replace(counted, mixed.compare_counts(plain))
    plain = estimators.without_control(plain, control < 0)

    covered = arrow.flags(inputs, "has_covariate")
    adjusted = estimators.adjust(joint, metric_group, covered)
    covariate = Moments(n=joint.n, mean=joint.mean_num_cov, m2=joint.m2_num_cov)
    has = np.flatnonzero((control >= 0) & ~np.isnan(adjusted.theta[treatment]))
    both = estimators.compare_adjusted(adjusted.take(control[has]), adjusted.take(treatment[has]))
    variance = plain.std_error**2
    theta = np.concatenate([np.full(treatment.size, np.nan), adjusted.theta[treatment[has]]])
    twin = np.arange(theta.size)
    twin[has] = treatment.size + np.arange(has.size)
    return _Pairs(
        treatment=np.concatenate([treatment, treatment[has]]),
        control=np.concatenate([control, control[has]]),
        is_adjusted=np.arange(theta.size) >= treatment.size,
        twin=twin,
        comparison=plain.append(both),
        covariate_control=covariate.take(np.concatenate([control, control[has]])),
        covariate_treatment=covariate.take(np.concatenate([treatment, treatment[has]])),
        plain_variance=np.concatenate([variance, variance[has]]),
        theta=theta,
    )


def _statistics(rows: pa.Table, pairs: _Pairs) -> dict[str, object]:
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
    rows: pa.Table, several: Mixed, plan: _Plan, is_proportion: BoolArray
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
    rows: pa.Table, pairs: _Pairs, plan: _Plan, directed: Directed, p_harm: FloatArray
) -> tuple[dict[str, object], FloatArray]:
    """Columns that come from the families, and the one-sided level of each comparison."""
    deciding = pairs.is_deciding
    group = arrow.codes(rows, _GROUP)
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


def _balance(rows: pa.Table, pairs: _Pairs) -> dict[str, object]:
    """Balance of the covariates before exposure; tested once per treatment and metric."""
    tested = pairs.is_deciding & (pairs.control >= 0)
    group = arrow.codes(rows, _GROUP)[tested]
    control, treatment = (
        pairs.covariate_control.take(tested),
        pairs.covariate_treatment.take(tested),
    )
    columns = np.full((2, tested.size), np.nan)
    columns[:, tested] = balance.balance(control, treatment, group)
    return {"p_value_balance": columns[0], "p_value_balance_corrected": columns[1]}


def _intervals(
    several: Mixed, plan: _Plan, directed: Directed, tail: FloatArray, is_decided: BoolArray
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


def _plan(rows: pa.Table) -> _Plan:
    role = arrow.strings(rows, "role")
    margin, alpha = arrow.floats(rows, "margin"), arrow.floats(rows, "alpha")
    is_relative = arrow.strings(rows, "margin_kind") == "relative"
    sign = np.where(arrow.strings(rows, "goal") == "decrease", -1.0, 1.0)
    is_guardrail = role == "guardrail"
    return _Plan(
        goal=Goal(sign, np.where(is_guardrail, margin, np.nan), is_relative),
        alpha=np.where((alpha > 0) & (alpha < 1), alpha, np.nan),
        is_success=role == "success",
        is_guardrail=is_guardrail,
        has_margin=is_guardrail & ~np.isnan(margin),
        is_final=arrow.flags(rows, "is_final"),
    )


def _joint_moments(inputs: pa.Table) -> JointMoments:
    """Joint moments of every row; what no data could have produced is NaN."""
    values = {name: arrow.floats(inputs, name) for name in ("n_units", *_MOMENTS)}
    n = values.pop("n_units")
    kind = arrow.strings(inputs, "metric_type")
    is_rate, is_ratio = kind == "proportion", kind == "ratio"
    with np.errstate(divide="ignore", invalid="ignore"):
        # n_events counts rows of a fact, several of which may be one unit's; the units with an
        # event are the rate times the units, and a whole number.
        rate = np.where(is_rate & (n > 0), np.rint(values["mean_num"] * n) / n, values["mean_num"])
        bad = ~(n >= 0) | (is_rate & ~((rate >= 0) & (rate <= 1)))
        values["mean_num"] = rate
        binomial = is_rate & np.isnan(values["m2_num"])
        values["m2_num"] = np.where(binomial, n * rate * (1 - rate), values["m2_num"])
    plain_cov = ~is_ratio | np.isnan(values["mean_den_cov"])
    for name in _MOMENTS:
        if "den" in name.split("_"):
            constant = 1.0 if name.startswith("mean") else 0.0
            of_covariate = name.endswith("den_cov")
            values[name] = np.where(
                plain_cov if of_covariate else ~is_ratio, constant, values[name]
            )
        if name.startswith("m2"):
            values[name] = np.where(values[name] < 0, np.nan, values[name])
    blank = {name: np.where(bad, np.nan, column) for name, column in values.items()}
    return JointMoments(n=np.where(n >= 0, n, np.nan), **blank)


def _is_latest(inputs: pa.Table) -> BoolArray:
    series = arrow.codes(inputs, [name for name in _GROUP if name != "as_of"])
    times = pc.fill_null(inputs.column("as_of").cast(pa.int64()), np.iinfo(np.int64).min)
    time = times.to_numpy()
    latest = np.full(int(series.max()) + 1, np.iinfo(np.int64).min)
    np.maximum.at(latest, series, time)
    return np.asarray(time == latest[series])


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
