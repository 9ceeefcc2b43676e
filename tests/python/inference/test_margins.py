import json
from dataclasses import fields

import numpy as np
import pytest
from reference.builders import rates
from scipy import stats
from validation.entries import REFERENCE

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.inference import METHODS, exact_rates, mixed, score, welch
from experimentos.inference.effect import null_at
from experimentos.inference.margins import (
    EquivalenceTest,
    MarginTest,
    equivalent,
    noninferior,
    superior,
)
from experimentos.inference.mixed import Goal, Mixed
from experimentos.moments import Moments

GOALS, SIDES = ("increase", "decrease"), (1, 2)


def means(size=1000, seed=1):
    """Comparisons of means of both signs, some of them not separated from 0."""
    rng = np.random.default_rng(seed)
    arms = []
    for _ in range(2):
        n = rng.integers(3, 400, size).astype(float)
        sign = np.where(np.arange(size) % 3 == 0, -1, 1)
        arms.append(Moments(n, sign * rng.normal(2, 1, size), rng.chisquare(4, size) * n))
    return estimators.compare(*arms)


def counted(size=500, seed=2):
    """Comparisons of rates, some arms without events."""
    rng = np.random.default_rng(seed)
    n = rng.integers(5, 800, (2, size))
    x = rng.binomial(n, rng.choice([0.0, 0.01, 0.2, 0.6], size))
    return score.compare_rates(*rates(x[0], n[0], x[1], n[1]))


def excludes(found):
    return (found.lower > found.boundary) | (found.upper < found.boundary)


@pytest.mark.parametrize("test", [noninferior, superior])
@pytest.mark.parametrize("is_relative", [False, True])
@pytest.mark.parametrize("method", ["welch", "score"])
def test_the_interval_excludes_the_boundary_exactly_when_p_is_below_alpha(
    test, is_relative, method
):
    comparison = means() if method == "welch" else counted()
    for margin in (0.0, 0.05, 0.4, 1.3):
        for goal in GOALS:
            for sides in SIDES:
                found = test(
                    comparison, margin, method=method, is_relative=is_relative, goal=goal,
                    sides=sides, alpha=0.03,
                )  # fmt: skip
                np.testing.assert_array_equal(excludes(found), found.p_value < 0.03)
                if sides == 1:
                    np.testing.assert_array_equal(found.shown, found.p_value < 0.03)
                assert not (found.shown & ~excludes(found)).any()


@pytest.mark.parametrize("is_relative", [False, True])
@pytest.mark.parametrize("method", ["welch", "score"])
def test_the_interval_lies_inside_the_boundaries_exactly_when_p_is_below_alpha(is_relative, method):
    comparison = means() if method == "welch" else counted()
    for margin in ((0.05, 2.0), 0.02, (-0.1, 0.5), 0.4):
        found = equivalent(comparison, margin, method=method, is_relative=is_relative)
        np.testing.assert_array_equal(found.shown, found.p_value < 0.05)
    assert found.shown.any()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_agrees_with_its_own_interval(method):
    comparison = counted(8) if method != "welch" else means(8)
    for is_relative in (False, True):
        for found in (
            noninferior(comparison, 0.05, method=method, is_relative=is_relative),
            superior(comparison, 0.01, method=method, is_relative=is_relative, goal="decrease"),
        ):
            np.testing.assert_array_equal(excludes(found), found.p_value < 0.05)
        found = equivalent(comparison, 0.1, method=method, is_relative=is_relative)
        np.testing.assert_array_equal(found.shown, found.p_value < 0.05)


@pytest.mark.parametrize("method", ["welch", "score"])
def test_limits_are_those_of_the_method_but_for_rounding(method):
    comparison = means() if method == "welch" else counted()
    tail = np.full(comparison.df.shape, 0.05)
    for is_relative in (False, True):
        functions = METHODS[method].interval, METHODS[method].lift_interval
        own = functions[is_relative](comparison, tail)
        for goal, side in (("increase", "lower"), ("decrease", "upper")):
            found = noninferior(comparison, 0.1, method=method, is_relative=is_relative, goal=goal)
            rows = ~np.isnan(getattr(found, side))
            np.testing.assert_allclose(
                getattr(found, side)[rows], getattr(own, side)[rows], rtol=1e-12, atol=1e-14
            )


def test_an_open_side_is_infinite():
    found = noninferior(means(20), 0.1)
    assert np.isposinf(found.upper).all()
    assert np.isneginf(noninferior(means(20), 0.1, goal="decrease").lower).all()
    two = noninferior(means(20), 0.1, sides=2)
    assert np.isfinite([two.lower, two.upper]).all()


