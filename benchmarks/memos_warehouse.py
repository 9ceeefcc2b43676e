"""Time memos and the site of many experiments from a DuckDB file, as the command reads them.

Run as ``python benchmarks/memos_warehouse.py DEMO [experiments]``, where DEMO is a folder that
``experimentos demo`` made. Its five experiments are copied, under other names, into tables with the
same columns and types. Imports, dbt's start and the memos are told apart.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

# ruff: noqa: PLC0415 -- what is imported when is told apart
EXPERIMENTS = 1000
OF_DEMO = 5


def multiply(file: Path, count: int) -> None:
    """Put so many experiments into the marts of a demo."""
    tables = (
        "select table_name from information_schema.columns join information_schema.tables "
        "using (table_schema, table_name) where table_type = 'BASE TABLE' "
        "and table_name like 'experimentos__%' and column_name = 'experiment_id' "
        # Not what failed tests keep.
        "and table_schema = current_schema()"
    )
    with duckdb.connect(str(file)) as connection:
        for (table,) in connection.execute(tables).fetchall():
            connection.execute(
                f"create or replace table {table} as select * replace "
                f"(experiment_id || '_' || number as experiment_id) "
                f"from {table}, range({count // OF_DEMO}) as copies(number)"
            )


def timed(what: str, run: Callable[[], object]) -> None:
    """Print seconds on the clock and of the processor, and the most memory so far."""
    clock, processor = time.perf_counter(), _processor()
    run()
    print(
        json.dumps(
            {
                "what": what,
                "seconds": round(time.perf_counter() - clock, 2),
                "processor_seconds": round(_processor() - processor, 2),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        ),
        flush=True,
    )


def _processor() -> float:
    """Seconds of this process and of those it started and that ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def imports() -> None:
    """Import what the command needs."""
    import dbt.adapters.duckdb
    import dbt.cli.main  # noqa: F401

    import experimentos.cli.memo  # noqa: F401


def main() -> None:
    """Print one line of JSON for each step."""
    demo = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else EXPERIMENTS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "demo"
        shutil.copytree(demo, folder, symlinks=True)
        multiply(folder / "demo.duckdb", count)
        timed("imports", imports)
        from experimentos.cli.memo_batches import by_experiment, write_read
        from experimentos.cli.output import opened
        from experimentos.memo import templates
        from experimentos.site import write_site

        kinds, used, out = ["md", "html"], templates(), Path(place) / "memos"
        one = ["one_page_checkout_0"]
        with opened(folder, None, None, None) as project:
            timed("start of dbt", lambda: project.fetch("metrics"))
            for what in ("first memo", "second memo"):
                timed(what, lambda: write_read(project, one, out, kinds, used))
            timed(f"{count} memos", lambda: write_read(project, None, out, kinds, used))
            shutil.rmtree(out)
            site = Path(place) / "site"
            timed("site", lambda: write_site(by_experiment(project), site, own=used))
        print(json.dumps({"first_page_bytes": (site / "index.html").stat().st_size}))


if __name__ == "__main__":
    main()
