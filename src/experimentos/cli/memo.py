"""``experimentos memo``."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from experimentos.cli.options import HERE, Format, ProfilesDir, ProjectDir, Target, Variables
from experimentos.cli.output import (
    opened,
    print_json,
    print_lines,
    print_verdicts,
    reporting,
    verdict_rows,
)
from experimentos.memo import Memo, Templates, read_memos, templates, write
from experimentos.memo.marts import CONDITIONS
from experimentos.project import Project

TEMPLATES: Final = "memo_templates"
"""Folder of a project's own templates."""


class MemoFormat(StrEnum):
    """Kinds of memo files; ``json`` also prints the listing for machines."""

    md = "md"
    html = "html"
    pdf = "pdf"
    svg = "svg"
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
        help="Kind of file, may be given again; svg adds the charts to the Markdown, json also "
        "prints the listing for machines.",
        show_default="md and html",
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")]
OwnTemplates = Annotated[
    Path | None,
    typer.Option(
        "--templates",
        help="Folder of own sections, style and texts.",
        show_default="memo_templates in the project, if it is there",
    ),
]
Texts = Annotated[
    bool, typer.Option("--texts", help="List the texts that `texts.yml` may name, and stop.")
]
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
    *,
    own: OwnTemplates = None,
    texts: Texts = False,
) -> None:
    """Write a memo of each experiment from the tables that the last build left."""
    chosen = formats or []
    output = Format.json if MemoFormat.json in chosen else Format.text
    kinds = [kind.value for kind in chosen]
    with reporting(output):
        used = own_templates(own, project_dir)
        if texts:
            print_lines(*map(escape, used.all_texts()))
            return
        with opened(project_dir, profiles_dir, target, variables) as project:
            project.check_versions()
            memos = read_memos(fetcher(project), experiment or None)
        paths = write_memos(memos, out, kinds or ("md", "html"), used)
    if output is Format.json:
        print_json({"experiments": verdict_rows(memos, paths)})
    elif memos:
        print_verdicts(memos, paths)
    else:
        print_lines("No experiment is defined, so there is no memo to write.")
    if fail_on is FailOn.blocked and any(one.is_blocked for one in memos):
        raise typer.Exit(1)


def fetcher(project: Project) -> Callable[[str], list[dict[str, Any]]]:
    """Return what reads the rows of a mart that memos need.

    Parameters
    ----------
    project : Project
        Built.

    Returns
    -------
    callable
        Takes the name of a mart.
    """
    return lambda name: project.fetch(name, CONDITIONS.get(name))


def own_templates(folder: Path | None, project_dir: Path) -> Templates:
    """Return the templates of a project, or the package's where it has none.

    Parameters
    ----------
    folder : Path or None
        As named on the command line.
    project_dir : Path
        The dbt project.

    Returns
    -------
    Templates
        What memos are rendered with.
    """
    usual = project_dir / TEMPLATES
    return templates(folder or (usual if usual.is_dir() else None))


def write_memos(
    memos: Sequence[Memo],
    folder: Path,
    kinds: Sequence[str],
    own: Templates | None = None,
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
    own : Templates, optional
        A project's own.

    Returns
    -------
    dict
        Experiment id to its files.
    """
    return {one.experiment.experiment_id: write([one], folder, kinds, own) for one in memos}
