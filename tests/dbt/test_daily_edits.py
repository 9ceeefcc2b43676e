"""An edit that names another column of a fact: who reads the fact again, and what stays noticed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from random_shop_compare import report
from random_shop_every import DAY
from test_daily_runs import add_metric, runs_of, two_readers

if TYPE_CHECKING:
    from pathlib import Path

    from daily_runs import DailyRuns

NAMES = ("long", "over")
Notes = dict[tuple[str, dt.date], Any]

pytestmark = pytest.mark.slow


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DailyRuns:
    """Two experiments read the amounts of orders, whose costs and scores nobody reads yet."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = two_readers({name: {} for name in NAMES})
    for number, row in enumerate(shop.tables["orders"]):
        row |= {"cost": float(number % 7), "score": float(number % 5)}
    return runs_of(tmp_path, shop)


def restate(runs: DailyRuns, column: str) -> dt.date:
    """Other values on one day, within the windows of both experiments."""
    day = (runs.shop.start + DAY).date()
    rows = [row for row in runs.shop.visible("orders")
            if row["ordered_at"] and row["ordered_at"].date() == day]  # fmt: skip
    assert rows
    for number, row in enumerate(rows):
        row[column] = 100.0 + number
    return day


def notes_of(runs: DailyRuns, name: str) -> Notes:
    """When each day of orders was last read for an experiment."""
    rows = runs.project.rows(
        "select item, day, changed_at from main.experimentos__reads"
        f" where reader = 'days' and experiment = '{name}' and item like '%|orders'"
    )
    return {(row["item"], row["day"]): row["changed_at"] for row in rows}


def days_read(runs: DailyRuns, *arguments: str) -> dict[str, set[dt.date]]:
    """Run, and say which days of orders were read for whom."""
    before = {name: notes_of(runs, name) for name in NAMES}
    assert all(before.values())
    runs.write()
    runs.run(*arguments)
    return {
        name: {key[1] for key, at in notes_of(runs, name).items() if before[name].get(key) != at}
        for name in NAMES
    }


def is_read_whole(runs: DailyRuns, name: str) -> bool:
    """Whether the last run read all that an experiment wants of its facts."""
    rows = runs.project.rows(
        "select count(*) as n from main.experimentos__fact_changes"
        f" where experiment = '{name}' and day = date '0001-01-01'"
        " and item not in ('units', 'as_of')"
    )
    return bool(rows[0]["n"])


def column_sets(runs: DailyRuns) -> int:
    """How many sets of columns of orders are known."""
    return runs.project.rows(
        "select count(*) as n from main.experimentos__reads"
        " where reader = 'columns' and experiment = 'fact orders'"
    )[0]["n"]


def assert_as_from_nothing(runs: DailyRuns) -> None:
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.parametrize("column", ["amount", "cost"])
def test_an_edit_and_a_restatement_in_one_run(runs, column):
    add_metric(runs.shop, "over", "costs", "cost")
    day = restate(runs, column)
    read = days_read(runs)
    assert read["long"] == ({day} if column == "amount" else set())
    assert is_read_whole(runs, "over")
    assert not is_read_whole(runs, "long")
    assert column_sets(runs) == 1
    assert_as_from_nothing(runs)


def test_a_restatement_of_the_new_column_after_the_edit(runs):
    add_metric(runs.shop, "over", "costs", "cost")
    assert not days_read(runs)["long"]
    before = runs.project.mart("moments", "metric = 'costs'")
    day = restate(runs, "cost")
    assert days_read(runs) == {"long": {day}, "over": {day}}
    assert runs.project.mart("moments", "metric = 'costs'") != before
    assert_as_from_nothing(runs)


@pytest.mark.parametrize("stop", [None, "fact_changes", "unit_days"])
def test_two_edits_in_a_row(runs, stop):
    """Also where the run after the first of them is stopped."""
    add_metric(runs.shop, "over", "costs", "cost")
    part = ("--select", f"+experimentos__{stop}") if stop else ()
    assert not days_read(runs, *part)["long"]
    add_metric(runs.shop, "over", "scores", "score")
    assert not days_read(runs)["long"]
    assert is_read_whole(runs, "over")
    assert column_sets(runs) == 1
    day = restate(runs, "cost")
    assert days_read(runs) == {"long": {day}, "over": {day}}
    assert_as_from_nothing(runs)


def test_an_edit_that_is_taken_back_while_a_value_is_restated(runs):
    """The notes go by the columns of the edit, whose run was stopped before anything was read."""
    before = runs.shop.state()
    add_metric(runs.shop, "over", "costs", "cost")
    assert not days_read(runs, "--select", "+experimentos__fact_changes")["over"]
    runs.shop.restore(before)
    day = restate(runs, "amount")
    assert days_read(runs) == {"long": {day}, "over": {day}}
    assert_as_from_nothing(runs)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_column_that_is_dropped(runs, at_once):
    """With the metric that read it, or a run later; by then no note knows the column."""
    add_metric(runs.shop, "over", "costs", "cost")
    assert not days_read(runs)["long"]
    del runs.shop.metrics["orders"]["costs"]
    runs.shop.experiments["over"]["explore"].remove("costs")
    if not at_once:
        assert not days_read(runs)["long"]
    for row in runs.shop.tables["orders"]:
        del row["cost"]
    read = days_read(runs)
    assert bool(read["long"]) == at_once
    assert column_sets(runs) == 1
    day = restate(runs, "amount")
    assert days_read(runs) == {"long": {day}, "over": {day}}
    assert_as_from_nothing(runs)
