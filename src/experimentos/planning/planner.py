"""Find the units and weeks that a plan needs, and what each of its parts costs."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from experimentos.planning.amounts import Amount
from experimentos.planning.baselines import Baseline
from experimentos.planning.history import History
from experimentos.planning.question import Question
from experimentos.planning.scenarios import MetricNeed, Scenario, Step
from experimentos.power import (
    ExperimentPlan,
    Means,
    PlannedMetric,
    Rates,
    duration_of,
    noninferiority_power,
    plan_experiment,
    superiority_detectable,
    superiority_power,
    units_after,
)
from experimentos.tables import coming_week

_WEEK: Final = 7
_SIGN: Final = {"increase": 1.0, "decrease": -1.0}
# Rounding must not cost a unit or a day.
_LESS: Final = 1 - 1e-12
# An arm of fewer has no test.
_FEWEST: Final = 2


class Planner:
    """Plans of one question over one history.

    Parameters
    ----------
    question : Question
        What is asked.
    history : History
        Of the metrics asked for.
    """

    def __init__(self, question: Question, history: History) -> None:
        self._question, self._history = question, history
        self._entered = np.asarray(history.traffic.entered, dtype=np.float64)
        self.wait_days = math.ceil(max(one.wait_days for one in history.baselines.values()))

    def problems(self, effect: Amount | None) -> list[str]:
        """Say why an effect cannot be planned for.

        Parameters
        ----------
        effect : Amount, optional
            Looked for, of the success metrics that have none of their own.

        Returns
        -------
        list of str
            Empty if it can.
        """
        found = []
        for name, looked_for in self._effects(effect).items():
            one = self._history.baselines[name]
            change = looked_for.of(one.mean)
            is_own = name in self._question.own_effects
            place = f"--metric {name}:{looked_for}" if is_own else f"--mde {looked_for}"
            if change == 0:
                found.append(
                    f"{place}: {name} is 0 in the history, and a percentage of it too: give "
                    "absolute:... in metric units"
                )
            moved = one.mean + _SIGN[one.goal] * change
            if one.is_rate and not 0 <= moved <= 1:
                found.append(
                    f"{place}: {name} is {one.mean:.4g} in the history, so it would be "
                    f"{moved:.4g}, which is no share"
                )
        for name, margin in self._question.guardrails.items():
            if margin is not None and margin.of(self._history.baselines[name].mean) == 0:
                found.append(
                    f"the margin of --guardrail {name} is {margin} of 0: give absolute:... in "
                    "metric units"
                )
        return found

    def plan(self, effect: Amount | None) -> Scenario:
        """Plan for an effect.

        Parameters
        ----------
        effect : Amount, optional
            Looked for, of each success metric that has none of its own.

        Returns
        -------
        Scenario
            Units and weeks.
        """
        effects = self._effects(effect)
        return self._scenario(effects, self._rule(effects), None)

    def within(self, weeks: int) -> Scenario:
        """Find the smallest effects that can be planned for within some weeks, windows included.

        Parameters
        ----------
        weeks : int
            From the start to the end of the last window.

        Returns
        -------
        Scenario
            With the effect of each success metric as a percentage of its control value; a metric
            that has an effect of its own keeps it, and has to be found with the units there are.
        """
        days = weeks * _WEEK - self.wait_days
        there = self._units_within(days) if days > 0 else 0.0
        # Units of guardrails hang on no effect, nor do levels, powers and factors.
        rule = self._rule(self._effects(Amount(0.01)))
        shares = self._shares() / self._shares().sum()
        each = np.floor(there * shares * (1 + 1e-12))
        short = self._too_large(rule, each)
        if days <= 0:
            short = (
                f"windows alone take {self.wait_days} days, so {weeks} weeks are too few for any "
                "unit to be through"
            )
        if short is not None:
            return self._nothing(weeks, rule, short)
        effects = {}
        for index, name in enumerate(self._question.success):
            found = self._smallest(index, rule, each)
            if not np.isfinite(found):
                return self._nothing(weeks, rule, f"no change of {name} is found with so few units")
            # One part in a million more: rounding must not ask for a unit that is not there.
            effects[name] = self._question.own_effects.get(name, Amount(found * (1 + 1e-6)))
        return self._scenario(effects, self._rule(effects), weeks)

    def _effects(self, effect: Amount | None) -> dict[str, Amount]:
        """Effects by success metric; without one where none is given."""
        question = self._question
        found = {name: question.own_effects.get(name, effect) for name in question.success}
        return {name: one for name, one in found.items() if one is not None}

    def _rule(
        self, effects: Mapping[str, Amount], *, only: str | None = None, guardrails: bool = True,
        arms: int | None = None, design: str | None = None,
    ) -> ExperimentPlan:  # fmt: skip
        question = self._question
        success = question.success if only is None else (only,)
        planned = [self._success(self._history.baselines[name], effects[name]) for name in success]
        if guardrails:
            planned += [
                self._guardrail(self._history.baselines[name], margin)
                for name, margin in question.guardrails.items()
            ]
        shares = self._shares()[: None if arms is None else arms + 1]
        return plan_experiment(
            planned, shares=shares / shares.sum(), alpha=question.alpha, power=question.power,
            design=design or question.design, spending=question.spending,
            parameter=question.parameter, alpha_harm=question.alpha_harm,
            fractions=np.arange(1, question.looks + 1) / question.looks,
        )  # fmt: skip

    def _success(self, one: Baseline, effect: Amount) -> PlannedMetric:
        change = _SIGN[one.goal] * effect.of(one.mean)
        return PlannedMetric(
            one.metric, self._outcome(one, change), goal=one.goal, factor=1 / one.share_with_value
        )

    def _guardrail(self, one: Baseline, margin: Amount | None) -> PlannedMetric:
        return PlannedMetric(
            one.metric, self._outcome(one, 0.0), "guardrail",
            None if margin is None else margin.size,
            margin is not None and margin.is_relative, one.goal, 1 / one.share_with_value,
        )  # fmt: skip

    def _outcome(self, one: Baseline, change: float) -> Means | Rates:
        # As the power of a running experiment: an adjusted rate is tested as a mean is.
        if one.is_rate and not one.is_adjusted:
            return Rates(one.mean, min(max(one.mean + change, 0.0), 1.0))
        return Means(change, one.mean, one.sd_adjusted if one.sd_adjusted is not None else one.sd)

    def _shares(self) -> np.ndarray:
        return np.array(list(self._question.shares.values()), dtype=np.float64)

    def _scenario(
        self, effects: dict[str, Amount], rule: ExperimentPlan, weeks: int | None
    ) -> Scenario:
        units = dict(zip(self._question.shares, map(float, rule.units), strict=True))
        enrolment = self._enrolment(rule.total)
        return Scenario(
            effects=effects,
            weeks_given=weeks,
            units=units,
            driver=rule.driver,
            enrolment_days=enrolment,
            total_days=None if enrolment is None else enrolment + self.wait_days,
            is_extrapolated=rule.total > self._entered.sum(),
            needs=self._needs(effects, rule),
            steps=self._steps(effects, rule),
            power_at_least=rule.power_at_least,
            left_out=self._left_out(rule),
        )

    def _left_out(self, rule: ExperimentPlan) -> dict[str, float]:
        return {
            "shown_worse": rule.cost.shown_worse,
            "inside_margin": rule.cost.inside_margin,
            "rolled_back": rule.cost.rolled_back,
        }

    def _nothing(self, weeks: int, rule: ExperimentPlan, why: str) -> Scenario:
        return Scenario(
            effects={}, weeks_given=weeks, units={}, driver="", enrolment_days=None,
            total_days=None, is_extrapolated=False, needs=(), steps=(),
            power_at_least=rule.power_at_least, left_out=self._left_out(rule), note=why,
        )  # fmt: skip

    def _needs(self, effects: Mapping[str, Amount], rule: ExperimentPlan) -> list[MetricNeed]:
        ratios = self._shares() / self._shares()[0]
        needs = []
        for index, name in enumerate(rule.metrics):
            one = self._history.baselines[name]
            margin = self._question.guardrails.get(name)
            amount = effects.get(name, margin)
            control = np.ceil(float(rule.n_control[index].max()) * _LESS)
            tested = bool(np.isfinite(rule.level[index]))
            needs.append(
                MetricNeed(
                    metric=name,
                    test="superior" if name in effects else "noninferior" if margin else "harm",
                    level=float(rule.level[index]) if tested else None,
                    power=float(rule.power[index]) if tested else None,
                    effect=None if amount is None else amount.of(one.mean),
                    units=float(np.ceil(ratios * control * _LESS).sum()) if tested else None,
                    power_reached=self._power(index, rule, rule.units, amount) if tested else None,
                    harm_found=None if amount else _number(rule.detectable_harm[index]),
                )
            )
        return needs

    def _power(
        self, index: int, rule: ExperimentPlan, units: np.ndarray, amount: Amount | None
    ) -> float | None:
        """Power of one metric's test with some units, beside the smallest treatment."""
        name = rule.metrics[index]
        one = self._history.baselines[name]
        factor = float(rule.inflation[index]) / one.share_with_value
        n_c, n_t = units[0] / factor, units[1:].min() / factor
        level = float(rule.level[index])
        if amount is None or min(n_c, n_t) < _FEWEST:
            return None
        if name in self._question.guardrails:
            found = noninferiority_power(
                self._outcome(one, 0.0), amount.size, n_c, n_t, is_relative=amount.is_relative,
                goal=one.goal, alpha=level,
            )  # fmt: skip
        else:
            change = _SIGN[one.goal] * amount.of(one.mean)
            found = superiority_power(
                self._outcome(one, change), 0.0, n_c, n_t, goal=one.goal, alpha=level
            )
        return _number(float(found))

    def _steps(self, effects: Mapping[str, Amount], rule: ExperimentPlan) -> list[Step]:
        """Build the plan up part by part, so that each shows what it costs."""
        question = self._question
        alone = [
            self._rule(effects, only=name, guardrails=False, arms=1, design="fixed").total
            for name in question.success
        ]
        largest = question.success[int(np.argmax(alone))]
        steps = [Step(f"one success metric ({largest}), two variants, one look", max(alone))]
        if len(question.success) > 1:
            several = self._rule(effects, guardrails=False, arms=1, design="fixed")
            steps.append(Step(f"{len(question.success)} success metrics", several.total))
        n_margins = sum(margin is not None for margin in question.guardrails.values())
        if n_margins:
            guarded = self._rule(effects, arms=1, design="fixed")
            steps.append(
                Step(f"{n_margins} guardrail(s) to be shown within a margin", guarded.total)
            )
        if len(question.shares) > 2:
            arms = self._rule(effects, design="fixed")
            steps.append(Step(f"{len(question.shares)} variants", arms.total))
        if question.design != "fixed":
            looks = f", {question.looks} looks" if question.design == "group_sequential" else ""
            steps.append(Step(f"monitoring {question.design}{looks}", rule.total))
        return steps

    def _too_large(self, rule: ExperimentPlan, each: np.ndarray) -> str | None:
        """Name what needs more units than there are, and its power with those."""
        ratios, question = self._shares() / self._shares()[0], self._question
        found = []
        for index, name in enumerate(rule.metrics):
            needed = np.ceil(float(rule.n_control[index].max()) * _LESS) * ratios
            amount = question.own_effects.get(name, question.guardrails.get(name))
            if amount is None or (np.ceil(needed * _LESS) <= each).all():
                continue
            what = (
                f"guardrail {name} needs {np.ceil(needed * _LESS).sum():,.0f} units to be shown "
                "within its margin"
                if name in question.guardrails
                else f"{name} needs {np.ceil(needed * _LESS).sum():,.0f} units for {amount}"
            )
            power = self._power(index, rule, each, amount)
            told = "" if power is None else f", with which its power is {power:.0%}"
            found.append(f"{what}, and {each.sum():,.0f} are there{told}")
        return "; ".join(found) or None

    def _smallest(self, index: int, rule: ExperimentPlan, each: np.ndarray) -> float:
        """Find the smallest effect of a success metric, as a fraction of its control value."""
        one = self._history.baselines[rule.metrics[index]]
        factor = float(rule.inflation[index]) / one.share_with_value
        units = each / factor
        found = superiority_detectable(
            self._outcome(one, 0.0), 0.0, units[0], units[1:], power=float(rule.power[index]),
            goal=one.goal, alpha=float(rule.level[index]),
        )  # fmt: skip
        return float(np.max(found)) / abs(one.mean) if one.mean else float("nan")

    def _enrolment(self, needed: float) -> float | None:
        """Return days, in whole weeks, until so many have entered."""
        entered = np.cumsum(self._entered)
        if needed * _LESS <= entered[-1]:
            days = float(np.searchsorted(entered, needed * _LESS, side="left")) + 1
        else:
            coming = coming_week(self._entered)
            if not coming.sum() > 0:
                return None
            days = self._entered.size + float(duration_of(needed - entered[-1], coming).enrolment)
        return math.ceil(days / _WEEK) * _WEEK

    def _units_within(self, days: int) -> float:
        if days <= self._entered.size:
            return float(self._entered[:days].sum())
        coming = coming_week(self._entered)
        more = float(units_after(days - self._entered.size, coming)) if coming.sum() > 0 else 0.0
        return float(self._entered.sum()) + more


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
