"""``experimentos plan``."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
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
)
from experimentos.cli.output import opened, print_json, reporting
from experimentos.cli.plan_tables import show_plan, show_yaml
from experimentos.cli.question import (
    HOW,
    Alpha,
    AlphaHarm,
    Correction,
    Effects,
    From,
    Gamma,
    Guardrails,
    HistoryWeeks,
    Looks,
    Metrics,
    Monitoring,
    On,
    Power,
    Rho,
    Spending,
    Split,
    Unit,
    Until,
    Variants,
    Weeks,
    Where,
    asked,
    read_date,
)
from experimentos.errors import InputError
from experimentos.planning import (
    History,
    Question,
    Scenario,
    next_monday,
    read_history,
    to_yaml,
)

if TYPE_CHECKING:
    from experimentos.planning.planner import Planner

Name = Annotated[
    str, typer.Option("--name", help="Name of the experiment in the YAML.", rich_help_panel=HOW)
]
Start = Annotated[
    str | None,
    typer.Option("--start", metavar="DATE", rich_help_panel=HOW, show_default="next Monday",
                 help="First day of the experiment in the YAML."),
]  # fmt: skip
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Also write the YAML to a new file.",
                 rich_help_panel=HOW),
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
    begin = read_date(start, "--start") or next_monday(datetime.now(tz=UTC).date())
    question = asked(
        metric=metric, guardrail=guardrail, mde=mde, weeks=weeks or (),
        shares=(variants, split), first=first, until=until, history=history,
        alpha=alpha, alpha_harm=alpha_harm, correction=correction, power=power,
        design=monitoring, looks=looks, spending=spending, gamma=gamma, rho=rho,
        on=on, where=where, unit=unit,
    )  # fmt: skip
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
