"""Population, units and moments in plain Python, straight from raw rows and the definitions.

Written from the contract, not from the SQL: loops over units and rows, no grouping, no merging.
SQL expressions of the definitions are looked up in a table of Python functions, so that nothing
here asks a database.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

Row = Mapping[str, Any]
UNITS_OF_TIME = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}
ZERO_FILLED = {"any", "sum", "count", "count_distinct"}


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

    def value(self, text: str, row: Row) -> Any:
        return self.expressions[text](row) if text in self.expressions else row[text]

    def fact(self, name: str) -> Table:
        return next(fact for fact in self.facts if fact.name == name)

    def metric(self, name: str) -> tuple[Table, Mapping[str, Any]]:
        fact = next(fact for fact in self.facts if name in fact.meta["metrics"])
        return fact, fact.meta["metrics"][name]


@dataclass
class Population:
    """Analysed units, first assignments, and what became of every row."""

    analysed: dict[Any, tuple[str, datetime | None]] = field(default_factory=dict)
    first: dict[Any, tuple[str, datetime | None]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    units: dict[str, set[Any]] = field(default_factory=dict)
    n_rows: int = 0

    def leave_out(self, reason: str, unit: Any, rows: int = 1) -> None:
        self.rows[reason] += rows
        self.units.setdefault(reason, set())
        if unit is not None:
            self.units[reason].add(unit)


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
    return datetime.fromisoformat(value)


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


def population(shop: Shop, name: str, experiment: Mapping[str, Any]) -> Population:
    """Who takes part in an experiment, in which variant and since when."""
    ids = experiment.get("id", name)
    ids = {str(value) for value in (ids if isinstance(ids, list) else [ids])}
    kind = experiment.get("unit", "unit")
    labels = [str(label) for label in experiment["variants"]]
    start, end = instant(experiment.get("start")), instant(experiment.get("end"))
    result = Population()
    within: dict[Any, list[tuple[datetime | None, str]]] = {}
    early: set[Any] = set()
    for table in shop.assignments:
        meta = table.meta["assignments"]
        if kind not in kinds(meta):
            continue
        dated = meta["timestamp"] != "none"
        for row in table.rows:
            of = meta["experiment"]
            if (of["literal"] if isinstance(of, dict) else shop.value(of, row)) not in ids:
                continue
            result.n_rows += 1
            unit, variant = row[unit_column(meta, kind)], shop.value(meta["variant"], row)
            variant = None if variant is None else str(variant)
            at = instant(row[meta["timestamp"]]) if dated else start
            reason = row_reason(unit, variant, at, labels, (start, end, shop.as_of), dated=dated)
            if reason:
                result.leave_out(reason, unit)
                if reason == "before_start":
                    early.add(unit)
            else:
                within.setdefault(unit, []).append((at, str(variant)))
    for unit, rows in within.items():
        place_unit(result, unit, rows, is_early=unit in early)
    return result


def row_reason(
    unit: Any,
    variant: str | None,
    at: datetime | None,
    labels: Sequence[str],
    span: tuple[datetime | None, datetime | None, datetime],
    *,
    dated: bool,
) -> str | None:
    """Why a row is left out."""
    if unit is None:
        return "unit_missing"
    if variant is None:
        return "variant_missing"
    if variant not in labels:
        return "unknown_variant"
    return time_reason(at, *span) if dated else None


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


def place_unit(
    result: Population, unit: Any, rows: list[tuple[datetime | None, str]], *, is_early: bool
) -> None:
    """First assignment wins; crossovers and units assigned before the start are left out."""
    earliest = min((at for at, _ in rows if at is not None), default=None)
    first = {variant for at, variant in rows if at == earliest}
    crossed = len({variant for _, variant in rows}) > 1
    if is_early:
        result.leave_out("assigned_before_start", unit, len(rows))
        return
    if len(first) == 1:
        result.first[unit] = (next(iter(first)), earliest)
    if crossed:
        result.leave_out("crossover", unit, len(rows))
        return
    result.analysed[unit] = (rows[0][1], earliest)
    result.leave_out("analysed", unit)
    if len(rows) > 1:
        result.leave_out("repeat", unit, len(rows) - 1)


def parts(metric: Mapping[str, Any], model: str) -> dict[str, dict[str, Any]]:
    """Numerator and denominator of a metric: model, value, aggregate, condition."""
    if metric["type"] == "ratio":
        found = {}
        for side, key in (("num", "numerator"), ("den", "denominator")):
            given = metric[key]
            default = "sum" if "value" in given else "count"
            found[side] = {"model": model, "aggregate": default} | given
        return found
    default = "any" if metric["type"] == "proportion" else "sum"
    given = {key: metric[key] for key in ("value", "aggregate", "where") if key in metric}
    return {"num": {"model": model, "aggregate": default} | given}


def data_as_of(shop: Shop, experiment: Mapping[str, Any]) -> datetime | None:
    """Up to when all facts of an experiment are complete; None where none has times."""
    names = [
        name for role in ("success", "guardrails", "explore") for name in experiment.get(role, [])
    ]
    found = []
    metrics = [shop.metric(name) for name in names]
    for model in {
        p["model"] for fact, metric in metrics for p in parts(metric, fact.name).values()
    }:
        meta = shop.fact(model).meta
        if meta["timestamp"] == "none":
            continue
        if "complete_until" in meta:
            found.append(instant(meta["complete_until"]))
            continue
        times = [instant(row[meta["timestamp"]]) for row in shop.fact(model).rows]
        last = max(at for at in times if at is not None and at <= shop.as_of)
        found.append(datetime.combine(last.date(), time()))
    return min((at for at in found if at is not None), default=None)


@dataclass(frozen=True)
class UnitValue:
    """One unit's numbers of one metric; `num` is None where the unit is left out."""

    num: float | None
    den: float
    num_cov: float
    den_cov: float
    n_events: int
    n_skipped: int


