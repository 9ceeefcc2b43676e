import numpy as np
import pytest

from experimentos import power
from experimentos.errors import ArgumentError
from experimentos.power import Means, PlannedMetric, Rates
from experimentos.sequential.group import group_sequential

METRICS = (
    PlannedMetric("revenue", Means(0.1, 5.0, 2.0), factor=0.6),
    PlannedMetric("ordered", Rates(0.1, 0.112)),
    PlannedMetric("latency", Means(0.0, 10.0, 3.0), "guardrail", 0.15, goal="decrease"),
    PlannedMetric("bounced", Rates(0.3), "guardrail", 0.03, is_relative=True, goal="decrease"),
    PlannedMetric("refunds", Rates(0.02), "guardrail", goal="decrease"),
)


def test_levels_and_powers_are_those_of_the_rule():
    plan = power.plan_experiment(METRICS, shares=[1, 1, 1, 1], power=0.9)
    np.testing.assert_allclose(plan.level[:4], [0.025 / 6, 0.025 / 6, 0.025 / 3, 0.025 / 3])
    np.testing.assert_allclose(plan.power[:4], 1 - 0.1 / 3)
    assert np.isnan([plan.level[4], plan.power[4], plan.n_control[4, 0]]).all()


def test_units_are_the_largest_of_each_metric_alone():
    plan = power.plan_experiment(METRICS)
    options = {"power": 1 - 0.2 / 3, "alpha": 0.0125}
    alone = [
        0.6 * power.superiority_units(METRICS[0].outcome, **options).control,
        power.superiority_units(METRICS[1].outcome, **options).control,
    ]
    options["alpha"], options["goal"] = 0.025, "decrease"
    alone += [
        power.noninferiority_units(METRICS[2].outcome, 0.15, **options).control,
        power.noninferiority_units(METRICS[3].outcome, 0.03, is_relative=True, **options).control,
    ]
    np.testing.assert_allclose(plan.n_control[:4, 0], alone)
    assert plan.driver == METRICS[int(np.argmax(alone))].name
    assert plan.units.tolist() == [np.ceil(max(alone))] * 2
    assert plan.total == plan.units.sum()


def test_unequal_arms_are_planned_for_the_smallest():
    plan = power.plan_experiment(METRICS, shares=[2, 1, 0.5])
    assert plan.n_control.shape == (5, 2)
    assert (plan.n_control[:4, 1] > plan.n_control[:4, 0]).all()
    largest = np.ceil(plan.n_control[:4].max())
    assert plan.units.tolist() == [largest, np.ceil(largest / 2), np.ceil(largest / 4)]


def test_designs_inflate_each_metric_at_its_own_level_and_power():
    fixed = power.plan_experiment(METRICS)
    looks = [0.25, 0.5, 0.75, 1.0]
    group = power.plan_experiment(METRICS, design="group_sequential", fractions=looks)
    any_time = power.plan_experiment(METRICS, design="always_valid")
    np.testing.assert_allclose(group.n_control[:4], fixed.n_control[:4] * group.inflation[:4, None])
    expected = power.group_factor(group_sequential(looks, alpha=0.0125), power=1 - 0.2 / 3)
    assert group.inflation[0] == expected
    assert (any_time.inflation[:4] > group.inflation[:4]).all()
    assert any_time.power_at_least < fixed.power_at_least


def test_costs_without_an_effect_are_said():
    cost = power.plan_experiment(METRICS, shares=[1, 1, 1]).cost
    assert cost.shown_worse == pytest.approx(0.025)
    assert cost.inside_margin == pytest.approx(0.05)
    assert cost.inside_margin_independent == pytest.approx(1 - 0.975**2)
    assert cost.rolled_back == pytest.approx(2 * 0.025 / 10)
    assert cost.rolled_back_independent == pytest.approx(1 - (1 - 0.0025) ** 2)


def test_costs_are_those_of_simulated_experiments():
    plan = power.plan_experiment(METRICS)
    runs = 20_000
    found = power.simulated_tests(METRICS, plan.units, runs=runs, seed=5)
    worse = (found.p_worse[:, 0, 4] < 0.025).mean()
    inside = (found.p_worse[:, 0, 2:4] < 0.025).any(axis=1).mean()
    for rate, promised in (
        (worse, plan.cost.shown_worse_independent), (inside, plan.cost.inside_margin_independent),
    ):  # fmt: skip
        assert abs(rate - promised) < 4 * np.sqrt(promised / runs) + 0.002


def test_harm_that_the_units_find_has_its_power():
    plan = power.plan_experiment(METRICS)
    harm = plan.detectable_harm
    assert np.isnan(harm[:4]).all()
    reached = power.proportions_power(0.02, 0.02 + harm[4], *plan.units, alpha=0.025, sides=1)
    assert reached == pytest.approx(0.8, rel=1e-9)
    loose = power.plan_experiment(METRICS, alpha_harm=0.1)
    found = loose.detectable_harm[4]
    reached = power.proportions_power(0.02, 0.02 + found, *loose.units, alpha=0.1, sides=1)
    assert reached == pytest.approx(0.8, rel=1e-9)
    assert (loose.units == plan.units).all()


def test_a_metric_without_a_deviation_is_not_overlooked():
    broken = (*METRICS, PlannedMetric("flat", Means(0.1, 5.0, 0.0)))
    plan = power.plan_experiment(broken)
    assert plan.driver == "flat"
    assert np.isnan(plan.total)
    hopeless = (*METRICS, PlannedMetric("same", Rates(0.1, 0.1)))
    plan = power.plan_experiment(hopeless)
    assert plan.driver == "same"
    assert np.isinf(plan.total)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power.plan_experiment(METRICS[2:]), "`metrics` must have a success metric"),
        (lambda: power.plan_experiment(METRICS, design="no"), "`design` must be one of"),
        (lambda: power.plan_experiment(METRICS, design="group_sequential"), "`fractions` must be"),
        (lambda: power.plan_experiment(METRICS, alpha=0.0), "`alpha` must be between 0 and 1"),
        (lambda: power.plan_experiment(METRICS, alpha_harm=2), "`alpha_harm` must be between"),
        (lambda: PlannedMetric("a", Rates(0.1), "explore"), "`role` must be one of"),
        (lambda: PlannedMetric("a", Rates([0.1, 0.2])), "`outcome` of metric 'a' must be"),
        (lambda: PlannedMetric("a", Rates(0.1), "guardrail", -1.0), "`margin` must be positive"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ArgumentError, match=said):
        call()
