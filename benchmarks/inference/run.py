"""Comparisons per second of the statistics, beside other libraries, in one run and on one core.

``make bench`` runs it in an environment that has the peers; cases take turns, and the
shortest CPU time of a case counts, so that neighbours of a shared machine disturb little.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from cases import CASES, LOOP, Case, available
from inputs import make

HERE = Path(__file__).resolve().parent
SIZES = (1_000, 10_000, 100_000, 1_000_000)
IMPORTS = (
    "import experimentos",
    "import experimentos; experimentos.welch",
    "import numpy, scipy.special",
    "import scipy.stats",
    "import tea_tasting",
)
LIBRARIES = ("numpy", "scipy", "statsmodels", "gbstats", "tea-tasting", "ab-analysis-kit")


def seconds(call, repeats: int) -> float:
    """Shortest CPU time of a call."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return min(times)


def per_row(case: Case, rows: int, rounds: int) -> float:
    """Microseconds for one comparison."""
    call = case.prepare(make(LOOP if case.loops else rows))
    call()
    if case.loops:
        done = 80 if case.method.startswith("Holm") else LOOP
        return seconds(call, rounds) / done * 1e6
    inner = max(1, 20_000 // rows)
    return seconds(lambda: [call() for _ in range(inner)], rounds) / inner / rows * 1e6


def import_seconds(what: str) -> float:
    """Shortest time a fresh process needs to import something."""
    code = f"import time; start = time.process_time(); {what}; print(time.process_time() - start)"
    command = [sys.executable, "-c", code]
    runs = [subprocess.run(command, capture_output=True, check=True, text=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)


def table(found: dict[tuple[str, str], list[float | None]], rows: list[int]) -> list[str]:
    """One line per case: microseconds per row at each size, and the ratio to ours."""
    lines = [
        "| Method | Library | Gives | "
        + " | ".join(f"{size:,} rows" for size in rows)
        + " | To ours |",
        "| :-- | :-- | :-- |" + " --: |" * (len(rows) + 1),
    ]
    outputs = {(case.method, case.library): case.outputs for case in CASES}
    for (method, library), times in found.items():
        ours = found.get((method, "experimentos"), times)
        best, reference = (min(t for t in values if t is not None) for values in (times, ours))
        cells = ["" if t is None else f"{t:.3g}" for t in times]
        lines.append(
            f"| {method} | {library} | {outputs[method, library]} | "
            + " | ".join(cells)
            + f" | {best / reference:,.3g} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=HERE.parent / "data" / "inference.md")
    chosen = parser.parse_args()
    cases, missing = available(CASES)
    found: dict[tuple[str, str], list[float | None]] = {
        (case.method, case.library): [] for case in cases
    }
    for size in chosen.rows:
        for case in cases:
            again = case.loops and size != chosen.rows[0]
            time_taken = None if again else per_row(case, size, chosen.rounds)
            found[case.method, case.library].append(time_taken)
    versions = []
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    lines = [
        f"Microseconds of CPU time per comparison, one core, Python {platform.python_version()}, "
        + ", ".join(versions)
        + ". Libraries that take one comparison at a time are timed over "
        f"{LOOP} of them.",
        "",
        *table(found, chosen.rows),
        "",
        "CPU seconds of imports: "
        + ", ".join(f"`{what}` {import_seconds(what):.2f}" for what in IMPORTS)
        + ".",
        *(f"Left out: {why}." for why in missing.values()),
    ]
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
