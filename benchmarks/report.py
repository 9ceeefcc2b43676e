"""The table of a run: machine, versions, CPU seconds, and ratios to the bare query."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import Run, median_cpu, median_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABELS = {
    "bare": "bare query, one sum by unit",
    "bare_by_name": "the same by unit and event name",
    "sql": "raw events to moments, compiled SQL",
    "build": "stages 1 to 3, `dbt build` with its tests",
    "empty_build": "`dbt build` without definitions",
    "many_check": "`check`, 20,000 pairs",
    "many_build": "`dbt build`, 20,000 pairs",
}


def processor() -> str:
    """What the machine calls its processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine() -> dict[str, str]:
    packages = ("duckdb", "dbt-core", "dbt-duckdb")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = [f"Python {platform.python_version()}", *(f"{x} {version(x)}" for x in packages)]
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores {processor()}, {memory:.0f} GB",
        "versions": ", ".join(versions),
    }


def results(
    size: str, runs: Mapping[str, Sequence[Run]], checked: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything the table says, as plain numbers."""
    bare = median_cpu(runs["bare"])
    cases = {}
    for name, case in runs.items():
        cpu = [run.cpu for run in case]
        cases[name] = {
            "cpu": round(median_cpu(case), 2),
            "least": round(min(cpu), 2),
            "most": round(max(cpu), 2),
            "ratio": round(median_cpu(case) / bare, 2),
            "wall": round(min(run.wall for run in case), 1),
            "peak_gigabytes": round(max(run.peak_gigabytes for run in case), 2),
        }
    models = {name: round(cpu, 2) for name, cpu in median_parts(runs["sql"]).items()}
    about = machine() | {"size": size, "rounds": len(runs["bare"])}
    return {"about": about, "checked": checked, "cases": cases, "models": models}


def table(found: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """The results as Markdown, beside the ratios recorded before."""
    about, cases, checked = found["about"], found["cases"], found["checked"]
    lines = [
        f"{about['size']} events, {about['rounds']} rounds, {about['measured']}.",
        f"{about['machine']}. {about['versions']}.",
        "",
        "| | CPU s | least to most | x bare | recorded | wall s (least) | peak GB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, case in cases.items():
        last = before["cases"].get(name, {}).get("ratio", "") if before else ""
        lines.append(
            f"| {LABELS[name]} | {case['cpu']:.2f} | {case['least']:.2f} to {case['most']:.2f} "
            f"| {case['ratio']:.2f} | {last} | {case['wall']:.1f} | {case['peak_gigabytes']:.2f} |"
        )
    overhead = cases["build"]["cpu"] - cases["sql"]["cpu"]
    largest = sorted(found["models"].items(), key=lambda item: -item[1])[:6]
    models = ", ".join(f"{name.removeprefix('experimentos__')} {cpu:.2f}" for name, cpu in largest)
    number, difference = checked["statistics"], checked["largest_difference"]
    lines += [
        "",
        f"dbt on top of its SQL: {overhead:.1f} CPU s. CPU s by model: {models}.",
        f"{number} statistics equal plain SQL (largest relative difference {difference:.0e}).",
        "",
    ]
    return "\n".join(lines)
