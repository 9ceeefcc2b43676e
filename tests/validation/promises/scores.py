"""Verdicts and intervals against the truth: how often each promise was broken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from validation.promises.cells import ALPHA, POWER
from validation.promises.draws import draw, true_means
from validation.promises.experiments import follow, metric_names, variants

if TYPE_CHECKING:
    from validation.promises.cells import Cell
    from validation.promises.experiments import Build
    from validation.promises.policy import Policy

BUDGET = ALPHA / 2
# Of the one-sided exact bound, shared by all rates that are tested.
DEFECT = 0.001
POWER_TOLERANCE = 0.02
SCORES = {
    "launch": "wrong Launch (L)",
    "rollback": "wrong Rollback (R)",
    "power": "right Launch (power)",
    "better": "shown better without being so",
    "interval": "difference outside its interval at any look",
    "lift": "lift outside its interval at any look",
}


@dataclass(frozen=True)
class Promise:
    """What a rate may be: from `low` to `high`; `exact` where theory says what it is."""

    score: str
    low: float = 0.0
    high: float = 1.0
    exact: float | None = None

    def is_broken(self, events: int, runs: int, tests: int) -> bool:
        """Whether the rate is outside by more than chance, given how many rates are tested."""
        too_low = exact_upper(events, runs, DEFECT / tests) < self.low
        return too_low or exact_lower(events, runs, DEFECT / tests) > self.high

    def disagrees(self, events: int, runs: int) -> bool:
        """Whether theory gives the rate exactly and it is not within three standard errors."""
        if self.exact is None:
            return False
        error = np.sqrt(self.exact * (1 - self.exact) / runs)
        return bool(abs(events / runs - self.exact) > 3 * error)

    @property
    def text(self) -> str:
        """For people."""
        if self.exact is not None:
            return f"{self.exact:g}"
        if self.low > 0 and self.high < 1:
            return f"{self.low:.3g} to {self.high:.3g}"
        return f"at least {self.low:.3g}" if self.low > 0 else f"at most {self.high:g}"


def exact_lower(events: int, runs: int, level: float) -> float:
    """One-sided Clopper-Pearson lower bound."""
    return float(stats.beta.ppf(level, events, runs - events + 1)) if events else 0.0


def exact_upper(events: int, runs: int, level: float) -> float:
    """One-sided Clopper-Pearson upper bound."""
    return float(stats.beta.isf(level, events + 1, runs - events)) if events < runs else 1.0


def scores(cell: Cell) -> list[str]:
    """What is counted in a cell."""
    counted = {
        "launch": not cell.improves.all(),
        "rollback": not cell.does_harm,
        "power": cell.uses_plan,
        # That of the family of success metrics, which Launch asks more than.
        "better": cell.correction != "holm",
        "interval": True,
        "lift": any(metric.has_margin for metric in cell.metrics),
    }
    return [score for score in SCORES if counted[score]]


@cache
def promises(cell: Cell) -> list[Promise]:
    """What holds of a cell."""
    exact, null = cell.is_exact, cell.truth == "nothing"
    known = {
        "launch": Promise("launch", high=BUDGET, exact=BUDGET if exact and null else None),
        "rollback": Promise("rollback", high=cell.harm_rate),
        "better": Promise("better", high=BUDGET),
        "interval": Promise("interval", high=ALPHA, exact=ALPHA if exact else None),
        "lift": Promise("lift", high=ALPHA),
    }
    if cell.uses_plan:
        # What guardrails may cost is in what the plan promises. More than planned is no defect
        # where the plan adds up error rates of several tests.
        high = POWER + POWER_TOLERANCE if exact else 1.0
        low = cell.plan.power_at_least - POWER_TOLERANCE
        known["power"] = Promise("power", low=low, high=high)
    return [known[score] for score in scores(cell)]


def simulate(cell: Cell, runs: int, rng: np.random.Generator, policy: Policy) -> dict[str, int]:
    """How many of the runs had each event of `scores`."""
    drawn = draw(cell, runs, rng)
    happened = {score: np.zeros(runs, dtype=bool) for score in scores(cell)}
    for build in follow(cell, drawn, policy):
        for score in happened:
            happened[score] |= _SCORED[score](cell, build, runs)
    return {score: int(seen.sum()) for score, seen in happened.items()}


def _of(cell: Cell, verdicts: pa.Table, verdict: str, arms: np.ndarray, runs: int) -> np.ndarray:
    """Runs in which any of some treatments has a verdict."""
    names = np.array(variants(cell)[1:])[arms]
    wanted = pc.and_(
        pc.equal(verdicts["verdict"], verdict),
        pc.is_in(verdicts["variant"], pa.array(names.tolist(), pa.string())),
    )
    found = np.zeros(runs, dtype=bool)
    found[verdicts.filter(wanted)["experiment_id"].to_numpy().astype(np.int64)] = True
    return found


def _wrong_launch(cell: Cell, build: Build, runs: int) -> np.ndarray:
    return _of(cell, build.verdicts, "launch", ~cell.improves, runs)


def _right_launch(cell: Cell, build: Build, runs: int) -> np.ndarray:
    return _of(cell, build.verdicts, "launch", cell.improves, runs)


def _rollback(cell: Cell, build: Build, runs: int) -> np.ndarray:
    return _of(cell, build.verdicts, "rollback", np.full(cell.treatments, True), runs)


def _shown_better(cell: Cell, build: Build, runs: int) -> np.ndarray:
    """Any success metric without a true benefit, of any treatment."""
    effects = build.effects
    shown = pc.fill_null(pc.less_equal(effects["p_value_corrected"], BUDGET), False)
    rows = effects.filter(pc.and_(shown, pc.equal(effects["role"], "success")))
    arm = np.array([variants(cell).index(name) for name in rows["variant"].to_pylist()], dtype=int)
    metric = np.array([metric_names(cell).index(name) for name in rows["metric"].to_pylist()], int)
    is_wrong = cell.benefit[arm - 1, metric] <= 0
    found = np.zeros(runs, dtype=bool)
    found[rows["experiment_id"].to_numpy().astype(np.int64)[is_wrong]] = True
    return found


def _interval_missed(cell: Cell, build: Build, runs: int) -> np.ndarray:
    """The first success metric of the first treatment."""
    truth = true_means(cell)[:, 0]
    return _missed(cell, build, runs, ("lower", "upper"), 0, truth[1] - truth[0])


def _lift_missed(cell: Cell, build: Build, runs: int) -> np.ndarray:
    """The first guardrail with a margin of the first treatment."""
    at = next(j for j, metric in enumerate(cell.metrics) if metric.has_margin)
    truth = true_means(cell)[:, at]
    names = ("lift_lower", "lift_upper")
    return _missed(cell, build, runs, names, at, truth[1] / truth[0] - 1)


def _missed(
    cell: Cell, build: Build, runs: int, names: tuple[str, str], metric: int, truth: float
) -> np.ndarray:
    rows = build.effects.filter(
        pc.and_(
            pc.equal(build.effects["metric"], metric_names(cell)[metric]),
            pc.equal(build.effects["variant"], variants(cell)[1]),
        )
    )
    low, high = (rows[name].to_numpy() for name in names)
    # Without a level the limits of the lift are those of a single look.
    shown = ~np.isnan(rows["level"].to_numpy())
    found = np.zeros(runs, dtype=bool)
    run = rows["experiment_id"].to_numpy().astype(np.int64)
    found[run] = shown & ((low > truth) | (high < truth))
    return found


_SCORED = {
    "launch": _wrong_launch,
    "rollback": _rollback,
    "power": _right_launch,
    "better": _shown_better,
    "interval": _interval_missed,
    "lift": _lift_missed,
}
