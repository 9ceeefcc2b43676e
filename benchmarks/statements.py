"""The measured process without dbt: SQL statements on a DuckDB file, timed one by one.

`statements.py DATABASE query FILE` runs one query and reads its result.
`statements.py DATABASE models PROJECT` runs what dbt compiled, in the order of the references.
`statements.py DATABASE per_metric` runs one query for each metric and experiment.
Prints the CPU seconds by statement as one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import definitions
import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST = "model.experimentos.experimentos__moments"


def settings(database: str | Path) -> dict[str, str | bool | int | float | list[str]]:
    """What DuckDB is given; project/profiles.yml says the same to dbt."""
    return {
        "threads": 2,
        "memory_limit": os.environ.get("BENCHMARK_MEMORY", "8GB"),
        "temp_directory": f"{database}.tmp",
        "preserve_insertion_order": False,
    }


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def model_statements(project: Path) -> Iterator[tuple[str, str]]:
    """Name and statement of every model on the way to the moments that the last `dbt build` ran."""
    nodes = json.loads((project / "target" / "manifest.json").read_text())["nodes"]
    ordered: list[str] = []

    def add(name: str) -> None:
        if nodes.get(name, {}).get("package_name") == "experimentos" and name not in ordered:
            for parent in nodes[name]["depends_on"]["nodes"]:
                add(parent)
            ordered.append(name)

    add(LAST)
    for name in ordered:
        node = nodes[name]
        path = project / "target" / "compiled" / "experimentos" / node["original_file_path"]
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        yield (
            node["name"],
            f"create or replace {kind} {node['relation_name']} as {path.read_text()}",
        )


def main() -> None:
    database, mode, *sources = sys.argv[1:]
    statements = {
        "query": lambda: [("query", Path(sources[0]).read_text())],
        "models": lambda: list(model_statements(Path(sources[0]))),
        "per_metric": lambda: list(definitions.per_metric_queries()),
    }[mode]()
    parts = {"start": cpu_seconds()}
    with duckdb.connect(
        database, read_only=mode != "models", config=settings(database)
    ) as connection:
        for name, statement in statements:
            before = cpu_seconds()
            connection.execute(statement).fetchall()
            parts[name] = cpu_seconds() - before
        before = cpu_seconds()
    parts["close"] = cpu_seconds() - before
    print(json.dumps(parts))


if __name__ == "__main__":
    main()
