"""Counts of finished runs on disk, so that a long simulation can be stopped and taken up again.

Those behind `docs/validation.md` are committed in `counts.json`: more runs go on from there, and
whoever doubts a number can run the same chunks again.
"""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from validation.promises.cells import Cell

PACKAGE = Path(__file__).resolve().parents[3]
FOLDER = PACKAGE / "build" / "validate"
LEDGER = Path(__file__).with_name("counts.json")
# What a verdict depends on.
SOURCES = (
    "src/experimentos/**/*.py", "models/[45]_*/*.sql", "macros/rules/*.sql", "macros/sql/looks.sql",
    "tests/validation/promises/*.py",
)  # fmt: skip
# What the simulation does not import, and errors.
NO_STATISTICS = {
    "charts", "cli", "demo", "diff", "memo", "planning", "program", "project", "rerandomise",
    "scaffold", "site", "summaries", "errors.py", "document.py", "run.py", "store.py", "verdict.py",
    "whole.py",
}  # fmt: skip
CHUNKS = (2000, 1000, 500, 250, 200, 125, 100, 50)
ROWS = 20_000


@dataclass
class Counted:
    """Runs of one cell, and how many of them had each event."""

    runs: int = 0
    seconds: float = 0.0
    events: dict[str, int] = field(default_factory=dict)
    days: list[str] = field(default_factory=list)

    def standard_error(self, score: str) -> float:
        """Of the rate; never 0, as no event in so many runs does not show a rate of 0."""
        rate = (self.events[score] + 0.5) / (self.runs + 1)
        return float(np.sqrt(rate * (1 - rate) / self.runs))

    def rate(self, score: str) -> float:
        return self.events[score] / self.runs


def chunk_runs(cell: Cell) -> int:
    """Runs that are simulated together: as many as make a table of some thousand rows."""
    rows = (cell.treatments + 1) * len(cell.metrics)
    return next(size for size in CHUNKS if size * rows <= ROWS or size == CHUNKS[-1])


def seed(cell: Cell, chunk: int) -> list[int]:
    """Of a chunk of a cell: its results depend on nothing else."""
    return [zlib.crc32(cell.name.encode()), chunk]


@cache
def digest(package: Path = PACKAGE) -> str:
    """Of all that a verdict depends on: not of comments, docstrings and layout of Python files."""
    found = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(package.glob(pattern)):
            if not NO_STATISTICS.intersection(path.relative_to(package).parts):
                found.update(_meaning(path).encode())
    return found.hexdigest()[:12]


def _meaning(path: Path) -> str:
    """Text of a file; of Python, what runs."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if is_documented and ast.get_docstring(node) is not None:
            node.body = [*node.body[1:]] or [ast.Pass()]
    return ast.unparse(tree)


def path_of(cell: Cell, folder: Path = FOLDER) -> Path:
    return folder / (re.sub(r"[^a-z0-9.]+", "_", cell.name.lower()) + ".json")


def finished(cell: Cell, folder: Path = FOLDER) -> dict[str, Any]:
    """Chunks of a cell by number, the sources they are of, and those of the ledger in one sum."""
    path = path_of(cell, folder)
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    found: dict[str, Any] = {"name": cell.name, "sources": digest(), "chunks": {}}
    ledger = _ledger(LEDGER)
    known = ledger["cells"].get(cell.name)
    if known and ledger["sources"] == digest():
        runs = known["chunks"] * chunk_runs(cell)
        found["first"] = known | {"runs": runs, "seconds": 0.0, "day": ledger["day"]}
    return found


@cache
def _ledger(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {"cells": {}}


def left(cell: Cell, runs: int, folder: Path) -> list[int]:
    """Numbers of the chunks that make so many runs and are not there."""
    known = finished(cell, folder)
    begun = known.get("first", {}).get("chunks", 0)
    wanted = range(begun, -(-runs // chunk_runs(cell)))
    return [chunk for chunk in wanted if str(chunk) not in known["chunks"]]


def write_ledger(cells: list[Cell], folder: Path, ledger: Path = LEDGER) -> None:
    """Keep the counts of cells; those of a cell with a gap among its chunks end there."""
    kept = {}
    for cell in cells:
        known = finished(cell, folder)
        first = known.get("first", {"chunks": 0, "events": {}})
        number, events = first["chunks"], dict(first["events"])
        while str(number) in known["chunks"]:
            for score, count in known["chunks"][str(number)]["events"].items():
                events[score] = events.get(score, 0) + count
            number += 1
        kept[cell.name] = {"chunks": number, "events": events}
    days = [day for cell in cells for day in counted(cell, folder).days]
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in kept.items())
    about = f'"sources": {json.dumps(digest())},\n "day": {json.dumps(max(days, default=""))}'
    ledger.write_text(f'{{\n {about},\n "cells": {{\n{lines}\n }}\n}}\n', encoding="utf-8")
    _ledger.cache_clear()


def add(cell: Cell, chunk: int, events: dict[str, int], seconds: float, folder: Path) -> None:
    """Write one more chunk down."""
    known = finished(cell, folder)
    known["chunks"][str(chunk)] = {
        "runs": chunk_runs(cell), "seconds": round(seconds, 2), "events": events,
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(cell, folder)
    written = path.with_suffix(".tmp")
    written.write_text(json.dumps(known, indent=1), encoding="utf-8")
    written.replace(path)


def counted(cell: Cell, folder: Path = FOLDER) -> Counted:
    """All that is there of a cell."""
    found, known = Counted(), finished(cell, folder)
    for chunk in [*known["chunks"].values(), *([known["first"]] if "first" in known else [])]:
        found.runs += chunk["runs"]
        found.seconds += chunk["seconds"]
        found.days = sorted({*found.days, chunk["day"]})
        for score, number in chunk["events"].items():
            found.events[score] = found.events.get(score, 0) + number
    return found


def forget_outdated(cells: list[Cell], folder: Path = FOLDER) -> list[str]:
    """Throw away what was computed by other sources; names of the cells."""
    now, gone = digest(), []
    for cell in cells:
        if finished(cell, folder)["sources"] != now:
            path_of(cell, folder).unlink(missing_ok=True)
            gone.append(cell.name)
    return gone
