"""``experimentos validate``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

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
from experimentos.cli.question import (
    Alpha,
    AlphaHarm,
    Effects,
    From,
    Gamma,
    Guardrails,
    HistoryWeeks,
    Looks,
    Monitoring,
    On,
    Power,
    Rho,
    Spending,
    Split,
    Unit,
    Until,
    Where,
    asked,
)
from experimentos.cli.validate_tables import show_left_out, show_validation
from experimentos.errors import RefusedError
from experimentos.planning import PastValidation, Question, validate_past
from experimentos.project import Project
from experimentos.project.validation import (
    BUCKETS,
    RUNS,
    Request,
    Validation,
    keep,
    validated_experiments,
)
from experimentos.project.validation import (
    validate as validate_experiment,
)


class Arms(StrEnum):
    """Whose units are dealt."""

    control = "control"
    all = "all"


class FailOn(StrEnum):
    """What makes the command exit with 1."""

    never = "never"
    flagged = "flagged"


Experiments = Annotated[
    list[str] | None,
    typer.Option(
        "--experiment", "-e", help="Only this one; again for more.", show_default="all that can be"
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "-m",
        metavar="METRIC[:EFFECT]",
        show_default="all",
        help="Only this one; again for more. With --past a success metric, with the "
        "smallest effect looked for of it alone like revenue:5%.",
    ),
]
OfArms = Annotated[
    Arms, typer.Option("--arms", help="Whose units are dealt: control's, or all arms' together.")
]
Runs = Annotated[int, typer.Option("--runs", help="How often units are dealt to two arms.")]
Buckets = Annotated[int, typer.Option("--buckets", help="Into how many buckets at most.")]
Salt = Annotated[
    str,
    typer.Option("--salt", help="Repeats a run that printed it.", show_default="a fresh one"),
]
Keep = Annotated[
    bool, typer.Option("--write/--no-write", help="Write the table experimentos__validation.")
]
Fails = Annotated[FailOn, typer.Option("--fail-on", help="When to exit with 1.")]

Past = Annotated[
    bool,
    typer.Option("--past", help="Deal the units that entered in past weeks, as `plan` reads them; "
                 "no experiment is needed. Writes no table."),
]  # fmt: skip
# What describes the experiment that does not exist, and whose history: parameter to option.
_OF_PAST = {
    name: f"--{name.replace('_', '-')}"
    for name in ("guardrail", "mde", "split", "alpha", "alpha_harm", "power", "monitoring", "looks",
                 "spending", "gamma", "rho", "on", "where", "unit", "until", "history")
} | {"first": "--from"}  # fmt: skip
_NOT_PAST = {"experiment": "--experiment", "arms": "--arms"}


def validate(
    context: typer.Context,
    *,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    experiment: Experiments = None,
    metric: Metrics = None,
    arms: OfArms = Arms.control,
    runs: Runs = RUNS,
    buckets: Buckets = BUCKETS,
    salt: Salt = "",
    write: Keep = True,
    fail_on: Fails = FailOn.never,
    past: Past = False,
    guardrail: Guardrails = None,
    mde: Effects = None,
    split: Split = None,
    alpha: Alpha = 0.05,
    alpha_harm: AlphaHarm = None,
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
    output: Output = Format.text,
) -> None:
    """Test the tests on your own data: A/A tests by dealing units to two arms thousands of times.

    Units are hashed into buckets in the warehouse; only moments of buckets leave it. For each
    metric: how often a test rejects although nothing differs, at the end, when looked at every
    day, and by the experiment's own design; and how often it finds the planned effect. A rate is
    flagged where it exceeds what it may be at 99 %.

    With --past the units are those that entered in past weeks, and the experiment is the one that
    the other options describe.
    """
    _require_one_kind(context, past=past)
    question = None
    left_out: dict[str, str] = {}
    if past:
        question = asked(
            metric=metric, guardrail=guardrail, mde=mde, shares=(None, split), first=first,
            until=until, history=history, alpha=alpha, alpha_harm=alpha_harm, power=power,
            design=monitoring, looks=looks, spending=spending, gamma=gamma, rho=rho, on=on,
            where=where, unit=unit, is_plan=False,
        )  # fmt: skip
    with reporting(output), opened(project_dir, profiles_dir, target, variables) as project:
        project.check_versions()
        if question is not None:
            request = Request((), runs, buckets, "all", salt)
            dealt = _past(project, question, request)
            found = [dealt.validation]
        else:
            dealt = None
            request = Request(metric or (), runs, buckets, arms.value, salt)
            found, left_out = _validations(project, experiment, request, write=write)
    if output is Format.json:
        told = {"left_out": left_out} if dealt is None else {"population": _population(dealt)}
        documents = [_document(one) for one in found]
        print_json({"salt": request.salt, **told, "experiments": documents})
    else:
        for one in found:
            show_validation(one, dealt)
        show_left_out(left_out)
    if fail_on is FailOn.flagged and any(one.is_flagged for one in found):
        raise typer.Exit(1)


def _require_one_kind(context: typer.Context, *, past: bool) -> None:
    """Refuse options of the other kind: they would change nothing."""
    others = _NOT_PAST if past else _OF_PAST
    sources = {option: context.get_parameter_source(name) for name, option in others.items()}
    given = [
        option
        for option, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    ]
    if given:
        what = "cannot be given with --past" if past else "need --past"
        msg = f"{', '.join(given)} {what}: with it units of past weeks are dealt, without it those "
        msg += "of experiments, as they are defined"
        raise typer.BadParameter(msg)


def _past(project: Project, question: Question, request: Request) -> PastValidation:
    with _progress() as show:
        return validate_past(project, question, request, progress=show)


def _validations(
    project: Project, names: Sequence[str] | None, request: Request, *, write: bool
) -> tuple[list[Validation], dict[str, str]]:
    """Validate the experiments named, or all that can be: those that cannot are told with why.

    Each is written as soon as it is there, as the next may take minutes.
    """
    found: list[Validation] = []
    left_out: dict[str, str] = {}
    with _progress() as show:
        for name in names or validated_experiments(project):
            try:
                one = validate_experiment(project, name, request, progress=show)
            except RefusedError as error:
                if names:
                    raise
                left_out[name] = str(error)
                continue
            if write:
                keep(project, one)
            found.append(one)
    if not found:
        reasons = "\n".join(left_out.values())
        msg = f"No experiment can be validated.\n{reasons}"
        raise RefusedError(msg)
    return found, left_out


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20))
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=escape(what), completed=done, total=total or None)

        yield show


def _population(dealt: PastValidation) -> dict[str, Any]:
    found = dealt.population
    return {
        "model": found.traffic.model,
        "where": found.traffic.where,
        "unit": found.answer["kind"],
        "units": found.traffic.units,
        "first": found.period.first,
        "until": found.period.until,
        "data_until": found.bounds.data_until,
        "notes": dealt.notes,
    }


def _document(one: Validation) -> dict[str, Any]:
    return {
        "experiment_id": one.experiment_id,
        "is_flagged": one.is_flagged,
        "design": one.design,
        "arms": one.request.arms,
        "runs": one.request.runs,
        "n_units": one.n_units,
        "n_buckets": one.n_buckets,
        "treated_share": one.treated_share,
        "data_as_of": one.data_as_of,
        "validated_at": one.validated_at,
        "left_out": dict(one.left_out),
        "rates": [{key: row[key] for key in row if key not in _SHARED} for row in one.rows()],
    }


_SHARED = frozenset({
    "experiment_id", "design", "arms", "n_buckets", "treated_share", "salt", "validated_at",
    "data_as_of", "definitions_hash",
})  # fmt: skip
