"""A seeded shop of adversarial raw data and definitions, as tables and for the brute force."""

from __future__ import annotations

import datetime as dt
import math
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
from brute_force import Shop, Table, instant

MICROSECOND = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1)
AS_OF = dt.datetime(2028, 3, 20, 12)
LABELS = [
    ["control", "treatment"],
    ["0", "1"],
    ["Control", " Control", "control"],
    ["a'b", 'say "so"', "<b>x</b>\nnew; drop table units; --", "{{ 1 / 0 }}"],
]
JUNK = ["CONTROL", "control ", "", "2", None]

EXPRESSIONS = {
    "amount": lambda row: row["amount"],
    "amount * 2": lambda row: None if row["amount"] is None else row["amount"] * 2,
    "amount > 3": lambda row: _above(row["amount"], 3.0),
    "status = 'paid'": lambda row: row["status"] and row["status"] == "paid",
    "status = 'paid' or quantity > 2": lambda row: _either(
        row["status"] and row["status"] == "paid", _above(row["quantity"], 2)
    ),
    "quantity /* of -- goods */ > 1": lambda row: _above(row["quantity"], 1),
    "is_gift": lambda row: row["is_gift"],
    "seconds < 0": lambda row: row["seconds"] < 0,
} | {f"kind % 70 = {kind}": (lambda row, kind=kind: row["kind"] % 70 == kind) for kind in range(70)}


def _above(value: float | None, limit: float) -> bool | None:
    # DuckDB orders NaN above every number.
    return None if value is None else value > limit or math.isnan(value)


