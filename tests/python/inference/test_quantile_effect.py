import numpy as np
import pytest
from scipy import stats
from scipy.special import log_ndtr

from experimentos.errors import ArgumentError
from experimentos.estimators.quantile import Quantile, compare_quantiles
from experimentos.inference.effect import Null, evaluate, no_effect, null_at
from experimentos.inference.quantile_effect import METHOD, quantile_difference, quantile_ratio

FIELDS = (
    "estimate", "std_error", "p_value", "lower", "upper", "lift", "lift_lower", "lift_upper"
)  # fmt: skip


def random_arms(size, seed=1):
    rng = np.random.default_rng(seed)
    value = rng.uniform(80, 120, (2, size))
    error = rng.uniform(1, 15, (2, size))
    return Quantile(np.full(size, 900.0), value[0], error[0]), Quantile(
        np.full(size, 900.0), value[1], error[1]
    )


@pytest.mark.parametrize("function", [quantile_difference, quantile_ratio])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_intervals_exclude_no_effect_exactly_when_p_is_below_alpha(function, alpha):
    effect = function(*random_arms(20_000), alpha=alpha)
    excludes = (effect.lower > 0) | (effect.upper < 0)
    np.testing.assert_array_equal(excludes, effect.p_value < alpha)
    if function is quantile_ratio:
        by_lift = (effect.lift_lower > 0) | (effect.lift_upper < 0)
        np.testing.assert_array_equal(by_lift, effect.p_value < alpha)


@pytest.mark.parametrize("margin", [-0.3, -0.05, 0.02, 0.5])
def test_the_lift_interval_excludes_a_relative_margin_exactly_when_its_test_rejects(margin):
    comparison = compare_quantiles(*random_arms(20_000))
    relative = np.ones(20_000, dtype=bool)
    tails = METHOD.tails(comparison, null_at(comparison, np.full(20_000, margin), relative))
    limits = METHOD.lift_interval(comparison, np.full(20_000, 0.025))
    np.testing.assert_array_equal(limits.upper < margin, tails.less < 0.025)
    np.testing.assert_array_equal(limits.lower > margin, tails.greater < 0.025)


@pytest.mark.parametrize("margin", [-20.0, 3.0])
def test_the_interval_excludes_an_absolute_margin_exactly_when_its_test_rejects(margin):
    comparison = compare_quantiles(*random_arms(20_000))
    absolute = np.zeros(20_000, dtype=bool)
    tails = METHOD.tails(comparison, null_at(comparison, np.full(20_000, margin), absolute))
    limits = METHOD.interval(comparison, np.full(20_000, 0.025))
    np.testing.assert_array_equal(limits.upper < margin, tails.less < 0.025)
    np.testing.assert_array_equal(limits.lower > margin, tails.greater < 0.025)


def test_scipy_gives_the_same():
    control, treatment = random_arms(300)
    effect, ratio = quantile_difference(control, treatment), quantile_ratio(control, treatment)
    error = np.hypot(control.std_error, treatment.std_error)
    difference = treatment.value - control.value
    low, high = stats.norm.interval(0.95, difference, error)
    np.testing.assert_allclose(effect.p_value, 2 * stats.norm.sf(np.abs(difference / error)), 1e-11)
    np.testing.assert_allclose([effect.lower, effect.upper], [low, high], rtol=1e-11)
    logs = np.log(treatment.value / control.value)
    error = np.hypot(control.std_error / control.value, treatment.std_error / treatment.value)
    low, high = stats.norm.interval(0.95, logs, error)
    np.testing.assert_allclose(ratio.p_value, 2 * stats.norm.sf(np.abs(logs / error)), 1e-10)
    np.testing.assert_allclose([ratio.lower, ratio.upper], [low, high], rtol=1e-10)
    np.testing.assert_allclose(ratio.lift_upper, np.exp(high) - 1, rtol=1e-10)
    np.testing.assert_allclose(effect.lift_lower, ratio.lift_lower, rtol=1e-13)
    np.testing.assert_allclose(effect.lift, ratio.lift, rtol=1e-13)


@pytest.mark.parametrize("function", [quantile_difference, quantile_ratio])
def test_one_call_equals_many_and_nan_does_not_disturb_neighbours(function):
    control, treatment = random_arms(50)
    control.std_error[3] = np.nan
    treatment.value[4] = np.nan
    together = function(control, treatment)
    assert np.isnan(together.p_value[[3, 4]]).all()
    assert np.isfinite(together.p_value).sum() == 48
    for i in range(50):
        alone = function(control.take([i]), treatment.take([i]))
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[[i]])


