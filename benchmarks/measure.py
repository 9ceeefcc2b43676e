"""Fresh processes, and the CPU seconds they took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One process: its CPU seconds (user and system), wall seconds, peak memory and last line."""

    cpu: float
    wall: float
    peak_gigabytes: float
    output: str


@dataclass(frozen=True)
class Case:
    """Something to measure: a command, what it is called in the report, and how often at most."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    rounds: int = 1_000
    is_optional: bool = False


def run_process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Run:
    """Run a command to its end, with its output in `log`; raises where it fails."""
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (commands are our own)
            command, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text(errors="replace").splitlines()
    if process.returncode != 0:
        message = f"{' '.join(command)} failed ({process.returncode}):\n" + "\n".join(lines[-30:])
        raise RuntimeError(message)
    return Run(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.monotonic() - started,
        peak_gigabytes=usage.ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6),
        output=lines[-1] if lines else "",
    )


def run_rounds(cases: Sequence[Case], rounds: int, logs: Path) -> dict[str, list[Run]]:
    """Run every case once a round, so that a busy minute of the machine meets all of them."""
    logs.mkdir(parents=True, exist_ok=True)
    runs: dict[str, list[Run]] = {case.name: [] for case in cases}
    for number in range(rounds):
        for case in cases:
            if number >= case.rounds:
                continue
            try:
                run = run_process(case.command, case.environment, logs / f"{case.name}.log")
            except RuntimeError as error:
                if not case.is_optional:
                    raise
                print(f"round {number + 1}: {case.name} failed: {error}", flush=True)
                continue
            runs[case.name].append(run)
            print(f"round {number + 1}: {case.name}: {run.cpu:.2f} CPU s", flush=True)
    return {name: found for name, found in runs.items() if found}


def median_cpu(runs: Sequence[Run]) -> float:
    """The middle of the CPU seconds."""
    return statistics.median(run.cpu for run in runs)


def median_parts(runs: Sequence[Run]) -> dict[str, float]:
    """Medians of the CPU seconds that the process itself named in its last line, as JSON."""
    parts = [json.loads(run.output) for run in runs]
    return {name: statistics.median(part[name] for part in parts) for name in parts[0]}
