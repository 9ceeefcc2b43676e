"""Whole experiments through `dbt build`: from raw rows, day after day, to verdicts."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from experimentos.power import Means, PlannedMetric, Rates, plan_experiment
from validation.promises.cells import ALPHA, DESIGNS, POWER
from validation.promises.policy import MODELS, render
from validation.promises.scores import BUDGET, exact_lower, exact_upper
from validation.promises.store import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

START = dt.datetime(2026, 9, 1)
DAY = dt.timedelta(days=1)
DAYS = 14
# Four looks of a group sequential design, and builds between them; the last is the end.
BUILDS = (4, 6, 9, 13, 16)
RATE, EFFECT = 0.2, 0.08
LOAD, LOAD_SD, MARGIN, HARM = 10.0, 5.0, 0.1, 0.3
TRUTHS = ("nothing", "nothing", "planned", "harm")
LEVEL, SEED = 0.001, 5


@dataclass(frozen=True)
class Whole:
    """One experiment: its design and what is true. Success is a rate, the guardrail a mean."""

    number: int

    @property
    def name(self) -> str:
        return f"experiment_{self.number:03}"

    @property
    def design(self) -> str:
        return DESIGNS[self.number % 3]

    @property
    def truth(self) -> str:
        return TRUTHS[self.number // 3 % 4]

    @property
    def variants(self) -> list[str]:
        return ["control", "first", "second"][: 2 + self.number // 12 % 2]

    def units(self) -> int:
        """Units an arm by the rule of the package."""
        metrics = [
            PlannedMetric("ordered", Rates(RATE, RATE + EFFECT)),
            PlannedMetric("load", Means(0.0, LOAD, LOAD_SD), "guardrail", MARGIN, True, "decrease"),
        ]
        plan = plan_experiment(
            metrics, shares=np.ones(len(self.variants)), alpha=ALPHA, power=POWER,
            design=self.design, fractions=[0.25, 0.5, 0.75, 1.0],
        )  # fmt: skip
        return int(plan.units[0])

    def definition(self) -> dict[str, Any]:
        size = len(self.variants)
        monitoring: dict[str, Any] = {"design": self.design}
        if self.design != "fixed":
            monitoring["planned_n"] = self.units() * size
        if self.design == "group_sequential":
            monitoring["looks"] = 4
        shares = dict.fromkeys(self.variants, round(1 / size, 6))
        shares["control"] = round(1 - (size - 1) * round(1 / size, 6), 6)
        return {
            "start": START.isoformat(" "), "end": (START + DAYS * DAY).isoformat(" "),
            "control": "control", "variants": shares, "success": ["ordered"],
            "guardrails": {"load": {"margin": f"{100 * MARGIN:g}%"}},
            "mde": f"{100 * EFFECT / RATE:g}%", "alpha": ALPHA, "power": POWER,
            "monitoring": monitoring,
        }  # fmt: skip


def rows_of(experiment: Whole, rng: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    """Raw rows of one experiment: assignments and events."""
    size, arms = experiment.units(), len(experiment.variants)
    arm = rng.permutation(np.repeat(np.arange(arms), size))
    second = np.sort(rng.integers(0, DAYS * 86_400, arm.size))
    at = np.datetime64(START, "us") + second.astype("timedelta64[s]")
    is_first = arm == 1
    rate = RATE + EFFECT * (is_first & (experiment.truth == "planned"))
    load = LOAD * (1 + HARM * (is_first & (experiment.truth == "harm")))
    shape = (LOAD / LOAD_SD) ** 2
    amount = rng.gamma(shape, load / shape)
    unit = np.char.add(f"{experiment.number}-", np.arange(arm.size).astype(str))
    assigned = pa.table({
        "user_id": unit, "experiment": np.full(arm.size, experiment.name),
        "variant": np.array(experiment.variants)[arm], "at": at,
    })  # fmt: skip
    bought = rng.random(arm.size) < rate
    hour = np.timedelta64(1, "h")
    events = pa.table({
        "user_id": np.r_[unit, unit[bought]],
        "kind": np.r_[np.full(arm.size, "load"), np.full(bought.sum(), "order")],
        "amount": np.r_[amount, np.ones(bought.sum())],
        "at": np.r_[at + hour, at[bought] + 2 * hour],
    })  # fmt: skip
    return assigned, events


class Shop:
    """A dbt project with many experiments whose raw rows arrive day by day."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        # dbt takes seconds to load, and most of what is here needs none.
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dbt"))
        from project import Project, problems

        self.project, self.problems = Project(folder / "shop"), problems
        self.experiments = [Whole(number) for number in range(count)]
        rng = np.random.default_rng(seed)
        both = [rows_of(experiment, rng) for experiment in self.experiments]
        self.assigned, events = (pa.concat_tables(tables) for tables in zip(*both, strict=True))
        # Someone is there every day, so that the data reach the day of the build.
        days = [np.datetime64(START, "us") + np.timedelta64(day, "D") for day in range(-1, 30)]
        someone = pa.table({
            "user_id": ["nobody"] * len(days), "kind": ["order"] * len(days),
            "amount": [1.0] * len(days), "at": np.array(days),
        })  # fmt: skip
        self.events = pa.concat_tables([events, someone])
        for experiment in self.experiments:
            self.project.experiment(experiment.name, experiment.definition())

    def build(self, day: int) -> None:
        """Raw rows until some hours after midnight, and `dbt build`."""
        seen = np.datetime64(START, "us") + np.timedelta64(24 * day + 7, "h")
        self.project.settings.clear()
        self.project.settings |= {
            "assignment_models": ["fct_assigned"], "fact_models": ["fct_events"],
            "as_of": str(seen.astype("datetime64[s]")).replace("T", " "), "archive": False,
        }  # fmt: skip
        self.project.write_settings()
        for name, rows, meta in (
            ("fct_assigned", self.assigned, {"assignments": {
                "experiment": "experiment", "variant": "variant", "unit": "user_id",
                "timestamp": "at"}}),
            ("fct_events", self.events, {"unit": "user_id", "timestamp": "at", "metrics": {
                "ordered": {"type": "proportion", "where": "kind = 'order'", "window": "2 days"},
                "load": {"type": "mean", "value": "amount", "where": "kind = 'load'",
                         "window": "1 day", "covariate": "none", "goal": "decrease"}}}),
        ):  # fmt: skip
            here = rows.filter(pa.array(rows["at"].to_numpy() <= seen))
            self.project.model(name, here, meta)
        result = self.project.dbt("build")
        if not result.success:
            raise RuntimeError(self.problems(result))

    def not_as_rendered(self) -> list[str]:
        """Models that dbt compiled to other SQL than the simulation runs; of the first build."""
        folder = self.project.folder / "target" / "compiled" / "experimentos" / "models"
        return [
            name
            for name, stage in MODELS.items()
            if name != "experimentos__looks"  # the first build does not compare with earlier looks
            and _plain((folder / stage / f"{name}.sql").read_text()) != _plain(render(name))
        ]


