"""What the families make of the readouts that decide, and the columns that only they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos import arrow, families
from experimentos.checks import balance
from experimentos.errors import TableError
from experimentos.inference import detectable, lift, mixed
from experimentos.inference.mixed import Directed, Goal, Mixed
from experimentos.tables.pairs import COUNTED, Pairs

if TYPE_CHECKING:
    import pyarrow as pa

    from experimentos.moments import BoolArray, FloatArray

DEFAULT_PLANNED_N = 5000.0
# A family spans the bases: a metric may decide on all its units, and another on its mature ones.
FAMILY = ["experiment_id", "population", "as_of"]
_HYPOTHESIS = ["experiment_id", "metric", "variant"]
DECIDED = [
    "p_value", "p_value_corrected", "p_value_noninferior", "p_value_harm",
    "p_value_harm_corrected", "p_value_worse", "p_launch", "p_launch_corrected", "lower", "upper",
    "level", "lift", "lift_lower", "lift_upper", "mde_reached", "mde_planned", "p_value_balance",
    "p_value_balance_corrected",
]  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What the definitions say of each comparison."""

    goal: Goal
    alpha: FloatArray
    is_success: BoolArray
    is_guardrail: BoolArray
    has_margin: BoolArray
    is_final: BoolArray


def decide(
    rows: pa.Table, every: Mixed, all_pairs: Pairs, is_decided: BoolArray
) -> tuple[dict[str, FloatArray], Goal]:
    """Columns of `DECIDED` for the comparisons of some rows, and the goals of all comparisons.

    Parameters
    ----------
    rows : pyarrow.Table
        Treatments whose readout decides.
    every, all_pairs : Mixed, Pairs of shape (k,)
        All comparisons.
    is_decided : array of bool, shape (k,)
        Which of them are those of the rows.

    Returns
    -------
    columns : dict
        Arrays by name, one element per row.
    goal : Goal, fields of shape (k,)
        Margin NaN where none is tested.

    Raises
    ------
    TableError
        If several rows decide on one metric and variant at one time.
    """
    several, pairs, plan = every.take(is_decided), all_pairs.take(is_decided), _plan(rows)
    _require_one_each(rows, pairs)
    counted = np.isin(arrow.strings(rows, "metric_type"), COUNTED)
    directed, p_harm = _one_sided(rows, several, plan, pairs, counted)
    columns, tail = _correct(rows, pairs, plan, directed, p_harm)
    columns |= _intervals(several, plan, directed, tail, plan.is_final & pairs.is_chosen)
    columns |= _balance(rows, pairs)
    size, mde = np.abs(several.comparison.mean_control), arrow.floats(rows, "mde")
    mde_absolute = np.where(size > 0, mde / size, np.nan)
    is_absolute = arrow.strings(rows, "mde_kind") == "absolute"
    columns |= {
        "mde_reached": detectable(several.comparison, tail, arrow.floats(rows, "power")),
        "mde_planned": np.where(is_absolute, mde_absolute, mde),
    }
    return columns, _spread(plan.goal, is_decided)


def _require_one_each(rows: pa.Table, pairs: Pairs) -> None:
    """Refuse families in which a metric of a variant would be tested twice."""
    chosen = np.flatnonzero(pairs.is_chosen)
    code = arrow.codes(rows, [*FAMILY, "metric", "variant"])[chosen]
    twice = np.flatnonzero(np.bincount(code)[code] > 1)
    if twice.size:
        where = {name: rows.column(name)[int(chosen[twice[0]])].as_py() for name in _HYPOTHESIS}
        msg = f"`is_deciding` must be true of one row of a metric and variant, is of two of {where}"
        raise TableError(msg)


def _spread(goal: Goal, rows: BoolArray) -> Goal:
    """Put the goals of some comparisons among those that have no margin."""
    sign, margin, relative = np.ones(rows.size), np.full(rows.size, np.nan), np.zeros_like(rows)
    sign[rows], margin[rows] = goal.sign, goal.margin
    relative[rows] = goal.margin_is_relative
    return Goal(sign, margin, relative)


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


