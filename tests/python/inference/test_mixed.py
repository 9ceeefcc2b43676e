import numpy as np
import pytest
from reference.builders import rates
from scipy import stats

from experimentos import estimators
from experimentos.inference import (
    METHODS,
    Interval,
    choices,
    detectable,
    exact_rates,
    margin_limits,
    mixed,
    no_effect,
    score,
    welch,
)
from experimentos.inference.mixed import Goal, Mixed
from experimentos.moments import Moments


def three_kinds():
    """A mean, a proportion with many events and one with few."""
    means = estimators.compare(Moments([90.0], [2.0], [90.0]), Moments([80.0], [2.5], [90.0]))
    counted = score.compare_rates(*rates([300, 3], 1000, [350, 9], 1000))
    comparison = means.append(counted)
    is_counted = np.array([False, True, True])
    return Mixed(comparison, choices.choose_methods(comparison, is_counted, ~is_counted & False))


def test_each_comparison_is_tested_by_its_own_method():
    several = three_kinds()
    assert list(several.method) == ["welch", "score", "conditional binomial"]
    tails = several.tails(no_effect(several.comparison))
    for i, module in enumerate((welch, score, exact_rates)):
        alone = several.comparison.take([i])
        np.testing.assert_array_equal(module.tails(alone, no_effect(alone)).less, tails.less[[i]])
        tail = np.array([0.01])
        limits = several.interval(np.full(3, 0.01))
        np.testing.assert_array_equal(module.interval(alone, tail).upper, limits.upper[[i]])


def test_where_nothing_is_wanted_nothing_is_computed():
    several = three_kinds()
    limits = several.lift_interval(np.array([np.nan, 0.025, np.nan]))
    np.testing.assert_array_equal(np.isnan(limits.lower), [True, False, True])


def test_every_method_has_the_same_three_functions():
    comparison = score.compare_rates(*rates([20, 30], 100, [30, 25], 100))
    comparison = estimators.compare(
        *(Moments(n, m, n * m * (1 - m)) for n, m in (
            (comparison.n_control, comparison.mean_control),
            (comparison.n_treatment, comparison.mean_treatment),
        ))
    )  # fmt: skip
    for name, method in METHODS.items():
        found = method.tails(comparison, no_effect(comparison))
        assert found.less.shape == (2,), name
        for limits in (method.interval, method.lift_interval):
            interval = limits(comparison, np.full(2, 0.025))
            assert (interval.lower < interval.upper).all(), name


@pytest.mark.parametrize(("sign", "margin"), [(1.0, 0.02), (-1.0, 0.02)])
def test_directions_follow_the_goal(sign, margin):
    several = three_kinds()
    goal = Goal(np.full(3, sign), np.full(3, margin), np.ones(3, dtype=bool))
    found = mixed.direct(several, goal, np.ones(3, dtype=bool))
    tails = several.tails(no_effect(several.comparison))
    good, bad = (tails.greater, tails.less) if sign > 0 else (tails.less, tails.greater)
    np.testing.assert_array_equal(found.superior, good)
    np.testing.assert_array_equal(found.worse, bad)
    # Non-inferiority is easier than superiority, and harm beyond a margin harder than harm.
    assert (found.noninferior <= found.superior).all()
    assert (found.beyond_margin >= found.worse).all()


def beyond(control, treatment, sign, margin):
    """P-value of harm beyond a relative margin, of means with standard errors of 1."""
    k = np.size(control)
    arms = (Moments(np.full(k, 1e8), mean, np.full(k, 1e16)) for mean in (control, treatment))
    several = Mixed(estimators.compare(*arms), np.full(k, "welch"))
    goal = Goal(np.full(k, sign), np.full(k, margin), np.ones(k, dtype=bool))
    return mixed.direct(several, goal, np.ones(k, dtype=bool)).beyond_margin


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_beyond_a_relative_margin_is_beyond_it_for_either_sign_of_the_control_mean(sign):
    # Worse than half of |control|: below both half of it and one and a half of it, for an increase.
    control = np.array([0.5, -0.5, 0.0, 30.0, -30.0])
    treatment = control - sign * 20
    contrast = np.stack([treatment - weight * control for weight in (0.5, 1.5)])
    error = np.sqrt(1 + np.square([[0.5], [1.5]]))
    expected = stats.norm.sf(-sign * contrast / error).max(axis=0)
    found = beyond(control, treatment, sign, 0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("goal", [1.0, -1.0])
@pytest.mark.parametrize("margin", [0.5, 0.9])
@pytest.mark.parametrize("truth", [-2.0, -1.0, 0.0, 1.0, 2.0])
def test_harm_beyond_a_relative_margin_is_as_rare_as_promised_near_zero(goal, margin, truth):
    rng, runs = np.random.default_rng(17), 20_000
    at_margin = truth - goal * margin * abs(truth)
    found = beyond(rng.normal(truth, 1, runs), rng.normal(at_margin, 1, runs), goal, margin)
    for level in (0.005, 0.025):
        count = int((found <= level).sum())
        assert stats.binomtest(count, runs, level, alternative="greater").pvalue > 1e-4


def test_a_limit_is_moved_to_the_side_its_margin_test_says():
    goal = Goal(np.array([1.0, 1.0, -1.0, 1.0]), np.full(4, 0.1), np.zeros(4, dtype=bool))
    given = Interval(np.array([-0.2, 0.0, -0.3, np.nan]), np.array([0.3, 0.4, 0.3, np.nan]))
    rows, shown = np.ones(4, dtype=bool), np.array([True, False, True, True])
    moved = margin_limits.agree_with_margin(given, goal, rows, shown)
    assert moved.lower[0] > -0.1
    assert moved.lower[1] == -0.1
    assert moved.upper[2] < 0.1
    assert np.isnan(moved.lower[3])
    np.testing.assert_array_equal(moved.upper[:2], given.upper[:2])
    kept = margin_limits.agree_with_margin(given, goal, ~rows, shown)
    np.testing.assert_array_equal(kept.lower, given.lower)


def test_the_detectable_effect_by_hand():
    # Standard error 0.1 at a control mean of 2: (1.96 + 0.84) x 0.1 / 2.
    comparison = estimators.compare(
        Moments([101.0], [2.0], [50.5]), Moments([101.0], [2.0], [50.5])
    )
    found = detectable(comparison, np.array([0.025]), np.array([0.8]))
    np.testing.assert_allclose(found, (1.959963984540054 + 0.8416212335729143) * 0.05)