def _either(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return None if left is None or right is None else False


class RandomShop:
    """Draws definitions first, then rows around the boundaries that they make."""

    def __init__(self, seed: int, n_experiments: int = 30, n_units: int = 120) -> None:
        self.draw = random.Random(seed)
        self.users: list[int] = list(range(n_units))
        self.devices: list[str] = [f"d{number}" for number in range(n_units // 2)]
        self.metrics = self.draw_metrics()
        self.experiments = {f"e{i:02}": self.draw_experiment(i) for i in range(n_experiments)}
        self.assigned: list[dict[str, Any]] = []
        self.imported: list[dict[str, Any]] = []
        self.once: list[dict[str, Any]] = []
        for name, experiment in self.experiments.items():
            self.draw_assignments(name, experiment)
        self.times = [row["assigned_at"] for row in self.assigned if row["assigned_at"]]

    # Definitions

    def draw_metrics(self) -> dict[str, dict[str, Any]]:
        """Metrics by fact; every aggregate stands in several combinations."""
        draw, metrics = self.draw, {"orders": {}, "visits": {}, "days": {}, "profiles": {}}
        wheres = ["amount > 3", "status = 'paid'", "status = 'paid' or quantity > 2",
                  "quantity /* of -- goods */ > 1", "is_gift"]  # fmt: skip
        values = {"sum": ["amount", "amount * 2", "quantity", "is_gift"],
                  "count": [None, "amount", "status"], "min": ["amount", "quantity"],
                  "max": ["amount", "amount * 2"], "avg": ["amount", "quantity"],
                  "count_distinct": ["status", "quantity", "amount", "code"]}  # fmt: skip
        for number in range(36):
            aggregate = list(values)[number % len(values)]
            given = self.part(aggregate, draw.choice(values[aggregate]), wheres)
            metrics["orders"][f"mean_{number}"] = {"type": "mean"} | given | self.times_of()
        for number in range(10):
            value = draw.choice([None, "amount", "is_gift", "quantity"])
            given = self.part(None, value, wheres) | self.times_of()
            metrics["orders"][f"share_{number}"] = {"type": "proportion"} | given
        for number in range(12):
            sides = {
                key: self.part(*draw.choice([("count", None), ("sum", "amount"),
                     ("count_distinct", "status"), ("sum", "quantity"), ("max", "quantity")]),
                      wheres)
                for key in ("numerator", "denominator")
            }  # fmt: skip
            if number % 2:
                sides["denominator"] = {
                    "model": draw.choice(["visits", "days"]),
                    "aggregate": "count",
                }
            metrics["orders"][f"ratio_{number}"] = {"type": "ratio"} | sides | self.times_of()
        for number in range(6):
            value, where = draw.choice(["seconds", None]), draw.choice([None, "seconds < 0"])
            metrics["visits"][f"seen_{number}"] = (
                {"type": "mean"}
                | self.part("sum" if value else "count", value, [where])
                | self.times_of()
            )
            metrics["days"][f"minutes_{number}"] = {
                "type": "mean", "value": "minutes", "aggregate": draw.choice(["sum", "max", "avg"])
            } | self.times_of()  # fmt: skip
        for kind in range(70):
            metrics["visits"][f"kind_{kind}"] = {
                "type": "mean", "aggregate": "count", "where": f"kind % 70 = {kind}",
                 "window": "7 days",
            }  # fmt: skip
        metrics["profiles"] = {
            "score": {"type": "mean", "value": "score", "covariate": "earlier"},
            "is_member": {"type": "proportion", "value": "is_member"},
            "score_left_out": {"type": "mean", "value": "score", "aggregate": "max"},
        }
        return metrics

    def part(self, aggregate: str | None, value: str | None, wheres: list[Any]) -> dict[str, Any]:
        where = self.draw.choice([None, *wheres])
        given = {"aggregate": aggregate, "value": value, "where": where}
        return {key: item for key, item in given.items() if item is not None}

    def times_of(self) -> dict[str, str]:
        draw = self.draw
        given = {"window": draw.choice([None, "1 day", "3 days", "7 days", "1 week"]),
                 "delay": draw.choice([None, None, "1 day", "2 days"]),
                 "covariate": draw.choice([None, "none", "5 days", "14 days"])}  # fmt: skip
        return {key: item for key, item in given.items() if item is not None}

    def draw_experiment(self, number: int) -> dict[str, Any]:
        draw = self.draw
        # Around a leap day, and around the end of a year.
        start = draw.choice([dt.datetime(2028, 2, 26), dt.datetime(2027, 12, 29, 6, 30)])
        labels = draw.choice(LABELS)
        names = [
            name for fact in ("orders", "visits", "days") for name in self.metrics[fact]
            if not name.startswith("kind_")
        ]  # fmt: skip
        names = draw.sample(names + list(self.metrics["profiles"]) * 3, 8)
        names = list(dict.fromkeys(names))
        chosen = {
            "success": {name: {} for name in names[:2]},
            "guardrails": {names[2]: {"margin": "2%"}},
            "explore": {name: {} for name in names[3:]},
        }
        if number == 0:
            chosen["explore"] |= {f"kind_{kind}": {} for kind in range(70)}
        for role in chosen.values():
            for name, settings in role.items():
                if name not in self.metrics["profiles"] and draw.random() < 0.2:
                    settings["window"] = draw.choice(["2 days", "4 days"])
        experiment = {
            "id": draw.choice([f"id-{number}", [f"id-{number}", f"re'start-{number}"]]),
            "unit": "user",
            "start": start.isoformat(" "),
            "end": (start + dt.timedelta(days=draw.choice([4, 10]))).isoformat(" "),
            "control": labels[0],
            "variants": {label: 1 / len(labels) for label in labels},
        } | chosen
        if number % 7 == 3:
            experiment |= {"unit": "device"}
            for role in ("success", "guardrails", "explore"):
                on_visits = {f"seen_{i}": {} for i in self.role_range(role)}
                experiment[role] = on_visits
        if number % 7 == 5:
            del experiment["end"]
        if number in (6, 13):
            experiment["id"] = f"once-{number}"
        return experiment

    @staticmethod
    def role_range(role: str) -> range:
        return {"success": range(2), "guardrails": range(2, 4), "explore": range(4, 6)}[role]

    # Rows

    def draw_assignments(self, name: str, experiment: dict[str, Any]) -> None:
        draw = self.draw
        start = instant(experiment["start"])
        end = instant(experiment.get("end")) or start + 8 * DAY
        ids = experiment["id"] if isinstance(experiment["id"], list) else [experiment["id"]]
        labels = list(experiment["variants"])
        units = self.devices if experiment["unit"] == "device" else self.users
        for unit in draw.sample(units, len(units) * 3 // 4):
            label = draw.choice(labels)
            for _ in range(draw.choice([1, 1, 1, 2, 3])):
                variant = draw.choice([label] * 12 + [draw.choice(labels), draw.choice(JUNK)])
                at = draw.choice([
                    start + draw.random() * (end - start), start + draw.randrange(16) * DAY / 4,
                    start, end - MICROSECOND])  # fmt: skip
                if draw.random() < 0.06:
                    at = draw.choice([start - MICROSECOND, end, end + DAY, None, AS_OF + DAY])
                row = {
                    "experiment": draw.choice(ids), "variant": variant, "assigned_at": at,
                    "user_id": None, "device_id": None,
                }  # fmt: skip
                row["device_id" if experiment["unit"] == "device" else "user_id"] = (
                    None if draw.random() < 0.01 else unit
                )
                if name in ("e06", "e13"):
                    self.once.append({"of": name, "variant": variant, "user_id": row["user_id"]})
                else:
                    draw.choice([self.assigned, self.assigned, self.imported]).append(row)
        self.assigned.append({"experiment": "nobody's", "variant": "x", "assigned_at": start,
                              "user_id": 1, "device_id": None})  # fmt: skip

    def event_time(self) -> dt.datetime | None:
        """Often exactly at an exposure or at the edge of a window after it."""
        draw = self.draw
        if draw.random() < 0.01:
            return None
        at = draw.choice(self.times)
        edge = draw.choice([0, 1, 2, 3, 4, 7, 9, -5, -14]) * DAY
        if draw.random() < 0.5:
            return at + edge + draw.choice([-1, 0, 0, 1]) * MICROSECOND
        return at + draw.uniform(-16, 10) * DAY

    def amount(self) -> float | None:
        draw = self.draw
        if draw.random() < 0.1:
            return draw.choice([None, float("nan"), float("inf"), float("-inf"), 1e200, -1e150])
        return draw.choice([0.0, -1.5, 3.0, round(draw.lognormvariate(1, 1), 2), 2.0, 1e6])

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        draw = self.draw
        orders = [
            {"user_id": draw.choice([*self.users, None]), "ordered_at": self.event_time(),
             "amount": self.amount(), "quantity": draw.choice([None, 0, 1, 2, 3, 4]),
             "status": draw.choice([None, "paid", "open", "refunded"]),
             "is_gift": draw.choice([None, True, False]),
             "code": draw.choice([None, Decimal(2**53), Decimal(2**53 + 1), Decimal(-1)])}
            for _ in range(len(self.users) * 25)
        ]  # fmt: skip
        visits = [
            {"user_id": draw.choice([*self.users, None]), "device_id": draw.choice([*self.devices,
             None]),
             "seen_at": self.event_time(), "seconds": draw.randrange(-3, 30),
              "kind": draw.randrange(140)}
            for _ in range(len(self.users) * 25)
        ]  # fmt: skip
        days = [
            {"user_id": draw.choice(self.users), "day": at,
             "minutes": draw.choice([None, Decimal("0.10"), Decimal("7.25"), Decimal("-3.00")])}
            for at in (self.event_time() for _ in range(len(self.users) * 10))
        ]  # fmt: skip
        profiles = [
            {"user_id": user, "score": self.amount(), "earlier": self.amount(),
             "is_member": draw.choice([None, True, False])}
            for user in draw.sample(self.users, len(self.users) // 2)
        ]  # fmt: skip
        return {"assigned": self.assigned, "imported": self.imported, "once": self.once,
                "orders": orders, "visits": visits, "days": days, "profiles": profiles}  # fmt: skip

    def shop(self) -> Shop:
        rows = self.tables()
        by_kind = {"user": "user_id", "device": "device_id"}
        assigned = {"experiment": "experiment", "variant": "variant", "unit": by_kind,
                    "timestamp": "assigned_at"}  # fmt: skip
        once = {"experiment": "'once-' || cast(of[2:] as integer)", "variant": "variant",
                "unit": {"user": "user_id"}, "timestamp": "none"}  # fmt: skip
        users = {"units": {"user": "user_id"}}
        return Shop(
            assignments=[
                Table("assigned", {"assignments": assigned}, rows["assigned"]),
                Table("imported", {"assignments": assigned}, rows["imported"]),
                Table("once", {"assignments": once}, rows["once"]),
            ],
            facts=[
                Table("orders", users | {"timestamp": "ordered_at",
                      "metrics": self.metrics["orders"]}, rows["orders"]),
                Table("visits", {"units": by_kind, "timestamp": "seen_at",
                      "complete_until": "2028-03-05 07:00:00",
                      "metrics": self.metrics["visits"]}, rows["visits"]),
                Table("days", users | {"timestamp": "day", "timestamp_is_date": True,
                      "metrics": self.metrics["days"]}, rows["days"]),
                Table("profiles", users | {"timestamp": "none",
                      "metrics": self.metrics["profiles"]}, rows["profiles"]),
            ],
            as_of=AS_OF,
            expressions=EXPRESSIONS
            | {once["experiment"]: lambda row: f"once-{int(row['of'][1:])}"},
        )  # fmt: skip


def arrow_table(table: Table) -> pa.Table:
    """Raw rows with the column types they have in a warehouse; `seen_at` has a time zone."""
    plain, zoned = pa.timestamp("us"), pa.timestamp("us", tz="UTC")
    types = {
        "assigned_at": zoned if table.name == "imported" else plain,
        "ordered_at": plain, "seen_at": zoned, "day": plain, "minutes": pa.decimal128(10, 2),
        "user_id": pa.int64(), "device_id": pa.string(), "variant": pa.string(),
        "experiment": pa.string(), "of": pa.string(), "amount": pa.float64(), "score": pa.float64(),
        "earlier": pa.float64(), "quantity": pa.int32(), "seconds": pa.int16(), "kind": pa.int64(),
        "status": pa.string(), "code": pa.decimal128(20, 0), "is_gift": pa.bool_(),
         "is_member": pa.bool_(),
    }  # fmt: skip
    names = list(table.rows[0])
    columns = {}
    for name in names:
        values = [row[name] for row in table.rows]
        if types[name] == zoned:
            values = [at and at.replace(tzinfo=dt.UTC) for at in values]
        columns[name] = pa.array(values, types[name])
    return pa.table(columns)
