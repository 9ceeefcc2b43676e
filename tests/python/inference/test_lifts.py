from dataclasses import fields, replace

import numpy as np
import pytest
from reference.builders import joint_moments
from scipy import optimize, stats

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.inference import no_effect, welch
from experimentos.inference.lifts import Lift, lift_delta, lift_fieller, lift_log
from experimentos.moments import Moments

LIFTS = [lift_fieller, lift_delta, lift_log]


def comparisons(size=2000, seed=1, *, adjusted=False):
    """Comparisons of means, positive or both negative; adjusted ones have a covariance."""
    rng = np.random.default_rng(seed)
    sign = np.where(np.arange(size) % 3 == 0, -1.0, 1.0)
    arms = []
    for _ in range(2):
        n = rng.integers(5, 400, size).astype(float)
        arms.append(Moments(n, sign * rng.gamma(30, 0.1, size), rng.chisquare(4, size) * n))
    found = estimators.compare(*arms)
    shared = 0.3 * np.minimum(found.var_control, found.var_treatment) * adjusted
    return replace(found, covariance=shared)


def excludes(found, boundary):
    return (found.lower > boundary) | (found.upper < boundary)


@pytest.mark.parametrize("method", LIFTS)
@pytest.mark.parametrize("adjusted", [False, True])
def test_the_interval_excludes_the_boundary_exactly_when_p_is_below_alpha(method, adjusted):
    comparison = comparisons(adjusted=adjusted)
    for boundary in (0.0, -0.02, 0.3, -0.7):
        found = method(comparison, boundary=boundary, alpha=0.1)
        np.testing.assert_array_equal(excludes(found, boundary), found.p_value < 0.1)
    # At a limit itself the p-value is alpha.
    at_limit = method(comparison, boundary=found.upper, alpha=0.1)
    rows = ~np.isnan(found.upper)
    np.testing.assert_allclose(at_limit.p_value[rows], 0.1, rtol=1e-9)


def test_fieller_without_a_boundary_is_the_test_of_the_difference():
    comparison = comparisons()
    tails = welch.tails(comparison, no_effect(comparison))
    found = lift_fieller(comparison)
    # Nor is a lift shown better than that control is not 0.
    expected = np.maximum(tails.two_sided, np.minimum(1, 2 * welch.separation(comparison)))
    np.testing.assert_array_equal(found.p_value, expected)
    assert (found.p_value == tails.two_sided).mean() > 0.95
    own = welch.lift_interval(comparison, np.full(2000, 0.025))
    np.testing.assert_allclose(found.lower, own.lower, rtol=1e-12, atol=1e-15)


def test_a_treatment_without_values_has_no_width():
    """Whatever the rounding of the control's variance: the root of what is left of it is large."""
    m2 = 29.545454545454547 * (1 + np.arange(200) * np.finfo(float).eps)
    control = Moments(np.full(200, 11.0), np.full(200, 1.8636363636363635), m2)
    treatment = Moments(np.full(200, 2.0), np.zeros(200), np.zeros(200))
    found = welch.lift_interval(estimators.compare(control, treatment), np.full(200, 0.025))
    np.testing.assert_allclose(found.lower, -1.0, rtol=1e-14)
    np.testing.assert_allclose(found.upper, -1.0, rtol=1e-14)


@pytest.mark.parametrize("method", LIFTS)
def test_one_call_equals_many(method):
    comparison, boundary = comparisons(30), np.linspace(-0.4, 0.4, 30)
    together = method(comparison, boundary=boundary)
    for i in range(30):
        alone = method(comparison.take([i]), boundary=boundary[[i]])
        for field in fields(Lift):
            np.testing.assert_array_equal(
                getattr(alone, field.name), getattr(together, field.name)[[i]]
            )


