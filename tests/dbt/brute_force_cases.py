"""Small cases for the brute force: one experiment, one metric, a few rows."""

from __future__ import annotations

import datetime as dt

from brute_force import Shop, Table, series

TICK = dt.timedelta(microseconds=1)
HOUR = dt.timedelta(hours=1)
EVEN = {"control": 0.5, "treatment": 0.5}
EXPRESSIONS = {
    "step = 'view'": lambda row: row["step"] and row["step"] == "view",
    "step = 'cart'": lambda row: row["step"] and row["step"] == "cart",
    "step = 'pay'": lambda row: row["step"] and row["step"] == "pay",
    "step is not null": lambda row: row["step"] is not None,
}


def at(day: float, month: int = 1) -> dt.datetime:
    """Midnight of a day, or a part of a day after it."""
    return dt.datetime(2026, month, 1) + dt.timedelta(days=day - 1)


LATEST = at(1, 2)


def order(unit, time, amount=None, **more):
    return {"unit": unit, "at": time, "amount": amount, "step": None, "kind": None} | more


def readout(
    metric, orders, assigned=None, *, entry=None, fact=None, tables=(), told=series, **more
):
    """All rows of one metric; `assigned` is {unit: exposure} or rows."""
    assigned = assigned or {1: at(5)}
    if isinstance(assigned, dict):
        assigned = [{"unit": unit, "at": time} for unit, time in assigned.items()]
    rows = [
        {"of": "e", "variant": "treatment" if row["unit"] > 100 else "control", "country": None}
        | row
        for row in assigned
    ]
    meta = {"unit": "unit", "timestamp": "at", "complete_until": "2026-02-01"} | (fact or {})
    about = {"experiment": "of", "variant": "variant", "unit": "unit", "timestamp": "at",
             "segments": ["country"]}  # fmt: skip
    shop = Shop(
        assignments=[Table("assigned", {"assignments": about}, rows)],
        facts=[Table("orders", meta | {"metrics": {"m": metric}}, orders), *tables],
        as_of=at(15, 3),
        expressions=EXPRESSIONS,
    )
    experiment = {"start": "2026-01-05", "end": "2026-01-10", "control": "control",
                  "variants": EVEN, "success": {"m": entry or {}}} | more  # fmt: skip
    return told(shop, "e", experiment, "m", entry or {})


def one(rows, variant="control", until=LATEST, basis="mature", segment=("all", "all"),
        population="assigned"):  # fmt: skip
    return rows[variant, population, *segment, until, basis]


def total(row):
    """Sum over units."""
    return row["mean_num"] * row["n_units"] if row["n_units"] else 0


SUM = {"type": "mean", "value": "amount", "window": "7 days", "covariate": "none"}
