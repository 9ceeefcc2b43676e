"""Write `docs/references.md`: run as ``make references``, a part of ``make validate``."""

import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from validation.collect import areas, references, simulations
from validation.entries import Reference, Simulation

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "references.md"
HEAD = """# References

Every method by itself. What the verdict as a whole promises stands in
[validation.md](validation.md).

Written by `make references`, a part of `make validate`; do not edit. Every number here is checked
by `make test` too, the simulations with fewer runs.

A **reference** is a number that somebody else computed or published; its source is named, and
where it is a program, the script that ran it stands in `tests/reference`. A **simulation** counts
how often something happened in seeded random experiments; the standard error is its own.
"""


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def number(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.9g}"


def reference_row(one: Reference) -> str:
    ours, difference = one.difference()
    if not one.holds():
        raise SystemExit(f"does not hold: {one.name}: ours {ours!r}")
    gap = "0" if difference == 0 or np.isnan(difference) else f"{difference:.1e}"
    fields = (
        one.method,
        one.quantity,
        one.case,
        one.source,
        number(one.expected),
        number(ours),
        gap,
    )
    return "| " + " | ".join(map(cell, (*fields, one.why))) + " |"


def simulation_row(one: Simulation) -> str:
    started = time.perf_counter()
    events, runs = one.rate(one.long)
    rate = events / runs
    if not one.holds(events, runs):
        raise SystemExit(f"does not hold: {one.name}: {events} in {runs}")
    print(f"{time.perf_counter() - started:6.1f} s  {one.name}: {rate:.4f}", file=sys.stderr)
    error = np.sqrt(max(rate * (1 - rate), 0.25 / runs) / runs)
    promise = f"{one.kind} {one.promised:g}"
    if one.allowance:
        promise += f" (± {one.allowance:g})"
    fields = (
        one.method,
        one.quantity,
        one.setting,
        promise,
        f"{rate:.4f} ± {error:.4f}",
        f"{runs:,}",
    )
    return "| " + " | ".join(map(cell, fields)) + " |"


def section(area: str, title: str) -> list[str]:
    lines = [f"## {title.strip().splitlines()[0].rstrip('.')}", ""]
    values, simulated = references(area), simulations(area)
    if values:
        lines += [
            "| Method | Quantity | Case | Source | Reference | Ours | Difference | Why |",
            "| :-- | :-- | :-- | :-- | --: | --: | --: | :-- |",
            *map(reference_row, values),
            "",
        ]
    if simulated:
        lines += [
            "| Method | Rate | Setting | Promised | Found | Runs |",
            "| :-- | :-- | :-- | :-- | --: | --: |",
            *map(simulation_row, simulated),
            "",
        ]
    return lines


def main() -> None:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
    lines = [HEAD, f"Python {platform.python_version()}, {libraries}.", ""]
    for area, title in areas().items():
        lines += section(area, title)
    DOCUMENT.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
