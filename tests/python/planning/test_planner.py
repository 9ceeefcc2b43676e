"""Units and weeks of a plan, on histories that a reader can add up."""

import datetime as dt
from dataclasses import replace

import pytest
import yaml

from experimentos.planning import (
    Amount,
    Baseline,
    History,
    Period,
    Question,
    Traffic,
    next_monday,
    to_yaml,
)
from experimentos.planning.planner import Planner

RATE = Baseline(
    metric="won", type="proportion", goal="increase", format="number", window="7 days",
    covariate=None, wait_days=7.0, n_units=28_000, n_missing=0, mean=0.1, sd=0.3,
    sd_adjusted=None, n_capped=None, cap_value=None, skewness=None, is_rate=True,
)  # fmt: skip
MEAN = replace(
    RATE, metric="spent", type="mean", mean=5.0, sd=1.0, is_rate=False, wait_days=14.0, skewness=1.0
)
SLOW = replace(MEAN, metric="latency", goal="decrease", mean=100.0, sd=20.0, wait_days=1.0)


def history(*baselines, daily=1000, days=28):
    return History(
        kind="unit",
        period=Period(dt.date(2026, 1, 5), dt.date(2026, 1, 5) + dt.timedelta(days)),
        data_until=dt.date(2026, 3, 1),
        traffic=Traffic("visits", None, {}, [daily] * days, [7 * daily] * (days // 7)),
        baselines={one.metric: one for one in baselines},
        notes=(),
    )


def planner(question, *baselines, **traffic):
    return Planner(question, history(*baselines, **traffic))


FIXED = {"effects": [Amount(0.1)], "design": "fixed"}


def test_a_rate_published_by_r():
    # R 4: power.prop.test(p1 = 0.10, p2 = 0.11, power = 0.80)  n = 14750.79
    found = planner(Question(["won"], **FIXED), RATE).plan(Amount(0.1))
    assert found.units == {"control": 14_751, "treatment": 14_751}


def test_a_mean_published_by_r():
    # R 4: power.t.test(delta = 0.5, sd = 1, power = 0.80)  n = 63.76576
    found = planner(Question(["spent"], **FIXED), MEAN).plan(Amount(0.1))
    assert found.units == {"control": 64, "treatment": 64}


def test_units_without_a_value_are_needed_too_and_a_covariate_saves_its_share():
    half = replace(MEAN, n_units=14_000, n_missing=14_000)
    assert planner(Question(["spent"], **FIXED), half).plan(Amount(0.1)).total == 256
    plain, less = (
        planner(Question(["spent"], **FIXED), one).plan(Amount(0.01)).total
        for one in (MEAN, replace(MEAN, sd_adjusted=0.8**0.5))
    )
    assert less / plain == pytest.approx(0.8, abs=1e-3)


def test_weeks_are_those_in_which_units_come_and_windows_close():
    question = Question(["spent"], **FIXED)
    of_28_000 = planner(question, MEAN)
    # 128 units come on the first day; whole weeks, and 14 days for the last window.
    assert of_28_000.plan(Amount(0.1)).enrolment_days == 7
    assert of_28_000.plan(Amount(0.1)).total_days == 21
    few = planner(question, MEAN, daily=2, days=14).plan(Amount(0.1))
    # 28 in the history, 100 more at 2 a day.
    assert (few.enrolment_days, few.is_extrapolated) == (70, True)
    nobody = planner(question, MEAN, daily=0).plan(Amount(0.1))
    assert nobody.enrolment_days is None
    assert nobody.total_days is None


def test_the_last_step_is_the_plan_and_each_part_costs_something():
    question = Question(
        ["won", "spent"], {"latency": Amount(0.05)}, [Amount(0.02)],
        shares={"a": 0.4, "b": 0.3, "c": 0.3},
    )  # fmt: skip
    found = planner(question, RATE, MEAN, SLOW).plan(Amount(0.02))
    units = [step.units for step in found.steps]
    assert units[-1] == found.total
    assert units == sorted(units)
    assert len(units) == 5
    assert found.units["b"] / found.units["a"] == pytest.approx(0.75, abs=1e-3)
    tests = {need.metric: (need.test, need.level, need.power) for need in found.needs}
    assert tests["won"] == ("superior", 0.025 / 4, pytest.approx(0.9))
    assert tests["latency"] == ("noninferior", 0.0125, pytest.approx(0.9))


@pytest.mark.parametrize("design", ["fixed", "group_sequential", "always_valid"])
@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_the_smallest_effect_within_weeks_needs_the_units_of_those_weeks(design, goal):
    rate, mean = replace(RATE, goal=goal), replace(MEAN, goal=goal)
    question = Question(["won", "spent"], weeks=[4], design=design)
    made = planner(question, rate, mean)
    found = made.within(4)
    assert found.weeks_given == 4
    assert found.total_days == 28
    assert 0.999 * 14_000 < found.total <= 14_000
    for name, effect in found.effects.items():
        alone = planner(replace(question, success=[name], weeks=[], effects=[effect]), rate, mean)
        needed = {need.metric: need.units for need in found.needs}[name]
        assert needed == pytest.approx(14_000, rel=1e-3)
        less = dict(found.effects) | {name: Amount(effect.size * 0.999)}
        tighter = replace(question, own_effects=less, weeks=[])
        assert planner(tighter, rate, mean).plan(None).total > found.total
        assert alone.plan(effect).total < found.total
        assert made.within(8).effects[name].size < effect.size


def test_each_metric_may_have_an_effect_of_its_own():
    question = Question(
        ["won", "spent"], effects=[Amount(0.1)], own_effects={"spent": Amount(0.02)},
        design="fixed",
    )  # fmt: skip
    (wanted,) = question.scenarios
    found = planner(question, RATE, MEAN).plan(wanted)
    assert found.effects == {"won": Amount(0.1), "spent": Amount(0.02)}
    assert found.effect is None
    assert found.wanted == "won 10%, spent 2%"
    by_metric = {need.metric: need for need in found.needs}
    # Each at 0.0125 by one side, as if it were planned with the other's effect too.
    for name, amount in found.effects.items():
        shared = Question(["won", "spent"], effects=[amount], design="fixed")
        same = planner(shared, RATE, MEAN).plan(amount)
        assert by_metric[name].units == {n.metric: n.units for n in same.needs}[name]
    assert found.driver == "won"
    assert by_metric["won"].power_reached == pytest.approx(0.8, abs=1e-3)
    assert by_metric["spent"].power_reached > 0.99

    every = replace(question, effects=(), own_effects=found.effects)
    assert every.scenarios == [None]
    assert planner(every, RATE, MEAN).plan(None) == found


def test_an_effect_of_its_own_has_to_be_found_within_the_weeks():
    question = Question(["won", "spent"], own_effects={"spent": Amount(0.02)}, weeks=[4])
    found = planner(question, RATE, MEAN).within(4)
    assert found.effects["spent"] == Amount(0.02)
    assert found.effects["won"].size > 0.05
    tight = replace(question, own_effects={"spent": Amount(0.001)})
    told = planner(tight, RATE, MEAN).within(4).note
    assert told.startswith("spent needs ")
    assert "units for 0.1%, and 14,000 are there, with which its power is" in told


@pytest.mark.parametrize("design", ["fixed", "group_sequential", "always_valid"])
def test_the_power_of_a_guardrail_is_that_of_all_units(design):
    question = Question(
        ["won"], {"latency": Amount(0.05)}, [Amount(0.02)], design=design
    )  # fmt: skip
    found = planner(question, RATE, SLOW).plan(Amount(0.02))
    won, latency = found.needs
    assert won.power_reached == pytest.approx(0.9, abs=1e-4)
    assert latency.power == pytest.approx(0.9)
    assert latency.power_reached > 0.999
    # Where it drives, its power is the one planned.
    alone = planner(replace(question, effects=[Amount(0.9)]), RATE, SLOW).plan(Amount(0.9))
    assert alone.driver == "latency"
    assert alone.needs[1].power_reached == pytest.approx(0.9, abs=0.01)


def test_spending_functions_with_a_number_and_the_rate_of_a_rollback_are_planned():
    def total(**given):
        asked = Question(["won"], {"latency": None}, [Amount(0.1)], **given)
        return planner(asked, RATE, SLOW).plan(Amount(0.1))

    low = total(spending="hwang_shih_decani", gamma=-4.0).total
    # Gamma 0 and rho 1 are linear; gamma 1 is much like Pocock's.
    linear = total(spending="linear").total
    assert total(spending="hwang_shih_decani", gamma=0.0).total == linear
    assert total(spending="kim_demets", rho=1.0).total == linear
    assert low < linear < total(spending="pocock").total
    strict, default = (total(alpha_harm=rate).needs[1].harm_found for rate in (0.001, None))
    assert strict > default
    assert default == total(alpha_harm=0.025).needs[1].harm_found


def test_too_few_weeks_and_too_tight_guardrails_are_told():
    question = Question(["won"], {"latency": Amount(0.0005)}, weeks=[2, 4])
    made = planner(question, RATE, replace(SLOW, wait_days=14.0))
    assert made.within(2).note == (
        "windows alone take 14 days, so 2 weeks are too few for any unit to be through"
    )
    found = made.within(4)
    assert found.effect is None
    assert found.note.startswith("guardrail latency needs ")
    assert "and 14,000 are there" in found.note


def test_effects_that_cannot_be_are_refused():
    high = replace(RATE, mean=0.95)
    zero = replace(MEAN, mean=0.0)
    made = planner(Question(["won", "spent"], **FIXED), high, zero)
    told = "\n".join(made.problems(Amount(0.1)))
    assert "won is 0.95 in the history, so it would be 1.045" in told
    assert "spent is 0 in the history" in told
    assert made.problems(Amount(0.01, is_relative=False)) == []


def test_the_trend_is_that_of_the_active_units():
    rising = Traffic("visits", None, {}, [1] * 28, [90, 100, 110, 100])
    assert rising.trend == pytest.approx(0.04)
    assert Traffic("visits", None, {}, [1] * 14, [90, 100]).trend is None
    assert Traffic("visits", None, {}, [1] * 10, [7, 3]).weekly == [7, 3]


def test_the_yaml_says_what_was_asked():
    question = Question(
        ["won"], {"latency": Amount(2.0, is_relative=False), "spent": None}, weeks=[4],
        shares={"old": 0.8, "new": 0.2}, alpha=0.1,
    )  # fmt: skip
    found = planner(question, RATE, MEAN, SLOW).within(4)
    text = to_yaml(question, found, name="gate", start=dt.date(2026, 3, 2), kind="device")
    (exposure,) = yaml.safe_load(text)["exposures"]
    meta = exposure["config"]["meta"]["experimentos"]
    assert exposure["name"] == "gate"
    assert (meta["start"], meta["end"]) == (dt.date(2026, 3, 2), dt.date(2026, 3, 16))
    assert meta["guardrails"] == {"latency": {"margin": {"absolute": 2.0}}, "spent": {}}
    assert (meta["control"], meta["unit"], meta["alpha"]) == ("old", "device", 0.1)
    assert meta["monitoring"]["planned_n"] == found.total
    # Rounded up, so that the units still suffice.
    assert found.effect.size <= float(meta["mde"].rstrip("%")) / 100 < found.effect.size * 1.01


def test_nothing_to_plan_is_no_yaml():
    question = Question(["spent"], weeks=[2])
    found = planner(question, MEAN).within(2)
    assert to_yaml(question, found, name="x", start=dt.date(2026, 3, 2), kind=None) == ""


def test_an_experiment_starts_on_a_monday_to_come():
    assert next_monday(dt.date(2026, 11, 22)) == dt.date(2026, 11, 23)
    assert next_monday(dt.date(2026, 11, 23)) == dt.date(2026, 11, 30)
