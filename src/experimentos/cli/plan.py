"""``experimentos plan``."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experimentos.cli.options import (
    HERE,
    Format,
    Output,
    ProfilesDir,
    ProjectDir,
    Target,
    Variables,
    read_split,
)
from experimentos.cli.output import opened, print_json, reporting
from experimentos.cli.plan_tables import show_plan, show_yaml
from experimentos.errors import InputError
from experimentos.planning import (
    Amount,
    History,
    Question,
    Scenario,
    next_monday,
    read_amount,
    read_guardrail,
    read_history,
    read_metric,
    to_yaml,
)

if TYPE_CHECKING:
    from experimentos.planning.planner import Planner

_WHAT, _WHO, _HOW = "What is tested", "Whose history", "How it is run"

Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", "-m", metavar="METRIC[:EFFECT]", rich_help_panel=_WHAT,
                 help="A success metric, with the smallest effect looked for of it alone like "
                 "revenue:5%; again for more."),
]  # fmt: skip
Guardrails = Annotated[
    list[str] | None,
    typer.Option("--guardrail", "-g", metavar="METRIC[:MARGIN]", rich_help_panel=_WHAT,
                 help="A guardrail, with margin like latency:2% or errors:absolute:0.001; again "
                 "for more."),
]  # fmt: skip
Effects = Annotated[
    list[str] | None,
    typer.Option("--mde", metavar="EFFECT", rich_help_panel=_WHAT,
                 help="Smallest effect looked for, like 2% or absolute:0.5, of metrics that have "
                 "none of their own; again for a plan of each."),
]  # fmt: skip
Weeks = Annotated[
    list[int] | None,
    typer.Option("--weeks", rich_help_panel=_WHAT,
                 help="Find the smallest effect of each metric within so many weeks, windows "
                 "included; again for more."),
]  # fmt: skip
Variants = Annotated[
    int | None,
    typer.Option("--variants", min=2, show_default="2", rich_help_panel=_HOW,
                 help="Number of variants of equal shares, control among them."),
]  # fmt: skip
Split = Annotated[
    list[str] | None,
    typer.Option("--split", metavar="VARIANT=SHARE", rich_help_panel=_HOW, show_default="equal",
                 help="The planned share of a variant, control first; give it for each."),
]  # fmt: skip
Alpha = Annotated[
    float, typer.Option("--alpha", help="Two-sided error rate.", rich_help_panel=_HOW)
]
AlphaHarm = Annotated[
    float | None,
    typer.Option("--alpha-harm", rich_help_panel=_HOW, show_default="half of alpha",
                 help="One-sided error rate of Rollback."),
]  # fmt: skip
Correction = Annotated[
    str,
    typer.Option("--correction", rich_help_panel=_HOW,
                 help="holm, bonferroni, hommel, closed or dunnett, of the success metrics. Units "
                 "are those of bonferroni; no other needs more."),
]  # fmt: skip
Power = Annotated[
    float, typer.Option("--power", help="Probability to launch.", rich_help_panel=_HOW)
]
Monitoring = Annotated[
    str,
    typer.Option("--monitoring", rich_help_panel=_HOW,
                 help="group_sequential, always_valid or fixed."),
]  # fmt: skip
Looks = Annotated[
    int,
    typer.Option("--looks", rich_help_panel=_HOW, help="Looks, of group_sequential."),
]
Spending = Annotated[
    str,
    typer.Option("--spending", rich_help_panel=_HOW,
                 help="obrien_fleming, pocock, linear, hwang_shih_decani (with --gamma) or "
                 "kim_demets (with --rho), of group_sequential."),
]  # fmt: skip
Gamma = Annotated[
    float | None,
    typer.Option("--gamma", rich_help_panel=_HOW, help="Of hwang_shih_decani: -40 to 40."),
]
Rho = Annotated[
    float | None, typer.Option("--rho", rich_help_panel=_HOW, help="Of kim_demets: up to 50.")
]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="MODEL", rich_help_panel=_WHO,
                 show_default="the fact that brings the most",
                 help="Units enter with their first row of this listed model."),
]  # fmt: skip
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="SQL", help="Which of its rows.", rich_help_panel=_WHO),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", metavar="KIND", rich_help_panel=_WHO, show_default="the one assigned",
                 help="Kind of unit, where there are several."),
]  # fmt: skip
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", rich_help_panel=_WHO,
                 help="First day on which units enter.", show_default="whole weeks, at most 8"),
]  # fmt: skip
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", rich_help_panel=_WHO,
                 show_default="when windows have closed",
                 help="Exclusive end of the days on which units enter."),
]  # fmt: skip
HistoryWeeks = Annotated[
    int | None,
    typer.Option("--history", metavar="WEEKS", rich_help_panel=_WHO, show_default="at most 8",
                 help="Weeks in which units enter."),
]  # fmt: skip
Name = Annotated[
    str, typer.Option("--name", help="Name of the experiment in the YAML.", rich_help_panel=_HOW)
]
Start = Annotated[
    str | None,
    typer.Option("--start", metavar="DATE", rich_help_panel=_HOW, show_default="next Monday",
                 help="First day of the experiment in the YAML."),
]  # fmt: skip
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Also write the YAML to a new file.",
                 rich_help_panel=_HOW),
]  # fmt: skip


def plan(
    *,
    metric: Metrics = None,
    guardrail: Guardrails = None,
    mde: Effects = None,
    weeks: Weeks = None,
    variants: Variants = None,
    split: Split = None,
    alpha: Alpha = 0.05,
    alpha_harm: AlphaHarm = None,
    correction: Correction = "holm",
    power: Power = 0.8,
    monitoring: Monitoring = "group_sequential",
    looks: Looks = 4,
    spending: Spending = "obrien_fleming",
    gamma: Gamma = None,
    rho: Rho = None,
    on: On = None,
    where: Where = None,
    unit: Unit = None,
    first: From = None,
    until: Until = None,
    history: HistoryWeeks = None,
    name: Name = "new_experiment",
    start: Start = None,
    out: Out = None,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    output: Output = Format.text,
) -> None:
    """Plan an experiment from the warehouse's own history: how many units, and how many weeks.

    Units that entered in past weeks are treated as if they had been assigned: the metrics run over
    them through the same SQL as over an experiment, windows, caps and covariates included. Prints
    the baseline, what every part of the plan costs, and the YAML of the experiment to paste.

    What it builds is in a schema of its own in your warehouse, dropped at the end.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        msg = f"must be letters, digits and _, as names of dbt's exposures are; got {name!r}"
        raise typer.BadParameter(msg, param_hint="--name")
    begin = _read_date(start, "--start") or next_monday(datetime.now(tz=UTC).date())
    try:
        success = _read_named(metric or (), "--metric", read_metric)
        question = Question(
            success=list(success),
            own_effects={name: one for name, one in success.items() if one is not None},
            guardrails=_read_named(guardrail or (), "--guardrail", read_guardrail),
            effects=[read_amount(text, "--mde") for text in mde or ()],
            weeks=weeks or (),
            shares=_shares(variants, split or ()),
            alpha=alpha,
            alpha_harm=alpha_harm,
            correction=correction,
            power=power,
            design=monitoring,
            spending=spending,
            looks=looks,
            gamma=gamma,
            rho=rho,
            on=on,
            where=where,
            unit=unit,
            first=_read_date(first, "--from"),
            until=_read_date(until, "--until"),
            history_weeks=history,
        )
    except InputError as error:
        raise typer.BadParameter(str(error)) from error
    with reporting(output):
        if out is not None and out.exists():
            msg = f"{out} is there already; name a new file with --out"
            raise InputError(msg)
        with opened(project_dir, profiles_dir, target, variables) as project:
            project.check_versions()
            read = read_history(project, question)
        # SciPy takes a second to import, and other verbs need none.
        from experimentos.planning.planner import Planner  # noqa: PLC0415

        planner = Planner(question, read)
        scenarios = _scenarios(planner, question)
        pasted = to_yaml(
            question, scenarios[0], name=name, start=begin,
            kind=None if read.kind == "unit" else read.kind,
        )  # fmt: skip
        if out is not None and pasted:
            out.write_text(pasted, encoding="utf-8")
    if output is Format.json:
        print_json(_document(question, read, planner, scenarios, pasted))
    else:
        show_plan(question, read, planner, scenarios)
        show_yaml(pasted, out)


