"""What the families make of the readouts that decide, and the columns that only they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from scipy.special import ndtr

from experimentos import arrow, families
from experimentos.checks import balance
from experimentos.errors import TableError
from experimentos.inference import detectable, lift, margin_limits, mixed
from experimentos.inference.effect import Interval
from experimentos.inference.mixed import Directed, Goal, Mixed
from experimentos.moments import divide
from experimentos.tables import monitoring
from experimentos.tables.courses import REMEMBERED, Course, follow
from experimentos.tables.pairs import COUNTED, Pairs, error_rates

if TYPE_CHECKING:
    import pyarrow as pa

    from experimentos.moments import BoolArray, FloatArray

LEAST_CHANGE = 1e-9
# A family spans bases and times: a metric may decide on all its units and another on its mature
# ones, and a quantile on the data of the build while others are cut at the date of the look.
FAMILY = ["experiment_id", "population", "decided_at"]
_HYPOTHESIS = ["experiment_id", "metric", "variant"]
DECIDED = [
    "p_value", "p_value_corrected", "p_value_noninferior", "p_value_harm",
    "p_value_harm_corrected", "p_value_worse", "p_launch", "p_launch_corrected", "lower", "upper",
    "level", "lift", "lift_lower", "lift_upper", "mde_reached", "mde_planned", "p_value_balance",
    "p_value_balance_corrected", "p_value_harm_planned", "information", "information_fraction",
    "statistic", "boundary", "alpha_spent", "statistic_harm", "boundary_harm", "alpha_spent_harm",
    "planned_n", "futility_boundary", "p_value_stagewise", "estimate_stagewise",
    "lower_stagewise", "upper_stagewise", "restated_by", "test_level", "launch_level", "harm_level",
]  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What the definitions say of each comparison."""

    goal: Goal
    alpha: FloatArray
    alpha_harm: FloatArray
    is_success: BoolArray
    is_guardrail: BoolArray
    has_margin: BoolArray
    is_final: BoolArray
    is_open: BoolArray


@dataclass(frozen=True)
class Tested:
    """P-values that hold at this look, and the statistics they come from."""

    directed: Directed
    superior: FloatArray
    noninferior: FloatArray
    harm: FloatArray
    harm_planned: FloatArray
    statistic: FloatArray
    statistic_harm: FloatArray


def decide(
    rows: pa.Table, past: pa.Table, every: Mixed, all_pairs: Pairs, is_decided: BoolArray
) -> tuple[dict[str, FloatArray], Goal, BoolArray]:
    """Columns of `DECIDED` for the comparisons of some rows, and the goals of all comparisons.

    Parameters
    ----------
    rows, past : pyarrow.Table
        Treatments whose readout decides, and looks that earlier builds recorded.
    every, all_pairs : Mixed, Pairs of shape (k,)
        All comparisons.
    is_decided : array of bool, shape (k,)
        Which of them are those of the rows.

    Returns
    -------
    columns : dict
        Arrays by name, one element per row; `estimate` and `std_error` where a look was recorded.
    goal : Goal, fields of shape (k,)
        Margin NaN where none is tested.
    is_closed : array of bool, one element per row
        Whether this is the last look of the hypothesis.

    Raises
    ------
    TableError
        If several rows decide on one metric and variant at one time.
    """
    rows = rows.append_column("decided_at", pc.coalesce(rows["look_date"], rows["as_of"]))
    several, pairs, plan = every.take(is_decided), all_pairs.take(is_decided), _plan(rows)
    _require_one_each(rows, pairs)
    counted = np.isin(arrow.strings(rows, "metric_type"), COUNTED)
    course = follow(rows, past, several, pairs, alpha=plan.alpha, is_counted=counted)
    tested = _test(several, plan, pairs, counted, course)
    columns, tail, harm_tail = _correct(rows, pairs, plan, tested)
    bounds = monitoring.boundary(course, tail)
    level = monitoring.nominal(course, tail, bounds.now)
    is_shown = _is_shown(plan, course, several, pairs)
    columns |= _intervals(several, plan, tested, tail, level, is_shown)
    columns |= _balance(rows, pairs)
    size, mde = np.abs(several.comparison.mean_control), arrow.floats(rows, "mde")
    mde_absolute = np.where(size > 0, mde / size, np.nan)
    is_absolute = arrow.strings(rows, "mde_kind") == "absolute"
    power = arrow.floats(rows, "power")
    columns |= {
        # At the level of the test at this look; between looks nothing is tested.
        "mde_reached": detectable(several.comparison, level, power),
        "mde_planned": np.where(is_absolute, mde_absolute, mde),
    }
    columns |= _look(rows, plan, tested, course, tail, harm_tail, bounds)
    columns |= _remembered(several, course, columns, plan, tested, tail)
    columns["p_value_worse"] = _worse_then(columns, plan)
    has_look = ~np.isnan(arrow.floats(rows, "look"))
    is_closed = np.where(course.is_sequential, course.is_closed & has_look, plan.is_final)
    return columns, _spread(plan.goal, is_decided), is_closed


