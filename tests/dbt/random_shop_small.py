"""A Hypothesis strategy of small shops: one experiment, up to three metrics, under 200 rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from brute_force import Shop, Table
from hypothesis import strategies as st
from random_shop_metrics import EDGES, EXPRESSIONS, MENUS, WORDS, draw_metric

if TYPE_CHECKING:
    from collections.abc import Sequence

MICROSECOND = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1)
STARTS = [dt.datetime(2028, 2, 28), dt.datetime(2027, 12, 30, 6, 30)]
AMOUNTS = [0.0, 1.0, 2.0, 3.0, 0.5, -1.5, 4.125, 65536.0, None, float("nan"), 1e200]
VARIANTS = ["control", "treatment", "control", "treatment", "junk", None]


@dataclass(frozen=True)
class SmallShop:
    """A shop with one experiment."""

    shop: Shop
    name: str
    experiment: dict[str, Any]


class Choices:
    """What `random.Random.choice` does, out of Hypothesis, so that it can be shrunk."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def choice(self, options: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(options))


@st.composite
def small_shops(draw: Any) -> SmallShop:
    """Metrics of drawn keys, and rows at the edges of their windows."""
    start = draw(st.sampled_from(STARTS))
    metrics = draw(metric_maps())
    n_units = draw(st.integers(1, 30))
    assigned = draw(st.lists(assigned_rows(start, n_units), min_size=12, max_size=40))
    orders = draw(st.lists(order_rows(start, n_units), min_size=40, max_size=90))
    visits = draw(st.lists(visit_rows(start, n_units), min_size=10, max_size=25))
    days = draw(st.lists(day_rows(start, n_units), min_size=5, max_size=15))
    tickets = draw(st.lists(ticket_rows(start, n_units), min_size=5, max_size=12))
    until = (start + 9 * DAY).isoformat(" ")
    facts = [
        ("orders", {"timestamp": "ordered_at", "metrics": metrics}, orders),
        ("visits", {"timestamp": "seen_at", "metrics": {}}, visits),
        ("days", {"timestamp": "day", "timestamp_is_date": True, "metrics": {}}, days),
        ("tickets", {"timestamp": "opened_at", "loaded_at": "loaded_at",
                     "unique_key": "ticket_id", "metrics": {}}, tickets),
    ]  # fmt: skip
    about = {"experiment": {"literal": "small"}, "variant": "variant", "unit": "user_id",
             "timestamp": "assigned_at", "segments": ["country", "group"]}  # fmt: skip
    shop = Shop(
        assignments=[Table("assigned", {"assignments": about}, assigned)],
        facts=[Table(name, {"unit": "user_id", "complete_until": until} | meta, rows)
               for name, meta, rows in facts],
        as_of=start + 30 * DAY,
        expressions=EXPRESSIONS,
    )  # fmt: skip
    return SmallShop(shop, "small", draw(experiments(start, metrics)))


@st.composite
def metric_maps(draw: Any) -> dict[str, dict[str, Any]]:
    """One to three metrics, each with up to three keys."""
    found = {}
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(sorted(MENUS)))
        menu = sorted(MENUS[kind][1])
        keys = draw(st.lists(st.sampled_from(menu), max_size=3, unique=True))
        metric = draw_metric(Choices(draw), kind, tuple(keys))
        found[f"m{number}"] = metric or dict(MENUS[kind][0])
    return found


@st.composite
def settings_here(draw: Any, kind: str) -> dict[str, Any]:
    """What an experiment sets for a metric of a type."""
    found = {}
    if kind != "retention" and draw(st.booleans()):
        found["window"] = draw(st.sampled_from(["2 days", "4 days", "none"]))
    if kind in ("mean", "ratio"):
        found |= draw(st.sampled_from([{}, {}, {"cap": "none"}, {"lower": "none"}]))
    if kind == "mean" and draw(st.booleans()):
        found |= draw(st.sampled_from([
            {"cap": {"absolute": 2.5}}, {"cap": {"percentile": 0.875}},
            {"lower": {"absolute": 0.25}}, {"lower": {"percentile": 0.125}}]))  # fmt: skip
    return found


