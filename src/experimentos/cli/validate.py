"""``experimentos validate``."""

from collections.abc import Iterator, Sequence
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
from experimentos.cli.output import opened, print_json, print_lines, print_table, reporting
from experimentos.memo import filters
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
    typer.Option("--metric", "-m", help="Only this one; again for more.", show_default="all"),
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

_TESTS = {
    "fixed": "once, at the end",
    "daily": "the same every day",
    "superior": "better, by design",
    "noninferior": "within its margin, by design",
    "harm": "worse, by design",
}


def validate(
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
    output: Output = Format.text,
) -> None:
    """Test the tests on your own data: A/A tests by dealing units to two arms thousands of times.

    Units are hashed into buckets in the warehouse; only moments of buckets leave it. For each
    metric: how often a test rejects although nothing differs, at the end, when looked at every
    day, and by the experiment's own design; and how often it finds the planned effect. A rate is
    flagged where it exceeds what it may be at 99 %.
    """
    with reporting(output), opened(project_dir, profiles_dir, target, variables) as project:
        project.check_versions()
        request = Request(metric or (), runs, buckets, arms.value, salt)
        found = list(_validations(project, experiment, request))
        if write:
            for one in found:
                keep(project, one)
    if output is Format.json:
        print_json({"salt": request.salt, "experiments": [_document(one) for one in found]})
    else:
        for one in found:
            _show(one)
    if fail_on is FailOn.flagged and any(one.is_flagged for one in found):
        raise typer.Exit(1)


def _validations(
    project: Project, names: Sequence[str] | None, request: Request
) -> Iterator[Validation]:
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20))
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=escape(what), completed=done, total=total or None)

        for name in names or validated_experiments(project):
            yield validate_experiment(project, name, request, progress=show)


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


def _show(one: Validation) -> None:
    title = f"{one.experiment_id}: {one.request.runs:,} A/A tests on its own units"
    columns = ("Metric", "Test", "Rejects", "95% interval", "May be", "")
    print_table(title, columns, list(_false_rows(one)))
    power = list(_power_rows(one))
    columns = ("Metric", "Test", "Effect", "Finds it", "95% interval", "Planned")
    print_table("Power", columns, power)
    print_lines(*(escape(note) for note in _notes(one)))
    print_lines(f"[bold]{escape(_sentence(one))}[/]")


def _false_rows(one: Validation) -> Iterator[tuple[object, ...]]:
    before = None
    for row in one.rows():
        if row["measure"] != "false_positive":
            continue
        yield (
            "" if row["metric"] == before else row["metric"],
            _TESTS[row["test"]],
            _percent(row["rate"]),
            _range(row),
            "" if row["nominal"] is None else _percent(row["nominal"]),
            "flagged" if row["is_flagged"] else "",
        )
        before = row["metric"]


def _power_rows(one: Validation) -> Iterator[tuple[object, ...]]:
    for row in one.rows():
        if row["measure"] == "power":
            yield (
                row["metric"],
                _TESTS[row["test"]],
                _effect(row),
                _percent(row["rate"]),
                _range(row),
                "" if row["nominal"] is None else _percent(row["nominal"]),
            )


def _effect(row: dict[str, Any]) -> str:
    if row["effect_kind"] is None:
        return "none"
    is_relative = row["effect_kind"] == "relative"
    return f"{100 * row['effect']:+.4g}%" if is_relative else f"{row['effect']:+.4g}"


def _percent(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.2f}%"


def _range(row: dict[str, Any]) -> str:
    if row["rate"] is None:
        return ""
    return f"{_percent(row['lower'])} to {_percent(row['upper'])}"


def _notes(one: Validation) -> Iterator[str]:
    """Say whose units, how many, and what they were dealt by."""
    whose = "control" if one.request.arms == "control" else "all arms together"
    each = "one unit each" if one.n_buckets == one.n_units else f"of {one.n_units:,} units"
    yield (
        f"Units of {whose} in {one.n_buckets:,} buckets, {each}; {100 * one.treated_share:.4g}% "
        f"of the buckets treated. Data until {filters.day(one.data_as_of)}. "
        f"`--salt {one.request.salt}` repeats this run."
    )
    if not any(rate.test == "daily" for rate in one.rates):
        yield "No rate under daily looks: all units enter on one day."
    if one.n_phases > 1:
        yield "The split was changed: units of all its phases are dealt by the last."
    for metric, reason in one.left_out.items():
        yield f"{metric} is left out: {reason}."


def _sentence(one: Validation) -> str:
    flagged = [rate for rate in one.rates if rate.is_flagged]
    if not flagged:
        return "No test rejects more often than it may."
    names = dict.fromkeys(rate.metric for rate in flagged)
    return (
        f"More false positives than there may be: {', '.join(names)}. Look at the shape of "
        "these metrics (few units, few events, a heavy tail): a cap, a longer run or another split "
        "may help."
    )
