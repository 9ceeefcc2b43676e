"""Measure the package against the bare query: `python benchmarks/run.py [--size 20m] [--rounds 3]`.

Everything is measured as CPU seconds (user and system) of fresh processes that take turns, and
reported as ratios within this run. Writes the table to benchmarks/data; `--record` keeps it as the
figures that the next run is compared with.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import added_day
import definitions
import duckdb
import report
from measure import Case, Run, run_process, run_rounds
from statements import settings

HERE = Path(__file__).resolve().parent
SIZES = {"2m": 2_000_000, "20m": 20_000_000, "100m": 100_000_000}
PARTS = ("road", "day", "overhead", "memory")


def generate(database: Path, events: int) -> None:
    """Generate the raw tables, unless they are there already as these queries make them."""
    queries = [(HERE / "queries" / f"{name}.sql").read_text() for name in ("events", "assignments")]
    stamp = hashlib.sha256("".join([*queries, duckdb.__version__]).encode()).hexdigest()
    stamp_file = database.with_suffix(".stamp")
    if database.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    database.unlink(missing_ok=True)
    print(f"generating {events:,} events", flush=True)
    with duckdb.connect(str(database), config=settings(database)) as connection:
        connection.execute("create schema raw")
        for query in queries:
            connection.execute(query.format(events=events, users=events // 20))
    stamp_file.write_text(stamp)


def dbt(project: Path, database: Path, *arguments: str) -> Case:
    """A dbt command on a project, as people run it."""
    command = [str(Path(sys.executable).parent / "dbt"), *arguments]
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return Case(" ".join(arguments), [*command, *folders], {"BENCHMARK_DATABASE": str(database)})


def cluster(clustered: Path, raw: Path) -> None:
    """The same raw tables with the events of each user beside each other."""
    if clustered.exists() and clustered.stat().st_mtime > raw.stat().st_mtime:
        return
    clustered.unlink(missing_ok=True)
    with duckdb.connect(str(clustered), config=settings(clustered)) as connection:
        connection.execute(f"attach '{raw}' as generated (read_only)")
        connection.execute("set preserve_insertion_order = true; create schema raw")
        connection.execute(
            "create table raw.events as from generated.raw.events order by user_id, event_at"
        )
        connection.execute("create table raw.assignments as from generated.raw.assignments")


def sql(database: Path, mode: str, *sources: Path, memory: str = "8GB", rounds: int = 99) -> Case:
    """Statements on a DuckDB file in a process of their own."""
    command = [sys.executable, str(HERE / "statements.py"), str(database), mode]
    return Case("", [*command, *map(str, sources)], {"BENCHMARK_MEMORY": memory}, rounds)


def warehouse(folder: Path, name: str, raw: Path, **settings_of_project: bool) -> tuple[Path, Path]:
    """A project and a warehouse in which dbt has run it once, up to the moments."""
    project = definitions.benchmark_project(folder / name, **settings_of_project)
    database = folder / f"{name}.duckdb"
    shutil.copy(raw, database)
    first = dbt(project, database, "run", "--select", "+experimentos__moments")
    run_process(first.command, first.environment, folder / f"{name}.log")
    return project, database


def road_cases(folder: Path, raw: Path) -> list[Case]:
    """The bare query, what dbt compiled, one query for each metric, and dbt itself."""
    clustered = folder / "clustered.duckdb"
    cluster(clustered, raw)
    queries = HERE / "queries"
    bare, by_name = queries / "bare.sql", queries / "bare_by_name.sql"
    single, single_at = warehouse(folder, "single", raw)
    of_clustered, clustered_at = warehouse(folder, "single_clustered", clustered)
    capped, capped_at = warehouse(folder, "capped", raw, capped=True)
    daily, daily_at = warehouse(folder, "daily", raw, daily=True, bins=False)
    binned, binned_at = warehouse(folder, "daily_bins", raw, daily=True, bins=True)
    # Every run of dbt on it is the first one.
    full = dbt(single, single_at, "run", "--full-refresh", "--select", "+experimentos__moments")
    cases = {
        "bare": sql(raw, "query", bare),
        "bare_by_name": sql(raw, "query", by_name),
        "bare_clustered": sql(clustered, "query", bare),
        "sql": sql(single_at, "models", single),
        "sql_clustered": sql(clustered_at, "models", of_clustered),
        "sql_capped": sql(capped_at, "models", capped),
        "per_metric": sql(raw, "per_metric", rounds=2),
        "daily": sql(daily_at, "models", daily),
        "daily_bins": sql(binned_at, "models", binned),
        "dbt": full,
    }
    return [replace(case, name=name) for name, case in cases.items()]


def memory_cases(folder: Path) -> list[Case]:
    """The single readout with 4 GB, where there may be too little memory, and with 10 GB."""
    cases = {
        f"memory_{size}": sql(
            folder / "single.duckdb", "models", folder / "single", memory=f"{size}GB", rounds=1
        )
        for size in (10, 4)
    }
    return [replace(case, name=name) for name, case in cases.items()]


def overhead_cases(folder: Path) -> list[Case]:
    """dbt with nothing to do, and with very many definitions over tiny data."""
    cases = []
    for name, write, arguments in (
        ("empty_build", definitions.empty_project, ("build",)),
        ("many_check", definitions.many_project, ("run-operation", "experimentos.check")),
        ("many_build", definitions.many_project, ("build",)),
    ):
        project = write(folder / name)
        case = dbt(project, folder / f"{name}.duckdb", *arguments)
        cases.append(Case(name, case.command, case.environment, rounds=1, is_optional=True))
    return cases


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="20m", help="events to generate")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of every case")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure beside the road"
    )
    parser.add_argument("--record", action="store_true", help="compare later runs with this one")
    parser.add_argument("--folder", type=Path, default=HERE / "data", help="where everything goes")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    folder = chosen.folder.resolve() / chosen.size
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / "generated.duckdb"
    generate(raw, SIZES[chosen.size])
    cases = road_cases(folder, raw)
    # In processes of their own: a process starts with the peak memory of the one that started it.
    checked = {}
    for name, *arguments in (("sql",), ("daily", "daily")):
        database = {"sql": "single"}.get(name, name)
        script = [sys.executable, str(HERE / "check.py"), str(folder / f"{database}.duckdb")]
        run = run_process([*script, *arguments], {}, folder / "check.log")
        checked[name] = json.loads(run.output)
    print(f"equal to plain SQL: {checked}", flush=True)
    if "memory" in chosen.parts and chosen.size == "100m":
        cases += memory_cases(folder)
    if "overhead" in chosen.parts and chosen.size != "100m":
        cases += overhead_cases(folder)
    runs: dict[str, list[Run]] = run_rounds(cases, chosen.rounds, folder / "logs")
    days = {}
    if "day" in chosen.parts and chosen.size != "100m":
        days = added_day.measure(folder / "added_day", raw, dbt, 1)
    results = report.results(chosen.size, runs, checked, days)
    recorded = HERE / f"recorded_{chosen.size}.json"
    before = json.loads(recorded.read_text()) if recorded.exists() else None
    table = report.table(results, before)
    (folder / "results.md").write_text(table)
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    if chosen.record:
        shutil.copy(folder / "results.json", recorded)
    print(table)


if __name__ == "__main__":
    main()
