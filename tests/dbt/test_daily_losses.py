"""A run is stopped between two models, and a table of ours is lost before the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from daily_changes import changed
from daily_shop import made
from random_shop_compare import report
from test_daily_runs import runs_of, tamper, two_readers

if TYPE_CHECKING:
    from daily_runs import DailyRuns

pytestmark = pytest.mark.slow


def change_much(runs: DailyRuns) -> None:
    """Units come, move and go; rows of facts come late and go."""
    for rows in (runs.shop.tables["assigned"], runs.shop.tables["imported"]):
        del rows[1::3]
    for name in ("late_assignments", "late_rows", "deleted_rows"):
        changed(runs.shop, name, 3)
    runs.write()


@pytest.mark.parametrize(
    ("stopped_after", "lost"),
    [
        ("assigned_days", "touched_units"),
        ("assigned_days", "assigned_days"),
        ("assigned_days", "units"),
        ("assigned_days", "reads"),
        ("units", "touched_units"),
        ("fact_changes", "unit_days"),
        ("unit_days", "unit_days"),
        ("unit_days", "reads"),
    ],
)
def test_a_stopped_run_and_a_table_that_is_lost(tmp_path, monkeypatch, stopped_after, lost):
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {}, "over": {}}))
    change_much(runs)
    runs.run("--select", f"+experimentos__{stopped_after}")
    tamper(runs, f"drop table main.experimentos__{lost}")
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


def test_a_table_that_is_refreshed_after_a_stopped_run(tmp_path, monkeypatch):
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {}, "over": {}}))
    change_much(runs)
    runs.run("--select", "+experimentos__assigned_days")
    runs.run("--full-refresh", "--select", "experimentos__touched_units")
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


def test_days_are_kept_after_runs_that_kept_none(tmp_path, monkeypatch):
    """Units that such a run left, and that are gone by the next one."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, made(1))
    runs.shop.settings = {"daily": False}
    runs.write()
    runs.run()
    runs.shop.settings = {}
    change_much(runs)
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)
