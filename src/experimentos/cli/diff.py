"""``experimentos diff``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from experimentos.cli.options import HERE, Format, ProfilesDir, ProjectDir, Target, Variables
from experimentos.cli.output import (
    json_text,
    opened,
    print_json,
    print_lines,
    print_table,
    reporting,
)
from experimentos.diff import Difference, as_json, as_markdown, compare_builds
from experimentos.memo.context import Finding
from experimentos.memo.filters import change as change_of
from experimentos.memo.filters import interval, lift
from experimentos.project import opened_base, read_build


class DiffFormat(StrEnum):
    """How a difference is printed."""

    text = "text"
    md = "md"
    json = "json"


class FailOn(StrEnum):
    """What makes the command fail."""

    verdict = "verdict"
    blocked = "blocked"


Base = Annotated[
    str,
    typer.Option(
        "--base", help="What to compare with: a schema, or a DuckDB file.", metavar="WHAT"
    ),
]
Every = Annotated[
    bool, typer.Option("--all", help="Tell all experiments, not the running ones alone.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="File to write to instead.", show_default="printed"),
]
Shape = Annotated[
    DiffFormat, typer.Option("--format", "-f", help="For people, a pull request, or machines.")
]
Fail = Annotated[
    list[FailOn] | None,
    typer.Option(
        "--fail-on",
        help="Exit with 1 if a verdict changes, or an experiment is blocked that was not; may be "
        "given again.",
        show_default="nothing",
    ),
]


def diff(
    *,
    base: Base,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    every: Every = False,
    shape: Shape = DiffFormat.text,
    out: Out = None,
    fail_on: Fail = None,
) -> None:
    """Compare the last build with another: what an edit does to effects and verdicts."""
    if out is not None and shape is DiffFormat.text:
        msg = "a file is written as Markdown or JSON: give --format md or --format json too"
        raise typer.BadParameter(msg, param_hint="--out")
    with reporting(Format.json if shape is DiffFormat.json else Format.text):
        with opened(project_dir, profiles_dir, target, variables) as project:
            project.check_versions()
            with opened_base(project, base) as rows:
                found = compare_builds(rows, read_build(project), name=base, every=every)
        _show(found, shape, out)
    if any(_fails(found, reason) for reason in fail_on or []):
        raise typer.Exit(1)


def _show(found: Difference, shape: DiffFormat, out: Path | None) -> None:
    if shape is DiffFormat.text:
        _print(found)
    elif out is None and shape is DiffFormat.md:
        typer.echo(as_markdown(found), nl=False)
    elif out is None:
        print_json(as_json(found))
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        text = as_markdown(found) if shape is DiffFormat.md else json_text(as_json(found))
        out.write_text(text, encoding="utf-8", newline="\n")


def _print(found: Difference) -> None:
    if found.is_empty:
        print_lines(f"Nothing differs from {escape(found.base)}.")
        return
    print_table(
        "Definitions that change",
        ["What", "Name", "Key", "Before", "After"],
        [(f.kind, f.name, f.key, f.before, f.after) for f in found.fields],
    )
    print_table(
        "Experiments that differ",
        ["Experiment", "Verdict before", "Verdict now", "Units before", "Units now"],
        [
            (
                one.experiment_id,
                "new" if one.before is None else one.before.verdict,
                "removed" if one.after is None else one.after.verdict,
                *one.units,
            )
            for one in found.changed
        ],
    )
    print_table(
        "Effects that moved",
        ["Experiment", "Metric", "Variant", "Before", "Now", "Interval before", "Interval now"],
        [
            (
                one.experiment_id,
                row.metric,
                row.variant,
                *(_effect(side) for side in (row.before, row.after)),
                *(_interval(side) for side in (row.before, row.after)),
            )
            for one in found.changed
            for row in one.effects
        ],
    )
    print_table(
        "Health that changed",
        ["Experiment", "Check", "About", "Before", "Now"],
        [
            (one.experiment_id, row.check_name, row.subject, row.before, row.after)
            for one in found.changed
            for row in one.health
        ],
    )
    for name, metrics in (("New", found.metrics_new), ("Removed", found.metrics_removed)):
        if metrics:
            print_lines(f"{name} metrics: {escape(', '.join(metrics))}")
    print_table(
        "Looks that were recorded keep their numbers: above is what the data of them say today",
        ["Experiment", "Metric", "Variant", "Recorded", "Interval"],
        [
            (
                one.experiment_id,
                recorded.effect.metric,
                recorded.effect.variant,
                _effect(recorded),
                _interval(recorded),
            )
            for one in found.changed
            for recorded in one.recorded
        ],
    )
    if found.data_moved:
        print_lines("The data end at different times: not all that moved is due to an edit.")
    if found.n_other:
        print_lines(f"{found.n_other} more differ and do not run: --all tells them.")


def _effect(finding: Finding | None) -> str:
    if finding is None:
        return "not there"
    shown = change_of(finding) if finding.effect.lift is None else lift(finding)
    return "withheld" if finding.reading == "withheld" else str(shown.unescape())


def _interval(finding: Finding | None) -> str:
    return "not there" if finding is None else str(interval(finding).unescape())


def _fails(found: Difference, reason: FailOn) -> bool:
    if reason is FailOn.verdict:
        return bool(found.verdicts)
    return any(
        one.after is not None
        and one.after.is_blocked
        and not (one.before is not None and one.before.is_blocked)
        for one in found.changed
    )
