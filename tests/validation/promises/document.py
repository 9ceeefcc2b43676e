"""`docs/validation.md`: the promises first, then every cell."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

import experimentos
from validation.promises import whole
from validation.promises.cells import FAR, LOOKED_FOR, PLACES, TRUTHS, Cell, cells
from validation.promises.scores import (
    ALPHA,
    BUDGET,
    DEFECT,
    POWER_TOLERANCE,
    SCORES,
    Promise,
)
from validation.promises.store import PACKAGE, Counted, digest, finished

if TYPE_CHECKING:
    from collections.abc import Callable

    from validation.promises.verdict import Finding

DOCUMENT = PACKAGE / "docs" / "validation.md"
TEMPLATE = Path(__file__).parent / "validation.md.j2"
RUNS = 20_000
LIBRARIES = ("numpy", "scipy", "pyarrow", "duckdb")


def write(found: list[Finding], folder: Path, document: Path = DOCUMENT) -> None:
    """Write the document from the counts that are there."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        headline=_summary(found, _everywhere), summary=_summary(found, _place),
        unfinished=_unfinished(found), made=_made(found, folder), rules=_rules(), truths=TRUTHS,
        places=PLACES, columns=["Cell", "Runs", *SCORES.values()], cells=_cells(found, cells()),
        whole=whole.known(folder), whole_rows=[score.row() for score in whole.scores_of(folder)],
        days=whole.BUILDS,
    )  # fmt: skip
    document.write_text(text.rstrip() + "\n", encoding="utf-8")


def _rules() -> dict[str, Any]:
    return {
        "budget": BUDGET, "alpha": ALPHA, "points": int(100 * POWER_TOLERANCE),
        "level": f"{100 * (1 - DEFECT):g} %", "looked_for": LOOKED_FOR, "far": FAR,
        "cells": len(cells()),
    }  # fmt: skip


def _made(found: list[Finding], folder: Path) -> dict[str, str]:
    """How the numbers were made."""
    by_cell = {each.cell: each.counts for each in found}
    days = sorted({day for counts in by_cell.values() for day in counts.days})
    sizes = Counter(counts.runs for counts in by_cell.values())
    by_size = sorted(sizes, reverse=True)
    how_many = ", ".join(f"{sizes[runs]} with {runs:,}" for runs in by_size)
    sources = sorted({finished(cell, folder)["sources"] for cell in by_cell})
    seen = ", ".join(f"{_seen_from(runs):.3f} by {runs:,}" for runs in by_size)
    mixed = "" if sources == [digest()] else " (not all those of this commit)"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return {
        "Command": "`make validate`; `python tests/validation/promises/run.py --help`",
        "Counts": "`tests/validation/promises/counts.json`; `make validate` goes on from them",
        "Runs": f"{len(by_cell)} of {len(cells())} cells: {how_many} runs",
        "Called a defect, where 0.025 is promised": f"rates from {seen} runs",
        "Seed": "of each chunk of a cell: CRC-32 of the cell's name, and the chunk's number",
        "Run on": " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "never",
        "Versions": f"experimentos {experimentos.__version__}, Python "
        f"{platform.python_version()}, {libraries}",
        "Sources": ", ".join(sources) + mixed,
    }


def _unfinished(found: list[Finding]) -> str:
    """What is still to be run, for people; empty when all is done."""
    runs = {each.cell: each.runs for each in found}
    short = sum(number < RUNS for number in runs.values()) + len(cells()) - len(runs)
    return f"{short} of {len(cells())} cells have fewer than {RUNS:,} runs" if short else ""


def _summary(found: list[Finding], place_of: Callable[[Finding], str]) -> list[list[str]]:
    """One row per promise and kind of cell: the rate that comes nearest to breaking it."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for each in found:
        groups.setdefault((each.promise.score, place_of(each)), []).append(each)
    in_order = sorted(found, key=lambda each: not each.cell.is_grid)
    places = list(dict.fromkeys(map(place_of, in_order)))
    rows = []
    for score, place in sorted(
        groups, key=lambda g: (list(SCORES).index(g[0]), places.index(g[1]))
    ):
        members = groups[score, place]
        worst = max(members, key=_beyond)
        words = sorted({each.word for each in members if each.word})
        rows.append([
            SCORES[score], place, str(len(members)), worst.promise.text, _pooled(members),
            worst.text, f"{worst.runs:,}", _short(worst), ", ".join(words) or "holds",
        ])  # fmt: skip
    return rows


def _pooled(members: list[Finding]) -> str:
    """The rate over the runs of all cells of a row."""
    events = sum(each.counts.events[each.promise.score] for each in members)
    both = Counted(sum(each.runs for each in members), events={"all": events})
    return f"{both.rate('all'):.4f} ± {both.standard_error('all'):.4f}"


def _seen_from(runs: int) -> float:
    """Smallest rate that so many runs call a defect where 0.025 is promised."""
    promise = Promise("launch", high=BUDGET)
    first = next(k for k in range(runs + 1) if promise.is_broken(k, runs, len(cells())))
    return first / runs


def _everywhere(_each: Finding) -> str:
    return "all"


def _place(each: Finding) -> str:
    return f"{each.cell.place or 'grid'}, {each.cell.design}"


def _beyond(each: Finding) -> float:
    """How far beyond its promise a rate is, in standard errors; negative inside."""
    error = each.counts.standard_error(each.promise.score)
    gaps = [each.rate - each.promise.high] if each.promise.high < 1 else []
    gaps += [each.promise.low - each.rate] if each.promise.low > 0 else []
    return max(gaps) / error


def _short(each: Finding) -> str:
    cell = each.cell
    size = f"{cell.treatments + 1} arms, {cell.success} + {cell.guardrails} metrics"
    told = [size, f"correlation {cell.correlation:g}", cell.truth]
    return ", ".join(told + cell.settings)


def _cells(found: list[Finding], every: list[Cell]) -> list[list[str]]:
    by_cell: dict[str, dict[str, Finding]] = {}
    for each in found:
        by_cell.setdefault(each.cell.name, {})[each.promise.score] = each
    rows = []
    for name, rates in by_cell.items():
        runs = next(iter(rates.values())).runs
        shown = [_found(rates[score]) if score in rates else "" for score in SCORES]
        rows.append([name, f"{runs:,}", *shown])
    waiting = [cell.name for cell in every if cell.name not in by_cell]
    return rows + [[name, "not run", *("" for _ in SCORES)] for name in waiting]


def _found(each: Finding) -> str:
    power = f" ({each.promise.text})" if each.promise.score == "power" else ""
    word = f" **{each.word}**" if each.word else ""
    return each.text + power + word