def test_one_call_equals_many():
    comparison = means(40).append(counted(10))
    margin, relative = np.linspace(0, 1, 50), np.arange(50) % 2 == 0
    together = noninferior(comparison, margin, is_relative=relative, sides=2)
    inside = equivalent(comparison, margin + 0.1, is_relative=relative)
    for i in range(50):
        row, options = comparison.take([i]), {"is_relative": relative[[i]]}
        alone = noninferior(row, margin[[i]], sides=2, **options)
        for field in fields(MarginTest):
            np.testing.assert_array_equal(
                getattr(alone, field.name), getattr(together, field.name)[[i]]
            )
        alone = equivalent(row, margin[[i]] + 0.1, **options)
        for field in fields(EquivalenceTest):
            np.testing.assert_array_equal(
                getattr(alone, field.name), getattr(inside, field.name)[[i]]
            )


@pytest.mark.parametrize("goal", GOALS)
def test_scipy_gives_the_same_against_a_shifted_mean(goal):
    rng = np.random.default_rng(5)
    for margin in (0.0, 0.3, 2.0):
        control, treatment = rng.normal(3, 1, 30), rng.normal(3.1, 2, 45)
        comparison = estimators.compare(
            *(Moments([x.size], [x.mean()], [x.var() * x.size]) for x in (control, treatment))
        )
        for test, boundary in ((noninferior, -margin), (superior, margin)):
            up = goal == "increase"
            side = "greater" if up else "less"
            expected = stats.ttest_ind(
                treatment - (boundary if up else -boundary), control,
                equal_var=False, alternative=side,
            )  # fmt: skip
            found = test(comparison, margin, goal=goal)
            np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-11)


@pytest.mark.parametrize("goal", GOALS)
def test_the_deciding_tests_of_a_guardrail_are_the_same(goal):
    comparison = means(500).append(counted(200))
    names = np.array(["welch"] * 500 + ["score"] * 200)
    relative = np.arange(700) % 2 == 0
    sign = 1.0 if goal == "increase" else -1.0
    decided = mixed.direct(
        Mixed(comparison, names), Goal(np.full(700, sign), np.full(700, 0.1), relative),
        np.ones(700, dtype=bool),
    )  # fmt: skip
    for method in ("welch", "score"):
        rows = names == method
        found = noninferior(
            comparison.take(rows), 0.1, method=method, is_relative=relative[rows], goal=goal
        )
        np.testing.assert_array_equal(found.p_value, decided.noninferior[rows])
        plain = superior(comparison.take(rows), method=method, goal=goal)
        np.testing.assert_array_equal(plain.p_value, decided.superior[rows])


def test_a_lift_of_a_control_mean_that_may_be_zero_is_not_shown():
    # Control 0.1 with standard error 0.33: a lift of anything is possible.
    comparison = estimators.compare(Moments([10.0], [0.1], [10.0]), Moments([10.0], [5.0], [10.0]))
    found = noninferior(comparison, 0.02, is_relative=True)
    np.testing.assert_array_equal(found.p_value, welch.separation(comparison))
    assert np.isnan([found.estimate, found.lower, found.upper]).all()
    assert not found.shown.any()
    assert noninferior(comparison, 0.02).shown.all()
    assert not equivalent(comparison, 0.02, is_relative=True).shown.any()


def test_a_rate_without_events_in_control_has_no_lift():
    comparison = score.compare_rates(*rates(0, 1000, 30, 1000))
    for method in ("score", "conditional binomial"):
        found = noninferior(comparison, 0.02, method=method, is_relative=True)
        np.testing.assert_array_equal(found.p_value, [1.0])
        assert not found.shown.any()


def test_a_margin_of_a_negative_mean_lies_further_down():
    control, treatment = Moments([900.0], [-10.0], [900.0]), Moments([900.0], [-10.3], [900.0])
    turned = [Moments(arm.n, -arm.mean, arm.m2) for arm in (control, treatment)]
    found = noninferior(estimators.compare(control, treatment), 0.05, is_relative=True)
    other = noninferior(estimators.compare(*turned), 0.05, is_relative=True, goal="decrease")
    np.testing.assert_allclose(found.p_value, other.p_value, rtol=1e-12)
    np.testing.assert_allclose(found.lower, -other.upper, rtol=1e-12)
    np.testing.assert_allclose([found.estimate, found.boundary], [[-0.03], [-0.05]])
    assert found.shown.all()


def test_two_sided_at_twice_the_alpha_has_the_same_limit():
    one, two = (noninferior(means(50), 0.1, sides=s, alpha=0.05 * s) for s in (1, 2))
    np.testing.assert_array_equal(one.lower, two.lower)
    np.testing.assert_array_equal(one.shown, two.shown)


def test_a_two_sided_test_that_rejects_on_the_wrong_side_shows_nothing():
    comparison = estimators.compare(Moments([90.0], [5.0], [90.0]), Moments([90.0], [1.0], [90.0]))
    found = superior(comparison, 0.0, sides=2)
    assert found.p_value[0] < 1e-9
    assert not found.shown.any()
    assert found.upper[0] < found.boundary[0]


