"""A unit's events in its windows, and the numbers that they come to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from brute_force.shop import Row, level, midnight, number, unit_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from brute_force.definitions import Metric, Part
    from brute_force.shop import Shop


@dataclass(frozen=True)
class Event:
    """A row of a fact: its time, its value (None where it is skipped), its slice and its number.

    The value of a funnel's row are the steps that it meets.
    """

    at: datetime | None
    value: Any
    level: str
    row: tuple[str, int]


@dataclass(frozen=True)
class Person:
    """An analysed unit with its events after the anchor and before exposure, by part."""

    unit: Any
    variant: str
    exposed_at: datetime | None
    anchor: datetime | None
    phase: str | None
    post: dict[str, list[Event]]
    pre: dict[str, list[Event]]
    is_covered: bool | None = None

    def slice(self, wanted: set[str]) -> Person:
        """The same unit as if only the rows of these levels existed."""
        return replace(self, post=rows_of(self.post, wanted), pre=rows_of(self.pre, wanted))


def rows_of(events: dict[str, list[Event]], wanted: set[str]) -> dict[str, list[Event]]:
    return {side: [each for each in of if each.level in wanted] for side, of in events.items()}


@dataclass(frozen=True)
class UnitValue:
    """One unit's numbers of one metric; `num` is None where the unit is left out."""

    num: float | None
    den: float
    num_cov: float
    den_cov: float
    n_events: int
    n_skipped: int


class EventReader:
    """Reads events of one metric for one kind of unit, row by row of its facts."""

    def __init__(self, shop: Shop, metric: Metric, kind: str) -> None:
        self.shop, self.metric = shop, metric
        self.by_unit = {model: rows_by_unit(shop, model, kind) for model in metric.models}
        self.by_date = {
            model: shop.is_dated(model) and shop.is_by_date(model) for model in metric.models
        }

    def post(self, unit: Any, anchor: datetime | None, until: datetime | None) -> dict[str, Any]:
        """Events in the window after the anchor, which ends at `until` where it is endless."""
        return {
            side: self.window(part, unit, (anchor, until), is_pre=False)
            for side, part in self.metric.parts.items()
        }

    def pre(self, unit: Any, exposed_at: datetime | None) -> dict[str, Any]:
        """Events in the window before exposure; the covariate's column where there are no times."""
        if self.metric.covariate is None:
            return {}
        return {
            side: self.window(part, unit, (exposed_at, None), is_pre=True)
            for side, part in self.metric.parts.items()
        }

    def window(
        self,
        part: Part,
        unit: Any,
        span: tuple[datetime | None, datetime | None],
        *,
        is_pre: bool,
    ) -> list[Event]:
        """Events of one part in a window, in the order of time."""
        found = []
        value = self.metric.covariate if is_pre and not self.metric.is_dated else part.value
        for model in sorted(self.metric.models if part.aggregate == "funnel" else {part.model}):
            for index, at, row in self.by_unit[model].get(unit, []):
                if not self.is_inside(model, at, span, is_pre=is_pre):
                    continue
                event = self.event(part, value, (model, index), row, at)
                if event is not None:
                    found.append(event)
        return sorted(found, key=lambda event: event.at or datetime.min)

    def is_inside(
        self,
        model: str,
        at: datetime | None,
        span: tuple[datetime | None, datetime | None],
        *,
        is_pre: bool,
    ) -> bool:
        """Windows are half-open; for facts by date they start with the day of the anchor."""
        if not self.metric.is_dated:
            return True
        anchor, until = span
        if at is None or anchor is None:
            return False
        base = midnight(anchor) if self.by_date[model] else anchor
        if is_pre:
            return base - self.metric.covariate <= at < base
        first = base + self.metric.delay
        last = until if self.metric.window is None else first + self.metric.window
        return first <= at and (last is None or at < last)

    def event(
        self, part: Part, value: Any, place: tuple[str, int], row: Row, at: datetime | None
    ) -> Event | None:
        """A row as an event; None where it meets no condition."""
        if part.aggregate == "funnel":
            steps = frozenset(
                index
                for index, (model, where) in enumerate(self.metric.steps)
                if model == place[0] and self.shop.meets(where, row)
            )
            return Event(at, steps, "", place) if steps else None
        if not self.shop.meets(part.where, row):
            return None
        found = 1.0 if value is None else self.shop.value(value, row)
        by = "" if self.metric.by is None else level(row[self.metric.by])
        return Event(at, None if is_skipped(found) else found, by, place)


