"""What the counts say of each promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from validation.promises.scores import promises
from validation.promises.store import FOLDER, Counted, counted

if TYPE_CHECKING:
    from pathlib import Path

    from validation.promises.cells import Cell
    from validation.promises.scores import Promise

DEFECT, DISAGREES = "defect", "not as theory says"


@dataclass(frozen=True)
class Finding:
    """A rate of a cell beside its promise; `word` is empty where it holds."""

    cell: Cell
    promise: Promise
    counts: Counted
    word: str

    @property
    def runs(self) -> int:
        return self.counts.runs

    @property
    def rate(self) -> float:
        return self.counts.rate(self.promise.score)

    @property
    def text(self) -> str:
        return f"{self.rate:.4f} ± {self.counts.standard_error(self.promise.score):.4f}"


def findings(cells: list[Cell], folder: Path = FOLDER) -> list[Finding]:
    """Every rate of the cells that have runs. The bound of a rate is shared by all cells."""
    found = []
    for cell in cells:
        counts = counted(cell, folder)
        if counts.runs:
            found += [
                Finding(cell, promise, counts, word(promise, counts, len(cells)))
                for promise in promises(cell)
            ]
    return found


def word(promise: Promise, counts: Counted, cells: int) -> str:
    """Empty where a promise holds."""
    events = counts.events[promise.score]
    if promise.is_broken(events, counts.runs, cells):
        return DEFECT
    return DISAGREES if promise.disagrees(events, counts.runs) else ""
