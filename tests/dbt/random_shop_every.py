"""A seeded shop in which every metric of `random_shop_metrics` is read by some experiment."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
from brute_force import Shop, Table, instant
from random_shop_metrics import EDGES, EXPRESSIONS, WORDS, orders_metrics, other_metrics

MICROSECOND = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1)
LEAP_DAY = dt.datetime(2028, 2, 26)
YEAR_END = dt.datetime(2027, 12, 29, 6, 30)
COUNTRIES = [f"c{number:02}" for number in range(25)]
SKUS = [f"s{number:02}" for number in range(20)]
RARE_SKUS = [f"r{number}" for number in range(5)]
LABELS = [["control", "treatment"], ["0", "1"], ["a'b", 'say "so"', "{{ 1 / 0 }}"]]
UNITS = {"user": "user_id", "device": "device_id"}
PLAIN, ZONED = pa.timestamp("us"), pa.timestamp("us", tz="UTC")
TYPES = {
    "experiment": pa.string(), "variant": pa.string(), "assigned_at": PLAIN, "user_id": pa.int64(),
    "device_id": pa.string(), "country": pa.string(), "group": pa.string(), "of": pa.string(),
    "ordered_at": PLAIN, "amount": pa.float64(), "price": pa.float64(), "quantity": pa.int32(),
    "order": pa.int64(), "status": pa.string(), "step": pa.string(), "is_gift": pa.bool_(),
    "product": pa.string(), "sku": pa.string(), "seen_at": ZONED, "seconds": pa.int16(),
    "page": pa.string(), "day": pa.date32(), "minutes": pa.decimal128(10, 2), "opened_at": PLAIN,
    "loaded_at": PLAIN, "ticket_id": pa.int64(), "cost": pa.float64(), "topic": pa.string(),
    "score": pa.float64(), "earlier": pa.float64(), "is_member": pa.bool_(), "tier": pa.string(),
}  # fmt: skip


class EveryShop:
    """Draws definitions first, then rows around the boundaries that they make."""

    def __init__(self, seed: int, start: dt.datetime = LEAP_DAY, n_units: int = 80) -> None:
        self.draw = random.Random(seed)
        self.start = start
        self.users = list(range(n_units))
        self.devices = [f"d{number}" for number in range(n_units * 4)]
        self.metrics = {"orders": orders_metrics(self.draw)} | other_metrics()
        self.experiments = self.draw_experiments()
        self.assigned: list[dict[str, Any]] = []
        self.imported: list[dict[str, Any]] = []
        self.once: list[dict[str, Any]] = []
        for name, experiment in self.experiments.items():
            self.draw_assignments(name, experiment)
        self.times = [row["assigned_at"] for row in self.assigned if row["assigned_at"]]

    # Definitions

    def draw_experiments(self) -> dict[str, dict[str, Any]]:
        """Experiments that share out all metrics; some are of devices, one has no times."""
        names = [name for fact in self.metrics for name in self.metrics[fact]]
        self.draw.shuffle(names)
        visits = list(self.metrics["visits"])
        undated = [*list(self.metrics["profiles"]), "tickets", "minutes"]
        found = {f"e{i:02}": self.draw_experiment(names[i * 10 : i * 10 + 10])
                 for i in range(-(-len(names) // 10))}  # fmt: skip
        found["devices"] = self.draw_experiment(visits) | {"unit": "device"}
        if "activation" in found["devices"]:
            found["devices"]["activation"] = {"model": "visits", "where": "page <> 'home'"}
        found["once"] = self.draw_experiment(undated, is_plain=True)
        found["once"] |= {"end": (self.start + 4 * DAY).isoformat(" ")}
        for name, experiment in found.items():
            ids = [f"id-{name}", f"re'start-{name}"]
            experiment["id"] = self.draw.choice([ids, ids[0]]) if name != "once" else "once"
        return found

    def draw_experiment(self, names: list[str], *, is_plain: bool = False) -> dict[str, Any]:
        draw = self.draw
        labels = draw.choice(LABELS)
        experiment = {
            "unit": "user", "start": self.start.isoformat(" "), "control": labels[0],
            "variants": {label: 1 / len(labels) for label in labels},
            "success": {name: self.draw_entry(name) for name in names[:2]},
            "guardrails": {name: {"margin": "2%"} for name in names[2:3]},
            "explore": {name: self.draw_entry(name) for name in names[3:]},
        }  # fmt: skip
        if is_plain:
            return experiment
        if draw.random() < 0.8:
            experiment["end"] = (self.start + draw.choice([4, 6]) * DAY).isoformat(" ")
        if draw.random() < 0.5:
            experiment["variants"] = self.draw_ramp(labels)
        if draw.random() < 0.5:
            experiment["segments"] = draw.choice([["country"], ["group"], ["group", "country"]])
            is_dated = not set(names) & set(self.metrics["profiles"])
            if is_dated and draw.random() < 0.4:
                experiment["segments_daily"] = True
        if draw.random() < 0.5:
            experiment["activation"] = self.draw_activation()
        return experiment

    def draw_entry(self, name: str) -> dict[str, Any]:
        """What an experiment sets for a metric."""
        draw = self.draw
        given = next(each[name] for each in self.metrics.values() if name in each)
        if name in self.metrics["profiles"] or given["type"] == "retention" or draw.random() < 0.8:
            return {}
        entry: dict[str, Any] = {"window": draw.choice(["2 days", "4 days"])}
        if given["type"] == "mean" and "lower" not in given and draw.random() < 0.5:
            entry["cap"] = draw.choice([{"percentile": 0.875}, {"absolute": 2.5}])
            if isinstance(given.get("cap"), dict):
                del entry["cap"]
        return entry

    def draw_ramp(self, labels: list[str]) -> list[dict[str, Any]]:
        """Two phases; in the first the last label may be missing."""
        first = self.draw.choice([labels, labels[:-1] if len(labels) > 2 else labels])
        later = self.start + self.draw.choice([DAY, 36 * dt.timedelta(hours=1)])
        return [
            {"from": self.start.isoformat(" "), "split": {each: 1 / len(first) for each in first}},
            {"from": later.isoformat(" "), "split": {each: 1 / len(labels) for each in labels}},
        ]

    def draw_activation(self) -> dict[str, str]:
        draw = self.draw
        activation = draw.choice([
            {"model": "visits", "where": "page <> 'home'"}, {"model": "visits"}, {"model": "days"},
            {"model": "orders", "where": "status = 'paid'"},
        ])  # fmt: skip
        return activation | ({"within": draw.choice(["2 days", "4 days"])} if draw.random() < 0.5
                             else {})  # fmt: skip

    def keep_plain(self) -> None:
        """Leave out what needs the numbers of single units: the rest takes a shorter way."""
        for experiment in self.experiments.values():
            experiment.pop("segments", None)
            experiment.pop("segments_daily", None)
            for role in ("success", "guardrails", "explore"):
                kept = experiment[role].items()
                experiment[role] = {
                    name: entry for name, entry in kept if self.is_plain(name, entry)
                }
            if not experiment["success"] and experiment["explore"]:
                experiment["success"] = dict([experiment["explore"].popitem()])
        self.experiments = {
            name: experiment
            for name, experiment in self.experiments.items()
            if experiment["success"]
        }

    def keep_words(self) -> None:
        """Instead of all metrics some whose conditions are words of a column: one class each."""
        pay, view, cart = ({"where": f"step = '{word}'"} for word in ("pay", "view", "cart"))
        home = {"model": "visits", "aggregate": "count", "where": "page = 'home'"}
        orders: dict[str, Any] = {
            "paid": {"type": "mean", "value": "amount"} | pay,
            "paid_per_view": {"numerator": {"value": "amount"} | pay,
                              "denominator": {"aggregate": "count"} | view},
            "most_per_home": {"numerator": {"value": "quantity", "aggregate": "max"} | cart,
                              "denominator": home, "window": "2 days"},
            "price_per_cart": {"numerator": {"value": "price", "aggregate": "avg"} | pay,
                               "denominator": {"value": "quantity"} | cart, "covariate": "none"},
            "paid_per_pay": {"numerator": {"value": "amount"} | pay,
                             "denominator": {"value": "quantity"} | pay},
        }  # fmt: skip
        for name, given in orders.items():
            orders[name] = {"type": "ratio", "delay": "1 day"} | given
        for fact in self.metrics:
            self.metrics[fact] = orders if fact == "orders" else {}
        self.experiments = {
            name: {key: value for key, value in experiment.items() if "segments" not in key}
            | {"success": {"paid": {}}, "guardrails": {}, "explore": {each: {} for each in orders}}
            for name, experiment in list(self.experiments.items())[:4]
        }
        for experiment in self.experiments.values():
            del experiment["explore"]["paid"]

    def is_plain(self, name: str, entry: dict[str, Any]) -> bool:
        """No cap, slice or quantile, and spans of whole days."""
        metric = next(each[name] for each in self.metrics.values() if name in each) | entry
        parts = [metric, metric.get("numerator", {}), metric.get("denominator", {})]
        spans = [str(metric.get(key)) for key in ("window", "delay", "from", "to")]
        return (
            metric["type"] != "quantile"
            and not any(key in part for part in parts for key in ("cap", "lower", "by"))
            and not any("hour" in span or "minute" in span for span in spans)
        )

    # Rows

    def draw_assignments(self, name: str, experiment: dict[str, Any]) -> None:
        draw, kind = self.draw, experiment["unit"]
        variants = experiment["variants"]
        labels = list(variants if isinstance(variants, dict) else variants[-1]["split"])
        units = self.devices if kind == "device" else self.users
        for unit in draw.sample(units, len(units) * 7 // 8):
            label = draw.choice(labels)
            for _ in range(draw.choice([1, 1, 1, 2, 3])):
                variant = draw.choice([label] * 25 + [draw.choice(labels), "CONTROL", None])
                known = None if draw.random() < 0.01 else unit
                row = {
                    "experiment": self.draw_id(experiment), "variant": variant,
                    "assigned_at": self.draw_assigned(experiment), "user_id": None,
                    "device_id": None, "country": self.draw_country(),
                    "group": draw.choice([None, "all", "a", "b", "b", "(none)", "1"]),
                } | {UNITS[kind]: known}  # fmt: skip
                if name == "once":
                    self.once.append({"of": "once", "variant": variant, "user_id": known})
                else:
                    draw.choice([self.assigned, self.assigned, self.imported]).append(row)

    def draw_id(self, experiment: dict[str, Any]) -> str:
        ids = experiment["id"]
        return self.draw.choice(ids) if isinstance(ids, list) else ids

    def draw_country(self) -> str | None:
        return self.draw.choice([None, *COUNTRIES, *COUNTRIES[:6], *COUNTRIES[:6]])

    def draw_assigned(self, experiment: dict[str, Any]) -> dt.datetime | None:
        """Within the dates, often at a midnight or together with others."""
        draw, start = self.draw, self.start
        end = instant(experiment.get("end")) or start + 6 * DAY
        if draw.random() < 0.05:
            return draw.choice([start - MICROSECOND, end, end + DAY, None])
        midnight = dt.datetime.combine(start.date(), dt.time()) + DAY
        return draw.choice([
            start + draw.random() * (end - start), start + draw.randrange(12) * DAY / 4, start,
            end - MICROSECOND, midnight + draw.randrange(4) * DAY,
            midnight + draw.randrange(3) * DAY - MICROSECOND])  # fmt: skip

    def event_time(self) -> dt.datetime | None:
        """Often exactly at an exposure, at the edge of a window after it, or at a midnight."""
        draw = self.draw
        if draw.random() < 0.01:
            return None
        at = draw.choice(self.times)
        if draw.random() < 0.1:
            return dt.datetime.combine(at.date(), dt.time()) + draw.randrange(1, 9) * DAY
        if draw.random() < 0.6:
            return at + draw.choice(EDGES) + draw.choice([-1, 0, 0, 1]) * MICROSECOND
        return at + draw.uniform(-16, 8) * DAY

    def amount(self) -> float | None:
        """Often what must be skipped; otherwise sums of these are exact."""
        draw = self.draw
        if draw.random() < 0.1:
            return draw.choice([None, float("nan"), float("inf"), float("-inf"), 1e200, -1e150])
        return draw.choice([0.0, -1.5, 1.0, 2.0, 3.0, draw.randrange(80) / 8, 65536.0])

    def order(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "user_id": draw.choice([*self.users, None]), "ordered_at": self.event_time(),
            "amount": self.amount(), "price": round(draw.lognormvariate(1, 1), 2),
            "quantity": draw.choice([None, 0, 1, 2, 3, 4]), "order": draw.choice([None, 1, 2, 3]),
            "status": draw.choice([None, "paid", "open", "refunded"]),
            "step": draw.choice([None, *WORDS, *WORDS, *WORDS]),
            "is_gift": draw.choice([None, True, False]),
            "product": draw.choice([None, "all", "a", "a", "b"]),
            "sku": draw.choice(SKUS if draw.random() < 0.97 else RARE_SKUS),
        }  # fmt: skip

    def orders(self) -> list[dict[str, Any]]:
        """Orders, many of them at one instant with another of the same user."""
        rows: list[dict[str, Any]] = []
        while len(rows) < len(self.users) * 25:
            rows.append(self.order())
            if self.draw.random() < 0.2:
                rows.append(
                    self.order() | {key: rows[-1][key] for key in ("user_id", "ordered_at")}
                )
        return rows

    def visits(self) -> list[dict[str, Any]]:
        draw = self.draw
        return [
            {"user_id": draw.choice([*self.users, None]),
             "device_id": draw.choice([*self.devices, None]), "seen_at": self.event_time(),
             "seconds": draw.randrange(-3, 30), "page": draw.choice([None, "home", "cart"])}
            for _ in range(len(self.users) * 25)
        ]  # fmt: skip

    def days(self) -> list[dict[str, Any]]:
        draw = self.draw
        return [
            {"user_id": draw.choice(self.users), "day": at and at.date(),
             "minutes": draw.choice([None, Decimal("0.10"), Decimal("7.25"), Decimal("-3.00")])}
            for at in (self.event_time() for _ in range(len(self.users) * 8))
        ]  # fmt: skip

    def tickets(self) -> list[dict[str, Any]]:
        """Rows with a key that come again: as they were, restated, or with one other value."""
        draw, floor = self.draw, self.start - 6 * DAY
        rows = [{"ticket_id": None, "user_id": None, "opened_at": floor, "loaded_at": floor,
                 "cost": 1.0, "topic": None}]  # fmt: skip
        for number in range(len(self.users) * 6):
            at = self.event_time()
            row = {
                "ticket_id": None if draw.random() < 0.05 else number,
                "user_id": draw.choice(self.users), "opened_at": at and max(at, floor),
                "loaded_at": self.start + draw.randrange(20) * DAY,
                "cost": draw.choice([0.5, 1.0, 4.0]), "topic": draw.choice(["a", "b"]),
            }  # fmt: skip
            rows.append(row)
            if draw.random() < 0.4:
                changes: dict[str, Any] = draw.choice([
                    {}, {"cost": row["cost"] / 2}, {"opened_at": at and max(at, floor) + DAY},
                    {"loaded_at": row["loaded_at"] + DAY, "cost": 8.0,
                     "user_id": draw.choice(self.users)}])  # fmt: skip
                rows.append(row | changes)
        draw.shuffle(rows)
        return rows

    def profiles(self) -> list[dict[str, Any]]:
        draw = self.draw
        return [
            {"user_id": user, "score": self.amount(), "earlier": self.amount(),
             "is_member": draw.choice([None, True, False]), "tier": draw.choice([None, "x", "y"])}
            for user in draw.sample(self.users, len(self.users) * 3 // 4)
        ]  # fmt: skip

    def shop(self) -> Shop:
        """The shop as the brute force reads it."""
        assigned = {"experiment": "experiment", "variant": "variant", "unit": UNITS,
                    "timestamp": "assigned_at"}  # fmt: skip
        once = {"experiment": "of", "variant": "variant", "unit": {"user": "user_id"},
                "timestamp": "none"}  # fmt: skip
        users = {"units": {"user": "user_id"}}
        until = (dt.datetime.combine(self.start.date(), dt.time(7)) + 11 * DAY).isoformat(" ")
        tables = {
            "orders": users | {"timestamp": "ordered_at", "complete_until": until[:10]},
            "visits": {"units": UNITS, "timestamp": "seen_at", "complete_until": until},
            "days": users | {"timestamp": "day", "timestamp_is_date": True},
            "tickets": users | {"timestamp": "opened_at", "loaded_at": "loaded_at",
                                "unique_key": "ticket_id", "complete_until": until},
            "profiles": users | {"timestamp": "none"},
        }  # fmt: skip
        return Shop(
            assignments=[
                Table("assigned", {"assignments": assigned | {"segments": ["country", "group"]}},
                      self.assigned),
                Table("imported", {"assignments": assigned | {"segments": {"country": "country"}}},
                      self.imported),
                Table("once", {"assignments": once}, self.once),
            ],
            facts=[
                Table(name, meta | {"metrics": self.metrics[name]}, getattr(self, name)())
                for name, meta in tables.items()
            ],
            as_of=self.start + 30 * DAY,
            expressions=EXPRESSIONS,
        )  # fmt: skip


def typed_table(table: Table) -> pa.Table:
    """Raw rows with the column types they have in a warehouse."""
    columns = {}
    for name in table.rows[0]:
        kind = ZONED if (table.name, name) == ("imported", "assigned_at") else TYPES[name]
        values = [row[name] for row in table.rows]
        if kind == ZONED:
            values = [at and at.replace(tzinfo=dt.UTC) for at in values]
        columns[name] = pa.array(values, kind)
    return pa.table(columns)
