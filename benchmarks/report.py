"""The tables of a run: ratios beside their targets, CPU seconds, machine and versions."""

from __future__ import annotations

import os
import platform
import statistics
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
    "bare_clustered": "bare query on events clustered by unit",
    "sql": "single readout: raw events to moments, compiled SQL",
    "sql_clustered": "the same on events clustered by unit",
    "sql_capped": "the same with 6 metrics capped at percentile 0.999",
    "per_metric": "one query for each metric and experiment, 6 capped",
    "daily": "daily series: raw events to moments of every day, compiled SQL",
    "daily_bins": "the same with units counted by their totals",
    "dbt": "single readout, `dbt run`",
    "memory_10": "single readout, memory_limit 10 GB",
    "memory_4": "single readout, memory_limit 4 GB",
    "empty_build": "`dbt build` without definitions",
    "many_check": "`check`, 20,000 pairs",
    "many_build": "`dbt build`, 20,000 pairs",
}
RATIOS = (
    ("single readout to bare query by unit", "sql", "bare", "2.2"),
    ("single readout to bare query by unit and name", "sql", "bare_by_name", ""),
    ("single readout with 6 caps to bare query by unit", "sql_capped", "bare", "2.2"),
    ("clustered: single readout to bare query as events come", "sql_clustered", "bare", "1.5"),
    (
        "clustered: single readout to bare query, both clustered",
        "sql_clustered",
        "bare_clustered",
        "",
    ),
    ("single readout with 6 caps to one query per metric", "sql_capped", "per_metric", "0.2"),
    ("daily series to single readout", "daily", "sql", "1.7"),
    ("daily series with units counted by their totals to single readout", "daily_bins", "sql", ""),
    ("4 GB to 10 GB", "memory_4", "memory_10", "1.15"),
)
# name, kind, run, run that it is compared with, target
DAY_RATIOS = (
    ("added day, reading and merging, to a full build", "plain", "reading", "full", 1 / 20),
    ("added day, with its statistics, to a full build", "plain", "statistics", "full", 1 / 8),
    ("added day, caps moved, to a full build", "capped", "statistics", "full", 2 / 3),
)


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
        "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
        "versions": ", ".join(versions),
    }


def case_results(case: Sequence[Run]) -> dict[str, float]:
    cpu = [run.cpu for run in case]
    return {
        "cpu": round(median_cpu(case), 2),
        "least": round(min(cpu), 2),
        "most": round(max(cpu), 2),
        "wall": round(min(run.wall for run in case), 1),
        "peak_gigabytes": round(max(run.peak_gigabytes for run in case), 2),
    }


def day_results(days: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Ratios of whole dbt runs, and of what they took beyond a run that has nothing to do."""
    found = {}
    for label, kind, name, base, target in DAY_RATIOS:
        if kind not in days:
            continue
        cpu = {run: statistics.median(times) for run, times in days[kind]["cpu"].items()}
        found[label] = {
            "cpu": cpu[name],
            "base": cpu[base],
            "nothing": cpu["nothing"],
            "fixed": cpu["fixed"],
            "ratio": round(cpu[name] / cpu[base], 3),
            "without_fixed": round((cpu[name] - cpu["fixed"]) / (cpu[base] - cpu["fixed"]), 3),
            "target": round(target, 3),
        }
    return found


def results(
    size: str,
    runs: Mapping[str, Sequence[Run]],
    checked: Mapping[str, Any],
    days: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything the tables say, as plain numbers."""
    cases = {name: case_results(case) for name, case in runs.items()}
    ratios = {
        label: round(cases[name]["cpu"] / cases[base]["cpu"], 2)
        for label, name, base, _ in RATIOS
        if name in cases and base in cases
    }
    models = {
        name: {part: round(cpu, 2) for part, cpu in median_parts(runs[name]).items()}
        for name in ("sql", "sql_clustered", "sql_capped", "daily", "daily_bins")
    }
    about = machine() | {"size": size, "rounds": len(runs["bare"])}
    return {
        "about": about,
        "checked": checked,
        "ratios": ratios,
        "added_day": day_results(days),
        "cases": cases,
        "models": models,
        "days": days,
    }


def ratio_lines(found: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    targets = {label: target for label, _, _, target in RATIOS}
    last = before.get("ratios", {}) if before else {}
    lines = ["| ratio of CPU seconds | measured | target | recorded before |", "|---|---|---|---|"]
    for label, ratio in found["ratios"].items():
        target = f"at most {targets[label]}" if targets[label] else ""
        lines.append(f"| {label} | {ratio:.2f} | {target} | {last.get(label, '')} |")
    last = before.get("added_day", {}) if before else {}
    for label, day in found["added_day"].items():
        previous = last.get(label, {}).get("ratio", "")
        lines.append(
            f"| {label} ({day['cpu']:.1f} of {day['base']:.1f} s; without the {day['fixed']:.1f} s "
            f"of a `dbt run` of one small model {day['without_fixed']:.3f}) | {day['ratio']:.3f} "
            f"| at most {day['target']:.3f} | {previous} |"
        )
    return lines


def table(found: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """The results as Markdown, beside the ratios recorded before."""
    about = found["about"]
    lines = [
        f"{about['size']} events, {about['rounds']} rounds, {about['measured']}.",
        f"Load of the machine at the end {about['load']}.",
        f"{about['machine']}. {about['versions']}.",
        "",
        *ratio_lines(found, before),
        "",
        "| | CPU s, median | least to most | wall s, least | peak GB |",
        "|---|---|---|---|---|",
    ]
    for name, case in found["cases"].items():
        lines.append(
            f"| {LABELS[name]} | {case['cpu']:.2f} | {case['least']:.2f} to {case['most']:.2f} "
            f"| {case['wall']:.1f} | {case['peak_gigabytes']:.2f} |"
        )
    lines.append("")
    for name, models in found["models"].items():
        largest = sorted(models.items(), key=lambda item: -item[1])[:8]
        text = ", ".join(
            f"{part.removeprefix('experimentos__')} {cpu:.2f}" for part, cpu in largest
        )
        lines.append(f"- {LABELS[name]}, CPU s by model: {text}.")
    for name, check in found["checked"].items():
        lines.append(
            f"- {LABELS[name]}: {check['statistics']} statistics equal plain SQL (largest relative "
            f"difference {check['largest_difference']:.0e})."
        )
    return "\n".join([*lines, ""])
