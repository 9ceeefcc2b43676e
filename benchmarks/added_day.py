"""The 29th day of the data taken in by `dbt run`, beside a build of all 29 days from nothing."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import definitions
import duckdb
from measure import Run, run_process
from statements import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from measure import Case

BEFORE, AFTER = "2025-01-29", "2025-01-30"
READ = ("+experimentos__unit_days",)
ALL = ("+experimentos__moments",)
TIMES = {"events": "event_at", "assignments": "assigned_at"}


def cut_raw(database: Path, raw: Path, after: str | None, before: str) -> None:
    """Raw rows of a span of days, as the only rows or added to those that are there."""
    with duckdb.connect(str(database), config=settings(database)) as connection:
        connection.execute(f"attach '{raw}' as generated (read_only)")
        connection.execute("create schema if not exists raw")
        for table, time in TIMES.items():
            rows = f"select * from generated.raw.{table} where {time} < '{before}'"
            if after is None:
                connection.execute(f"create table raw.{table} as {rows}")
            else:
                connection.execute(f"insert into raw.{table} {rows} and {time} >= '{after}'")


def model_seconds(project: Path) -> dict[str, float]:
    """The seconds by the clock that dbt wrote down for each model of its last run."""
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    return {
        result["unique_id"].rpartition(".")[2]: round(result["execution_time"], 3)
        for result in results
    }


class Day:
    """Warehouses and projects of one kind of definitions, and what their dbt runs took."""

    def __init__(self, folder: Path, raw: Path, dbt: Callable[..., Case], *, capped: bool) -> None:
        self.folder, self.raw, self.dbt = folder, raw, dbt
        folder.mkdir(parents=True, exist_ok=True)
        self.projects = {
            as_of: definitions.benchmark_project(
                folder / f"project_{as_of}", daily=True, capped=capped, as_of=as_of
            )
            for as_of in (BEFORE, AFTER)
        }

    def run(self, warehouse: Path, as_of: str, select: tuple[str, ...]) -> Run:
        case = self.dbt(self.projects[as_of], warehouse, "run", "--select", *select)
        return run_process(case.command, case.environment, self.folder / "dbt.log")

    def fresh(self, name: str, before: str) -> Path:
        warehouse = self.folder / f"{name}.duckdb"
        warehouse.unlink(missing_ok=True)
        cut_raw(warehouse, self.raw, None, before)
        return warehouse

    def measure(self, *, only_all: bool) -> tuple[dict[str, Run], dict[str, Mapping[str, float]]]:
        """Runs by name, and the seconds of their models."""
        models: dict[str, Mapping[str, float]] = {}
        project = self.projects[AFTER]
        four_weeks = self.fresh("four_weeks", BEFORE)
        self.run(four_weeks, BEFORE, ALL)
        self.run(four_weeks, BEFORE, ALL)
        cut_raw(four_weeks, self.raw, BEFORE, AFTER)
        full = self.fresh("full", AFTER)
        # The first run parses all files; the second is what every run of dbt takes.
        self.run(full, AFTER, ("stg_experimentos__experiments",))
        runs = {"fixed": self.run(full, AFTER, ("stg_experimentos__experiments",))}
        full = self.fresh("full", AFTER)
        runs["full"] = self.run(full, AFTER, ALL)
        models["full"] = model_seconds(project)
        runs["nothing"] = self.run(full, AFTER, ALL)
        models["nothing"] = model_seconds(project)
        if not only_all:
            copy = self.folder / "reading.duckdb"
            shutil.copy(four_weeks, copy)
            runs["reading"] = self.run(copy, AFTER, READ)
            models["reading"] = model_seconds(project)
            copy.unlink()
            full = self.fresh("full", AFTER)
            runs["full_reading"] = self.run(full, AFTER, READ)
        runs["statistics"] = self.run(four_weeks, AFTER, ALL)
        models["statistics"] = model_seconds(project)
        return runs, models


def measure(folder: Path, raw: Path, dbt: Callable[..., Case], rounds: int) -> dict[str, Any]:
    """Medians over rounds of the CPU seconds of every dbt run, without caps and with them."""
    found: dict[str, Any] = {}
    for kind in ("plain", "capped"):
        day = Day(folder / kind, raw, dbt, capped=kind == "capped")
        gathered: dict[str, list[float]] = {}
        for number in range(rounds):
            runs, models = day.measure(only_all=kind == "capped")
            for name, run in runs.items():
                gathered.setdefault(name, []).append(round(run.cpu, 2))
                print(f"round {number + 1}: {kind}: {name}: {run.cpu:.2f} CPU s", flush=True)
        found[kind] = {"cpu": gathered, "models": models}
        shutil.rmtree(day.folder)
    return found
