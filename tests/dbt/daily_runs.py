"""Runs a shop from day to day, and compares its marts with those built from nothing.

A sequence is written as `late_rows:1 day:2/stopped edited_window:3`: what changes, the seed of the
change, and how dbt is run then (`plain` unless given). `day:2/stopped.experimentos__units` stops
after that model and all before it. From a shell:

    python tests/dbt/daily_runs.py --seed 4 late_rows:1 day:2/stopped
    python tests/dbt/daily_runs.py --seed 4 --steps 8 --shrink
"""

from __future__ import annotations

import argparse
import graphlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import duckdb
from daily_changes import CHANGES, changed, drawn_change
from daily_compare import INNER, MARTS, compared
from daily_shop import DailyShop, made
from project import Project, problems
from random_shop_compare import report

STAGES = ("+experimentos__moments +experimentos__exclusions +experimentos__assignment_counts "
          "experimentos__metrics experimentos__experiment_metrics")  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A change of a shop, the seed of its draws, and how dbt is run after it."""

    change: str
    seed: int = 0
    way: str = "plain"
    model: str = ""

    def __str__(self) -> str:
        way = "" if self.way == "plain" else f"/{self.way}"
        way += f".{self.model}" if self.model else ""
        return f"{self.change}:{self.seed}{way}"


def steps_of(text: str) -> list[Step]:
    """Read a sequence as it is written."""
    found = []
    for each in text.split():
        change, _, way = each.partition("/")
        change, _, seed = change.partition(":")
        way, _, model = way.partition(".")
        found.append(Step(change, int(seed or 0), way or "plain", model))
    return found


def drawn_steps(seed: int, n_steps: int) -> list[Step]:
    """Steps of a seed; one in three runs is disturbed, and the last shows all that was read."""
    draw = Random(f"steps {seed}")
    others = sorted(set(WAYS) - {"plain"})
    return [
        Step(drawn_change(draw), draw.randrange(100),
             draw.choice(others) if draw.random() < 0.34 else "plain")
        for _ in range(n_steps - 1)
    ] + [Step("nothing", way="recomputed")]  # fmt: skip


class DailyRuns:
    """A project that is run day by day, and one beside it that is built from nothing."""

    def __init__(self, folder: Path, shop: DailyShop) -> None:
        self.shop = shop
        self.is_inner = bool(os.environ.get("DAILY_RUNS_MOMENTS"))
        self.is_full = bool(os.environ.get("DAILY_RUNS_FULL"))
        self.project, self.fresh = Project(folder / "daily"), Project(folder / "rebuilt")
        self.marts = INNER if self.is_inner else MARTS

    # Ways to run

    def write(self) -> None:
        self.shop.load()
        self.shop.write(self.project)

    def run(self, *arguments: str, project: Project | None = None, may_fail: bool = False) -> bool:
        """Run dbt; fails with its messages unless it may."""
        if self.is_inner and "--select" not in arguments:
            arguments = ("--select", *STAGES.split(), *arguments)
        if self.is_full and project is None:
            arguments = (*arguments, "--full-refresh")
        start = time.monotonic()
        # A look keeps its numbers whatever is read later; here it is what is read that is compared.
        project = project or self.project
        project.forget_looks()
        result = project.dbt("run", *arguments)
        if "DAILY_RUNS_TOLD" in os.environ:
            seconds = time.monotonic() - start
            print(f"  {result.success} {seconds:.1f} s: {' '.join(arguments)[:70]}", flush=True)
        assert result.success or may_fail, problems(result)
        return bool(result.success)

    def models(self, draw: Random) -> list[str]:
        """Names of all models in an order in which they can be built."""
        manifest = json.loads((self.project.folder / "target" / "manifest.json").read_text())
        parents = {
            key: sorted((each for each in above if each.startswith("model.")), key=str)
            for key, above in manifest["parent_map"].items()
            if key.startswith("model.")
        }
        sorter = graphlib.TopologicalSorter(parents)
        sorter.prepare()
        found: list[str] = []
        ready: list[str] = []
        while sorter.is_active():
            ready += sorted(sorter.get_ready())
            draw.shuffle(ready)
            key = ready.pop()
            sorter.done(key)
            found.append(key.split(".")[-1])
        return [name for name in found if not self.is_inner or self.is_wanted(name)]

    def ours(self, draw: Random) -> list[str]:
        """Names of the models of the package."""
        return [name for name in self.models(draw) if "experimentos__" in name]

    def is_wanted(self, name: str) -> bool:
        """Whether the inner stages are enough to have built it."""
        path = f"models/{name}.sql"
        run = self.project.folder / "target" / "run"
        return any(run.rglob(f"{name}.sql")) or (self.project.folder / path).exists()

    def start(self) -> None:
        """The first run of all."""
        self.write()
        self.run()

    def step(self, step: Step) -> None:
        draw = Random(f"way {step.seed}")
        WAYS[step.way](self, step, draw)

    # What is compared

    def rebuilt(self) -> Project:
        """The second project, from the same raw rows and definitions and nothing else."""
        for path in self.fresh.folder.glob("warehouse.duckdb*"):
            path.unlink()
        self.shop.write(self.fresh)
        self.run(project=self.fresh)
        return self.fresh

    def differences(self) -> list[str]:
        """What is not as a build from nothing makes it."""
        fresh = self.rebuilt()
        lines = []
        for name in self.marts:
            lines += [f"{name} {line}" for line in
                      compared(name, self.project.mart(name), fresh.mart(name))]  # fmt: skip
        return lines


Way = Callable[[DailyRuns, Step, Random], None]


def plain(runs: DailyRuns, step: Step, draw: Random) -> None:
    changed(runs.shop, step.change, step.seed)
    runs.write()
    runs.run()


def twice(runs: DailyRuns, step: Step, draw: Random) -> None:
    plain(runs, step, draw)
    runs.run()


def full_refresh(runs: DailyRuns, step: Step, draw: Random) -> None:
    changed(runs.shop, step.change, step.seed)
    runs.write()
    runs.run("--full-refresh")


def recomputed(runs: DailyRuns, step: Step, draw: Random) -> None:
    """What is kept is lost. It hides rows of units that are wrong until they are read again."""
    changed(runs.shop, step.change, step.seed)
    runs.write()
    with duckdb.connect(str(runs.project.database)) as connection:
        for name in draw.choice([("moments",), ("bins",), ("moments", "bins")]):
            connection.execute(f"drop table if exists main.experimentos__kept_{name}")
    runs.run()


def stopped(runs: DailyRuns, step: Step, draw: Random) -> None:
    """Stopped after some model, and repeated."""
    changed(runs.shop, step.change, step.seed)
    runs.write()
    stop(runs, step, draw)
    runs.run()


def stop(runs: DailyRuns, step: Step, draw: Random) -> None:
    models = runs.models(draw)
    some = [f"+{step.model}"] if step.model else models[: draw.randrange(1, len(models))]
    runs.run("--select", *some, may_fail=True)


def stopped_and_undone(runs: DailyRuns, step: Step, draw: Random) -> None:
    """Stopped after some model; then the change is taken back."""
    before = runs.shop.state()
    stop_after_change(runs, step, draw)
    runs.shop.restore(before)
    runs.write()
    runs.run()


def stop_after_change(runs: DailyRuns, step: Step, draw: Random) -> None:
    changed(runs.shop, step.change, step.seed)
    runs.write()
    stop(runs, step, draw)


def stopped_and_late(runs: DailyRuns, step: Step, draw: Random) -> None:
    """Stopped after some model; more has changed when it is run again."""
    stop_after_change(runs, step, draw)
    changed(runs.shop, draw.choice(["late_rows", "late_assignments", "day"]), step.seed)
    runs.write()
    runs.run()


def without_one(runs: DailyRuns, step: Step, draw: Random) -> None:
    """One model is left out of a run, then everything is run."""
    changed(runs.shop, step.change, step.seed)
    runs.write()
    left = step.model or draw.choice(runs.ours(draw))
    runs.run("--exclude", left, may_fail=True)
    runs.run()


def from_one_on(runs: DailyRuns, step: Step, draw: Random) -> None:
    """One model and all after it are run, then everything."""
    changed(runs.shop, step.change, step.seed)
    runs.write()
    first = step.model or draw.choice(runs.ours(draw))
    runs.run("--select", f"{first}+", may_fail=True)
    runs.run()


def broken(runs: DailyRuns, step: Step, draw: Random) -> None:
    """A column of a model of the user is gone, so the run fails; then it is back."""
    changed(runs.shop, step.change, step.seed)
    runs.shop.broken = draw.choice(["orders", "visits", "tickets", "assigned"])
    runs.write()
    assert not runs.run(may_fail=True)
    runs.shop.broken = None
    runs.write()
    runs.run()


def killed(runs: DailyRuns, step: Step, draw: Random) -> None:
    """The process is killed at some instant; which one, nobody can repeat exactly."""
    changed(runs.shop, step.change, step.seed)
    runs.write()
    folder = str(runs.project.folder)
    code = "import sys; from dbt.cli.main import dbtRunner; dbtRunner().invoke(sys.argv[1:])"
    arguments = ["--quiet", "run", "--project-dir", folder, "--profiles-dir", folder]
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, *arguments]) as process:
        try:
            process.wait(timeout=draw.uniform(4, 16))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    runs.run()


WAYS: dict[str, Way] = {
    way.__name__: way
    for way in (plain, twice, full_refresh, recomputed, stopped, stopped_and_undone,
                stopped_and_late, without_one, from_one_on, broken, killed)
}  # fmt: skip


def differences_of(seed: int, steps: list[Step], folder: Path, *, often: bool = False) -> list[str]:
    """What differs after a sequence; with `often` after the first step that makes a difference."""
    runs = DailyRuns(folder, made(seed))
    runs.start()
    for number, step in enumerate(steps):
        runs.step(step)
        if often or number == len(steps) - 1:
            lines = runs.differences()
            if lines:
                return [f"after {' '.join(map(str, steps[: number + 1]))}", *lines]
    return []


def tried(seed: int, steps: list[Step], *, often: bool = False) -> list[str]:
    """As above in a folder of its own; what dbt or Python raise is a difference too."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            kept = os.environ.get("DAILY_RUNS_FOLDER", folder)
            return differences_of(seed, steps, Path(kept), often=often)
        except AssertionError as error:
            return [f"fails: {error}"]


