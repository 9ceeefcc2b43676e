"""Which experiments say something else than the last time: verdicts and definitions over builds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]

_NEVER = datetime.min  # noqa: DTZ901 -- the tables' times are UTC without a zone


@dataclass(frozen=True, slots=True)
class Change:
    """What is new about one experiment.

    Parameters
    ----------
    experiment_id : str
        Its id.
    what : tuple of str
        'new', or 'verdict', 'definitions', or both.
    verdict_before, variant_before : str or None
        What was decided before; None where it is new, or was no variant.
    """

    experiment_id: str
    what: tuple[str, ...]
    verdict_before: str | None
    variant_before: str | None


def find_changes(
    decisions: Iterable[Row],
    history: Iterable[Row],
    *,
    memory: Iterable[Row] = (),
    since: datetime | None = None,
) -> dict[str, Change]:
    """Compare what is decided now with what is remembered.

    Parameters
    ----------
    decisions : iterable of mappings
        Rows of ``experimentos__decisions``.
    history : iterable of mappings
        Rows of ``experimentos__history``. The build that made the decisions has written its own
        row there already: the row before it is what counts.
    memory : iterable of mappings
        The same of another schema (``memory_schema``), whose last row counts as it is: this build
        has not written there.
    since : datetime, optional
        Compare with the last row before this time (UTC) instead, of either.

    Returns
    -------
    dict
        Experiment id to its change; those that say the same are left out.
    """
    own, others = _grouped(history), _grouped(memory)
    changes = {}
    for row in decisions:
        experiment_id = str(row["experiment_id"])
        rows = own.get(experiment_id, []), others.get(experiment_id, [])
        before = _before(row, *rows) if since is None else _at(rows[0] + rows[1], since)
        said = before if since is not None or rows[1] else _last_said(row, rows[0]) or before
        what = _what(row, before, said)
        if what:
            changes[experiment_id] = Change(
                experiment_id,
                what,
                None if said is None else said["verdict"],
                None if said is None else said["variant"],
            )
    return changes


def utc(value: datetime) -> datetime:
    """Return a time as the tables have it: UTC, without a zone.

    Parameters
    ----------
    value : datetime
        With a zone or without; without it is UTC.

    Returns
    -------
    datetime
        Without a zone.
    """
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by experiment, oldest first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row["experiment_id"]), []).append(row)
    return {key: sorted(found, key=_age) for key, found in groups.items()}


def _age(row: Row) -> tuple[datetime, datetime, int]:
    times = (row["decided_at"], row["data_as_of"])
    first, second = (_NEVER if time is None else utc(time) for time in times)
    return (first, second, row["n_edits"] or 0)


def _before(now: Row, own: Sequence[Row], others: Sequence[Row]) -> Row | None:
    if others:
        return others[-1]
    earlier = [row for row in own if _key(row) != _key(now)]
    return earlier[-1] if earlier else None


def _last_said(now: Row, own: Sequence[Row]) -> Row | None:
    """Find the row of the same data and definition that says something else.

    A row is written once, so rows that changed late may turn a verdict without a new one.
    """
    written = [row for row in own if _key(row) == _key(now)]
    return written[-1] if written and _verdict(written[-1]) != _verdict(now) else None


def _at(rows: Iterable[Row], since: datetime) -> Row | None:
    earlier = [row for row in rows if _age(row)[0] < utc(since)]
    return max(earlier, key=_age, default=None)


def _what(now: Row, before: Row | None, said: Row | None) -> tuple[str, ...]:
    if said is None:
        return ("new",)
    pairs = (
        ("verdict", _verdict(now) != _verdict(said)),
        ("definitions", now["definitions_hash"] != (before or said)["definitions_hash"]),
    )
    return tuple(name for name, differs in pairs if differs)


def _key(row: Row) -> tuple[Any, Any]:
    as_of = row["data_as_of"]
    return (None if as_of is None else utc(as_of), row["definitions_hash"])


def _verdict(row: Row) -> tuple[Any, Any]:
    return (row["verdict"], row["variant"])
