"""Experiments that are over keep their results, whatever their raw rows become."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from daily_compare import MARTS, compared
from project import Project, problems
from random_shop_compare import report

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 3, 2)
Row = dict[str, Any]
KEYS = {
    "assigned": ("user_id", "experiment", "variant", "country", "at"),
    "orders": ("user_id", "amount", "status", "at"),
    "visits": ("user_id", "page", "at"),
    "profiles": ("user_id", "score"),
}
NUMBERS = {"user_id": pa.int64(), "amount": pa.float64(), "score": pa.float64()}
TYPES = {
    **dict.fromkeys(("experiment", "variant", "country", "status", "page"), pa.string()),
    **NUMBERS,
    "at": pa.timestamp("us"),
}


class Shop:
    """Two experiments: `old` lasts 4 days and is over after 6, `new` starts on day 20."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.as_of = START + 5 * DAY
        self.assigned: list[Row] = []
        self.orders: list[Row] = []
        self.visits: list[Row] = []
        self.profiles: list[Row] = []
        self.window = "2 days"
        self.control = "control"
        self.settings: Row = {}
        self.removed: set[str] = set()
        for number in range(80):
            self.add_unit("old", number, START + (number % 8) * DAY / 2)
            self.add_unit("new", 1000 + number, START + 20 * DAY + (number % 16) * DAY / 2)
        for _ in range(3):  # crossovers, an unknown label, repeated rows
            self.assigned.append(dict(self.assigned[2], variant="treatment"))
            self.assigned.append(dict(self.assigned[4], variant="typo"))

    def add_unit(self, experiment: str, user: int, at: dt.datetime) -> None:
        variant = "treatment" if user % 2 else "control"
        self.assigned.append({"user_id": user, "experiment": experiment, "variant": variant,
                              "country": "DE" if user % 3 else "FR", "at": at})  # fmt: skip
        for number in range(-3, 4):
            if (user + number) % 4:
                moment = at + number * DAY / 2 + dt.timedelta(minutes=user % 60)
                status = "paid" if number % 2 else "open"
                amount = float(user % 7 + number + 4)
                self.orders.append(
                    {"user_id": user, "amount": amount, "status": status, "at": moment}
                )
        self.visits.append({"user_id": user, "page": "home", "at": at + DAY / 4})
        self.profiles.append({"user_id": user, "score": float(user % 5) ** 2})

    def write(self) -> None:
        """Rows that have arrived by `as_of`, and the definitions."""
        project = self.project
        project.settings.update(
            assignment_models=["fct_assigned"], lookback="1 day",
            fact_models=["fct_orders", "fct_visits", "fct_profiles"],
            as_of=self.as_of.isoformat(" "),
        )  # fmt: skip
        project.settings.update(self.settings)
        project.write_settings()
        # Someone visits every day, so that the data reach the day of the build.
        days = [{"at": START - 9 * DAY + number * DAY} for number in range(60)]
        project.model("fct_assigned", self.table("assigned", self.assigned), {"assignments": {
            "experiment": "experiment", "variant": "variant", "unit": "user_id",
            "timestamp": "at", "segments": ["country"]}})  # fmt: skip
        project.model("fct_orders", self.table("orders", self.orders + days), {
            "unit": "user_id", "timestamp": "at", "metrics": {
                "revenue": {"type": "mean", "value": "amount", "window": self.window,
                            "covariate": "1 day", "cap": {"percentile": 0.9}},
                "ordered": {"type": "proportion", "window": "2 days"},
                "middle": {"type": "quantile", "quantile": 0.5, "value": "amount",
                           "window": "2 days"},
                "by_status": {"type": "mean", "aggregate": "count", "by": "status",
                              "window": "1 day"},
            }})  # fmt: skip
        project.model("fct_visits", self.table("visits", self.visits + days), {
            "unit": "user_id", "timestamp": "at",
            "metrics": {"visited": {"type": "proportion", "window": "1 day"}}})  # fmt: skip
        project.model("fct_profiles", self.table("profiles", self.profiles), {
            "unit": "user_id", "timestamp": "none",
            "metrics": {"score": {"type": "mean", "value": "score"}}})  # fmt: skip
        for name, start, end in [("old", START, START + 4 * DAY), ("new", START + 20 * DAY, None)]:
            if name in self.removed:
                (project.folder / "experiments" / f"{name}.yml").unlink(missing_ok=True)
            elif start <= self.as_of:
                project.experiment(name, self.definition(start, end))

    def definition(self, start: dt.datetime, end: dt.datetime | None) -> Row:
        return {
            "start": start.isoformat(" "), "control": self.control,
            "variants": {"control": 0.5, "treatment": 0.5}, "success": ["revenue", "ordered"],
            "explore": ["middle", "by_status", "visited"] + (["score"] if end else []),
            "segments": ["country"],
        } | ({"end": end.isoformat(" ")} if end else {})  # fmt: skip

    def table(self, name: str, rows: list[Row]) -> pa.Table:
        """The rows that have arrived; a table without rows keeps its columns."""
        here = [row for row in rows if row.get("at", self.as_of) <= self.as_of]
        return pa.Table.from_pylist(here, schema=pa.schema({key: TYPES[key] for key in KEYS[name]}))

    def delete(self, experiment: str) -> None:
        """All raw rows of an experiment: of its units, and of its days."""
        users = {row["user_id"] for row in self.assigned if row["experiment"] == experiment}
        self.assigned = [row for row in self.assigned if row["experiment"] != experiment]
        for name in ("orders", "visits", "profiles"):
            rows = [row for row in getattr(self, name) if row["user_id"] not in users]
            setattr(self, name, rows)

    def build(self, *arguments: str) -> None:
        self.write()
        result = self.project.dbt("run", *arguments)
        assert result.success, problems(result)

    def build_anew(self) -> None:
        """Take the look of these rows and definitions, and show it as later builds do."""
        self.project.forget_looks()
        self.build()
        self.build()

    def marts(self, where: str = "experiment_id = 'old'") -> dict[str, list[Row]]:
        return {
            name: self.project.mart(name, where)
            for name, grain in MARTS.items() if "experiment_id" in grain
        }  # fmt: skip


