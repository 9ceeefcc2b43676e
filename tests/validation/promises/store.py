"""Counts of finished runs on disk, so that a long simulation can be stopped and taken up again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from validation.promises.cells import Cell

PACKAGE = Path(__file__).resolve().parents[3]
FOLDER = PACKAGE / "build" / "validate"
# What a verdict depends on.
SOURCES = ("src/experimentos/**/*.py", "models/[45]_*/*.sql", "tests/validation/promises/*.py")
NO_STATISTICS = ("cli", "demo", "memo", "project", "scaffold", "run.py", "document.py", "whole.py")
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


def digest() -> str:
    """Of all that a verdict depends on."""
    found = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(PACKAGE.glob(pattern)):
            if not set(path.relative_to(PACKAGE).parts) & set(NO_STATISTICS):
                found.update(path.read_bytes())
    return found.hexdigest()[:12]


def path_of(cell: Cell, folder: Path = FOLDER) -> Path:
    return folder / (re.sub(r"[^a-z0-9.]+", "_", cell.name.lower()) + ".json")


def finished(cell: Cell, folder: Path = FOLDER) -> dict[str, Any]:
    """Chunks of a cell by number, and the sources they were computed from."""
    path = path_of(cell, folder)
    if not path.exists():
        return {"name": cell.name, "sources": digest(), "chunks": {}}
    return dict(json.loads(path.read_text(encoding="utf-8")))


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
    found = Counted()
    for chunk in finished(cell, folder)["chunks"].values():
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
