"""Metrics with every key of the definitions alone and in pairs, for random shops."""

from __future__ import annotations

import datetime as dt
import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

Definition = dict[str, Any]
WORDS = ("view", "cart", "pay")


def above(value: float | None, limit: float) -> bool | None:
    """DuckDB orders NaN above every number."""
    return None if value is None else value > limit or math.isnan(value)


def equals(column: str, text: str) -> Any:
    return lambda row: None if row[column] is None else row[column] == text


def either(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return None if left is None or right is None else False


# What the SQL of the definitions below means.
EXPRESSIONS = {
    "amount * 2": lambda row: None if row["amount"] is None else row["amount"] * 2,
    "amount > 3": lambda row: above(row["amount"], 3.0),
    '"order" > 2': lambda row: above(row["order"], 2),
    "status = 'paid'": equals("status", "paid"),
    "status = 'paid' or quantity > 2": lambda row: either(
        equals("status", "paid")(row), above(row["quantity"], 2)
    ),
    "quantity /* of -- goods */ > 1": lambda row: above(row["quantity"], 1),
    "step is not null": lambda row: row["step"] is not None,
    "page = 'home'": equals("page", "home"),
    "page <> 'home'": lambda row: None if row["page"] is None else row["page"] != "home",
    "seconds < 0": lambda row: row["seconds"] < 0,
    "minutes > 1": lambda row: above(row["minutes"], 1),
    "minutes <= 1": lambda row: None if row["minutes"] is None else not above(row["minutes"], 1),
} | {f"step = '{word}'": equals("step", word) for word in WORDS}
WHERES = ["amount > 3", '"order" > 2', "status = 'paid'", "status = 'paid' or quantity > 2",
          "quantity /* of -- goods */ > 1", "is_gift"]  # fmt: skip
WINDOWS = ["1 day", "3 days", "36 hours", "5 hours", "90 minutes", "none"]
DELAYS = ["1 day", "12 hours", "30 minutes"]
STEPS = [f"step = '{word}'" for word in WORDS]
EDGES = [dt.timedelta(), *(dt.timedelta(days=days) for days in (1, 2, 3, 4, 7, 8, -5, -14)),
         dt.timedelta(hours=5), dt.timedelta(hours=12), dt.timedelta(hours=36),
         dt.timedelta(minutes=90), dt.timedelta(minutes=30)]  # fmt: skip

TIMES = {
    "window": [{"window": window} for window in WINDOWS],
    "delay": [{"delay": delay} for delay in DELAYS],
}
MATURE = {"mature": [{"mature": False}]}
BY = {"by": [{"by": "product"}, {"by": "sku"}, {"by": "is_gift"}]}
WHERE = {"where": [{"where": where} for where in WHERES]}
COVARIATE = {"covariate": [{"covariate": text} for text in ("none", "5 days", "36 hours")]}
CAPS = [{"percentile": 0.9}, {"percentile": 0.75}, {"percentile": 0.2}, {"absolute": 3},
        {"percentile": 0.9, "lower": 0.125}, {"absolute": 4, "lower": -1}]  # fmt: skip
LOWER = [
    {"cap": {"percentile": 0.875}, "lower": {"percentile": 0.25}},
    {"cap": {"absolute": 5}, "lower": {"absolute": 0.5}},
    {"lower": {"percentile": 0.5}},
    {"lower": {"absolute": 1}},
]

MENUS: dict[str, tuple[Definition, dict[str, list[Definition]]]] = {
    "mean": (
        {"type": "mean", "value": "amount"},
        TIMES | MATURE | BY | WHERE | COVARIATE | {
            "value": [{"value": value} for value in ("amount * 2", "price", "quantity", "is_gift",
                      "order")],
            "aggregate": [{"aggregate": aggregate} for aggregate in ("count", "count_distinct",
                          "avg", "min", "max", "latest")],
            "cap": [{"cap": cap} for cap in CAPS],
            "lower": LOWER,
            "missing": [{"missing": "zero", "aggregate": aggregate} for aggregate in ("avg", "min",
                        "max", "latest")],
        },
    ),
    "ratio": (
        {"type": "ratio", "numerator": {"value": "amount"}, "denominator": {"aggregate": "count"}},
        TIMES | MATURE | BY | COVARIATE | {
            "numerator": [{"numerator": part} for part in (
                {"aggregate": "count", "where": "amount > 3"}, {"value": "price"},
                {"value": "quantity", "aggregate": "max"},
                {"value": "amount", "aggregate": "latest"},
                {"value": "status", "aggregate": "count_distinct"})],
            "denominator": [{"denominator": part} for part in (
                {"model": "visits", "aggregate": "count"}, {"model": "days", "value": "minutes"},
                {"model": "tickets", "value": "cost", "cap": {"percentile": 0.75}},
                {"value": "quantity"}, {"value": "order", "aggregate": "avg"})],
            "cap": [{"numerator": {"value": "amount", "cap": cap}} for cap in CAPS],
            "lower": [{"denominator": {"value": "quantity"} | caps} for caps in LOWER],
        },
    ),
    "proportion": (
        {"type": "proportion"},
        TIMES | MATURE | BY | WHERE | COVARIATE | {
            "value": [{"value": value} for value in ("amount", "is_gift", "quantity")],
            "threshold": [{"threshold": threshold} for threshold in (1, 2, 2.5)],
            "aggregate": [{"threshold": 2, "value": "amount", "aggregate": aggregate}
                          for aggregate in ("count", "avg", "max", "latest", "count_distinct")],
        },
    ),
    "retention": (
        {"type": "retention", "from": "1 day", "to": "3 days"},
        MATURE | BY | WHERE | {
            "span": [{"from": "12 hours", "to": "36 hours"},
                     {"from": "30 minutes", "to": "90 minutes"}],
        },
    ),
    "funnel": (
        {"type": "funnel", "steps": STEPS},
        TIMES | MATURE | {
            "steps": [{"steps": steps} for steps in (
                [*STEPS[:2], STEPS[0]], ["step is not null", STEPS[2]], [STEPS[0], *WHERES[2:4]],
                [STEPS[0], {"where": "page <> 'home'", "model": "visits"}, STEPS[2]],
                [{"where": STEPS[1]}, {"model": "visits"}])],
        },
    ),
    "quantile": (
        {"type": "quantile", "quantile": 0.5, "value": "amount"},
        TIMES | MATURE | WHERE | {
            "quantile": [{"quantile": 0.9}, {"quantile": 0.25}],
            "of": [{"of": "events"}],
            "value": [{"value": "price"}, {"value": "quantity"}],
            "aggregate": [{"aggregate": aggregate} for aggregate in ("count", "avg", "max",
                          "latest", "count_distinct")],
            "missing": [{"missing": "zero"}],
        },
    ),
}  # fmt: skip


def is_allowed(metric: Definition) -> bool:
    """Whether the definitions take it: what they refuse has tests of its own."""
    parts = [metric.get("numerator", metric), metric.get("denominator", metric)]
    is_distinct = any(part.get("aggregate") == "count_distinct" for part in parts)
    if "by" in metric and (is_distinct or any("model" in part for part in parts)):
        return False
    if any(part.get("model") == "days" for part in parts) and has_part_days(metric):
        return False
    if metric.get("of") == "events" and ("aggregate" in metric or "missing" in metric):
        return False
    if "cap" in metric and "lower" in metric and not fits(metric["cap"], metric["lower"]):
        return False
    if metric["type"] == "mean" and "missing" in metric:
        return metric["aggregate"] in ("avg", "min", "max", "latest")
    return True


def has_part_days(metric: Definition) -> bool:
    """Whether it has a span that a fact by date refuses."""
    spans = [str(metric.get(key)) for key in ("window", "delay", "covariate")]
    return any(unit in span for span in spans for unit in ("hour", "minute"))


def fits(cap: Definition, lower: Definition) -> bool:
    """A lower cap beside an upper one: of the same kind, and below it."""
    ((kind, amount),) = lower.items()
    return "lower" not in cap and cap.get(kind, amount) > amount


def draw_metric(draw: Random, kind: str, keys: tuple[str, ...]) -> Definition | None:
    """A metric with some keys set; None where they do not go together."""
    base, menu = MENUS[kind]
    metric = dict(base)
    for key in keys:
        metric |= draw.choice(menu[key])
    return metric if is_allowed(metric) else None


def orders_metrics(draw: Random) -> dict[str, Definition]:
    """Each key alone and each pair of keys, for every type of metric."""
    found = {}
    for kind, (_, menu) in MENUS.items():
        for keys in [(), *((key,) for key in menu), *combinations(menu, 2)]:
            metric = draw_metric(draw, kind, keys)
            if metric is not None:
                found["_".join((kind, *keys))] = metric
    return found


def other_metrics() -> dict[str, dict[str, Definition]]:
    """Metrics of a fact with a zone, of one by date, of one without times, of one with a key."""
    seconds: Definition = {"type": "mean", "value": "seconds"}
    minutes: Definition = {"type": "mean", "value": "minutes", "covariate": "3 days"}
    visits = {
        "seen": {"type": "proportion", "window": "36 hours"},
        "seconds": seconds | {"cap": {"percentile": 0.75}, "by": "page"},
        "seconds_last": seconds | {"aggregate": "latest", "window": "none"},
        "back": {"type": "retention", "from": "1 day", "to": "2 days", "where": "seconds < 0"},
        "slow": {"type": "quantile", "quantile": 0.5, "value": "seconds", "of": "events"},
        "seconds_p50": {"type": "quantile", "quantile": 0.5, "value": "seconds"},
        "explored": {"type": "funnel", "steps": ["page <> 'home'", "seconds < 0"]},
    }
    days = {
        "minutes": minutes | {"window": "3 days"},
        "minutes_last": minutes | {"aggregate": "latest", "delay": "1 day"},
        "minutes_ever": minutes | {"window": "none", "cap": {"absolute": 8}},
        "minutes_back": {"type": "retention", "from": "1 day", "to": "2 days"},
        "minutes_long": {"type": "proportion", "value": "minutes", "threshold": 7},
        "minutes_rise": {"type": "funnel", "steps": ["minutes <= 1", "minutes > 1"]},
        "minutes_p50": {"type": "quantile", "quantile": 0.5, "value": "minutes"},
    }
    tickets = {
        "tickets": {"type": "mean", "aggregate": "count", "window": "3 days"},
        "ticket_cost": {"type": "mean", "value": "cost", "aggregate": "avg", "by": "topic"},
        "ticket_last": {"type": "mean", "value": "cost", "aggregate": "latest", "missing": "zero"},
    }
    score: Definition = {"type": "mean", "value": "score"}
    profiles = {
        "score": score | {"covariate": "earlier", "cap": {"percentile": 0.75}},
        "score_max": score | {"aggregate": "max", "by": "tier"},
        "score_zero": score | {"aggregate": "avg", "missing": "zero"},
        "is_member": {"type": "proportion", "value": "is_member"},
        "score_high": {"type": "proportion", "value": "score", "threshold": 2},
        "score_p50": {"type": "quantile", "quantile": 0.5, "value": "score"},
        "score_ratio": {"type": "ratio", "numerator": {"value": "score"},
                        "denominator": {"aggregate": "count"}},
    }  # fmt: skip
    return {"visits": visits, "days": days, "tickets": tickets, "profiles": profiles}