@pytest.mark.parametrize("method", LIFTS)
def test_a_brute_force_inversion_gives_the_same_limits(method):
    comparison = comparisons(6, adjusted=True)
    found = method(comparison)

    def statistic(i, lift):
        c, t = comparison.mean_control[i], comparison.mean_treatment[i]
        gradient = {
            lift_fieller: np.array([-(1 + np.sign(c) * lift), 1.0]),
            lift_delta: np.array([-t / c**2, 1 / c]),
            lift_log: np.array([-1 / c, 1 / t]),
        }[method]
        value = {
            lift_fieller: t - c - lift * abs(c),
            lift_delta: (t - c) / abs(c) - lift,
            lift_log: np.log(t / c) - np.log1p(np.sign(c) * lift),
        }[method]
        covariance = np.array([
            [comparison.var_control[i], comparison.covariance[i]],
            [comparison.covariance[i], comparison.var_treatment[i]],
        ])  # fmt: skip
        return value**2 / (gradient @ covariance @ gradient)

    for i in range(6):
        critical = stats.t.ppf(0.975, comparison.df[i]) ** 2
        ends = found.lower[i], found.upper[i]
        width = ends[1] - ends[0]
        for end in ends:
            root = optimize.brentq(
                lambda lift, i=i, critical=critical: statistic(i, lift) - critical,
                end - 0.1 * width, end + 0.1 * width, xtol=1e-14,
            )  # fmt: skip
            np.testing.assert_allclose(root, end, rtol=1e-8, atol=1e-10)


def test_covariate_adjusted_lifts_use_the_covariance():
    rng = np.random.default_rng(3)
    samples = []
    for arm in range(2):
        before = rng.gamma(2, 2, 500)
        samples.append({"num": before + rng.normal(1 + arm, 1, 500), "num_cov": before})
    joint = joint_moments(samples)
    adjusted = estimators.adjust(joint, np.array([0, 0]), np.array([True, True]))
    with_covariance = estimators.compare_adjusted(adjusted.take([0]), adjusted.take([1]))
    assert with_covariance.covariance[0] > 0
    without = replace(with_covariance, covariance=np.zeros(1))
    for method in LIFTS:
        wide, narrow = method(without), method(with_covariance)
        assert narrow.upper[0] - narrow.lower[0] < wide.upper[0] - wide.lower[0]


def test_exchanging_the_arms_turns_the_log_interval_round():
    comparison = comparisons(100)
    turned = replace(
        comparison,
        **{
            f"{name}_{arm}": getattr(comparison, f"{name}_{other}")
            for name in ("n", "mean", "var")
            for arm, other in (("control", "treatment"), ("treatment", "control"))
        },
    )
    rows = comparison.mean_control > 0
    found, other = lift_log(comparison), lift_log(turned)
    np.testing.assert_allclose((1 + found.lower)[rows], 1 / (1 + other.upper)[rows], rtol=1e-12)
    np.testing.assert_allclose(found.p_value, other.p_value, rtol=1e-12)


@pytest.mark.parametrize("method", LIFTS)
def test_a_negative_mean_keeps_the_direction_of_the_difference(method):
    control, treatment = Moments([400.0], [-10.0], [400.0]), Moments([400.0], [-9.0], [400.0])
    turned = [Moments(arm.n, -arm.mean, arm.m2) for arm in (control, treatment)]
    found = method(estimators.compare(control, treatment), boundary=0.02)
    other = method(estimators.compare(*turned), boundary=-0.02)
    np.testing.assert_allclose(found.estimate, [0.1])
    np.testing.assert_allclose([found.lower, found.upper], [-other.upper, -other.lower])
    np.testing.assert_allclose(found.p_value, other.p_value, rtol=1e-12)


def test_means_of_different_signs_have_no_log_ratio():
    control, treatment = (
        Moments([9.0] * 3, [1.0, -1.0, 0.0], [9.0] * 3),
        Moments([9.0] * 3, [-1.0, 1.0, 1.0], [9.0] * 3),
    )
    comparison = estimators.compare(control, treatment)
    found = lift_log(comparison)
    for field in fields(Lift):
        assert np.isnan(getattr(found, field.name)).all()
    delta = lift_delta(comparison)
    np.testing.assert_array_equal(np.isnan(delta.lower), [False, False, True])
    np.testing.assert_array_equal(delta.estimate[:2], [-2.0, 2.0])


