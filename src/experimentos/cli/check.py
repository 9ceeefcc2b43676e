"""``experimentos check``."""

from collections.abc import Mapping
from typing import Any

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
from experimentos.project import Definitions, read_definitions

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


def check(
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    output: Output = Format.text,
) -> None:
    """Check all definitions, without building anything, and list what is defined.

    Runs the package's own check (dbt run-operation experimentos.check) and reads the YAML files for
    what dbt hides: a key given twice, or read as a date. Exits with 1 if a build would stop.
    """
    with reporting(output), opened(project_dir, profiles_dir, target, variables) as project:
        found = read_definitions(project)
    if output is Format.json:
        print_json(
            {
                "experiments": found.experiments,
                "metrics": found.metrics,
                "problems": found.problems,
                "held": found.held,
            }
        )
    else:
        _show(found)
    if found.problems:
        raise typer.Exit(1)


def _show(found: Definitions) -> None:
    print_table("Experiments", tuple(_EXPERIMENT), _rows(found.experiments, _EXPERIMENT))
    print_table("Metrics", tuple(_METRIC), _rows(found.metrics, _METRIC))
    for title, problems in (
        ("[bold red]Problems[/]", found.problems),
        ("[yellow]Held back (invalid_experiments: hold)[/]", found.held),
    ):
        if problems:
            print_lines(title, *(f"  - {escape(problem)}" for problem in problems))
    if not found.problems:
        counts = f"{len(found.experiments)} experiments, {len(found.metrics)} metrics"
        print_lines(f"[green]No problem that stops a build[/]: {counts}.")


def _rows(
    entries: tuple[Mapping[str, Any], ...], columns: Mapping[str, str]
) -> list[tuple[object, ...]]:
    return [tuple(_short(entry.get(key)) for key in columns.values()) for entry in entries]


def _short(value: object) -> object:
    """Leave the time of day out where it is midnight."""
    return value.removesuffix(" 00:00:00") if isinstance(value, str) else value
