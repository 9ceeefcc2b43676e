"""Thousands of A/A tests: buckets dealt to two arms again and again, each deal tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from experimentos.errors import ArgumentError
from experimentos.rerandomise.buckets import Arm, Cells, Kind, Sums, add_up, deal
from experimentos.rerandomise.comparing import Aim, Compared, compare
from experimentos.rerandomise.designs import Design, says_better, says_worse
from experimentos.rerandomise.effects import Effect, change
from experimentos.rerandomise.rates import (
    Rate,
    effective_runs,
    lower_bound,
    spread_over_salts,
)

if TYPE_CHECKING:
    from experimentos.moments import BoolArray

LEAST_UNITS = 200
ROLES = ("success", "guardrail", "explore")
_COMPARISONS_AT_ONCE = 40_000
_SUMS_AT_ONCE = 6_000_000
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Metric:
    """A metric with the moments of its buckets.

    Parameters
    ----------
    name, role : str
        Role: one of `ROLES`.
    kind : Kind
        What is measured.
    aim : Aim
        Direction and margin.
    cells : Cells
        Of its buckets.
    design : Design
        How it is looked at.
    planned : Effect or None
        Effect whose power was planned, in the direction of the goal.
    power : float or None
        Power that was planned.
    enters_by_day : bool
        Whether units enter one day after the other and never change: else only the end is tested.
    """

    name: str
    role: str
    kind: Kind
    aim: Aim
    cells: Cells
    design: Design
    planned: Effect | None = None
    power: float | None = None
    enters_by_day: bool = True

    def __post_init__(self) -> None:
        """Check that there is enough to deal."""
        if self.role not in ROLES:
            msg = f"`role` must be one of {list(ROLES)}, got {self.role!r}"
            raise ArgumentError(msg)
        if self.cells.n_units < LEAST_UNITS:
            msg = (
                f"metric {self.name}: at least {LEAST_UNITS} units are needed to deal them to two "
                f"arms, there are {self.cells.n_units}"
            )
            raise ArgumentError(msg)


@dataclass(frozen=True)
class Question:
    """A test, and the effect that is in the treatment when it is asked."""

    test: str
    measure: str
    effect: Effect | None
    nominal: float | None
    sides: int
    looks: int
    rejected: list[BoolArray] = field(default_factory=list)
    undefined: list[BoolArray] = field(default_factory=list)

    def note(self, metric: Metric, found: Compared, better: BoolArray, worse: BoolArray) -> None:
        """Keep which runs reject."""
        with np.errstate(invalid="ignore"):
            crossed = found.two_sided <= metric.design.alpha
        answers = {"fixed": crossed[:, -1], "daily": crossed.any(axis=1), "harm": worse}
        self.rejected.append(np.asarray(answers.get(self.test, better)))
        self.undefined.append(np.asarray(np.isnan(found.two_sided).all(axis=1)))

    def rate(self, metric: Metric, n_units: int) -> Rate:
        """Count them."""
        rejected, undefined = np.concatenate(self.rejected), np.concatenate(self.undefined)
        count, bound = int(rejected.sum()), None
        if self.nominal is not None and self.measure == "false_positive":
            spread = spread_over_salts(
                self.nominal, self.sides, metric.cells.n_buckets, n_units, self.looks
            )
            runs = effective_runs(self.nominal, rejected.size, spread)
            bound = lower_bound(count / rejected.size * runs, runs)
        return Rate(
            metric=metric.name,
            test=self.test,
            measure=self.measure,
            effect=self.effect.amount if self.effect else 0.0,
            effect_kind=(
                None
                if self.effect is None
                else ("relative" if self.effect.is_relative else "absolute")
            ),
            n_runs=rejected.size,
            n_undefined=int(undefined.sum()),
            n_rejected=count,
            n_looks=self.looks,
            nominal=self.nominal,
            lower_bound=bound,
        )


def seed_of(salt: str) -> int:
    """Turn a salt into the seed of the deals, so that one text repeats everything.

    Parameters
    ----------
    salt : str
        Any text.

    Returns
    -------
    int
        64 bits.
    """
    return int.from_bytes(sha256(salt.encode()).digest()[:8])


def rerandomise(
    metrics: Sequence[Metric], *, share: float, runs: int, salt: str,
    progress: Progress = lambda _: None,
) -> list[Rate]:  # fmt: skip
    """Test metrics on units among which nothing differs, and with effects put in.

    Parameters
    ----------
    metrics : sequence of Metric
        All of them are dealt alike where they have the same number of buckets.
    share : float
        Part of the buckets that is treated.
    runs : int
        How often they are dealt.
    salt : str
        Gives the seed.
    progress : callable, optional
        Called with the number of runs that are done, of all metrics.

    Returns
    -------
    list of Rate
        One per metric, test and measure.

    Raises
    ------
    ArgumentError
        If `share` or `runs` is out of range.
    """
    if not 0 < share < 1:
        msg = f"`share` must be between 0 and 1, got {share!r}"
        raise ArgumentError(msg)
    if runs < 1:
        msg = f"`runs` must be at least 1, got {runs!r}"
        raise ArgumentError(msg)
    found: list[Rate] = []
    dealt: dict[int, BoolArray] = {}
    for position, metric in enumerate(metrics):
        buckets = metric.cells.n_buckets
        if buckets not in dealt:
            generator = np.random.default_rng([seed_of(salt), buckets])
            dealt[buckets] = deal(buckets, share, runs, generator)
        noise = np.random.default_rng([seed_of(salt), buckets, position + 1])
        found += _rates(metric, dealt[buckets], noise, progress)
    return found


def _rates(
    metric: Metric, treated: BoolArray, noise: np.random.Generator, progress: Progress
) -> list[Rate]:
    days = metric.cells.days if metric.enters_by_day else metric.cells.days[-1:]
    sums = add_up(metric.cells, metric.kind, days)
    questions = questions_of(metric, days.size)
    step = chunk_size(sums)
    for start in range(0, treated.shape[0], step):
        chunk = treated[start : start + step]
        control, treatment = sums.of_arms(chunk)
        for effect in dict.fromkeys(question.effect for question in questions):
            found, better, worse = _tested(metric, sums, control, treatment, effect, noise)
            for question in questions:
                if question.effect == effect:
                    question.note(metric, found, better, worse)
        progress(chunk.shape[0])
    return [question.rate(metric, metric.cells.n_units) for question in questions]


def _tested(
    metric: Metric, sums: Sums, control: Arm, treatment: Arm,
    effect: Effect | None, noise: np.random.Generator,
) -> tuple[Compared, BoolArray, BoolArray]:  # fmt: skip
    """Put the effect in, and test."""
    looks = sums.values.shape[1]
    if effect is not None:
        mean = mean_of(sums)
        treatment = change(treatment, metric.kind, effect, mean, noise, looks=looks)
    found = compare(control, treatment, metric.kind, metric.aim, looks=looks)
    is_counted = metric.kind.is_counted
    better = says_better(
        found, metric.design, is_counted=is_counted, is_explored=metric.role == "explore"
    )
    return found, better, says_worse(found, metric.design, is_counted=is_counted)


def questions_of(metric: Metric, days: int) -> list[Question]:
    """Choose what is asked of a metric.

    Parameters
    ----------
    metric : Metric
        Its role says what decides.
    days : int
        Days on which units enter.

    Returns
    -------
    list of Question
        The fixed test at the end and on every day, the tests of the design, and their power.
    """
    alpha, harm = metric.design.alpha, metric.design.harm_level
    half = alpha / 2
    is_explored = metric.role == "explore"
    looks = metric.design.n_looks(days, is_explored=is_explored)
    false, power = "false_positive", "power"
    asked = [Question("fixed", false, None, alpha, 2, 1)]
    if days > 1:
        asked.append(Question("daily", false, None, None, 2, days))
    if metric.planned is not None and not metric.aim.has_margin:
        asked.append(Question("fixed", power, metric.planned, metric.power, 2, 1))
    if metric.aim.has_margin:
        at = Effect(-metric.aim.sign * metric.aim.margin, metric.aim.margin_is_relative)
        asked.append(Question("noninferior", false, at, half, 1, looks))
        asked.append(Question("noninferior", power, None, metric.power, 1, looks))
        asked.append(Question("harm", false, at, harm, 1, days))
        return asked
    if metric.role != "guardrail":
        asked.append(Question("superior", false, None, half, 1, looks))
        if metric.planned is not None:
            asked.append(Question("superior", power, metric.planned, metric.power, 1, looks))
    if not is_explored:
        asked.append(Question("harm", false, None, harm, 1, days))
    return asked


def mean_of(sums: Sums) -> float:
    """Mean of all units, of a ratio that of its two sums.

    Parameters
    ----------
    sums : Sums
        Of the buckets.

    Returns
    -------
    float
        NaN where the denominator is 0.
    """
    value = float(sums.centre[0])
    if not sums.kind.is_ratio:
        return value
    denominator = float(sums.centre[1])
    return value / denominator if denominator else float("nan")


def chunk_size(sums: Sums) -> int:
    """Count the runs that are tested at once, within a few hundred megabytes.

    Parameters
    ----------
    sums : Sums
        Of the buckets.

    Returns
    -------
    int
        At least one.
    """
    buckets, looks, features = (int(size) for size in sums.values.shape)
    by_arms = _COMPARISONS_AT_ONCE // looks
    by_sums = _SUMS_AT_ONCE // max(buckets, looks * features)
    return max(1, min(by_arms, by_sums))
