"""``experimentos memo``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from experimentos.cli.memo_batches import Paths, by_experiment, fetcher, write_read
from experimentos.cli.memo_fails import FailOn, Watched, watch
from experimentos.cli.options import HERE, Format, ProfilesDir, ProjectDir, Target, Variables
from experimentos.cli.output import (
    opened,
    print_json,
    print_lines,
    print_verdicts,
    reporting,
    verdict_rows,
)
from experimentos.memo import Memo, Templates, read_memos, templates
from experimentos.memo.changes import Change, find_changes
from experimentos.memo.context import Statement
from experimentos.project import Project, read_compiled, read_memory
from experimentos.site import Written, write_site

STATEMENTS: Final = (
    "units", "unit_events", "pair_moments", "moments", "health", "effects", "decision_evidence",
    "variant_decisions", "decisions",
)  # fmt: skip
"""Models whose SQL a memo may hold, in the order in which data go through them."""
TEMPLATES: Final = "memo_templates"
"""Folder of a project's own templates."""


LISTED: Final = frozenset({"experiments", "metrics", "decisions", "variant_decisions", "health"})
"""Marts that tell verdicts."""


class MemoFormat(StrEnum):
    """Kinds of memo files; ``json`` also prints the listing for machines."""

    md = "md"
    html = "html"
    pdf = "pdf"
    svg = "svg"
    json = "json"


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
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder to write memos to.", show_default="memos"),
]
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
Sql = Annotated[
    bool, typer.Option("--sql", help="Add the SQL that the last build in this folder ran.")
]
Fail = Annotated[
    list[FailOn] | None,
    typer.Option(
        "--fail-on",
        help="Exit with 1 if an experiment that has not ended is blocked, or to be rolled back; "
        "may be given again.",
        show_default="nothing",
    ),
]
Changed = Annotated[
    bool,
    typer.Option(
        "--changed", help="Only experiments with another verdict or definition than remembered."
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"],
        help="Only experiments with another verdict or definition than before this time (UTC).",
        show_default="whenever",
    ),
]
Site = Annotated[
    Path | None,
    typer.Option(
        "--site",
        help="Write a static site of all experiments to this folder; memos too if --out is given.",
        show_default="no site",
    ),
]


def memo(
    *,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    experiment: Experiments = None,
    changed: Changed = False,
    since: Since = None,
    out: Out = None,
    site: Site = None,
    formats: Formats = None,
    fail_on: Fail = None,
    own: OwnTemplates = None,
    texts: Texts = False,
    sql: Sql = False,
) -> None:
    """Write a memo of each experiment from the tables that the last build left."""
    if changed and since is not None:
        msg = "--changed compares with the last build that is remembered, --since with an earlier"
        raise typer.BadParameter(msg, param_hint="--changed, --since")
    if site is not None and out is None and (experiment or changed or since or _kinds(formats)):
        msg = "a site is of all experiments; what is chosen besides it is written to --out"
        raise typer.BadParameter(msg, param_hint="--site")
    output = Format.json if MemoFormat.json in (formats or []) else Format.text
    with reporting(output):
        used = own_templates(own, project_dir)
        if texts:
            print_lines(*map(escape, used.all_texts()))
            return
        with opened(project_dir, profiles_dir, target, variables) as project:
            project.check_versions()
            changes = _changes(project, since) if changed or since is not None else None
            wanted = _wanted(project, experiment, changes)
            paths: Paths = {}
            statements = _statements(project) if sql else ()
            if site is not None and out is None:
                memos = _told(project, wanted)
            else:
                kinds = [kind.value for kind in formats or ()] or ["md", "html"]
                memos, paths = write_read(
                    project, wanted, out or Path("memos"), kinds, used, statements
                )
            written = None
            if site is not None:
                written = write_site(by_experiment(project), site, own=used, statements=statements)
    watched = watch(memos, fail_on) if fail_on else None
    _report(output, memos, paths, changes, written, watched)
    if watched is not None and watched.failing:
        raise typer.Exit(1)


def _statements(project: Project) -> tuple[Statement, ...]:
    """Return the SQL of the way from units to the verdict."""
    compiled = read_compiled(project, STATEMENTS)
    return tuple(Statement(model, text) for model, text in compiled.items())


def _kinds(formats: Sequence[MemoFormat] | None) -> tuple[str, ...]:
    return tuple(kind.value for kind in formats or () if kind is not MemoFormat.json)


def _told(project: Project, wanted: Sequence[str] | None) -> list[Memo]:
    """Read memos without numbers, for telling verdicts."""
    fetch = fetcher(project, wanted)
    return list(read_memos(lambda name: fetch(name) if name in LISTED else [], wanted))


def _changes(project: Project, since: datetime | None) -> dict[str, Change]:
    return find_changes(
        project.fetch("decisions"),
        project.fetch("history"),
        memory=read_memory(project, "history"),
        since=since,
    )


def _wanted(
    project: Project, experiment: Sequence[str] | None, changes: Mapping[str, Change] | None
) -> Sequence[str] | None:
    if changes is None:
        return experiment or None
    if not experiment:
        return sorted(changes)
    # Names that are not known are told as such, not as unchanged.
    known = {row["experiment_id"] for row in project.fetch("experiments")}
    return [one for one in experiment if one in changes or one not in known]


def _report(
    output: Format,
    memos: Sequence[Memo],
    paths: Mapping[str, Sequence[Path]],
    changes: Mapping[str, Change] | None,
    written: Written | None,
    watched: Watched | None,
) -> None:
    if output is Format.json:
        rows = verdict_rows(memos, paths)
        for row in rows if changes is not None else ():
            change = (changes or {})[row["experiment_id"]]
            row |= {"changed": change.what, "verdict_before": change.verdict_before}
        site = None if written is None else str(written.folder / "index.html")
        failing = {} if watched is None else {"fail_on": watched.document}
        print_json({"experiments": rows} | ({} if site is None else {"site": site}) | failing)
        return
    if memos:
        print_verdicts(memos, paths, changes)
    elif changes is not None:
        print_lines("No verdict and no definition changed, so there is no memo to write.")
    else:
        print_lines("No experiment is defined, so there is no memo to write.")
    if written is not None:
        print_lines(
            f"Site of {written.n_experiments} experiments and {written.n_metrics} metrics: "
            f"{escape(str(written.folder / 'index.html'))}"
        )
    if watched is not None:
        print_lines(*watched.lines)


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