@st.composite
def experiments(
    draw: Any, start: dt.datetime, metrics: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """An experiment over all metrics, with or without an end, a ramp, segments and activation."""
    names = sorted(metrics)
    entries = {name: draw(settings_here(metrics[name]["type"])) for name in names}
    even = {"control": 0.5, "treatment": 0.5}
    ramp = [{"from": start.isoformat(" "), "split": even},
            {"from": (start + DAY).isoformat(" "), "split": even}]  # fmt: skip
    experiment = {
        "start": start.isoformat(" "),
        "control": "control",
        "variants": draw(st.sampled_from([even, ramp])),
        "success": {name: entries[name] for name in names[:1]},
        "explore": {name: entries[name] for name in names[1:]},
    }
    if draw(st.booleans()):
        experiment["end"] = (start + 3 * DAY).isoformat(" ")
    daily = {"segments": ["group", "country"], "segments_daily": True}
    experiment |= draw(st.sampled_from([{}, {"segments": ["country"]}, daily]))
    activation = draw(st.sampled_from([None, {"model": "visits", "where": "page <> 'home'"},
                                       {"model": "days"}]))  # fmt: skip
    if activation:
        within = draw(st.sampled_from([{}, {"within": "2 days"}]))
        experiment["activation"] = activation | within
    return experiment


def exposures(start: dt.datetime) -> st.SearchStrategy[dt.datetime]:
    """Few instants, so that events meet them."""
    midnight = dt.datetime.combine(start.date(), dt.time()) + DAY
    times = [start, midnight, midnight - MICROSECOND, start + DAY / 2, start + 2 * DAY]
    return st.sampled_from(times)


def event_times(start: dt.datetime) -> st.SearchStrategy[dt.datetime | None]:
    """At an exposure or at the edge of a window after it, or a microsecond from there."""
    return st.one_of(
        st.none(),
        st.builds(
            lambda at, edge, ticks: at + edge + ticks * MICROSECOND,
            exposures(start),
            st.sampled_from(EDGES),
            st.sampled_from([0, -1, 1]),
        ),
    )


def users(n_units: int) -> st.SearchStrategy[int | None]:
    return st.sampled_from([*range(n_units), None])


def assigned_rows(start: dt.datetime, n_units: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "user_id": users(n_units), "variant": st.sampled_from(VARIANTS),
        "assigned_at": st.one_of(exposures(start), st.sampled_from([None, start - MICROSECOND])),
        "country": st.sampled_from([None, *(f"c{number:02}" for number in range(25))]),
        "group": st.sampled_from([None, "all", "a", "b"]),
    })  # fmt: skip


def order_rows(start: dt.datetime, n_units: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "user_id": users(n_units), "ordered_at": event_times(start),
        "amount": st.sampled_from(AMOUNTS), "price": st.sampled_from([0.1, 0.7, 12.34]),
        "quantity": st.sampled_from([None, 0, 1, 2, 3]), "order": st.sampled_from([None, 1, 2, 3]),
        "status": st.sampled_from([None, "paid", "open"]), "step": st.sampled_from([*WORDS, None]),
        "is_gift": st.sampled_from([None, True, False]),
        "product": st.sampled_from([None, "all", "a", "b"]), "sku": st.sampled_from(["s1", "s2"]),
    })  # fmt: skip


def visit_rows(start: dt.datetime, n_units: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "user_id": users(n_units), "seen_at": event_times(start),
        "seconds": st.integers(-3, 9), "page": st.sampled_from([None, "home", "cart"]),
    })  # fmt: skip


def day_rows(start: dt.datetime, n_units: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "user_id": users(n_units), "day": event_times(start).map(lambda at: at and at.date()),
        "minutes": st.sampled_from([None, Decimal("0.10"), Decimal("7.25"), Decimal("-3.00")]),
    })  # fmt: skip


def ticket_rows(start: dt.datetime, n_units: int) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of one key differ in their times or in one value, so that one of them is the first."""
    known = st.sampled_from([None, 1, 2, 3])
    return st.builds(
        lambda key, user, at, loaded, cost: {
            "ticket_id": key, "user_id": user if key is None else key % n_units, "opened_at": at,
            "loaded_at": start + loaded * DAY, "cost": cost, "topic": "a",
        },
        known, users(n_units), event_times(start), st.integers(0, 2),
        st.sampled_from([0.5, 1.0, 4.0]),
    )  # fmt: skip