Placed = tuple[int, datetime | None, Row]


def rows_by_unit(shop: Shop, model: str, kind: str) -> dict[Any, list[Placed]]:
    """Number, time and content of the rows of each unit."""
    column = unit_column(shop.fact(model).meta, kind)

    def group() -> dict[Any, list[Placed]]:
        groups: dict[Any, list[Placed]] = {}
        for index, row in enumerate(shop.rows(model)):
            at = shop.time(model, row) if shop.is_dated(model) else None
            groups.setdefault(row[column], []).append((index, at, row))
        return groups

    return shop.remember(("groups", model, column), group)


def is_skipped(value: Any) -> bool:
    """NULL, NaN, infinite, or 1e100 and beyond; texts and times are never skipped."""
    if value is None:
        return True
    return not isinstance(value, (str, date, bool)) and number(value) is None


def total(aggregate: str, events: Sequence[Event]) -> float | None:
    """One number out of a unit's rows; None where all are skipped or there is none."""
    given = [event for event in events if event.value is not None]
    if not given:
        return None
    if aggregate in ("count", "count_distinct"):
        values = [event.value for event in given]
        return float(len(values if aggregate == "count" else set(values)))
    if aggregate == "latest":
        last = max(event.at or datetime.min for event in given)
        given = [event for event in given if (event.at or datetime.min) == last]
    return COMBINE[aggregate]([float(event.value) for event in given])


def average(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def any_above_zero(numbers: Sequence[float]) -> float:
    return float(any(number > 0 for number in numbers))


COMBINE: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "min": min,
    "max": max,
    "latest": max,
    "avg": average,
    "any": any_above_zero,
}


def converts(events: Iterable[Event], n_steps: int) -> bool:
    """Whether the steps happen one after the other; the same instant and the same row count."""
    done, at = 0, datetime.min
    while done < n_steps:
        later = [e.at for e in events if e.at is not None and e.at >= at and done in e.value]
        if not later:
            return False
        done, at = done + 1, min(later)
    return True


def numerator(metric: Metric, events: Sequence[Event]) -> float | None:
    """A unit's numerator; None where it has no value and is left out."""
    if metric.type == "funnel":
        return float(converts(events, len(metric.steps)))
    found = total(metric.parts["num"].aggregate, events)
    if metric.threshold is not None:
        return float(found is not None and found >= metric.threshold)
    return 0.0 if found is None and metric.is_zero_filled else found


def before(metric: Metric, person: Person) -> tuple[float, float]:
    """A unit's numerator and denominator before exposure; no history is 0."""
    if metric.covariate is None:
        return 0.0, 0.0
    if not metric.is_dated:
        return total("sum", person.pre["num"]) or 0.0, 0.0
    den = metric.parts.get("den")
    return (
        numerator(metric, person.pre["num"]) or 0.0,
        (total(den.aggregate, person.pre["den"]) or 0.0) if den else 0.0,
    )


def value_of(metric: Metric, person: Person, until: datetime | None) -> UnitValue:
    """A unit's numbers from its events before `until`; from all in its window if that is None."""
    seen = {
        side: [event for event in events if until is None or event.at < until]
        for side, events in person.post.items()
    }
    num_cov, den_cov = before(metric, person)
    den = metric.parts.get("den")
    return UnitValue(
        num=numerator(metric, seen["num"]),
        den=(total(den.aggregate, seen["den"]) or 0.0) if den else 0.0,
        num_cov=num_cov,
        den_cov=den_cov,
        n_events=len(seen["num"]),
        n_skipped=sum(event.value is None for events in seen.values() for event in events),
    )
