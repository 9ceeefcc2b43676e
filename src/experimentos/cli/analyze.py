"""``experimentos analyze``."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from experimentos.cli.memo_batches import fetcher, write_memos
from experimentos.cli.options import Format, Output, read_split
from experimentos.cli.output import opened, print_json, print_lines, reporting, verdict_rows
from experimentos.memo import Memo, read_memos, render_markdown
from experimentos.project import build
from experimentos.summaries import SummaryExperiment, read_summary, write_project

File = Annotated[
    Path,
    typer.Argument(metavar="SUMMARY.csv", help="One row per variant.", exists=True, dir_okay=False),
]
Control = Annotated[
    str | None,
    typer.Option("--control", help="The control's label.", show_default="control"),
]
Split = Annotated[
    list[str] | None,
    typer.Option(
        "--split",
        metavar="VARIANT=SHARE",
        help="The planned share of a variant; give it for each.",
        show_default="equal shares",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", help="What to call it.", show_default="the file's name")
]
Success = Annotated[
    list[str] | None,
    typer.Option(
        "--success",
        help="A metric that decides; may be given again.",
        show_default="conversions",
    ),
]
Alpha = Annotated[
    float | None,
    typer.Option("--alpha", help="Two-sided error rate.", min=0, max=0.5, show_default="0.05"),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Also write the memo to this folder.")
]


def analyze(
    file: File,
    control: Control = None,
    split: Split = None,
    name: Name = None,
    success: Success = None,
    alpha: Alpha = None,
    out: Out = None,
    output: Output = Format.text,
) -> None:
    """Decide on an experiment of which only totals are known, and print its memo.

    The CSV file has the columns `variant`, `users` and `conversions`; optionally `METRIC_sum` with
    `METRIC_sum_sq` (the sum of squares over users); every other column counts the users to whom
    something bad happened, and is a guardrail. The numbers go through the same dbt package as raw
    events do, in a project that is made for it and removed afterwards.
    """
    shares = read_split(split or ())
    with reporting(output):
        summary = read_summary(file)
        experiment = SummaryExperiment(
            name=name or file.stem,
            control=control,
            split=shares,
            success=success or (),
            alpha=alpha,
        )
        with tempfile.TemporaryDirectory(prefix="experimentos-") as folder:
            root = Path(folder) / "project"
            write_project(root, summary, experiment)
            with opened(root, profiles_dir=root) as project:
                project.install_packages()
                build(project, full=True)
                memos = [_of_file(memo, file) for memo in read_memos(fetcher(project))]
        paths = {} if out is None else write_memos(memos, out, ("md", "html"))
    if output is Format.json:
        print_json({"experiments": verdict_rows(memos, paths)})
        return
    for memo in memos:
        typer.echo(render_markdown(memo))
        print_lines(*(escape(str(path)) for path in paths.get(memo.experiment.experiment_id, ())))


def _of_file(memo: Memo, file: Path) -> Memo:
    """Name the file with the totals: that of the project around them is gone."""
    metrics = tuple(
        replace(use, definition=use.definition and replace(use.definition, model=file.name))
        for use in memo.metrics
    )
    experiment = replace(memo.experiment, file=file.name)
    return replace(memo, experiment=experiment, metrics=metrics)
