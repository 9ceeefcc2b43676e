"""Plans for people: the history, the plan, its parts, and the experiment to paste."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.markup import escape

from experimentos.cli.output import print_lines, print_table
from experimentos.memo import filters
from experimentos.planning import Baseline, History, MetricNeed, Question, Scenario

if TYPE_CHECKING:
    from experimentos.planning.planner import Planner

_TESTS: Final = {
    "superior": "better",
    "noninferior": "not worse than the margin",
    "harm": "nothing to show",
}


def show_plan(
    question: Question, read: History, planner: "Planner", scenarios: Sequence[Scenario]
) -> None:
    """Print what was read, what it needs, and what each part costs.

    Parameters
    ----------
    question : Question
        What was asked.
    read : History
        What the warehouse knows.
    planner : Planner
        Of the two.
    scenarios : sequence of Scenario
        The first with an effect is shown metric by metric.
    """
    _show_population(read)
    print_table(
        "Baseline",
        ("Metric", "Value", "SD of a unit", "Covariate takes", "SD that is planned with", "Window",
         "Units at the cap", "Without a value"),
        [_baseline_row(one) for one in read.baselines.values()],
    )  # fmt: skip
    print_table(
        f"Plan: {question.design}, alpha {question.alpha:g}, of harm {question.harm_rate:g}, "
        f"power {question.power:g}, {len(question.shares)} variants",
        ("Effect", "Units", "By variant", "Decided by", "Enrolment", "Until the last window",
         "Power at least"),
        [_scenario_row(one) for one in scenarios],
    )  # fmt: skip
    first = next((one for one in scenarios if one.effects), None)
    if first is not None:
        _show_scenario(first, read)
    notes = [*_notes(read, planner, scenarios), *_of_correction(question)]
    print_lines(*(f"[yellow]Note[/] {escape(note)}" for note in notes))


def _show_population(read: History) -> None:
    traffic, period = read.traffic, read.period
    where = f" where {traffic.where}" if traffic.where else ""
    week = traffic.weekly
    lines = [
        (
            f"[bold]{traffic.units:,}[/] units entered by their first row of "
            f"[bold]{escape(traffic.model)}[/]{escape(where)} from {period.first} to "
            f"{period.until} ({period.days} days; the data end before {read.data_until})."
        ),
        f"New units by week: {', '.join(f'{units:,}' for units in week)}.",
    ]
    trend = traffic.trend
    moved = "" if trend is None else f", {trend:+.1%} a week"
    active = ", ".join(f"{units:,}" for units in traffic.active)
    lines.append(f"Units seen by week, those that had come before too: {active}{moved}.")
    print_lines(*lines)


def _baseline_row(one: Baseline) -> tuple[object, ...]:
    reduction = one.variance_reduction
    return (
        one.metric,
        _value(one, one.mean),
        _value(one, one.sd),
        ""
        if one.covariate is None
        else "not used"
        if reduction is None
        else f"{reduction:.1%} (correlation {one.correlation:.2f})",
        _value(one, one.sd_adjusted if one.sd_adjusted is not None else one.sd),
        one.window,
        None if one.n_capped is None else f"{one.n_capped:,} (at {one.cap_value:.6g})",
        f"{one.n_missing:,}" if one.n_missing else None,
    )


def _value(one: Baseline, value: float | None) -> str:
    if one.is_rate or one.format == "percent":
        return str(filters.percent(value))
    return str(filters.number(value))


def _scenario_row(one: Scenario) -> tuple[object, ...]:
    given = "" if one.weeks_given is None else f" in {one.weeks_given} weeks"
    if not one.effects:
        return (f"none{given}", one.note, *[""] * 5)
    return (
        f"{one.wanted}{given}",
        f"{one.total:,.0f}",
        ", ".join(f"{label} {units:,.0f}" for label, units in one.units.items()),
        one.driver,
        _weeks(one.enrolment_days) + (" (extrapolated)" if one.is_extrapolated else ""),
        _weeks(one.total_days),
        f"{one.power_at_least:.1%}",
    )


def _weeks(days: float | None) -> str:
    if days is None:
        return "never: nobody new comes"
    whole, rest = divmod(round(days), 7)
    return f"{whole} weeks" + (f" and {rest} days" if rest else "")


def _show_scenario(one: Scenario, read: History) -> None:
    print_table(
        f"What each metric needs by itself, for {one.wanted}",
        (
            "Metric",
            "To be shown",
            "Effect or margin",
            "One-sided level",
            "Power",
            "Units",
            "Power with all units",
        ),
        [_need_row(need, read.baselines[need.metric]) for need in one.needs],
    )
    before = 0.0
    rows = []
    for step in one.steps:
        cost = "" if not before else f"{step.units - before:+,.0f}"
        rows.append((step.what, f"{step.units:,.0f}", cost))
        before = step.units
    print_table("What each part costs", ("Plan with", "Units", "More"), rows)


def _need_row(need: MetricNeed, one: Baseline) -> tuple[object, ...]:
    shown = _TESTS[need.test]
    if need.harm_found is not None:
        shown += f"; harm of {_value(one, need.harm_found)} would be found with 80% power"
    return (
        need.metric,
        shown,
        None if need.effect is None else _value(one, need.effect),
        None if need.level is None else f"{need.level:.4g}",
        None if need.power is None else f"{need.power:.1%}",
        None if need.units is None else f"{need.units:,.0f}",
        None if need.power_reached is None else f"{need.power_reached:.1%}",
    )


def _notes(read: History, planner: "Planner", scenarios: Sequence[Scenario]) -> Iterator[str]:
    yield from read.notes
    if any(one.is_extrapolated for one in scenarios):
        yield (
            f"The history has {read.traffic.units:,} units; more are expected at the rate of new "
            "units in its last 14 days. Fewer may be new the longer it runs."
        )
    yield f"The last units wait {planner.wait_days} days until their windows have closed."
    for one in scenarios[:1]:
        yield from _costs(one.left_out)
    smallest = min((min(one.units.values()) for one in scenarios if one.units), default=None)
    for name, baseline in read.baselines.items():
        needed = baseline.units_for_skewness
        if smallest is not None and needed is not None and needed > smallest:
            yield (
                f"{name} is skewed ({baseline.skewness:.1f}): its p-values want {needed:,.0f} "
                "units in each variant, or a cap."
            )


def _of_correction(question: Question) -> Iterator[str]:
    if (
        len(question.success) * (len(question.shares) - 1) > 1
        and question.correction != "bonferroni"
    ):
        yield (
            f"Units are those of correction bonferroni; {question.correction} needs as many at "
            "most, and finds more where several effects are real."
        )


def _costs(left_out: Mapping[str, float]) -> Iterator[str]:
    words = {
        "shown_worse": "a guardrail without a margin is shown worse by chance and withholds it",
        "inside_margin": "a guardrail is shown worse inside its margin by chance and withholds it",
        "rolled_back": "a guardrail without a margin rolls it back by chance",
    }
    told = [f"{cost:.1%} that {words[key]}" for key, cost in left_out.items() if cost > 0]
    if told:
        yield (
            "Of the power, guardrails may cost without any effect on them at most: "
            + "; ".join(told)
            + "."
        )


def show_yaml(pasted: str, out: Path | None) -> None:
    """Print the experiment to paste.

    Parameters
    ----------
    pasted : str
        YAML; empty where there is none.
    out : Path, optional
        Where it was written to.
    """
    if not pasted:
        print_lines("There is no experiment to paste.")
        return
    place = f"written to {out}" if out is not None else "to paste into a file in experiments/"
    print_lines(f"[bold]The experiment[/], {escape(str(place))}:", "")
    typer.echo(pasted)
