"""Simulate every promise and write `docs/validation.md`: run as ``make validate``."""

from __future__ import annotations

import re
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from validation.promises import document, store, whole
from validation.promises.cells import Cell, cells
from validation.promises.policy import Policy
from validation.promises.scores import SCORES, simulate
from validation.promises.verdict import Finding, findings

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(stderr=True)
_policies: list[Policy] = []


def one_chunk(cell: Cell, chunk: int) -> tuple[Cell, int, dict[str, int], float]:
    """Simulate a chunk; a process makes its policy once."""
    if not _policies:
        _policies.append(Policy())
    started = time.perf_counter()
    rng = np.random.default_rng(store.seed(cell, chunk))
    events = simulate(cell, store.chunk_runs(cell), rng, _policies[0])
    return cell, chunk, events, time.perf_counter() - started


def missing(wanted: list[Cell], runs: int, folder: Path) -> list[tuple[Cell, int]]:
    """Chunks to do: all cells get their first runs before any gets its last."""
    found = []
    for place, cell in enumerate(wanted):
        size = store.chunk_runs(cell)
        chunks = store.left(cell, runs, folder)
        found += [((chunk + 1) * size, place, cell, chunk) for chunk in chunks]
    found.sort(key=lambda each: each[:2])
    return [(cell, chunk) for *_, cell, chunk in found]


def simulated(
    tasks: list[tuple[Cell, int]], jobs: int, until: float
) -> Iterator[tuple[Cell, int, dict[str, int], float]]:
    """Results as they come, with one process or several; none is begun after a time."""
    if jobs == 1:
        for cell, chunk in tasks:
            if time.monotonic() > until:
                return
            yield one_chunk(cell, chunk)
        return
    with ProcessPoolExecutor(jobs) as pool:
        left, running = iter(tasks), set()
        while True:
            while len(running) < jobs and time.monotonic() <= until:
                task = next(left, None)
                if task is None:
                    break
                running.add(pool.submit(one_chunk, *task))
            if not running:
                return
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                yield future.result()


def chosen(texts: list[str]) -> list[Cell]:
    """Cells whose names have all the words of any of the texts."""
    every = cells()
    found = [c for c in every if not texts or any(_has(c.name, text) for text in texts)]
    if not found:
        examples = "; ".join(cell.name for cell in every[:: len(every) // 3])
        msg = f"no cell has the words of {texts}. Cells are named like: {examples}"
        raise typer.BadParameter(msg, param_hint="--cells")
    return found


def _has(name: str, text: str) -> bool:
    return all(
        re.search(rf"(?<!\w){re.escape(word.strip())}(?!\w)", name) for word in text.split(",")
    )


def printed(found: list[Finding]) -> None:
    table = Table("Cell", "What", "Promised", "Found", "Runs", "")
    for each in found:
        table.add_row(
            each.cell.name, SCORES[each.promise.score], each.promise.text, each.text,
            f"{each.runs:,}", each.word,
        )  # fmt: skip
    console.print(table)


def main(
    *,
    selected: Annotated[
        list[str] | None,
        typer.Option("--cells", help="Words of a cell's name, separated by commas. Repeatable."),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of every cell, all told.")] = document.RUNS,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    minutes: Annotated[float, typer.Option(min=0, help="Begin nothing after so many.")] = 1e6,
    folder: Annotated[Path, typer.Option(help="Where counts are kept.")] = store.FOLDER,
    keep: Annotated[bool, typer.Option(help="Go on with counts of other sources.")] = False,
    count: Annotated[
        int, typer.Option("--whole", min=0, help="Experiments through `dbt build`; 0: none.")
    ] = 200,
    write: Annotated[
        bool | None,
        typer.Option("--write/--no-write", help="Write docs/validation.md. Default: of all cells."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the cells and stop.")] = False,
) -> None:
    """Simulate the promises of the statistical contract; exits with 1 if one is broken."""
    wanted = chosen(selected or [])
    if listed:
        for cell in wanted:
            print(cell.name)
        return
    if not keep:
        gone = store.forget_outdated(wanted, folder)
        if gone:
            console.print(f"{len(gone)} cells are begun again: the sources have changed")
    tasks, until = missing(wanted, runs, folder), time.monotonic() + 60 * minutes
    columns = ["{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("chunks", total=len(tasks))
        for cell, chunk, events, seconds in simulated(tasks, jobs, until):
            store.add(cell, chunk, events, seconds, folder)
            progress.update(bar, advance=1, description=cell.name)
    if count and not whole.finished(folder, count):
        console.print(f"{count} experiments through `dbt build`, on {len(whole.BUILDS)} days")
        whole.run(folder, count, told=lambda day: console.print(f"day {day} is built"))
    found, defects = findings(cells(), folder), whole.defects(folder)
    broken = [each for each in found if each.word]
    if write or (write is None and not selected):
        document.write(found, folder)
        store.write_ledger(cells(), folder)
    if broken or defects:
        printed(broken)
        console.print(*defects, sep="\n")
        raise typer.Exit(1)
    console.print(f"{len(found)} rates of {len({each.cell.name for each in found})} cells hold")


if __name__ == "__main__":
    typer.run(main)