def _plain(sql: str) -> str:
    """SQL without where its tables are and how it is laid out."""
    words = sql.replace('"warehouse"."main".', "").replace('"', "").lower().split()
    return re.sub(r" ?([(),]) ?", r"\1", " ".join(words))


@dataclass
class Score:
    """How many experiments there were, and in how many something happened."""

    name: str
    promised: str = "reported"
    low: float = 0.0
    high: float = 1.0
    events: int = 0
    experiments: int = 0

    @property
    def is_broken(self) -> bool:
        if not self.experiments:
            return False
        too_low = exact_upper(self.events, self.experiments, LEVEL) < self.low
        return too_low or exact_lower(self.events, self.experiments, LEVEL) > self.high

    def row(self) -> list[str]:
        rate = (self.events + 0.5) / (self.experiments + 1)
        error = np.sqrt(rate * (1 - rate) / max(self.experiments, 1))
        found = f"{self.events / max(self.experiments, 1):.3f} ± {error:.3f}"
        name = f"{self.name} **defect**" if self.is_broken else self.name
        return [name, self.promised, found, str(self.experiments)]


def path_of(folder: Path) -> Path:
    return folder / "whole_experiments.json"


def known(folder: Path) -> dict[str, Any]:
    """What was found, empty before it was run."""
    path = path_of(folder)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def finished(folder: Path, count: int) -> bool:
    """Whether so many were run with the sources as they are now."""
    found = known(folder)
    return bool(found) and found["sources"] == digest() and found["count"] >= count