def _is_shown(plan: Plan, course: Course, several: Mixed, pairs: Pairs) -> BoolArray:
    """Whether there is a test at this time that an interval can be dual to."""
    started = course.is_anytime & ~np.isnan(course.mixture)
    shown = np.where(course.is_monitored, started | course.is_at_look, plan.is_final)
    return np.asarray(shown & pairs.is_chosen & ~several.is_too_skewed)


def _look(
    rows: pa.Table, plan: Plan, tested: Tested, course: Course, tail: FloatArray,
    harm_tail: FloatArray, bounds: monitoring.Boundary,
) -> dict[str, FloatArray]:  # fmt: skip
    """Put together what is remembered of this look."""
    harm = monitoring.boundary(
        course, harm_tail * families.HARM_PLANNED_SHARE, spending=monitoring.HARM_SPENDING
    )
    with np.errstate(invalid="ignore"):
        crossed = plan.is_success & (tested.statistic >= bounds.now)
    asked = np.where(plan.is_success, arrow.strings(rows, "futility"), "")
    power = arrow.floats(rows, "power")
    has_planned = course.is_sequential | course.is_at_end
    fraction = np.where(course.is_at_end, 1.0, course.here(course.fractions))
    columns = {
        "p_value_harm_planned": np.where(has_planned, tested.harm_planned, np.nan),
        "information": course.here(course.information),
        "information_fraction": np.minimum(fraction, 1.0),
        "statistic": tested.statistic,
        "boundary": bounds.now,
        "alpha_spent": bounds.spent,
        "statistic_harm": tested.statistic_harm,
        "boundary_harm": np.where(has_planned, harm.now, np.nan),
        "alpha_spent_harm": harm.spent,
        "planned_n": course.planned_n,
        "futility_boundary": monitoring.futility(course, tail, power, asked),
    }
    return columns | monitoring.stopped(
        course, tested.statistic, tail, bounds, plan.goal.sign, crossed
    )


def _remembered(
    several: Mixed, course: Course, columns: dict[str, FloatArray], plan: Plan, tested: Tested,
    tail: FloatArray,
) -> dict[str, FloatArray]:  # fmt: skip
    """Numbers of a look that was recorded, and by how much the data have changed since."""
    shown = course.remembered
    now = {"estimate": several.comparison.estimate, "std_error": several.comparison.std_error}
    is_old = ~np.isnan(shown["estimate"])
    found = {name: np.where(is_old, shown[name], (columns | now)[name]) for name in REMEMBERED}
    moved = is_old & (np.abs(found["level"] - (1 - 2 * tail)) > LEAST_CHANGE)
    if moved.any():
        _move_limits(found, moved, course, plan, tested, tail, columns["boundary"])
    return found | {
        "restated_by": np.where(is_old, now["estimate"] - shown["estimate"], np.nan),
        "information": np.where(course.is_at_end, found["std_error"] ** -2, columns["information"]),
    }


def _worse_then(columns: dict[str, FloatArray], plan: Plan) -> FloatArray:
    """Put p-values of worse guardrails to the numbers of a look that data were changed after."""
    estimate, error = columns["estimate"], columns["std_error"]
    is_restated = plan.is_open & (np.abs(columns["restated_by"]) > LEAST_CHANGE * error)
    return np.where(is_restated, ndtr(plan.goal.sign * estimate / error), columns["p_value_worse"])


