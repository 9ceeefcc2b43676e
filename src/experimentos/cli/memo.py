"""``experimentos memo``."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from experimentos.cli.options import HERE, Format, ProfilesDir, ProjectDir, Target, Variables
from experimentos.cli.output import (
    opened,
    print_json,
    print_lines,
    print_verdicts,
    reporting,
    verdict_rows,
)
from experimentos.memo import Memo, read_memos, write


class MemoFormat(StrEnum):
    """Kinds of memo files, and ``json`` for the listing."""

    md = "md"
    html = "html"
    json = "json"


class FailOn(StrEnum):
    """What makes the command fail."""

    blocked = "blocked"


Experiments = Annotated[
    list[str] | None,
    typer.Option(
        "--experiment", "-e", help="Only this experiment; may be given again.", show_default="all"
    ),
]
Formats = Annotated[
    list[MemoFormat] | None,
    typer.Option(
        "--format",
        "-f",
        help="Kind of file, may be given again; json prints the listing for machines.",
        show_default="md and html",
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")]
Fail = Annotated[
    FailOn | None, typer.Option("--fail-on", help="Exit with 1 if an experiment is blocked.")
]


def memo(
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    experiment: Experiments = None,
    out: Out = Path("memos"),
    formats: Formats = None,
    fail_on: Fail = None,
) -> None:
    """Write a memo of each experiment from the tables that the last build left."""
    chosen = formats or []
    output = Format.json if MemoFormat.json in chosen else Format.text
    kinds = [kind.value for kind in chosen if kind is not MemoFormat.json]
    with reporting(output):
        with opened(project_dir, profiles_dir, target, variables) as project:
            project.check_versions()
            memos = read_memos(project.fetch, experiment or None)
        paths = write_memos(memos, out, kinds or ("md", "html"))
    if output is Format.json:
        print_json({"experiments": verdict_rows(memos, paths)})
    elif memos:
        print_verdicts(memos, paths)
    else:
        print_lines("No experiment is defined, so there is no memo to write.")
    if fail_on is FailOn.blocked and any(one.is_blocked for one in memos):
        raise typer.Exit(1)


def write_memos(
    memos: Sequence[Memo], folder: Path, kinds: Sequence[str]
) -> dict[str, Sequence[Path]]:
    """Write memos and say which files belong to which experiment.

    Parameters
    ----------
    memos : sequence of Memo
        What to write.
    folder : Path
        Where to.
    kinds : sequence of str
        Kinds of files.

    Returns
    -------
    dict
        Experiment id to its files.
    """
    return {one.experiment.experiment_id: write([one], folder, kinds) for one in memos}