def run(folder: Path, count: int, *, told: Callable[[int], None]) -> None:
    """Run them and write down what was found."""
    with tempfile.TemporaryDirectory() as shop:
        scores, other = follow(Path(shop), count, told=told)
    folder.mkdir(parents=True, exist_ok=True)
    path_of(folder).write_text(
        json.dumps({
            "count": count, "sources": digest(), "seed": SEED, "other_sql": other,
            "day": dt.datetime.now(dt.UTC).date().isoformat(), "scores": [vars(s) for s in scores],
        }, indent=1),
        encoding="utf-8",
    )  # fmt: skip


def scores_of(folder: Path) -> list[Score]:
    """Rates that were found."""
    return [Score(**score) for score in known(folder).get("scores", [])]


def defects(folder: Path) -> list[str]:
    """What does not hold, for people."""
    found = [" ".join(score.row()) for score in scores_of(folder) if score.is_broken]
    other = known(folder).get("other_sql", [])
    if other:
        found.append(f"dbt compiles other SQL than the simulation runs: {', '.join(other)}")
    return found


def follow(
    folder: Path, count: int, *, seed: int = SEED, builds: Iterable[int] = BUILDS,
    told: Callable[[int], None] = lambda _day: None,
) -> tuple[list[Score], list[str]]:  # fmt: skip
    """Build day after day; scores, and models that dbt compiles to other SQL."""
    shop, verdicts, missed, other = Shop(folder, count, seed), set(), set(), []
    for build, day in enumerate(builds):
        shop.build(day)
        told(day)
        if build == 0:
            other = shop.not_as_rendered()
        for row in shop.project.mart("variant_decisions", "verdict != 'hold'"):
            verdicts.add((row["experiment_id"], row["variant"], row["verdict"]))
        missed |= {row["experiment_id"] for row in _missed(shop)}
    return scored(shop.experiments, verdicts, missed), other


def _missed(shop: Shop) -> list[dict[str, Any]]:
    """Experiments whose interval of the success metric leaves out the truth."""
    truth = {each.name: EFFECT * (each.truth == "planned") for each in shop.experiments}
    rows = shop.project.mart(
        "effects", "used_for_decision and role = 'success' and variant = 'first' and level > 0"
    )
    return [row for row in rows if not row["lower"] <= truth[row["experiment_id"]] <= row["upper"]]


def scored(
    experiments: list[Whole], verdicts: set[tuple[str, str, str]], missed: set[str]
) -> list[Score]:
    """Verdicts of all builds against the truth, as for the cells."""
    wrong = Score("wrong Launch (L)", f"at most {BUDGET:g}", high=BUDGET)
    back = Score("wrong Rollback (R)", f"at most {BUDGET:g}", high=BUDGET)
    right = Score("right Launch (power)", f"at least {POWER - 0.05:g}", low=POWER - 0.05)
    harm = Score("right Rollback")
    interval = Score("outside the interval at any look", f"at most {ALPHA:g}", high=ALPHA)
    for each, (score, verdict) in itertools.product(
        experiments, ((wrong, "launch"), (back, "rollback"), (right, "launch"), (harm, "rollback"))
    ):
        said = {variant for name, variant, v in verdicts if name == each.name and v == verdict}
        good = {"first"} if each.truth == "planned" else set()
        bad = {"first"} if each.truth == "harm" else set()
        asked, happened = {
            wrong.name: (True, bool(said - good)),
            back.name: (each.truth != "harm", bool(said)),
            right.name: (each.truth == "planned", "first" in said),
            harm.name: (each.truth == "harm", bool(said & bad)),
        }[score.name]
        score.experiments += asked
        score.events += asked and happened
    interval.experiments = len(experiments)
    interval.events = len(missed)
    return [wrong, back, right, harm, interval]
