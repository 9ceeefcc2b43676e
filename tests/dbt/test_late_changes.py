"""Health tells of days that changed after the time in which their rows may come late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from random_shop_every import DAY
from test_daily_runs import add_metric, runs_of, two_readers

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from daily_runs import DailyRuns

HEALTH = ("--select", "+experimentos__health")

pytestmark = pytest.mark.slow


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DailyRuns:
    """Two experiments read orders; `long` tickets too, which say when they were loaded, and `over`
    visits, for its activation alone. No order is of some days before they start."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = two_readers({"long": {}, "over": {}})
    shop.experiments["long"]["explore"].append("tickets")
    shop.experiments["over"]["activation"] = {"model": "visits", "where": "page <> 'home'"}
    first, last = shop.start - 15 * DAY, shop.start - 10 * DAY
    shop.tables["orders"] = [
        row for row in shop.tables["orders"]
        if row["ordered_at"] is None or not first <= row["ordered_at"] < last
    ]  # fmt: skip
    shop.as_of = shop.until = shop.start + 15 * DAY
    for row in shop.tables["orders"]:
        row["score"] = 1.0
    # The data end with the clock, whatever rows there are.
    for fact, row in (("orders", shop.tables["orders"][0]), ("tickets", shop.tables["tickets"][0])):
        time = {"orders": "ordered_at", "tickets": "opened_at"}[fact]
        new = dict.fromkeys(row)
        shop.tables[fact] += [new | {time: shop.start + n * DAY, "_arrives": shop.start + n * DAY}
                              for n in range(20)]  # fmt: skip
    made = runs_of(tmp_path, shop)
    assert told(made) == {"long": None, "over": None}
    return made


def told(runs: DailyRuns, days: int = 0) -> dict[str, str | None]:
    """Go on some days, run, and say what health tells of each experiment; none: it is healthy."""
    runs.shop.as_of += days * DAY
    runs.shop.until += days * DAY
    runs.write()
    runs.run(*HEALTH)
    rows = runs.project.mart("health", "check_name = 'late_changes'")
    assert all((row["status"] == "warning") == (row["observed"] > 0) for row in rows)
    return {row["experiment_id"]: row["message"] if row["observed"] else None for row in rows}


def at(runs: DailyRuns, table: str, time: str, day: int) -> list[dict[str, Any]]:
    """Rows of a table on a day since the start."""
    on: dt.date = (runs.shop.start + day * DAY).date()
    found = [row for row in runs.shop.visible(table) if row[time] and row[time].date() == on]
    assert found
    return found


def message(model: str, runs: DailyRuns, *days: int) -> str:
    first = (runs.shop.start + days[0] * DAY).date()
    return (
        f"{model}: rows of {len(days)} day(s), the first of them {first}, changed later than"
        " `lookback` says; earlier numbers were computed again"
    )


def test_old_days_of_a_fact(runs):
    """A restated row, a row more, and all rows gone; those of one day are after the windows."""
    at(runs, "orders", "ordered_at", 1)[0]["amount"] = 77.0
    runs.shop.tables["orders"].append(at(runs, "orders", "ordered_at", 2)[0] | {"amount": 5.0})
    gone = at(runs, "orders", "ordered_at", 6)
    runs.shop.tables["orders"] = [row for row in runs.shop.tables["orders"] if row not in gone]
    expected = {"long": message("orders", runs, 1, 2, 6), "over": message("orders", runs, 1, 2)}
    assert told(runs) == expected
    # The same data once more: what was told of them stays.
    assert told(runs) == expected
    assert told(runs, days=1) == {"long": None, "over": None}


def test_old_days_of_assignments(runs):
    rows = [row for row in at(runs, "assigned", "assigned_at", 1) if row["experiment"] == "long"]
    runs.shop.tables["assigned"] = [
        row for row in runs.shop.tables["assigned"] if row is not rows[0]
    ]
    for row in at(runs, "imported", "assigned_at", 1):
        row.pop("_loaded", None)
    expected = message("assigned", runs, 1)
    assert told(runs) == {"long": expected, "over": expected}


def test_old_days_of_what_an_activation_reads(runs):
    at(runs, "visits", "seen_at", 1)[0]["page"] = "elsewhere"
    assert told(runs) == {"long": None, "over": message("visits", runs, 1)}


def test_an_old_day_before_all_others(runs):
    """It was read before, and there was nothing: a row of it is news, and so is its loss."""
    row = at(runs, "orders", "ordered_at", 1)[0]
    late = row | {"ordered_at": runs.shop.start - 12 * DAY, "_arrives": runs.shop.start}
    runs.shop.tables["orders"].append(late)
    expected = message("orders", runs, -12)
    assert told(runs) == {"long": expected, "over": expected}
    assert told(runs, days=1) == {"long": None, "over": None}
    runs.shop.tables["orders"].remove(late)
    assert told(runs) == {"long": expected, "over": expected}


def test_what_is_no_news(runs):
    """New days, skipped ones, rows within `lookback` or with `loaded_at`; edits, other spans."""
    healthy = {"long": None, "over": None}
    assert told(runs, days=1) == healthy
    at(runs, "orders", "ordered_at", 14)[0]["amount"] = 77.0
    at(runs, "tickets", "opened_at", 1)[0].pop("_loaded")
    assert told(runs) == healthy
    add_metric(runs.shop, "over", "scores", "score")
    assert told(runs) == healthy
    runs.shop.metrics["orders"]["of_long"]["covariate"] = "14 days"
    runs.shop.experiments["long"]["start"] = (runs.shop.start - 2 * DAY).isoformat(" ")
    assert told(runs) == healthy
    # The earlier columns cannot be compared any more.
    runs.shop.metrics["orders"].pop("scores")
    runs.shop.experiments["over"]["explore"].remove("scores")
    for row in runs.shop.tables["orders"]:
        del row["score"]
    assert told(runs) == healthy
    at(runs, "orders", "ordered_at", 15)[0]["amount"] = 77.0
    assert told(runs, days=3) == healthy


def test_an_old_day_that_changes_with_the_columns_that_are_read(runs):
    add_metric(runs.shop, "over", "scores", "score")
    at(runs, "orders", "ordered_at", 1)[0]["amount"] = 77.0
    expected = message("orders", runs, 1)
    assert told(runs) == {"long": expected, "over": expected}
