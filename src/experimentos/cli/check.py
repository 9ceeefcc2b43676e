"""``experimentos check``."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape

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
from experimentos.project import Bindings, Definitions, read_bindings, read_definitions

_EXPERIMENT = {
    "Experiment": "experiment_id",
    "Start": "start",
    "End": "end",
    "Variants": "variants",
    "Success": "success",
    "Guardrails": "guardrails",
    "File": "file",
}
_METRIC = {
    "Metric": "metric",
    "Type": "type",
    "Model": "model",
    "Window": "window",
    "Covariate": "covariate",
    "Goal": "goal",
    "File": "file",
}


Warehouse = Annotated[
    bool,
    typer.Option(
        "--warehouse",
        help="Also bind each metric's and model's expressions in the warehouse, one by one.",
    ),
]


def check(
    *,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    warehouse: Warehouse = False,
    output: Output = Format.text,
) -> None:
    """Check all definitions, without building anything, and list what is defined.

    Runs the package's own check (dbt run-operation experimentos.check) and reads the YAML files for
    what dbt hides: a key given twice, or read as a date. With --warehouse every column and SQL
    expression is also asked of the warehouse by itself, so that all that fail are named; models
    have to be built for that. Exits with 1 if a build would stop.
    """
    with reporting(output), opened(project_dir, profiles_dir, target, variables) as project:
        found = read_definitions(project)
        # Expressions of definitions that cannot be read have no place to be asked from.
        bound = read_bindings(project) if warehouse and not found.problems else None
    problems = found.problems + (bound.problems if bound else ())
    if output is Format.json:
        content: dict[str, Any] = {
            "experiments": found.experiments,
            "metrics": found.metrics,
            "problems": problems,
            "held": found.held,
            "warnings": found.warnings,
        }
        if warehouse:
            content["expressions_asked"] = bound.asked if bound else None
        print_json(content)
    else:
        _show(found, problems)
        if warehouse:
            _show_warehouse(bound)
    if problems:
        raise typer.Exit(1)


def _show(found: Definitions, problems: Sequence[str]) -> None:
    print_table("Experiments", tuple(_EXPERIMENT), _rows(found.experiments, _EXPERIMENT))
    print_table("Metrics", tuple(_METRIC), _rows(found.metrics, _METRIC))
    for title, lines in (
        ("[bold red]Problems[/]", problems),
        ("[yellow]Held back (invalid_experiments: hold)[/]", found.held),
        ("[yellow]Warnings[/]", found.warnings),
    ):
        if lines:
            print_lines(title, *(f"  - {escape(line)}" for line in lines))
    if not problems:
        counts = f"{len(found.experiments)} experiments, {len(found.metrics)} metrics"
        print_lines(f"[green]No problem that stops a build[/]: {counts}.")


def _show_warehouse(bound: Bindings | None) -> None:
    if bound is None:
        print_lines("The warehouse was not asked: mend the definitions first.")
    else:
        print_lines(f"{bound.asked} columns and expressions were asked of the warehouse.")


def _rows(
    entries: tuple[Mapping[str, Any], ...], columns: Mapping[str, str]
) -> list[tuple[object, ...]]:
    return [tuple(_short(entry.get(key)) for key in columns.values()) for entry in entries]


def _short(value: object) -> object:
    """Leave the time of day out where it is midnight."""
    return value.removesuffix(" 00:00:00") if isinstance(value, str) else value
