"""What happens to a shop between two runs: each change is a function of the shop and a draw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

from daily_shop import TIMES, DailyShop, Row
from random_shop_every import DAY, MICROSECOND
from random_shop_metrics import CAPS, EDGES, WHERES, is_allowed

Change = Callable[[DailyShop, Random], None]
FACTS = ("orders", "visits", "days", "tickets")
VALUES = {"orders": "amount", "visits": "seconds", "days": "minutes", "tickets": "cost"}
WINDOWS = ["1 day", "2 days", "3 days", "36 hours", "5 hours"]


def nothing(shop: DailyShop, draw: Random) -> None:
    """The same day again."""


def day(shop: DailyShop, draw: Random, days: int = 1) -> None:
    """A day passes, and what arrives in it is there."""
    shop.as_of += days * DAY
    shop.until = shop.as_of - dt.timedelta(hours=draw.choice([2, 5, 7, 9]))


def skipped_days(shop: DailyShop, draw: Random) -> None:
    day(shop, draw, 3)


def day_back(shop: DailyShop, draw: Random) -> None:
    """A rebuilt yesterday: the rows of today stay where they are."""
    day(shop, draw, -1)


def until_moves(shop: DailyShop, draw: Random) -> None:
    """`complete_until` of a fact moves within a day, forward or back."""
    shop.until += draw.choice([-3, -1, 1, 2]) * dt.timedelta(hours=1)


# Rows of facts


def fact_of(draw: Random) -> str:
    return draw.choice(FACTS)


def late_row(shop: DailyShop, draw: Random, table: str) -> Row:
    """A copy of another row with a time up to 20 days ago, often at the edge of a window."""
    row = dict(draw.choice(shop.visible(table)))
    row.pop("_loaded", None)
    row["user_id"] = draw.choice(shop.users)
    at = shop.as_of - draw.uniform(0.1, 20) * DAY
    if draw.random() < 0.6:
        known = [each["assigned_at"] for each in shop.visible("assigned") if each["assigned_at"]]
        at = draw.choice(known) + draw.choice(EDGES) + draw.choice([-1, 0, 1]) * MICROSECOND
    at = min(at, shop.as_of)
    row[TIMES[table]] = at.date() if table == "days" else at
    if "ticket_id" in row:
        row["ticket_id"] = draw.choice([row["ticket_id"], None, 10**6 + draw.randrange(10**6)])
    row["_arrives"] = shop.as_of
    return row


def late_rows(shop: DailyShop, draw: Random, table: str | None = None) -> None:
    table = table or fact_of(draw)
    for _ in range(draw.choice([1, 3, 10])):
        shop.tables[table].append(late_row(shop, draw, table))


def late_tickets(shop: DailyShop, draw: Random) -> None:
    """Late rows of the fact with `loaded_at`; some have the key of a known row."""
    late_rows(shop, draw, "tickets")


def restated(shop: DailyShop, draw: Random) -> None:
    """A value or a time of an old row is another one."""
    table = fact_of(draw)
    for row in draw.sample(shop.visible(table), draw.choice([1, 4])):
        other = draw.choice(shop.visible(table))
        row[VALUES[table]] = other[VALUES[table]]
        if draw.random() < 0.3:
            row[TIMES[table]] = other[TIMES[table]]
        row.pop("_loaded", None)


def restated_profiles(shop: DailyShop, draw: Random) -> None:
    """The fact without times."""
    rows = shop.tables["profiles"]
    draw.choice(rows)[draw.choice(["score", "earlier"])] = draw.randrange(80) / 8
    if draw.random() < 0.5:
        rows.remove(draw.choice(rows))


def deleted_rows(shop: DailyShop, draw: Random) -> None:
    table = fact_of(draw)
    drop(shop, table, draw.sample(shop.visible(table), draw.choice([1, 5])))


def deleted_day(shop: DailyShop, draw: Random) -> None:
    """All rows of one day of a fact; often of the last, which ends its data earlier."""
    table = fact_of(draw)
    days = sorted({on(row, table) for row in shop.visible(table)} - {None})
    past = [each for each in days if each <= shop.as_of.date()]
    gone = draw.choice([past[-1], past[-1], draw.choice(past)])
    drop(shop, table, [row for row in shop.visible(table) if on(row, table) == gone])


def drop(shop: DailyShop, table: str, rows: list[Row]) -> None:
    gone = {id(row) for row in rows}
    shop.tables[table] = [row for row in shop.tables[table] if id(row) not in gone]


def on(row: Row, table: str) -> dt.date | None:
    at = row[TIMES[table]]
    return at.date() if isinstance(at, dt.datetime) else at


# Rows of assignments


def late_assignments(shop: DailyShop, draw: Random) -> None:
    """Earlier first rows of known units, other variants, rows before the start, new units."""
    for _ in range(draw.choice([1, 3])):
        table = draw.choice(["assigned", "imported"])
        row = dict(draw.choice([each for each in shop.visible(table) if each["assigned_at"]]))
        row.pop("_loaded", None)
        kind = draw.choice(["earlier", "earlier", "other", "before", "new", "again"])
        if kind == "earlier":
            row["assigned_at"] = shop.start + draw.random() * (row["assigned_at"] - shop.start)
            row["country"] = shop.draw_country()
        elif kind == "other":
            row["variant"] = draw.choice(["control", "treatment", "0", "1", "CONTROL"])
        elif kind == "before":
            row["assigned_at"] = shop.start - draw.choice([MICROSECOND, 2 * DAY])
        elif kind == "new":
            row["user_id"] = draw.choice(shop.users)
        row["_arrives"] = shop.as_of
        shop.tables[table].append(row)


def deleted_assignments(shop: DailyShop, draw: Random) -> None:
    """One row; or the first, or all, of a unit in an experiment."""
    table = draw.choice(["assigned", "imported", "once"])
    row = draw.choice(shop.visible(table))
    same = [each for each in shop.visible(table)
            if all(each.get(key) == row.get(key) for key in ("experiment", "user_id"))]  # fmt: skip
    same.sort(key=lambda each: each.get("assigned_at") or shop.start)
    drop(shop, table, draw.choice([[row], same[:1], same]))


# Definitions


def used(shop: DailyShop, types: tuple[str, ...]) -> list[str]:
    """Metrics of orders of some types that an experiment reads now."""
    return sorted(
        name for name, metric in shop.metrics["orders"].items()
        if metric["type"] in types and set(shop.users_of(name)) & set(shop.experiments)
    )  # fmt: skip


def redefine(shop: DailyShop, name: str, changes: Row) -> None:
    """Set keys of a metric (None takes one away) if the definitions allow it."""
    metric = {key: value for key, value in (shop.metrics["orders"][name] | changes).items()
              if value is not None}  # fmt: skip
    if is_allowed(metric):
        shop.metrics["orders"][name] = metric


def added_metric(shop: DailyShop, draw: Random) -> None:
    """A metric that none knew, in one or two experiments."""
    known = shop.metrics["orders"]
    new = draw.choice(sorted(name for name in shop.pool if "_" in name and name not in known
                             and name.split("_")[0] in ("mean", "ratio", "proportion", "funnel",
                                                        "retention", "quantile")))  # fmt: skip
    known[new] = dict(shop.pool[new])
    for name in draw.sample(["long", "ramp"], draw.choice([1, 2])):
        if name in shop.experiments:
            shop.experiments[name]["explore"].append(new)


def removed_metric(shop: DailyShop, draw: Random) -> None:
    """From one experiment; its definition goes too when nobody reads it any more."""
    name = draw.choice(sorted(name for name in shop.experiments
                              if len(shop.experiments[name]["explore"]) > 1))  # fmt: skip
    metric = draw.choice(shop.experiments[name]["explore"])
    shop.experiments[name]["explore"].remove(metric)
    if not any(
        metric in str(experiment) for experiment in (shop.experiments | shop.spare).values()
    ):
        for each in shop.metrics.values():
            each.pop(metric, None)


def edited_window(shop: DailyShop, draw: Random) -> None:
    names = used(shop, ("mean", "ratio", "proportion", "funnel", "quantile"))
    redefine(shop, draw.choice(names), {"window": draw.choice(WINDOWS)})


def edited_where(shop: DailyShop, draw: Random) -> None:
    names = used(shop, ("mean", "proportion", "retention", "quantile"))
    redefine(shop, draw.choice(names), {"where": draw.choice([*WHERES, None])})


def edited_cap(shop: DailyShop, draw: Random) -> None:
    """A cap added, changed or taken away."""
    names = used(shop, ("mean",))
    if names:
        redefine(shop, draw.choice(names), {"cap": draw.choice([*CAPS, None])})


def edited_covariate(shop: DailyShop, draw: Random) -> None:
    names = used(shop, ("mean", "ratio"))
    redefine(shop, draw.choice(names), {"covariate": draw.choice(["none", "2 days", "7 days"])})


def added_experiment(shop: DailyShop, draw: Random) -> None:
    """One whose rows are there already; `devices` makes the ids of all units text."""
    new = sorted(set(shop.spare) - set(shop.experiments))
    if new:
        name = draw.choice(new)
        shop.experiments[name] = shop.spare[name]


def removed_experiment(shop: DailyShop, draw: Random) -> None:
    others = sorted(set(shop.experiments) - {"long"})
    if others:
        del shop.experiments[draw.choice(others)]


def changed_end(shop: DailyShop, draw: Random) -> None:
    name = draw.choice(sorted(set(shop.experiments) - {"once"}))
    days = draw.choice([3, 4.5, 6, 8])
    shop.experiments[name]["end"] = (shop.start + days * DAY).isoformat(" ")


def added_variant(shop: DailyShop, draw: Random) -> None:
    """A label that rows have had before as an unknown one."""
    shop.experiments["long"]["variants"] = {"control": 0.5, "treatment": 0.25, "CONTROL": 0.25}


def changed_segments(shop: DailyShop, draw: Random) -> None:
    name = draw.choice(["long", "ramp"])
    name = name if name in shop.experiments else "long"
    chosen = draw.choice([[], ["country"], ["group"], ["group", "country"]])
    shop.experiments[name]["segments"] = chosen
    shop.experiments[name]["segments_daily"] = bool(chosen) and draw.random() < 0.5


def changed_segment(shop: DailyShop, draw: Random) -> None:
    """The column that a segment is read from."""
    shop.assigned_metas = shop.assigned_metas | {"group": draw.choice(["group", "country"])}


def changed_activation(shop: DailyShop, draw: Random) -> None:
    if "ramp" in shop.experiments:
        shop.experiments["ramp"]["activation"] = draw.choice([
            {"model": "days"}, {"model": "visits", "within": "1 day"},
            {"model": "orders", "where": "status = 'paid'"}])  # fmt: skip


CHANGES: dict[str, Change] = {
    each.__name__: each
    for each in (
        nothing, day, skipped_days, day_back, until_moves, late_rows, late_tickets, restated,
        restated_profiles, deleted_rows, deleted_day, late_assignments, deleted_assignments,
        added_metric, removed_metric, edited_window, edited_where, edited_cap, edited_covariate,
        added_experiment, removed_experiment, changed_end, added_variant, changed_segments,
        changed_segment, changed_activation,
    )
}  # fmt: skip
OFTEN = ("day", "day", "late_rows", "late_tickets", "late_assignments", "restated")


def drawn_change(draw: Random) -> str:
    """A change by name: what happens daily more often than what people edit."""
    return draw.choice([*CHANGES, *OFTEN])


def changed(shop: DailyShop, name: str, seed: Any) -> None:
    CHANGES[name](shop, Random(seed))