def shrunk(seed: int, steps: list[Step], lines: list[str]) -> tuple[list[Step], list[str]]:
    """Leave out steps, and ways to run them, as long as something differs."""
    number = 0
    while number < len(steps):
        less = steps[:number] + steps[number + 1 :]
        found = tried(seed, less) if less else []
        if found:
            steps, lines = less, found
            continue
        step = steps[number]
        if step.way != "plain":
            simpler = [*steps[:number], Step(step.change, step.seed), *steps[number + 1 :]]
            found = tried(seed, simpler)
            if found:
                steps, lines = simpler, found
        number += 1
    return steps, lines


def each_step(seed: int, steps: list[Step]) -> int:
    """Compare after each step; what differs is shown, and healed before the next."""
    n_wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        runs = DailyRuns(Path(folder), made(seed))
        runs.start()
        for step in steps:
            try:
                runs.step(step)
                lines = runs.differences()
            except AssertionError as error:
                lines = [f"fails: {error}"]
            print(f"{step}:", report(lines, 4) if lines else "agrees", flush=True)
            if lines:
                n_wrong += 1
                runs.run("--full-refresh", may_fail=True)
    return n_wrong


def main() -> int:
    about = argparse.ArgumentParser(description=f"Changes: {', '.join(CHANGES)}. "
                                    f"Ways: {', '.join(WAYS)}.")  # fmt: skip
    about.add_argument("--seed", type=int, default=1)
    about.add_argument("--steps", type=int, default=8, help="how many are drawn if none is given")
    about.add_argument("--shrink", action="store_true")
    about.add_argument("--go-on", action="store_true", help="heal by a full refresh and go on")
    about.add_argument("--last", action="store_true", help="compare after the last step only")
    about.add_argument("given", nargs="*")
    asked = about.parse_args()
    steps = steps_of(" ".join(asked.given)) or drawn_steps(asked.seed, asked.steps)
    print(f"seed {asked.seed}:", *steps, flush=True)
    if asked.go_on:
        return each_step(asked.seed, steps)
    lines = tried(asked.seed, steps, often=not asked.last)
    if lines and asked.shrink:
        shown = steps_of(lines[0].removeprefix("after ")) if lines[0].startswith("after") else steps
        steps, lines = shrunk(asked.seed, shown, lines)
        print("least:", *steps)
    print(report(lines) if lines else "all marts agree")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
