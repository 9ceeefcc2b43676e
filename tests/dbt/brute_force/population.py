"""Who takes part in an experiment: first assignments, segments, phases and activation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from brute_force.definitions import labels, phases
from brute_force.shop import (
    Row,
    Shop,
    Table,
    instant,
    kept_levels,
    kinds,
    level,
    midnight,
    seconds,
    unit_column,
)

if TYPE_CHECKING:
    from datetime import datetime

Levels = Mapping[str, str | None]


@dataclass
class Population:
    """Analysed units, first assignments, and what became of every row."""

    analysed: dict[Any, tuple[str, datetime | None]] = field(default_factory=dict)
    first: dict[Any, tuple[str, datetime | None]] = field(default_factory=dict)
    segments: dict[Any, Levels] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    units: dict[str, set[Any]] = field(default_factory=dict)
    n_rows: int = 0

    def leave_out(self, reason: str, unit: Any, rows: int = 1) -> None:
        self.rows[reason] += rows
        self.units.setdefault(reason, set())
        if unit is not None:
            self.units[reason].add(unit)


@dataclass(frozen=True)
class Assigned:
    """A row of an assignment model."""

    unit: Any
    variant: str | None
    at: datetime | None
    is_dated: bool
    levels: Levels


def assigned_rows(shop: Shop, name: str, experiment: Mapping[str, Any]) -> Iterator[Assigned]:
    """The rows of one experiment in all assignment models that have its kind of unit."""
    ids = experiment.get("id", name)
    ids = {str(value) for value in (ids if isinstance(ids, list) else [ids])}
    kind = experiment.get("unit", "unit")
    for table in shop.assignments:
        meta = table.meta["assignments"]
        if kind not in kinds(meta):
            continue
        dated = meta["timestamp"] != "none"
        for row in table.rows:
            of = meta["experiment"]
            if (of["literal"] if isinstance(of, dict) else shop.value(of, row)) not in ids:
                continue
            variant = shop.value(meta["variant"], row)
            yield Assigned(
                unit=row[unit_column(meta, kind)],
                variant=None if variant is None else str(variant),
                at=instant(row[meta["timestamp"]]) if dated else instant(experiment.get("start")),
                is_dated=dated,
                levels=levels_of(shop, table, row),
            )


def levels_of(shop: Shop, table: Table, row: Row) -> Levels:
    """The texts of a row's segments; None where NULL."""
    given = table.meta["assignments"].get("segments", [])
    columns = given if isinstance(given, Mapping) else {name: name for name in given}
    values = {name: shop.value(text, row) for name, text in columns.items()}
    return {name: None if value is None else text(value) for name, value in values.items()}


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def population(shop: Shop, name: str, experiment: Mapping[str, Any]) -> Population:
    """Who takes part in an experiment, in which variant and since when."""
    start, end = instant(experiment.get("start")), instant(experiment.get("end"))
    result = Population()
    within: dict[Any, list[Assigned]] = {}
    early: set[Any] = set()
    for row in assigned_rows(shop, name, experiment):
        result.n_rows += 1
        reason = row_reason(row, labels(experiment), (start, end, shop.as_of))
        if reason:
            result.leave_out(reason, row.unit)
            if reason == "before_start":
                early.add(row.unit)
        else:
            within.setdefault(row.unit, []).append(row)
    for unit, rows in within.items():
        place_unit(result, unit, rows, is_early=unit in early)
    return result


def row_reason(
    row: Assigned,
    planned: Sequence[str],
    span: tuple[datetime | None, datetime | None, datetime],
) -> str | None:
    """Why a row is left out."""
    if row.unit is None:
        return "unit_missing"
    if row.variant is None:
        return "variant_missing"
    if row.variant not in planned:
        return "unknown_variant"
    return time_reason(row.at, *span) if row.is_dated else None


def time_reason(
    at: datetime | None, start: datetime | None, end: datetime | None, as_of: datetime
) -> str | None:
    """Why a row with a planned variant is left out for its time."""
    if at is None:
        return "time_missing"
    if start is not None and at < start:
        return "before_start"
    if end is not None and at >= end:
        return "after_end"
    return "after_as_of" if at > as_of or (end is None and at >= as_of) else None


def place_unit(result: Population, unit: Any, rows: list[Assigned], *, is_early: bool) -> None:
    """First assignment wins; crossovers and units assigned before the start are left out."""
    earliest = min((row.at for row in rows if row.at is not None), default=None)
    first = {str(row.variant) for row in rows if row.at == earliest}
    crossed = len({row.variant for row in rows}) > 1
    if is_early:
        result.leave_out("assigned_before_start", unit, len(rows))
        return
    if len(first) == 1:
        result.first[unit] = (next(iter(first)), earliest)
    if crossed:
        result.leave_out("crossover", unit, len(rows))
        return
    result.analysed[unit] = (str(rows[0].variant), earliest)
    result.segments[unit] = first_levels([row.levels for row in rows if row.at == earliest])
    result.leave_out("analysed", unit)
    if len(rows) > 1:
        result.leave_out("repeat", unit, len(rows) - 1)


def first_levels(given: Sequence[Levels]) -> Levels:
    """Of several first assignments at one instant, the smallest text that is not NULL."""
    found: dict[str, str | None] = {}
    for levels in given:
        for name, value in levels.items():
            known = found.setdefault(name, value)
            if known is None or (value is not None and value < known):
                found[name] = value
    return found


def segment_of(shop: Shop, people: Population, name: str) -> dict[Any, str]:
    """Level of a segment of each analysed unit; rare levels are '(other)'."""
    given = {unit: level(people.segments[unit].get(name)) for unit in people.analysed}
    kept = kept_levels(Counter(given.values()), shop.segment_levels)
    return {unit: name if name in kept else "(other)" for unit, name in given.items()}


def phase_of(experiment: Mapping[str, Any], exposed_at: datetime | None) -> str | None:
    """Label of the phase of a ramp in which a unit was exposed; None without a ramp."""
    begun = [label for at, label in phases(experiment) if exposed_at and at <= exposed_at]
    return begun[-1] if begun else None


def activations(
    shop: Shop,
    experiment: Mapping[str, Any],
    people: Population,
    until: datetime | None,
) -> dict[Any, datetime]:
    """When units that were activated were: the first row that counts, at or after exposure."""
    given = experiment["activation"]
    model, kind = given["model"], experiment.get("unit", "unit")
    column = unit_column(shop.fact(model).meta, kind)
    found: dict[Any, datetime] = {}
    for row in shop.rows(model):
        unit, at = row[column], shop.time(model, row)
        if unit not in people.analysed or at is None or not shop.meets(given.get("where"), row):
            continue
        exposed_at = people.analysed[unit][1]
        assert exposed_at is not None
        if shop.is_by_date(model) and at.date() == exposed_at.date():
            at = exposed_at  # the later of midnight and exposure
        if at >= exposed_at and (unit not in found or at < found[unit]):
            found[unit] = at
    within = seconds(given["within"]) if given.get("within") else None
    begin = midnight if shop.is_by_date(model) else lambda at: at
    return {
        unit: at
        for unit, at in found.items()
        if until is not None
        and at < until
        and (within is None or at < begin(people.analysed[unit][1]) + within)
    }
