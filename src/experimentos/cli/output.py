"""What people see: tables, progress on the error stream, one message per error.

With ``--format json`` the output stream holds one JSON document, also when something is wrong.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from experimentos.cli.options import Format, read_variables
from experimentos.errors import ExperimentosError
from experimentos.memo import Memo
from experimentos.memo.changes import Change
from experimentos.project import Project

_VERDICT_STYLES: Final = {"launch": "bold green", "rollback": "bold red", "hold": "yellow"}
_PLAIN_WIDTH: Final = 120


def console() -> Console:
    """Return the console of the output stream, wide enough for tables where it isn't a terminal."""
    made = Console(highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


@contextmanager
def reporting(output: Format) -> Iterator[None]:
    """Turn errors that are meant for the user into one message and exit code 1.

    Parameters
    ----------
    output : Format
        With ``json`` the message is a JSON document on the output stream.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    typer.Exit
        With code 1.
    """
    try:
        yield
    except (ExperimentosError, OSError) as error:
        if output is Format.json:
            print_json({"error": str(error)})
        else:
            Console(stderr=True, highlight=False).print(
                f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True
            )
        raise typer.Exit(1) from None


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON document.

    Parameters
    ----------
    content : mapping
        Plain values; times become ISO text, paths and the rest their text.
    """
    typer.echo(json_text(content), nl=False)


def json_text(content: Mapping[str, Any]) -> str:
    """Return one JSON document.

    Parameters
    ----------
    content : mapping
        As for `print_json`.

    Returns
    -------
    str
        Ending in a newline.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def print_lines(*lines: str) -> None:
    """Print lines as they are, unwrapped.

    Parameters
    ----------
    *lines : str
        Text; Rich markup is allowed.
    """
    for line in lines:
        console().print(line, soft_wrap=True)


def say(what: str, output: Format) -> None:
    """Say on the error stream what begins now; machines aren't told.

    Parameters
    ----------
    what : str
        A few words.
    output : Format
        How results are printed.
    """
    if output is Format.text:
        Console(stderr=True, highlight=False).print(f"[dim]{escape(what)}[/]", soft_wrap=True)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, if it has rows.

    Parameters
    ----------
    title : str
        Its heading.
    columns : sequence of str
        Column headings.
    rows : iterable of sequences
        Cells; lists are joined by commas and None is empty.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    if table.row_count:
        console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    return "" if value is None else escape(str(value))


def print_verdicts(
    memos: Sequence[Memo],
    paths: Mapping[str, Sequence[Path]],
    changes: Mapping[str, Change] | None = None,
) -> None:
    """Print the verdict of each experiment, and where its memo is.

    Parameters
    ----------
    memos : sequence of Memo
        In the order to print.
    paths : mapping
        Experiment id to the files written.
    changes : mapping, optional
        Experiment id to what is new about it.
    """
    for memo in memos:
        experiment_id = memo.experiment.experiment_id
        style = _VERDICT_STYLES.get(memo.verdict, "bold")
        variant = f" {escape(memo.variant)}" if memo.variant else ""
        print_lines(
            f"[{style}]{escape(memo.verdict.capitalize())}[/]{variant}  "
            f"[bold]{escape(experiment_id)}[/]: {escape(memo.reason or 'no reason given')}",
            *_news((changes or {}).get(experiment_id)),
            *(f"    {escape(str(path))}" for path in paths.get(experiment_id, ())),
        )


def _news(change: Change | None) -> tuple[str, ...]:
    if change is None:
        return ()
    if change.what == ("new",):
        return ("    [dim]new[/]",)
    before = " ".join(filter(None, [change.verdict_before, change.variant_before]))
    return (f"    [dim]changed: {escape(', '.join(change.what))}; before: {escape(before)}[/]",)


def verdict_rows(
    memos: Sequence[Memo], paths: Mapping[str, Sequence[Path]]
) -> list[dict[str, Any]]:
    """Return the verdicts for machines.

    Parameters
    ----------
    memos : sequence of Memo
        In the order to print.
    paths : mapping
        Experiment id to the files written.

    Returns
    -------
    list of dict
        ``experiment_id``, ``verdict``, ``variant``, ``rule``, ``reason``, ``is_blocked``,
        ``files``.
    """
    return [
        {
            "experiment_id": memo.experiment.experiment_id,
            "verdict": memo.verdict,
            "variant": memo.variant,
            "rule": memo.rule,
            "reason": memo.reason,
            "is_blocked": memo.is_blocked,
            "files": [str(path) for path in paths.get(memo.experiment.experiment_id, ())],
        }
        for memo in memos
    ]


@contextmanager
def opened(
    project_dir: Path,
    profiles_dir: Path | None = None,
    target: str | None = None,
    variables: str | None = None,
) -> Iterator[Project]:
    """Open a dbt project with progress on the error stream.

    Parameters
    ----------
    project_dir, profiles_dir, target, variables : optional
        As the options of these names.

    Yields
    ------
    Project
        Closed at the end, so that the DuckDB file is free.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
    )
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("dbt: reading the project", total=None)

        def show(what: str, index: int, total: int) -> None:
            bar.update(task, description=f"dbt: {escape(what)}", completed=index, total=total)

        with Project(
            project_dir,
            profiles_dir=profiles_dir,
            target=target,
            variables=read_variables(variables),
            progress=show,
        ) as project:
            yield project