def combine(aggregate: str, values: Sequence[Any]) -> float | None:
    """One number out of a unit's rows; None where there is nothing to say."""
    if aggregate == "count_distinct":
        return float(len({value for value in values if value is not None}))
    numbers = [value for value in values if value is not None]
    if aggregate == "count":
        return float(len(numbers))
    if aggregate == "any":
        return float(any(value > 0 for value in numbers))
    if not numbers:
        return 0.0 if aggregate == "sum" else None
    if aggregate == "avg":
        return math.fsum(numbers) / len(numbers)
    return {"sum": math.fsum, "min": min, "max": max}[aggregate](numbers)


def read_part(
    shop: Shop, part: Mapping[str, Any], rows: Sequence[Row]
) -> tuple[float | None, int, int]:
    """Number, rows and skipped rows of one part over the rows of one unit and span."""
    chosen = [row for row in rows if "where" not in part or shop.value(part["where"], row) is True]
    if "value" not in part:
        return combine(part["aggregate"], [1.0] * len(chosen)), len(chosen), 0
    values = [shop.value(part["value"], row) for row in chosen]
    if part["aggregate"] not in ("count", "count_distinct"):
        values = [number(value) for value in values]
    values = [None if isinstance(v, float) and number(v) is None else v for v in values]
    return combine(part["aggregate"], values), len(chosen), values.count(None)