def test_equivalence_is_non_inferiority_on_both_sides():
    comparison = means(400)
    low = noninferior(comparison, 0.5)
    high = noninferior(comparison, 0.7, goal="decrease")
    both = equivalent(comparison, (-0.5, 0.7))
    np.testing.assert_array_equal(both.p_value, np.maximum(low.p_value, high.p_value))
    np.testing.assert_array_equal(both.lower, low.lower)
    np.testing.assert_array_equal(both.upper, high.upper)
    np.testing.assert_array_equal(both.shown, low.shown & high.shown)


def test_an_exact_margin_moves_the_limit_that_another_test_gave():
    comparison = score.compare_rates(*rates(69, 76, 83, 88))
    found = noninferior(comparison, 0.1, method="conditional binomial")
    null = null_at(comparison, np.array([-0.1]), np.array([False]))
    np.testing.assert_array_equal(found.p_value, exact_rates.tails(comparison, null).greater)
    assert found.shown.all()


def test_undefined_rows_are_nan_and_leave_their_neighbours_alone():
    comparison = means(4)
    broken = comparison.replace(np.arange(4) == 1, comparison.take([1, 1, 1, 1]))
    broken.mean_treatment[1] = np.nan
    broken.var_control[2], broken.var_treatment[2] = 0.0, 0.0
    margin = np.array([0.1, 0.1, 0.1, np.nan])
    for is_relative in (False, True):
        whole = noninferior(comparison, 0.1, is_relative=is_relative)
        found = noninferior(broken, margin, is_relative=is_relative)
        np.testing.assert_array_equal(np.isnan(found.p_value), [False, True, True, True])
        np.testing.assert_array_equal(found.shown[1:], [False, False, False])
        for field in fields(MarginTest):
            assert getattr(found, field.name)[0] == getattr(whole, field.name)[0]
        assert np.isnan(equivalent(broken, margin, is_relative=is_relative).p_value[1:]).all()


def test_a_margin_that_no_rate_can_reach_is_shown():
    comparison = score.compare_rates(*rates(100, 1000, 120, 1000))
    for margin, is_relative in ((1.2, False), (1.2, True)):
        found = noninferior(comparison, margin, method="score", is_relative=is_relative)
        assert found.p_value == 0
        assert found.shown.all()


def test_extreme_inputs():
    far = estimators.compare(
        Moments([1000.0], [1e15], [1000.0]), Moments([1000.0], [1e15 + 0.125], [1000.0])
    )
    near = estimators.compare(
        Moments([1000.0], [0.0], [1000.0]), Moments([1000.0], [0.125], [1000.0])
    )
    np.testing.assert_allclose(superior(far).p_value, superior(near).p_value, rtol=1e-12)
    many = score.compare_rates(*rates(100, 1e9, 130, 1e9))  # a rate of 1e-7
    assert not noninferior(many, 0.05, method="score", is_relative=True, goal="decrease").shown[0]
    assert noninferior(many, 1e-7, method="score", goal="decrease").shown[0]
    tiny = estimators.compare(Moments([1e6], [0.0], [1e6]), Moments([1e6], [0.042], [1e6]))
    p_value = noninferior(tiny, 0.01).p_value[0]
    assert 0 < p_value < 1e-290
    one_unit = estimators.compare(Moments([1.0], [1.0], [0.0]), Moments([9.0], [2.0], [3.0]))
    assert np.isnan(noninferior(one_unit, 0.1).p_value).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -0.1}, "`margin` must be 0 or more, got -0.1"),
        ({"method": "nope"}, "`method` must be one of .*'welch'.*, got 'nope'"),
        ({"goal": "up"}, r"`goal` must be one of \['decrease', 'increase'\], got 'up'"),
        ({"alpha": 1.5}, "`alpha` must be between 0 and 1, got 1.5"),
        ({"alpha": 0.6}, "`alpha` of a one-sided test must be below 0.5, got 0.6"),
        ({"sides": 3}, "`sides` must be 1 or 2, got 3"),
        ({"margin": [0.1, 0.2]}, r"`margin` must be one number or of shape \(5,\), got shape"),
        ({"is_relative": 2}, "`is_relative` must be a bool or an array of bool"),
        ({"is_relative": [True, False]}, r"array of bool of shape \(5,\)"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    for test in (noninferior, superior):
        with pytest.raises(ArgumentError, match=message):
            test(means(5), **({"margin": 0.1} | options))


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        (-0.1, "`margin` must be 0 or more"),
        ((0.2, 0.1), r"lower boundary below the upper one, got \(0.2, 0.1\)"),
        ((0.1, 0.2, 0.3), r"a tuple of two numbers or arrays of shape \(5,\)"),
        (([0.1, 0.2], 0.3), r"a tuple of two numbers or arrays of shape \(5,\)"),
    ],
)
def test_wrong_boundaries_are_named(margin, message):
    with pytest.raises(ArgumentError, match=message):
        equivalent(means(5), margin)


def test_stored_references_have_the_script_that_made_them():
    for name in ("margins", "means"):
        assert json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
        assert (REFERENCE / f"{name}.R").exists()
        assert (REFERENCE / f"{name}_peers.py").exists()