def differences(found: dict[str, list[Row]], expected: dict[str, list[Row]]) -> str:
    lines = [f"{name} {line}" for name in expected
             for line in compared(name, found[name], expected[name])]  # fmt: skip
    return report(lines) if lines else ""


@pytest.fixture
def shop(tmp_path):
    return Shop(Project(tmp_path / "shop"))


def archived_shop(shop: Shop) -> dict[str, list[Row]]:
    """Built while it ran, when it was over, and a day later; the marts of `old`."""
    shop.build()
    assert not shop.project.mart("archive")
    shop.as_of = START + 8 * DAY
    shop.build_anew()
    assert [row["experiment_id"] for row in shop.project.mart("archive")] == ["old"]
    return shop.marts()


@pytest.mark.slow
def test_deleted_rows_change_no_mart(shop):
    before = archived_shop(shop)
    assert all(before[name] for name in ("moments", "effects", "exclusions", "effects_by_age"))
    shop.as_of += DAY
    shop.build()
    assert not differences(shop.marts(), before)
    shop.delete("old")
    shop.as_of += DAY
    shop.build()
    assert not differences(shop.marts(), before)
    assert not shop.project.rows("select * from main.experimentos__units")
    assert not shop.project.rows("select * from main.experimentos__unit_days")
    shop.build("--full-refresh")
    assert not differences(shop.marts(), before)


def fresh_marts(shop: Shop, folder: str = "fresh") -> dict[str, list[Row]]:
    """The marts of `old` from the same rows and definitions and nothing else."""
    fresh = Shop(Project(shop.project.folder.parent / folder))
    fresh.as_of, fresh.window, fresh.orders = shop.as_of, shop.window, shop.orders
    fresh.build_anew()
    return fresh.marts()


def reopen(shop: Shop, **arguments: Any) -> bool:
    given = ("run-operation", "experimentos.reopen", "--args", json.dumps(arguments))
    return bool(shop.project.dbt(*given).success)