def one(value, error):
    return Quantile([1000.0], [value], [error])


def test_an_arm_without_a_standard_error_leaves_the_estimate_only():
    effect = quantile_difference(one(100.0, np.nan), one(90.0, 2.0))
    assert effect.estimate[0] == -10
    for name in FIELDS[1:]:
        assert np.isnan(getattr(effect, name)[0]), name
    ratio = quantile_ratio(one(100.0, np.nan), one(90.0, 2.0))
    np.testing.assert_allclose([ratio.estimate[0], ratio.lift[0]], [np.log(0.9), -0.1])
    assert np.isnan([ratio.p_value[0], ratio.lift_lower[0]]).all()


@pytest.mark.parametrize(("control", "treatment"), [(0.0, 5.0), (-3.0, 5.0), (5.0, 0.0), (5.0, -1)])
def test_quantiles_that_are_not_positive_have_a_difference_and_no_ratio(control, treatment):
    arms = one(control, 1.0), one(treatment, 1.0)
    effect, ratio = quantile_difference(*arms), quantile_ratio(*arms)
    assert np.isfinite([effect.p_value, effect.lower]).all()
    for name in ("lift", "lift_lower", "lift_upper"):
        assert np.isnan(getattr(effect, name)[0]), name
    for name in FIELDS:
        assert np.isnan(getattr(ratio, name)[0]), name
    tails = METHOD.tails(compare_quantiles(*arms), Null([1.1], [0.0]))
    assert np.isnan([tails.less, tails.greater]).all()


def test_the_lift_needs_a_control_that_is_separated_from_zero():
    effect = quantile_difference(one(3.0, 2.0), one(5.0, 1.0))
    assert np.isnan([effect.lift, effect.lift_lower, effect.lift_upper]).all()
    assert np.isfinite(quantile_difference(one(5.0, 2.0), one(5.0, 1.0)).lift_lower[0])


def test_tails_reach_the_smallest_numbers():
    # Tail of the normal at 37: 5.7e-300.
    effect = quantile_difference(one(100.0, 0.6), one(137.0, 0.8))
    np.testing.assert_allclose(np.log(effect.p_value / 2), log_ndtr(-37.0), rtol=1e-12)
    tails = METHOD.tails(
        compare_quantiles(one(100.0, 0.6), one(137.0, 0.8)), Null([1.0], [0.0])
    )  # fmt: skip
    assert tails.less[0] == 1
    assert 0 < tails.greater[0] < 1e-299


def test_ratios_near_one_keep_their_digits():
    # 1e15 and 1e15 + 1: the log of the quotient of the rounded logs would be 0.
    effect = quantile_ratio(one(1e15, 0.3), one(1e15 + 1, 0.4))
    np.testing.assert_allclose(effect.estimate, 1e-15, rtol=1e-10)
    np.testing.assert_allclose(effect.p_value, 2 * stats.norm.sf(2), rtol=1e-10)
    np.testing.assert_allclose(effect.lift, 1e-15, rtol=1e-10)


def test_equal_arms_have_p_one():
    for function in (quantile_difference, quantile_ratio):
        effect = function(one(5.0, 1.0), one(5.0, 1.0))
        assert effect.p_value[0] == 1
        assert effect.estimate[0] == 0


def test_tails_at_no_effect_are_those_of_the_difference():
    comparison = compare_quantiles(*random_arms(100))
    tails = METHOD.tails(comparison, no_effect(comparison))
    np.testing.assert_array_equal(evaluate(METHOD, comparison).p_value, tails.two_sided)


def test_a_contrast_with_weight_and_shift_is_linear():
    comparison = compare_quantiles(one(100.0, 3.0), one(120.0, 4.0))
    tails = METHOD.tails(comparison, Null([1.1], [2.0]))
    z = (120 - 110 - 2) / np.hypot(4, 3.3)
    np.testing.assert_allclose(tails.greater, stats.norm.sf(z), rtol=1e-12)


@pytest.mark.parametrize("function", [quantile_difference, quantile_ratio])
def test_alpha_outside_its_range_is_refused(function):
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1, got 5.0"):
        function(one(1.0, 1.0), one(1.0, 1.0), alpha=5.0)
