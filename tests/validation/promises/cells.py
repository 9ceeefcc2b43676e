"""What is simulated: designs, sizes, truths and schedules, each cell with a name."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from experimentos.power import Means, PlannedMetric, Rates, plan_experiment
from validation.promises.schedules import (
    EIGHTHS,
    EVERY_LOOK,
    FEWER_UNITS,
    MORE_UNITS,
    SKIPPED,
    TWO_WINDOWS,
    Schedule,
)

DESIGNS = ("fixed", "group_sequential", "always_valid")
ALPHA, POWER = 0.05, 0.8
# In deviations of a unit (`Metric.scale`): effects looked for, margins, and what is far from both.
LOOKED_FOR, MARGIN, FAR = 0.075, 0.1, 0.45
# Units an arm with which a variant at its margin is seldom shown worse than control: it could be
# launched. With more units the rule that nothing be shown worse protects too.
FEW_UNITS = 400
TRUTHS = {
    "nothing": "nothing differs",
    "margin": "no effect on success, every margin reached exactly",
    "planned": "one success metric of one variant as planned, nothing else differs",
    "tempting": "every success metric far better, one guardrail of each variant at its margin",
    "safe": "no effect on success, every guardrail far better",
}


PLACES = {
    "grid": "every combination of a design, 2 or 4 arms, 1 or 5 success metrics, 0 or 10 "
    "guardrails and a correlation between metrics of 0 or 0.7",
    "many": "5 success metrics and 10 guardrails, 400 units an arm",
    "zero-inflated lognormal": "95 % of units spend nothing, the others a lognormal amount; "
    "drawn unit by unit",
    "rate of 0.1 %": "30,000 units and 30 events an arm, exact binomials",
    "split 96/4": "4 % of 20,000 units are treated",
    "zero-inflated lognormal, 96/4": "4 % of 40,000 such units, of a skewness of 20, are treated: "
    "200 at the first build and 1,600 at the last",
    "rate of 0.1 %, 96/4": "4 % of 400,000 units are treated: among them two events are expected "
    "at the first build and 16 at the last",
    "windows of 14 and 7 days": "weekly looks; every second metric matures a week earlier",
    "a skipped look": "the second of four looks is not taken",
    "early looks, fewer units": "a first look at an eighth of the units, and 70 % of them at the "
    "end",
    "over-run looks, more units": "160 % of the planned units: hypotheses have their last look "
    "before the experiment has",
    "going on after a crossing": "eight looks with Pocock spending, which crosses early",
    "other corrections": "success metrics corrected by Hommel's, closed or Dunnett's tests, "
    "which show more than Holm's",
    "other rates of a rollback": "`alpha_harm` a fifth and four times of what it is by default",
}


@dataclass(frozen=True)
class Metric:
    """A deciding metric: its role and what its units are like in control."""

    role: str
    kind: str
    goal: str = "increase"
    has_margin: bool = False
    value: float = 10.0
    sd: float = 2.0

    @property
    def scale(self) -> float:
        """What effects are counted in: the deviation, or twice a value that is small beside it."""
        return min(self.sd, 2 * self.value)

    @property
    def sign(self) -> int:
        return 1 if self.goal == "increase" else -1

    @property
    def margin(self) -> float:
        """As a fraction of control; NaN without one."""
        return MARGIN * self.scale / self.value if self.has_margin else np.nan

    @property
    def mde(self) -> float:
        return LOOKED_FOR * self.scale / self.value


def of_kind(kind: str, **more: object) -> Metric:
    """Rates of 20 %, averages of 10 with a deviation of 2, or one of the special kinds."""
    if kind == "rare":
        return Metric(kind="rate", value=0.001, sd=0.001**0.5, **more)
    if kind == "skewed":
        value, sd = SKEWED.moments()
        return Metric(kind=kind, value=value, sd=sd, **more)
    return Metric(kind=kind, **({"value": 0.2, "sd": 0.4} if kind == "rate" else {}), **more)


@dataclass(frozen=True)
class Skewed:
    """What units spend: most nothing, the others a lognormal amount."""

    share: float = 0.05
    log_sd: float = 1.0

    def moments(self) -> tuple[float, float]:
        mean = np.exp(self.log_sd**2 / 2)
        square = np.exp(2 * self.log_sd**2)
        value = self.share * mean
        return float(value), float(np.sqrt(self.share * square - value**2))


SKEWED = Skewed()


@dataclass(frozen=True)
class Cell:
    """One design with one truth. `treatments` and `guardrails` are numbers of them."""

    design: str
    treatments: int = 1
    success: int = 1
    guardrails: int = 0
    correlation: float = 0.0
    truth: str = "nothing"
    kind: str = "mixed"
    schedule: Schedule = EIGHTHS
    spending: str = "obrien_fleming"
    control_share: float | None = None
    units: int | None = None
    correction: str = "holm"
    alpha_harm: float | None = None
    place: str = ""
    is_grid: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        parts = [
            self.place or "grid", self.design, f"{self.treatments + 1} arms",
            f"{self.success} success", f"{self.guardrails} guardrails",
            f"correlation {self.correlation:g}", self.truth,
        ]  # fmt: skip
        # A name is where the seed comes from, so what is usual is not in it.
        return ", ".join(parts + self.settings)

    @property
    def settings(self) -> list[str]:
        """What is not as by default, in words."""
        found = [self.correction] if self.correction != "holm" else []
        return found + ([f"rollback {self.alpha_harm:g}"] if self.alpha_harm is not None else [])

    @property
    def harm_rate(self) -> float:
        """One-sided error rate of a rollback."""
        return ALPHA / 2 if self.alpha_harm is None else self.alpha_harm

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Averages and rates in turn; every second guardrail has a margin, and falls if better."""
        kinds = ("mean", "rate") if self.kind == "mixed" else (self.kind,)
        found = [of_kind(kinds[i % len(kinds)], role="success") for i in range(self.success)]
        for i in range(self.guardrails):
            kind = kinds[i // 2 % len(kinds)]
            goal = "decrease" if i % 4 < 2 else "increase"
            found.append(of_kind(kind, role="guardrail", has_margin=i % 2 == 0, goal=goal))
        return tuple(found)

    @cached_property
    def shares(self) -> np.ndarray:
        """Planned shares, control first."""
        if self.control_share is None:
            return np.full(self.treatments + 1, 1 / (self.treatments + 1))
        rest = (1 - self.control_share) / self.treatments
        return np.r_[self.control_share, np.full(self.treatments, rest)]

    @cached_property
    def benefit(self) -> np.ndarray:
        """True benefits in metric units, shape (treatments, metrics): positive is better."""
        scale = np.array([metric.scale for metric in self.metrics])
        is_success = np.arange(scale.size) < self.success
        margins = np.flatnonzero([metric.has_margin for metric in self.metrics])
        found = np.zeros((self.treatments, scale.size))
        if self.truth == "margin":
            found[:, margins] = -MARGIN * scale[margins]
        elif self.truth == "planned":
            found[0, 0] = LOOKED_FOR * scale[0]
        elif self.truth == "tempting":
            found[:] = FAR * scale
            for arm in range(self.treatments):
                at = margins[arm % margins.size]
                found[arm, at] = -MARGIN * scale[at]
        elif self.truth == "safe":
            found[:, ~is_success] = FAR * scale[~is_success]
        return found

    @cached_property
    def plan(self):
        """Units by the rule of the package, and the power it promises."""
        metrics = [self._planned(number, metric) for number, metric in enumerate(self.metrics)]
        return plan_experiment(
            metrics, shares=self.shares, alpha=ALPHA, power=POWER, design=self.design,
            fractions=self.schedule.fractions, spending=self.spending, alpha_harm=self.alpha_harm,
        )  # fmt: skip

    def _planned(self, number: int, metric: Metric) -> PlannedMetric:
        effect = metric.sign * LOOKED_FOR * metric.scale if metric.role == "success" else 0.0
        outcome = (
            Rates(metric.value, metric.value + effect)
            if metric.kind == "rate"
            else Means(effect, metric.value, metric.sd)
        )
        margin = metric.margin if metric.has_margin else None
        return PlannedMetric(
            str(number), outcome, metric.role, margin, is_relative=True, goal=metric.goal
        )

    @cached_property
    def total(self) -> float:
        """Planned mature units of all variants."""
        return float(self.units or self.plan.total)

    @property
    def uses_plan(self) -> bool:
        return self.truth == "planned" and self.units is None and self.schedule.is_planned

    @property
    def improves(self) -> np.ndarray:
        """Treatments that may be launched: better somewhere, and inside every margin."""
        is_success = np.arange(len(self.metrics)) < self.success
        limit = np.array([-m.margin * m.value if m.has_margin else -np.inf for m in self.metrics])
        better = (self.benefit[:, is_success] > 0).any(axis=1)
        return better & (self.benefit > limit + 1e-12).all(axis=1)

    @property
    def does_harm(self) -> bool:
        """Whether anything is truly worse than it may be, in any variant."""
        limit = np.array([-m.margin * m.value if m.has_margin else 0.0 for m in self.metrics])
        return bool((self.benefit < limit - 1e-12).any())

    @property
    def is_exact(self) -> bool:
        """Whether theory gives rates, not only bounds: one success metric against control."""
        return self.success == self.treatments == 1 and not self.guardrails and self.is_normal

    @property
    def is_normal(self) -> bool:
        return self.kind in {"mixed", "mean"} and self.design != "always_valid"


def grid() -> list[Cell]:
    """Every combination that the contract names."""
    found = []
    sizes = itertools.product(DESIGNS, (1, 3), (1, 5), (0, 10), (0.0, 0.7))
    for design, treatments, success, guardrails, correlation in sizes:
        cell = Cell(design, treatments, success, guardrails, correlation, is_grid=True)
        truths = ["nothing", "planned", *(["margin"] if guardrails else [])]
        found += [replace(cell, truth=truth) for truth in truths]
    return found


def least_favourable() -> list[Cell]:
    """The cells that come nearest to breaking a promise."""
    found = []
    for design in DESIGNS:
        for treatments in (1, 3):
            units = FEW_UNITS * (treatments + 1)
            many = Cell(design, treatments, 5, 10, units=units, place="many")
            found += [replace(many, truth="tempting"), replace(many, truth="safe")]
        skewed = Cell(design, 1, 1, 2, kind="skewed", units=10_000, place="zero-inflated lognormal")
        rare = Cell(design, 1, 1, 2, kind="rare", units=60_000, place="rate of 0.1 %")
        split = Cell(design, 1, 2, 4, 0.7, control_share=0.96, units=20_000, place="split 96/4")
        few = [
            replace(skewed, control_share=0.96, units=40_000, place=f"{skewed.place}, 96/4"),
            replace(rare, control_share=0.96, units=400_000, place=f"{rare.place}, 96/4"),
        ]
        for cell in (skewed, rare, split, *few):
            found += [replace(cell, truth=truth) for truth in ("nothing", "tempting", "safe")]
        # Without guardrails harm is one hypothesis, and a launch needs nothing beside it.
        found += [replace(cell, guardrails=0) for cell in few]
    for design in ("group_sequential", "always_valid"):
        windows = Cell(design, 1, 2, 4, 0.7, schedule=TWO_WINDOWS, units=2000,
                       place="windows of 14 and 7 days")  # fmt: skip
        found += [replace(windows, truth=truth) for truth in ("nothing", "tempting", "safe")]
    for place, schedule in {
        "a skipped look": SKIPPED,
        "early looks, fewer units": FEWER_UNITS,
        "over-run looks, more units": MORE_UNITS,
    }.items():
        one = Cell("group_sequential", units=6_000, schedule=schedule, place=place)
        several = replace(one, treatments=3, success=2, guardrails=2, units=4 * FEW_UNITS,
                          truth="tempting")  # fmt: skip
        found += [one, replace(several, truth="nothing"), several]
    goes_on = Cell(
        "group_sequential", units=6_000, schedule=EVERY_LOOK, spending="pocock",
        place="going on after a crossing",
    )  # fmt: skip
    found += [
        goes_on,
        replace(goes_on, guardrails=2, truth="margin"),
        replace(goes_on, treatments=3, guardrails=2, units=4 * FEW_UNITS, truth="tempting"),
    ]
    return found


def settable() -> list[Cell]:
    """What a definition may say of its error rates, other than by default."""
    found = []
    for correction in ("hommel", "closed", "dunnett"):
        several = Cell("fixed", 3, 5, correction=correction, place="other corrections")
        found += [
            replace(several, truth=truth, correlation=correlation, units=units)
            for truth, correlation, units in (
                ("nothing", 0.0, 4 * FEW_UNITS),
                ("nothing", 0.7, 4 * FEW_UNITS),
                ("planned", 0.7, None),
            )
        ]
        if correction != "dunnett":
            looked_at = replace(several, design="group_sequential", correlation=0.7)
            found.append(replace(looked_at, units=4 * FEW_UNITS))
    for design in DESIGNS:
        cell = Cell(design, 3, 1, 10, units=4 * FEW_UNITS, place="other rates of a rollback")
        found += [replace(cell, alpha_harm=rate) for rate in (ALPHA / 10, 2 * ALPHA)]
    return found


def cells() -> list[Cell]:
    """All cells, in the order of the document."""
    found = [*least_favourable(), *settable(), *grid()]
    names = [cell.name for cell in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        msg = f"cells must have different names, these are given twice: {sorted(twice)}"
        raise ValueError(msg)
    return found