@pytest.mark.slow
def test_an_edit_is_applied_while_the_raw_rows_are_there(shop, capsys):
    before = archived_shop(shop)
    shop.window = "1 day"
    shop.as_of += DAY
    shop.build("--select", "stg_experimentos__experiments", "experimentos__health")
    (note,) = shop.project.mart("health", "check_name = 'archived_definition'")
    assert "a build of the whole package computes it again" in note["message"]
    shop.build_anew()
    again = shop.marts()
    assert differences(again, before)
    assert not differences(again, fresh_marts(shop))
    hashes = [row["definitions_hash"] for row in shop.project.mart("archive")]
    assert hashes == [row["definitions_hash"] for row in again["experiments"]]

    shop.delete("old")
    shop.window, shop.control = "3 days", "no such variant"
    shop.build()
    found = shop.marts()
    (note,) = [row for row in found["health"] if row["check_name"] == "archived_definition"]
    assert note["status"] == "warning"
    assert "the edit is not applied, because raw rows" in note["message"]
    assert "fct_assigned: 0 of 86 rows are left" in note["message"]
    assert "experimentos build --reopen old is of no use" in note["message"]
    found["health"].remove(note)
    assert not differences(found, again)
    assert shop.project.one("metrics", "metric = 'revenue'")["window_text"] == "3 days"

    assert not reopen(shop, name=["old", "older"])
    said = capsys.readouterr().out
    assert "'old' stays in the archive, because raw rows that it was computed from are gone" in said
    assert "there is no archived experiment 'older'. Archived are: old" in said
    assert len(shop.project.rows("select * from main.experimentos__archive_archive")) == 1
    assert reopen(shop, name="old", force=True)
    assert not shop.project.rows("select * from main.experimentos__archive_archive")
    assert not shop.project.rows("select * from main.experimentos__moments_archive")


@pytest.mark.slow
def test_reopened_it_is_computed_again_and_archived_again(shop):
    before = archived_shop(shop)
    shop.orders[10]["amount"] += 100.0
    shop.build()
    assert not differences(shop.marts(), before)
    assert reopen(shop, name="old")
    shop.build_anew()
    again = shop.marts()
    assert not differences(again, fresh_marts(shop))
    assert [row["experiment_id"] for row in shop.project.mart("archive")] == ["old"]
    shop.delete("old")
    shop.build()
    assert not differences(shop.marts(), again)


def unreadable(shop: Shop) -> None:
    """Whoever reads a row of the raw tables fails; their columns may be asked for."""
    for name in ("assigned", "orders", "visits", "profiles"):
        path = shop.project.folder / "models" / f"fct_{name}.sql"
        table = path.read_text().partition("\n")[2]
        path.write_text(
            "{{ config(materialized='view') }}\n"
            f"{table} where cast(error('raw rows are read of ' || user_id) as boolean)"
        )


@pytest.mark.slow
def test_an_archived_experiment_costs_no_scan_and_vanishes_when_it_is_removed(shop, monkeypatch):
    before = archived_shop(shop)
    write = shop.write
    monkeypatch.setattr(shop, "write", lambda: (write(), unreadable(shop)))
    shop.as_of += DAY
    shop.build()
    assert not differences(shop.marts(), before)
    assert not shop.project.dbt("show", "--inline", "select * from {{ ref('fct_orders') }}").success

    shop.removed = {"old"}
    shop.build()
    tables = shop.project.rows(
        "select table_name from information_schema.columns where column_name = 'experiment_id' "
        "and (table_name not like '%_archive' or table_name = 'experimentos__archive')"
    )
    names = {row["table_name"].removeprefix("experimentos__") for row in tables}
    assert {"age_inputs", "archive", "inference_inputs", "sample_ratio_inputs"} <= names
    for table in {row["table_name"] for row in tables if "history" not in row["table_name"]}:
        assert not shop.project.rows(f"select * from main.{table} where experiment_id = 'old'")

    shop.removed = set()
    shop.build()
    assert not differences(shop.marts(), before)


