"""Raw tables and what stands beside them; times, numbers and texts as the contract reads them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

Row = Mapping[str, Any]
UNITS_OF_TIME = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}


@dataclass(frozen=True)
class Table:
    """A raw table and what stands under `config.meta.experimentos` for it."""

    name: str
    meta: Mapping[str, Any]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Shop:
    """All raw tables of a project; `expressions` gives the meaning of its SQL expressions."""

    assignments: Sequence[Table]
    facts: Sequence[Table]
    as_of: datetime
    expressions: Mapping[str, Callable[[Row], Any]] = field(default_factory=dict)
    segment_levels: int = 20
    memory: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def value(self, text: str, row: Row) -> Any:
        return self.expressions[text](row) if text in self.expressions else row[text]

    def meets(self, where: str | None, row: Row) -> bool:
        """NULL is not met."""
        return where is None or self.value(where, row) is True

    def fact(self, name: str) -> Table:
        return next(fact for fact in self.facts if fact.name == name)

    def metric(self, name: str) -> tuple[Table, Mapping[str, Any]]:
        fact = next(fact for fact in self.facts if name in fact.meta.get("metrics", {}))
        return fact, fact.meta["metrics"][name]

    def rows(self, name: str) -> list[Row]:
        """The rows of a fact that are read: one of each `unique_key`."""
        return self.remember(("rows", name), lambda: kept_rows(self, self.fact(name)))

    def is_dated(self, name: str) -> bool:
        return self.fact(name).meta["timestamp"] != "none"

    def is_by_date(self, name: str) -> bool:
        """Whether the times of a fact say the day only."""
        table = self.fact(name)
        if table.meta.get("timestamp_is_date"):
            return True
        times = (row[table.meta["timestamp"]] for row in table.rows)
        return not isinstance(next((at for at in times if at is not None), datetime.min), datetime)

    def time(self, name: str, row: Row) -> datetime | None:
        """When a row of a fact happened; the midnight before where only the day counts."""
        at = instant(row[self.fact(name).meta["timestamp"]])
        by_date = self.remember(("by date", name), lambda: self.is_by_date(name))
        return midnight(at) if at and by_date else at

    def times(self, name: str) -> list[datetime]:
        found = (self.time(name, row) for row in self.rows(name))
        return [at for at in found if at is not None]

    def remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self.memory:
            self.memory[key] = compute()
        return self.memory[key]


def kept_rows(shop: Shop, table: Table) -> list[Row]:
    """Of rows with one key: the latest loaded, then the earliest, then the smallest of the rest."""
    key = table.meta.get("unique_key")
    if key is None:
        return list(table.rows)
    loaded_at, timestamp = table.meta.get("loaded_at"), table.meta["timestamp"]

    def rank(row: Row) -> tuple[Any, ...]:
        loaded = instant(row[loaded_at]) if loaded_at else None
        at = instant(row[timestamp]) if timestamp != "none" else None
        rest = [row[name] for name in sorted(row) if name not in (key, loaded_at, timestamp)]
        return (
            datetime.max - loaded if loaded else timedelta.max,
            at or datetime.max,
            [nulls_last(value) for value in rest],
        )

    best: dict[Any, Row] = {}
    kept: list[Row] = []
    for row in table.rows:
        value = shop.value(key, row)
        if value is None:
            kept.append(row)
        elif value not in best or rank(row) < rank(best[value]):
            best[value] = row
    return kept + list(best.values())


def nulls_last(value: Any) -> tuple[Any, ...]:
    """NaN is above every number, and NULL behind that."""
    if value is None:
        return (2,)
    return (1,) if isinstance(value, float) and math.isnan(value) else (0, value)


def seconds(text: str) -> timedelta:
    number, unit = text.split()
    return timedelta(seconds=int(number) * UNITS_OF_TIME[unit.rstrip("s")])


def instant(value: Any) -> datetime | None:
    """A time of the data as a plain UTC datetime."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value - value.utcoffset()).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return instant(datetime.fromisoformat(value))


def midnight(at: datetime) -> datetime:
    """The start of the day (UTC)."""
    return datetime.combine(at.date(), time())


def unit_column(meta: Mapping[str, Any], kind: str) -> str:
    given = meta.get("units", meta.get("unit"))
    return given if isinstance(given, str) else given[kind]


def kinds(meta: Mapping[str, Any]) -> list[str]:
    given = meta.get("units", meta.get("unit"))
    return ["unit"] if isinstance(given, str) else list(given)


def number(value: Any) -> float | None:
    """A value as a double; None for what is skipped."""
    if value is None:
        return None
    value = float(value)
    return value if abs(value) < 1e100 else None  # NaN compares false


def level(value: Any) -> str:
    """The level of a segment or slice that a value stands for."""
    if value is None:
        return "(none)"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "(all)" if text == "all" else text


def kept_levels(counts: Mapping[str, int], limit: int) -> set[str]:
    """The most frequent levels; those that come first by name where there are as many."""
    return set(sorted(counts, key=lambda name: (-counts[name], name))[:limit])