def _move_limits(
    found: dict[str, FloatArray], moved: BoolArray, course: Course, plan: Plan, tested: Tested,
    tail: FloatArray, bound: FloatArray,
) -> None:  # fmt: skip
    """Put limits that were recorded to the level at which the family tests them now.

    Of a hypothesis that had its last look while others go on, only the recorded numbers are left:
    limits keep their distances from the estimate in proportion to the boundaries.
    """
    before = np.where(moved, (1 - found["level"]) / 2, np.nan)
    ratio = bound / monitoring.boundary(course, before).now
    at = Goal(
        plan.goal.sign,
        np.where(plan.has_margin, plan.goal.margin, 0.0),
        plan.goal.margin_is_relative,
    )
    by_lift = plan.has_margin & plan.goal.margin_is_relative
    shown = np.where(plan.has_margin, tested.noninferior, tested.superior) <= tail
    for centre, low, high, rows in (
        ("estimate", "lower", "upper", moved & ~by_lift),
        ("lift", "lift_lower", "lift_upper", moved & (by_lift | ~plan.has_margin)),
    ):
        limits = Interval(
            *(found[centre] + (found[name] - found[centre]) * ratio for name in (low, high))
        )
        limits = margin_limits.agree_with_margin(limits, at, rows, shown)
        found[low] = np.where(moved, limits.lower, found[low])
        found[high] = np.where(moved, limits.upper, found[high])
    found["level"] = np.where(moved, 1 - 2 * tail, found["level"])


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
    margin = arrow.floats(rows, "margin")
    alpha, alpha_harm = error_rates(rows)
    is_relative = arrow.strings(rows, "margin_kind") == "relative"
    sign = np.where(arrow.strings(rows, "goal") == "decrease", -1.0, 1.0)
    is_guardrail = role == "guardrail"
    return Plan(
        goal=Goal(sign, np.where(is_guardrail, margin, np.nan), is_relative),
        alpha=alpha,
        alpha_harm=alpha_harm,
        is_success=role == "success",
        is_guardrail=is_guardrail,
        has_margin=is_guardrail & ~np.isnan(margin),
        is_final=arrow.flags(rows, "is_final"),
        is_open=np.where(
            np.isin(arrow.strings(rows, "design"), ["group_sequential", "always_valid"]),
            arrow.flags(rows, "is_open"),
            arrow.flags(rows, "is_final"),
        ),
    )


def _test(
    several: Mixed, plan: Plan, pairs: Pairs, is_counted: BoolArray, course: Course
) -> Tested:
    """One-sided p-values: at this time alone, and such as hold at this look."""
    wanted = plan.has_margin & (plan.is_open | mixed.started_harm(several, is_counted))
    directed = mixed.direct(several, plan.goal, wanted)
    worse = np.where(plan.has_margin, directed.beyond_margin, directed.worse)
    is_launch = np.where(plan.has_margin, directed.noninferior, directed.superior)
    repeated, statistic = monitoring.valid(course, is_launch, course.launch)
    p_launch = np.where(course.is_sequential, repeated, monitoring.anytime(course, is_launch))
    superior = np.where(plan.has_margin, np.nan, p_launch)
    p_planned, statistic_harm = monitoring.valid(
        course, worse, course.harm, spending=monitoring.HARM_SPENDING
    )
    p_worse = course.kept(course.harm, worse, np.ones_like(course.is_recorded))
    p_planned = _at_its_time(plan, course, p_planned, p_worse)
    better = course.kept(course.launch, directed.superior, plan.is_success)
    within = course.kept(course.launch, directed.noninferior, plan.has_margin)
    of_fixed = monitoring.statistic_of(np.where(plan.has_margin, within, better))
    statistic = np.where(course.is_at_end, of_fixed, statistic)
    return Tested(
        directed=directed,
        superior=_at_its_time(plan, course, superior, better),
        noninferior=np.where(plan.has_margin, _at_its_time(plan, course, p_launch, within), np.nan),
        harm=_harm(several, plan, pairs, is_counted, course, worse, p_planned),
        harm_planned=p_planned,
        statistic=np.where(course.is_anytime, monitoring.statistic_of(is_launch), statistic),
        statistic_harm=np.where(course.is_at_end, monitoring.statistic_of(p_worse), statistic_harm),
    )


def _harm(
    several: Mixed, plan: Plan, pairs: Pairs, is_counted: BoolArray, course: Course,
    worse: FloatArray, p_planned: FloatArray,
) -> FloatArray:  # fmt: skip
    """P-values of harm: at every build and as planned together, each with its share."""
    has_budget = course.is_anytime & ~course.is_sequential
    p_any = mixed.always_valid_harm(
        several, worse, is_counted,
        alpha=plan.alpha_harm * np.where(has_budget, 1.0, families.HARM_ANY_SHARE),
        planned_n=course.planned_n, effective_units=pairs.effective_units,
    )  # fmt: skip
    p_harm = np.where(has_budget, p_any, families.harm_p_value(p_any, p_planned))
    return np.where(plan.is_success | plan.is_guardrail, p_harm, np.nan)


def _at_its_time(
    plan: Plan, course: Course, p_value: FloatArray, p_fixed: FloatArray
) -> FloatArray:
    """Choose p-values of monitored designs, and those of fixed ones at their end."""
    return np.where(course.is_monitored, p_value, np.where(plan.is_final, p_fixed, np.nan))


