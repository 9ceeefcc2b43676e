"""``experimentos build``."""

from dataclasses import asdict
from typing import Annotated

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
from experimentos.cli.output import (
    opened,
    print_json,
    print_lines,
    print_verdicts,
    reporting,
    verdict_rows,
)
from experimentos.memo import read_memos
from experimentos.project import build as run_build

Full = Annotated[
    bool, typer.Option("--full", help="Build the whole project, not the package alone.")
]


Reopen = Annotated[
    list[str] | None,
    typer.Option(
        "--reopen",
        metavar="NAME",
        help="Compute an archived experiment again, from its raw rows; may be repeated.",
    ),
]

Force = Annotated[
    bool,
    typer.Option(
        "--force", help="With --reopen: also where raw rows are gone, and with them its results."
    ),
]


def build(
    *,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    full: Full = False,
    reopen: Reopen = None,
    force: Force = False,
    output: Output = Format.text,
) -> None:
    """Build the package's tables, from staging to decisions.

    The same as dbt build --select package:experimentos, and where the warehouse has no Python
    models (or vars.experimentos.inference is client) the statistics are computed here in between.

    Results of experiments that are over are kept in an archive, whatever happens to their raw rows
    afterwards; an edited definition is computed again while those are there. --reopen takes an
    experiment out of the archive first, and refuses if its raw rows are gone.
    """
    if force and not reopen:
        msg = "--force goes with --reopen"
        raise typer.BadParameter(msg)
    with reporting(output), opened(project_dir, profiles_dir, target, variables) as project:
        if reopen:
            project.run_operation("experimentos.reopen", {"name": reopen, "force": force})
        summary = run_build(project, full=full)
        memos = read_memos(project.fetch)
    if output is Format.json:
        print_json({**asdict(summary), "experiments": verdict_rows(memos, {})})
        return
    print_verdicts(memos, {})
    print_lines(
        f"{summary.passed} nodes passed, {summary.warned} warned, {summary.skipped} skipped.",
        *(f"  [yellow]warning[/] {escape(warning)}" for warning in summary.warnings),
    )
