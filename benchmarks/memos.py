"""Time memos of many experiments: reading the rows, then each format.

Run as ``python benchmarks/memos.py [experiments]``. The rows are those of the test examples, under
other names; each experiment has three variants, five metrics, ten days, looks and segments.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from memo import example_full, examples  # noqa: E402

from experimentos.memo import Memo, read_memos, render_html, write  # noqa: E402

EXPERIMENTS = 1000
FEW = 5


def many(count: int) -> dict[str, list[dict[str, object]]]:
    """Rows of so many experiments."""
    marts = examples.united(example_full.full())
    return {
        name: rows
        if name == "metrics"
        else [row | {"experiment_id": f"experiment_{i}"} for i in range(count) for row in rows]
        for name, rows in marts.items()
    }


def timed(what: str, count: int, run: Callable[[], object]) -> dict[str, object]:
    """Seconds on the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    run()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return {
        "what": what,
        "memos": count,
        "seconds": round(clock, 2),
        "processor_seconds": round(processor, 2),
    }


def main() -> None:
    """Print one line of JSON for each step."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EXPERIMENTS
    marts = many(count)
    memos: list[Memo] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)

        def into(ending: str, some: int) -> None:
            write(memos[:some], folder, (ending,))

        def shared() -> None:
            for memo in memos:
                page = render_html(memo, runtime="charts.js")
                (folder / "page.html").write_text(page, encoding="utf-8")

        steps: list[tuple[str, int, Callable[[], object]]] = [
            ("read", count, lambda: memos.extend(read_memos(marts.__getitem__))),
            ("first html", 1, lambda: into("html", 1)),
            ("md", count, lambda: into("md", count)),
            ("html", count, lambda: into("html", count)),
            ("html, shared script", count, shared),
            ("json", count, lambda: into("json", count)),
            ("svg", FEW, lambda: into("svg", FEW)),
            ("pdf", FEW, lambda: into("pdf", FEW)),
        ]
        for what, memo_count, run in steps:
            print(json.dumps(timed(what, memo_count, run)), flush=True)


if __name__ == "__main__":
    main()