def _correct(
    rows: pa.Table, pairs: Pairs, plan: Plan, tested: Tested
) -> tuple[dict[str, FloatArray], FloatArray, FloatArray]:
    """Columns that come from the families, and the one-sided levels of each comparison."""
    chosen, is_open = pairs.is_chosen, plan.is_open
    hypotheses = families.Hypotheses(
        group=arrow.codes(rows, FAMILY),
        arm=arrow.codes(rows, ["variant"]),
        metric=arrow.codes(rows, ["metric"]),
        is_success=plan.is_success,
        is_guardrail=plan.is_guardrail,
        has_margin=plan.has_margin,
        p_superior=tested.superior,
        p_noninferior=tested.noninferior,
        p_harm=tested.harm,
        alpha=plan.alpha,
        alpha_harm=plan.alpha_harm,
        correction=arrow.strings(rows, "correction", default="holm"),
        loading=_loading(rows, pairs),
    )
    decided = families.decide(hypotheses.take(chosen))
    of_twin = (np.cumsum(chosen) - 1)[pairs.twin]
    columns = {
        "p_value": tested.superior,
        "p_value_noninferior": tested.noninferior,
        "p_value_worse": np.where(is_open, tested.directed.worse, np.nan),
        "p_value_harm": tested.harm,
        "p_value_corrected": np.where(chosen, decided.p_corrected[of_twin], np.nan),
        "p_value_harm_corrected": np.where(chosen, decided.p_harm_corrected[of_twin], np.nan),
        "p_launch": np.where(is_open, decided.p_launch[of_twin], np.nan),
        "p_launch_corrected": np.where(is_open, decided.p_launch_corrected[of_twin], np.nan),
    }
    tail = np.where(chosen, decided.tail[of_twin], plan.alpha / 2)
    harm_tail = np.where(chosen, decided.harm_tail[of_twin], np.nan)
    columns |= {
        "test_level": np.where(chosen & ~np.isnan(columns["p_launch"]), tail, np.nan),
        "launch_level": np.where(is_open, decided.arm_tail[of_twin], np.nan),
        "harm_level": harm_tail,
    }
    return columns, tail, harm_tail


def _loading(rows: pa.Table, pairs: Pairs) -> FloatArray:
    """Correlation of comparisons with their control, where there is one look and one period.

    Repeated p-values are not those of one normal statistic, and the weights of periods, which
    differ between arms, leave less correlation than the product of two loadings says.
    """
    is_single = arrow.strings(rows, "design", default="fixed") == "fixed"
    is_single &= pairs.n_combined <= 1
    share = np.where(is_single, divide(pairs.own_control, pairs.comparison.std_error**2), np.nan)
    return np.asarray(np.sqrt(np.clip(share, 0.0, 1.0)))


def _balance(rows: pa.Table, pairs: Pairs) -> dict[str, FloatArray]:
    """Balance of the covariates before exposure; tested once per treatment and metric."""
    tested = pairs.is_chosen & (pairs.control >= 0)
    columns = np.full((2, tested.size), np.nan)
    columns[:, tested] = balance.balance_of(
        pairs.covariate.take(tested), arrow.codes(rows, FAMILY)[tested]
    )
    return {"p_value_balance": columns[0], "p_value_balance_corrected": columns[1]}


def _intervals(
    several: Mixed, plan: Plan, tested: Tested, tail: FloatArray, level: FloatArray,
    is_shown: BoolArray,
) -> dict[str, FloatArray]:  # fmt: skip
    """Limits at the deciding level, and of the lift."""
    level = np.where(is_shown, level, np.nan)
    deciding = several.interval(level)
    relative = several.lift_interval(np.where(is_shown, level, plan.alpha / 2))

    own_test = is_shown & plan.has_margin & margin_limits.has_other_limits(several, plan.goal)
    shown = tested.directed.noninferior <= level
    by_lift = plan.goal.margin_is_relative
    deciding = margin_limits.agree_with_margin(deciding, plan.goal, own_test & ~by_lift, shown)
    relative = margin_limits.agree_with_margin(relative, plan.goal, own_test & by_lift, shown)
    separated = ~np.isnan(relative.lower + relative.upper)
    return {
        "lower": deciding.lower,
        "upper": deciding.upper,
        "level": np.where(np.isnan(deciding.lower), np.nan, 1 - 2 * tail),
        "lift": np.where(separated, lift(several.comparison), np.nan),
        "lift_lower": relative.lower,
        "lift_upper": relative.upper,
    }