@pytest.mark.slow
def test_a_stop_between_two_versions_leaves_no_mixture(shop):
    before = archived_shop(shop)
    shop.window = "1 day"
    with duckdb.connect(str(shop.project.database)) as connection:
        connection.execute("alter table experimentos__age_inputs_archive rename to kept")
        connection.execute("create view experimentos__age_inputs_archive as select * from kept")
    shop.write()
    assert not shop.project.dbt("run").success
    with duckdb.connect(str(shop.project.database)) as connection:
        connection.execute("drop view experimentos__age_inputs_archive")
        connection.execute("alter table kept rename to experimentos__age_inputs_archive")
    shop.window = "2 days"
    shop.build()
    assert not differences(shop.marts(), before)


@pytest.mark.slow
def test_without_the_archive_nothing_enters_and_nothing_is_lost(shop):
    shop.settings = {"daily": False}
    shop.as_of = START + 8 * DAY
    shop.build()
    assert not shop.project.mart("archive")
    shop.settings = {"daily": False, "archive": True}
    shop.build()
    assert shop.project.mart("archive")
    shop.settings = {"daily": True, "archive": False}
    before = shop.marts()
    shop.build()
    assert not differences(shop.marts(), before)
    shop.window = "1 day"
    shop.build()
    assert differences(shop.marts(), before)
    assert not shop.project.mart("archive")
    shop.window = "2 days"
    shop.delete("old")
    shop.build()
    assert not differences(shop.marts(), before)


@pytest.mark.slow
def test_another_experiment_is_read_as_if_there_were_no_archive(shop):
    before = archived_shop(shop)
    for days in (22, 24, 25):
        shop.as_of = START + days * DAY
        shop.build()
    read = shop.project.rows(
        "select item, min(day) as first from main.stg_experimentos__model_days group by item"
    )
    assert {row["item"]: row["first"] for row in read} == {
        "assignments fct_assigned": START.date(),
        # three days and the longest covariate before the start
        "fact fct_orders": (START + 3 * DAY).date(),
        "fact fct_visits": (START + 17 * DAY).date(),
    }
    fresh = Shop(Project(shop.project.folder.parent / "fresh"))
    fresh.settings, fresh.as_of = {"archive": False}, shop.as_of
    fresh.build()
    of = "experiment_id != 'old'"
    assert not differences(shop.marts(of), fresh.marts(of))
    shop.delete("old")
    shop.build()
    assert not differences(shop.marts(of), fresh.marts(of))
    assert not differences(shop.marts(), before)


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [False, True])
def test_nothing_is_archived_by_a_run_that_was_stopped(shop, is_killed):
    shop.build()
    shop.as_of = START + 8 * DAY
    if is_killed:
        # the copies are made, and what says so is not
        shop.build()
        with duckdb.connect(str(shop.project.database)) as connection:
            connection.execute("delete from main.experimentos__archive_archive")
    else:
        shop.build("--exclude", "experimentos__cohort_moments")
        assert not shop.project.mart("archive")
    shop.orders[10]["amount"] += 100.0
    shop.build_anew()
    fresh = Shop(Project(shop.project.folder.parent / "fresh"))
    fresh.orders[10]["amount"] += 100.0
    fresh.as_of = shop.as_of
    fresh.build_anew()
    before = fresh.marts()
    assert not differences(shop.marts(), before)
    shop.delete("old")
    shop.build()
    assert not differences(shop.marts(), before)


@pytest.mark.slow
def test_copies_lie_in_the_schema_of_memory_and_may_lack_a_column(shop):
    shop.project.settings["memory_schema"] = "kept"
    before = archived_shop(shop)
    shop.project.rows("select * from kept.experimentos__moments_archive")
    with duckdb.connect(str(shop.project.database)) as connection:
        connection.execute("alter table kept.experimentos__moments_archive drop column n_capped")
    shop.delete("old")
    shop.build()
    for row in before["moments"]:
        row["n_capped"] = None
    # Of what is not known there is no check.
    before["health"] = [row for row in before["health"] if row["check_name"] != "capped_share"]
    assert not differences(shop.marts(), before)
