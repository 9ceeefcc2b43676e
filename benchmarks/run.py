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
from pathlib import Path

import definitions
import duckdb
import report
from measure import Case, Run, run_process, run_rounds
from statements import settings

HERE = Path(__file__).resolve().parent
SIZES = {"2m": 2_000_000, "20m": 20_000_000, "100m": 100_000_000}
STAGES_1_TO_3 = ("--select", "fct_events", "fct_assignments", "tag:experimentos_moments")


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


def road_cases(folder: Path, raw: Path) -> list[Case]:
    """The bare query, what dbt compiled, and dbt itself."""
    warehouse, project = folder / "warehouse.duckdb", definitions.benchmark_project(folder / "road")
    shutil.copy(raw, warehouse)
    build = dbt(project, warehouse, "build", *STAGES_1_TO_3)
    run_process(build.command, build.environment, folder / "first_build.log")
    script = [sys.executable, str(HERE / "statements.py")]
    bare = [*script, str(raw), "query"]
    return [
        Case("bare", [*bare, str(HERE / "queries" / "bare.sql")]),
        Case("bare_by_name", [*bare, str(HERE / "queries" / "bare_by_name.sql")]),
        Case("sql", [*script, str(warehouse), "models", str(project)]),
        Case("build", build.command, build.environment),
    ]


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
        cases.append(Case(name, case.command, case.environment))
    return cases


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="20m", help="events to generate")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of every case")
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
    # In a process of its own: a process starts with the peak memory of the one that started it.
    script = [sys.executable, str(HERE / "check.py"), str(folder / "warehouse.duckdb")]
    checked = json.loads(run_process(script, {}, folder / "check.log").output)
    print(f"equal to plain SQL: {checked}", flush=True)
    runs: dict[str, list[Run]] = run_rounds(
        [*cases, *overhead_cases(folder)], chosen.rounds, folder / "logs"
    )
    results = report.results(chosen.size, runs, checked)
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