def _read_named(
    given: Sequence[str], option: str, read: Callable[[str], tuple[str, Amount | None]]
) -> dict[str, Amount | None]:
    """Read metrics with what is given with them; all that cannot be read is named."""
    found: dict[str, Amount | None] = {}
    problems = []
    for text in given:
        try:
            name, amount = read(text)
        except InputError as error:
            problems.append(str(error))
            continue
        if name in found:
            problems.append(f"{option} {name} is given twice")
        found[name] = amount
    if problems:
        raise InputError("\n".join(problems))
    return found


def _shares(variants: int | None, split: Sequence[str]) -> dict[str, float]:
    if split and variants is not None:
        msg = "--variants and --split say the same: give one of them"
        raise InputError(msg)
    if split:
        return read_split(split)
    number = variants or 2
    treatments = ["treatment"] if number == 2 else [f"treatment_{i}" for i in range(1, number)]
    return dict.fromkeys(["control", *treatments], 1 / number)


def _read_date(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        msg = f"must be a date like 2026-09-01, got {text!r}"
        raise typer.BadParameter(msg, param_hint=option) from error


def _scenarios(planner: "Planner", question: Question) -> list[Scenario]:
    problems = list(
        dict.fromkeys(
            problem for effect in question.scenarios for problem in planner.problems(effect)
        )
    )
    if problems:
        raise InputError("\n".join(problems))
    return [planner.plan(effect) for effect in question.scenarios] + [
        planner.within(weeks) for weeks in question.weeks
    ]


def _document(
    question: Question,
    read: History,
    planner: "Planner",
    scenarios: Sequence[Scenario],
    pasted: str,
) -> dict[str, Any]:
    return {
        "question": asdict(question) | {
            "effects": [str(effect) for effect in question.effects],
            "own_effects": {name: str(one) for name, one in question.own_effects.items()},
            "alpha_harm": question.harm_rate,
        },
        "population": {
            **asdict(read.traffic),
            "units": read.traffic.units,
            "weekly": read.traffic.weekly,
            "trend": read.traffic.trend,
            "unit": read.kind,
            "first": read.period.first,
            "until": read.period.until,
            "data_until": read.data_until,
        },
        "baselines": {
            name: asdict(one) | {
                "variance_reduction": one.variance_reduction,
                "correlation": one.correlation,
            }
            for name, one in read.baselines.items()
        },
        "wait_days": planner.wait_days,
        "scenarios": [
            asdict(one) | {"effect": None if one.effect is None else asdict(one.effect),
                           "total": one.total}
            for one in scenarios
        ],
        "notes": read.notes,
        "yaml": pasted,
    }  # fmt: skip