def test_a_control_mean_that_may_be_zero_has_no_fieller_interval():
    comparison = estimators.compare(Moments([10.0], [0.1], [10.0]), Moments([10.0], [5.0], [10.0]))
    found = lift_fieller(comparison)
    assert np.isnan([found.estimate, found.lower, found.upper]).all()
    np.testing.assert_array_equal(found.p_value, 2 * welch.separation(comparison))


@pytest.mark.parametrize("method", LIFTS)
def test_undefined_rows_are_nan_and_leave_their_neighbours_alone(method):
    comparison = comparisons(4)
    whole = method(comparison)
    comparison.mean_control[1] = np.nan
    comparison.var_control[2], comparison.var_treatment[2] = 0.0, 0.0
    boundary = np.array([0.0, 0.0, 0.0, np.nan])
    broken = method(comparison, boundary=boundary)
    np.testing.assert_array_equal(np.isnan(broken.p_value), [False, True, True, True])
    np.testing.assert_array_equal(np.isnan(broken.lower), [False, True, True, False])
    assert broken.p_value[0] == whole.p_value[0]
    assert broken.lower[3] == pytest.approx(whole.lower[3], rel=1e-12)


@pytest.mark.parametrize("method", LIFTS)
def test_extreme_inputs(method):
    # A lift of 1e-15 of a mean of 1e15 keeps its digits: 1 with a standard error of 0.045.
    far = estimators.compare(
        Moments([1000.0], [1e15], [1000.0]), Moments([1000.0], [1e15 + 1], [1000.0])
    )
    found, expected = method(far), welch.interval(far, np.array([0.025]))
    np.testing.assert_allclose(
        [found.lower, found.upper], np.array([expected.lower, expected.upper]) / 1e15, rtol=1e-12
    )
    many = estimators.compare(
        Moments([1e9], [1e-7], [1e9 * 1e-7]), Moments([1e9], [1.3e-7], [1e9 * 1.3e-7])
    )
    assert 0.25 < method(many).estimate[0] < 0.35
    assert 0.01 < method(many).p_value[0] < 0.2
    tiny = estimators.compare(Moments([1e6], [1.0], [1e6]), Moments([1e6], [1.0525], [1e6]))
    assert 0 < method(tiny).p_value[0] < 1e-280
    for arms in (
        (Moments([1.0], [1.0], [0.0]), Moments([9.0], [2.0], [3.0])),
        (Moments([9.0], [1.0], [0.0]), Moments([9.0], [2.0], [0.0])),
    ):
        assert np.isnan(method(estimators.compare(*arms)).p_value).all()


@pytest.mark.parametrize("method", LIFTS)
def test_with_many_units_all_three_agree(method):
    comparison = estimators.compare(Moments([1e6], [5.0], [4e6]), Moments([1e6], [5.05], [5e6]))
    found, fieller = method(comparison), lift_fieller(comparison)
    np.testing.assert_allclose(
        [found.lower, found.upper], [fieller.lower, fieller.upper], rtol=2e-3
    )


def test_a_boundary_below_minus_one_has_no_logarithm():
    found = lift_log(comparisons(2).take([1]), boundary=-1.5)
    assert np.isnan(found.p_value).all()
    assert np.isfinite(found.lower).all()


@pytest.mark.parametrize("method", LIFTS)
def test_wrong_arguments_are_named(method):
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1, got 0.0"):
        method(comparisons(3), alpha=0.0)
    with pytest.raises(ArgumentError, match=r"`boundary` must be a finite number or an array of"):
        method(comparisons(3), boundary=[0.1, 0.2])
    with pytest.raises(ArgumentError, match="`boundary` must be a finite number .*, got inf"):
        method(comparisons(3), boundary=np.inf)