def _one_sided(
    rows: pa.Table, several: Mixed, plan: Plan, pairs: Pairs, is_counted: BoolArray
) -> tuple[Directed, FloatArray]:
    """One-sided p-values at a fixed time, and the harm p-value valid now."""
    wanted = plan.has_margin & (plan.is_final | mixed.started_harm(several, is_counted))
    directed = mixed.direct(several, plan.goal, wanted)
    p_fixed = np.where(plan.has_margin, directed.beyond_margin, directed.worse)
    planned_n = arrow.floats(rows, "planned_n")
    p_any = mixed.always_valid_harm(
        several, p_fixed, is_counted,
        alpha=plan.alpha / 2 * families.HARM_ANY_SHARE,
        planned_n=np.where(planned_n > 0, planned_n, DEFAULT_PLANNED_N),
        effective_units=pairs.effective_units,
    )  # fmt: skip
    p_harm = families.harm_p_value(p_any, np.where(plan.is_final, p_fixed, np.nan))
    return directed, np.where(plan.is_success | plan.is_guardrail, p_harm, np.nan)


def _correct(
    rows: pa.Table, pairs: Pairs, plan: Plan, directed: Directed, p_harm: FloatArray
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Columns that come from the families, and the one-sided level of each comparison."""
    chosen = pairs.is_chosen
    p_superior, p_noninferior, p_worse = (
        np.where(plan.is_final, p, np.nan)
        for p in (directed.superior, directed.noninferior, directed.worse)
    )
    hypotheses = families.Hypotheses(
        group=arrow.codes(rows, FAMILY),
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
    decided = families.decide(hypotheses.take(chosen))
    of_twin = (np.cumsum(chosen) - 1)[pairs.twin]
    columns = {
        "p_value": p_superior,
        "p_value_noninferior": p_noninferior,
        "p_value_worse": p_worse,
        "p_value_harm": p_harm,
        "p_value_corrected": np.where(chosen, decided.p_corrected[of_twin], np.nan),
        "p_value_harm_corrected": np.where(chosen, decided.p_harm_corrected[of_twin], np.nan),
        "p_launch": np.where(plan.is_final, decided.p_launch[of_twin], np.nan),
        "p_launch_corrected": np.where(plan.is_final, decided.p_launch_corrected[of_twin], np.nan),
    }
    return columns, np.where(chosen, decided.tail[of_twin], plan.alpha / 2)


def _balance(rows: pa.Table, pairs: Pairs) -> dict[str, FloatArray]:
    """Balance of the covariates before exposure; tested once per treatment and metric."""
    tested = pairs.is_chosen & (pairs.control >= 0)
    columns = np.full((2, tested.size), np.nan)
    columns[:, tested] = balance.balance_of(
        pairs.covariate.take(tested), arrow.codes(rows, FAMILY)[tested]
    )
    return {"p_value_balance": columns[0], "p_value_balance_corrected": columns[1]}


def _intervals(
    several: Mixed, plan: Plan, directed: Directed, tail: FloatArray, is_decided: BoolArray
) -> dict[str, FloatArray]:
    """Limits at the deciding level, and of the lift."""
    deciding = several.interval(np.where(is_decided, tail, np.nan))
    relative = several.lift_interval(np.where(is_decided, tail, plan.alpha / 2))

    own_test = is_decided & plan.has_margin & mixed.has_other_limits(several, plan.goal)
    shown = directed.noninferior <= tail
    by_lift = plan.goal.margin_is_relative
    deciding = mixed.agree_with_margin(deciding, plan.goal, own_test & ~by_lift, shown)
    relative = mixed.agree_with_margin(relative, plan.goal, own_test & by_lift, shown)
    separated = ~np.isnan(relative.lower + relative.upper)
    return {
        "lower": deciding.lower,
        "upper": deciding.upper,
        "level": np.where(np.isnan(deciding.lower), np.nan, 1 - 2 * tail),
        "lift": np.where(separated, lift(several.comparison), np.nan),
        "lift_lower": relative.lower,
        "lift_upper": relative.upper,
    }
