"""What makes ``experimentos memo`` fail: experiments that have not ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from rich.markup import escape

from experimentos.memo import Memo

LISTED: Final = 20
"""Most names in a line."""


class FailOn(StrEnum):
    """What makes the command fail."""

    blocked = "blocked"
    rollback = "rollback"


@dataclass(frozen=True)
class Watched:
    """What `--fail-on` looked at.

    Parameters
    ----------
    failing : tuple of (str, str)
        Experiments that have not ended, with what is wrong.
    counted : tuple of str
        All that have not ended.
    ended : tuple of str
        Those that have: nobody can mend their data any more, and they do not count.
    ended_failing : tuple of (str, str)
        What is wrong with those.
    """

    failing: tuple[tuple[str, str], ...]
    counted: tuple[str, ...]
    ended: tuple[str, ...]
    ended_failing: tuple[tuple[str, str], ...]

    @property
    def document(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "failing": [name for name, _ in self.failing],
            "counted": list(self.counted),
            "not_counted": list(self.ended),
        }

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for people."""
        wrong = _names([f"{name} ({what})" for name, what in self.failing])
        past = _names([f"{name} ({what})" for name, what in self.ended_failing])
        counted, ended = (_names(names) or "none" for names in (self.counted, self.ended))
        return (
            f"--fail-on fails: {wrong or 'no experiment'}. Counted, because not ended: {counted}.",
            f"Not counted, because ended: {ended}." + (f" Of these: {past}." if past else ""),
        )


def watch(memos: Sequence[Memo], reasons: Sequence[FailOn]) -> Watched:
    """Part experiments that have not ended from those that have, and find what fails.

    Parameters
    ----------
    memos : sequence of Memo
        Of the experiments that were asked for.
    reasons : sequence of FailOn
        What fails.

    Returns
    -------
    Watched
        In the order of the memos.
    """
    ended = [memo for memo in memos if memo.experiment.has_ended]
    counted = [memo for memo in memos if not memo.experiment.has_ended]
    return Watched(
        failing=tuple(_wrong(counted, reasons)),
        counted=tuple(memo.experiment.experiment_id for memo in counted),
        ended=tuple(memo.experiment.experiment_id for memo in ended),
        ended_failing=tuple(_wrong(ended, reasons)),
    )


def _wrong(memos: Sequence[Memo], reasons: Sequence[FailOn]) -> list[tuple[str, str]]:
    found = []
    for memo in memos:
        is_rollback = FailOn.rollback in reasons and memo.verdict == "rollback"
        is_blocked = FailOn.blocked in reasons and memo.is_blocked
        if is_blocked or is_rollback:
            what = "blocked" if is_blocked else "to be rolled back"
            found.append((memo.experiment.experiment_id, what))
    return found


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return escape(", ".join(names[:LISTED])) + more
