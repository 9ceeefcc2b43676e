"""The benchmark runs at its small size and its moments are right; no time is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.mark.bench
def test_the_small_benchmark_runs(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "run.py"), "--size", "2m", "--rounds", "1"]
    subprocess.run([*command, "--folder", str(tmp_path)], check=True)  # noqa: S603
    found = json.loads((tmp_path / "2m" / "results.json").read_text())
    assert found["checked"]["sql"]["statistics"] > 500
    assert found["checked"]["daily"]["statistics"] > 2500
    assert found["ratios"].keys() >= {"daily series to single readout"}
    assert len(found["added_day"]) == 3