class UnitReader:
    """Reads the units of one experiment and metric."""

    def __init__(
        self, shop: Shop, experiment: Mapping[str, Any], name: str, window: str | None
    ) -> None:
        self.shop, self.kind = shop, experiment.get("unit", "unit")
        fact, self.metric = shop.metric(name)
        self.parts = parts(self.metric, fact.name)
        self.dated = fact.meta["timestamp"] != "none"
        default = "14 days" if self.metric["type"] in ("mean", "ratio") and self.dated else "none"
        self.covariate = self.metric.get("covariate", default)
        self.delay = seconds(self.metric.get("delay", "0 days")) if self.dated else timedelta()
        self.window = (
            seconds(window or self.metric.get("window", "7 days")) if self.dated else timedelta()
        )
        self.by_unit: dict[str, dict[Any, list[Row]]] = {}
        for model in {part["model"] for part in self.parts.values()}:
            table = shop.fact(model)
            column = unit_column(table.meta, self.kind)
            groups = self.by_unit.setdefault(model, {})
            for row in table.rows:
                groups.setdefault(row[column], []).append(row)

    @property
    def is_zero_filled(self) -> bool:
        return self.metric["type"] != "mean" or self.parts["num"]["aggregate"] in ZERO_FILLED

    def closed(self, exposed_at: datetime | None, until: datetime | None) -> bool:
        if not self.dated:
            return True
        assert exposed_at is not None
        return until is not None and exposed_at + self.delay + self.window <= until

    def rows(self, part: Mapping[str, Any], unit: Any, exposed_at: Any, side: str) -> list[Row]:
        """A unit's rows in the window after exposure, or in the one before it."""
        rows = self.by_unit[part["model"]].get(unit, [])
        if not self.dated:
            return rows
        meta = self.shop.fact(part["model"]).meta
        column = meta["timestamp"]
        some = next((row[column] for row in rows if row[column] is not None), None)
        by_date = meta.get("timestamp_is_date") or not isinstance(some, datetime)
        base = datetime.combine(exposed_at.date(), time()) if by_date else exposed_at
        first, last = base + self.delay, base + self.delay + self.window
        if side == "pre":
            first, last = base - seconds(self.covariate), base
        times = [instant(row[column]) for row in rows]
        if meta.get("timestamp_is_date"):
            times = [at and datetime.combine(at.date(), time()) for at in times]
        return [
            row
            for row, at in zip(rows, times, strict=True)
            if at is not None and first <= at < last
        ]

    def before(self, part: Mapping[str, Any], unit: Any, exposed_at: Any) -> float:
        if self.covariate == "none":
            return 0.0
        if self.dated:
            found = read_part(self.shop, part, self.rows(part, unit, exposed_at, "pre"))[0]
        else:
            rows = self.rows(part, unit, exposed_at, "post")
            rows = [r for r in rows if "where" not in part or self.shop.value(part["where"], r)]
            found = combine("sum", [number(self.shop.value(self.covariate, r)) for r in rows])
        return found or 0.0

    def read(self, unit: Any, exposed_at: Any) -> UnitValue:
        found = {
            side: read_part(self.shop, part, self.rows(part, unit, exposed_at, "post"))
            for side, part in self.parts.items()
        }
        value, n_events, n_skipped = found["num"]
        den = found.get("den", (0.0, 0, 0))
        if self.is_zero_filled:
            value = value or 0.0
        return UnitValue(
            num=value,
            den=den[0] or 0.0,
            num_cov=self.before(self.parts["num"], unit, exposed_at),
            den_cov=self.before(self.parts["den"], unit, exposed_at) if "den" in found else 0.0,
            n_events=n_events,
            n_skipped=n_skipped + den[2],
        )


def product(x: Sequence[float], y: Sequence[float]) -> float:
    """Sum of products of deviations, in two passes of exact sums."""
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    return math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))


def moments(
    shop: Shop,
    experiment: Mapping[str, Any],
    people: Population,
    name: str,
    window: str | None = None,
) -> dict[str, dict[str, Any]]:
    """The row of the moments of each variant of an experiment, for one metric."""
    reader = UnitReader(shop, experiment, name, window)
    until = data_as_of(shop, experiment)
    result = {}
    for label in map(str, experiment["variants"]):
        read = [
            reader.read(unit, at)
            for unit, (variant, at) in people.analysed.items()
            if variant == label and reader.closed(at, until)
        ]
        kept = [value for value in read if value.num is not None]
        row: dict[str, Any] = {
            "n_units": len(kept),
            "n_events": sum(value.n_events for value in read),
            "n_missing": len(read) - len(kept),
            "n_skipped": sum(value.n_skipped for value in read),
        }
        names = ["num"] + ["den"] * ("den" in reader.parts)
        names += [f"{side}_cov" for side in names if reader.covariate != "none"]
        for index, x in enumerate(names if kept else []):
            xs = [getattr(value, x) for value in kept]
            row[f"mean_{x}"] = math.fsum(xs) / len(xs)
            row[f"m2_{x}"] = product(xs, xs)
            for y in names[index + 1 :]:
                row[co_moment(x, y)] = product(xs, [getattr(value, y) for value in kept])
        result[label] = row
    return result


def co_moment(x: str, y: str) -> str:
    """Name of the column of a co-moment."""
    order = ["num", "den", "num_cov", "den_cov"]
    first, second = sorted([x, y], key=order.index)
    return f"c2_{first}_{second}"
