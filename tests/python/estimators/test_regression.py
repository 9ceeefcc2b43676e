"""Both regressions: one theta for all arms, and one for each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.estimators import CrossMoments
from experimentos.inference import welch
from experimentos.inference.effect import evaluate, null_at
from experimentos.moments import JointMoments

BOTH = [estimators.adjust_by_regression, estimators.adjust_interacted]
FIELDS = ("estimate", "std_error", "mean_control", "var_control", "covariance", "df")


def units(seed, sizes=(150, 250), p=3, slopes=(1.0, 1.0)):
    """Outcome and covariates of every unit, and its arm."""
    rng = np.random.default_rng(seed)
    x = rng.gamma(2, 1, (sum(sizes), p)) @ rng.normal(size=(p, p)) + 5
    arm = np.repeat(np.arange(len(sizes)), sizes)
    y = 10 + arm + np.take(slopes, arm) * x.sum(axis=1) + rng.normal(0, 1 + arm)
    return np.column_stack([y, x]), arm


def compared(adjust, moments, group=None, **options):
    arms = moments.n.size // 2
    group = np.tile(np.arange(arms), 2) if group is None else group
    found = adjust(moments, group, **options)
    return estimators.compare_regressed(
        found.take(np.arange(arms)), found.take(np.arange(arms, 2 * arms))
    )


def many(seed, k=40, p=3):
    """Moments of k controls, then of k treatments."""
    found = [CrossMoments.of_values(*units(seed + i, p=p)) for i in range(k)]
    arms = [
        CrossMoments(*(np.concatenate([getattr(m, f)[j : j + 1] for m in found]) for f in vars(m)))
        for j in (0, 1)
        for m in found[:1]
    ]
    return arms[0].append(arms[1])


def least_squares(design, y):
    return np.linalg.lstsq(design, y, rcond=None)[0]


def test_one_theta_is_that_of_least_squares_with_a_mean_for_each_arm():
    values, arm = units(1, sizes=(150, 250, 200), slopes=(1.0, 2.0, 0.0))
    found = estimators.adjust_by_regression(CrossMoments.of_values(values, arm), [0, 0, 0])
    design = np.column_stack([arm == 0, arm == 1, arm == 2, values[:, 1:]]).astype(float)
    wanted = least_squares(design, values[:, 0])
    np.testing.assert_allclose(found.theta, np.tile(wanted[3:], (3, 1)), rtol=1e-10)
    means = wanted[:3] + values[:, 1:].mean(axis=0) @ wanted[3:]
    np.testing.assert_allclose(found.mean, means, rtol=1e-12)


def test_thetas_of_arms_are_those_of_least_squares_in_each():
    values, arm = units(2, sizes=(150, 250, 200), slopes=(1.0, 2.0, 0.0))
    found = estimators.adjust_interacted(CrossMoments.of_values(values, arm), [0, 0, 0])
    centre = values[:, 1:].mean(axis=0)
    for i in range(3):
        own = values[arm == i]
        wanted = least_squares(np.column_stack([np.ones(len(own)), own[:, 1:] - centre]), own[:, 0])
        np.testing.assert_allclose(found.theta[i], wanted[1:], rtol=1e-9)
        np.testing.assert_allclose(found.mean[i], wanted[0], rtol=1e-12)


def test_with_equal_residual_variances_it_is_the_usual_analysis_of_covariance():
    # The treatment's units are the control's with an effect and the covariates turned round.
    values, _ = units(3, sizes=(100,))
    mean = values.mean(axis=0)
    other = 2 * mean - values + [3.0, 0.2, -0.1, 0.0]
    both, arm = np.concatenate([values, other]), np.repeat([0, 1], 100)
    found = compared(estimators.adjust_by_regression, CrossMoments.of_values(both, arm))
    design = np.column_stack([np.ones(200), arm, both[:, 1:]])
    coefficients = least_squares(design, both[:, 0])
    residual = both[:, 0] - design @ coefficients
    variance = residual @ residual / (200 - 5) * np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(found.estimate, coefficients[1], rtol=1e-9)
    np.testing.assert_allclose(found.std_error, np.sqrt(variance[1, 1]), rtol=1e-9)
    np.testing.assert_allclose(found.df, 200 - 5, rtol=1e-12)


def test_one_covariate_is_cuped_and_the_cost_of_estimating_theta():
    values, arm = units(4, p=1)
    moments = CrossMoments.of_values(values, arm)
    regressed = estimators.adjust_by_regression(moments, [0, 0])
    joint = JointMoments.of_mean(
        moments.n, moments.mean[:, 0], moments.c2[:, 0, 0], mean_cov=moments.mean[:, 1],
        m2_cov=moments.c2[:, 1, 1], c2_cov=moments.c2[:, 0, 1],
    )  # fmt: skip
    cuped = estimators.adjust(joint, np.array([0, 0]), np.array([True, True]))
    np.testing.assert_allclose(regressed.theta[:, 0], cuped.theta, rtol=1e-14)
    np.testing.assert_allclose(regressed.mean, cuped.mean, rtol=1e-14)
    np.testing.assert_allclose(
        regressed.variance_within * regressed.df / (moments.n - 1), cuped.variance_within,
        rtol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(regressed.df.sum(), moments.n.sum() - 3, rtol=1e-12)
    plain = estimators.compare_adjusted(cuped.take([0]), cuped.take([1]))
    found = compared(estimators.adjust_by_regression, moments)
    away = moments.mean[1, 1] - moments.mean[0, 1]
    cost = regressed.variance_within.sum() + away**2 * regressed.variance_theta[0, 0, 0]
    np.testing.assert_allclose(found.std_error**2, cost, rtol=1e-10)
    np.testing.assert_allclose(found.std_error, plain.std_error, rtol=0.02)
    extra = regressed.offset[0] * regressed.offset[1] - regressed.variance_centre[0, 0]
    extra = extra * regressed.variance_theta[0, 0, 0]
    np.testing.assert_allclose(found.covariance, plain.covariance + extra, rtol=1e-9)


@pytest.mark.parametrize("adjust", BOTH)
def test_a_ratio_with_a_ratio_as_covariate_has_the_mean_that_cuped_gives_it(adjust):
    rng = np.random.default_rng(5)
    n, root = np.array([400.0, 700.0]), rng.normal(size=(4, 4)) / 2
    mean = 5 + rng.normal(size=(2, 4)) / 20
    moments = CrossMoments(n, mean, n[:, None, None] * (root @ root.T))
    linear = estimators.as_ratios(moments, [(0, 1), (2, 3)])
    names = ("num", "den", "num_cov", "den_cov")
    joint = {"n": moments.n} | {f"mean_{x}": moments.mean[:, i] for i, x in enumerate(names)}
    joint |= {f"m2_{x}": moments.c2[:, i, i] for i, x in enumerate(names)}
    joint |= {
        f"c2_{x}_{y}": moments.c2[:, i, j]
        for i, x in enumerate(names)
        for j, y in enumerate(names)
        if i < j
    }
    cuped = estimators.adjust(JointMoments(**joint), np.array([0, 0]), np.array([True, True]))
    found = adjust(linear, [0, 0])
    if adjust is estimators.adjust_by_regression:
        np.testing.assert_allclose(found.theta[:, 0], cuped.theta, rtol=1e-9)
        np.testing.assert_allclose(found.mean, cuped.mean, rtol=1e-10)
    else:
        np.testing.assert_allclose(found.mean, cuped.mean, rtol=0.01)


def test_where_the_thetas_are_equal_both_regressions_are_the_same():
    values, _ = units(6, sizes=(200,))
    other = values.copy()
    other[:, 0] += 2 + (values[:, 1:] - values[:, 1:].mean(axis=0)) @ [0.0, 0.0, 0.0]
    other[:, 1:] += [0.1, 0.0, -0.2]
    both, arm = np.concatenate([values, other]), np.repeat([0, 1], 200)
    moments = CrossMoments.of_values(both, arm)
    one, two = (compared(adjust, moments) for adjust in BOTH)
    np.testing.assert_allclose(one.estimate, two.estimate, rtol=1e-10)
    # One theta from 400 units takes 3 degrees of freedom, two thetas from 200 take 6.
    shared, own = (adjust(moments, [0, 0]) for adjust in BOTH)
    sums = [arms.variance_within * arms.df for arms in (shared, own)]
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-10)
    np.testing.assert_allclose([shared.df.sum(), own.df.sum()], [395, 392], rtol=1e-12)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=0.01)


def test_strata_as_covariates_are_post_stratification():
    rng = np.random.default_rng(7)
    stratum = rng.integers(0, 4, 2000)
    arm = (rng.random(2000) < 0.3).astype(int)
    y = stratum * (1 + arm) + rng.normal(size=2000)
    dummies = [stratum == s for s in (1, 2, 3)]
    found = compared(
        estimators.adjust_interacted, CrossMoments.of_values(np.column_stack([y, *dummies]), arm)
    )
    strata = CrossMoments.of_values(y[:, None], 4 * arm + stratum)
    arms = [strata.take(np.arange(4) + 4 * i).outcome for i in (0, 1)]
    wanted = estimators.post_stratify(*arms, np.zeros(4, int))
    np.testing.assert_allclose(found.estimate, wanted.estimate, rtol=1e-10)
    np.testing.assert_allclose(found.mean_control, wanted.mean_control, rtol=1e-10)
    # One residual variance for an arm there, one for each of its strata here.
    np.testing.assert_allclose(found.std_error, wanted.std_error, rtol=0.02)
    np.testing.assert_allclose(found.covariance, wanted.covariance, rtol=0.02)


@pytest.mark.parametrize("adjust", BOTH)
def test_covariates_may_be_shifted_scaled_mixed_and_exchanged(adjust):
    values, arm = units(8)
    wanted = compared(adjust, CrossMoments.of_values(values, arm))
    mix = np.array([[1e-6, 0, 0], [2e-6, 0, 30], [0, 1e9, 0]])
    moved = np.column_stack([values[:, 0], values[:, 1:] @ mix + [1e3, -1e10, 1e4]])
    found = compared(adjust, CrossMoments.of_values(moved, arm))
    for name in FIELDS:
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-6)


@pytest.mark.parametrize("adjust", BOTH)
def test_the_outcome_may_be_shifted_and_scaled(adjust):
    values, arm = units(9)
    wanted = compared(adjust, CrossMoments.of_values(values, arm))
    moved = np.column_stack([1e9 - 3 * values[:, 0], values[:, 1:]])
    found = compared(adjust, CrossMoments.of_values(moved, arm))
    np.testing.assert_allclose(found.estimate, -3 * wanted.estimate, rtol=1e-7)
    np.testing.assert_allclose(found.std_error, 3 * wanted.std_error, rtol=1e-7)
    np.testing.assert_allclose(found.df, wanted.df, rtol=1e-6)


@pytest.mark.parametrize("adjust", BOTH)
def test_constant_and_repeated_covariates_change_nothing(adjust):
    values, arm = units(10)
    wanted = compared(adjust, CrossMoments.of_values(values, arm))
    more = np.column_stack([values, np.full(400, 7.0), values[:, 1] - 2 * values[:, 2] + 4])
    moments = CrossMoments.of_values(more, arm)
    found = compared(adjust, moments)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-9)
    assert (adjust(moments, [0, 0]).theta[:, 3:] == 0).all()


@pytest.mark.parametrize("adjust", BOTH)
def test_an_outcome_that_the_covariates_explain_wholly_has_no_standard_error(adjust):
    values, arm = units(11)
    values[:, 0] = values[:, 1:] @ [1.0, 2.0, 3.0]
    found = compared(adjust, CrossMoments.of_values(values, arm))
    np.testing.assert_allclose(found.estimate, 0, atol=1e-9)
    # What rounding leaves is no spread: undefined, or nothing beside the outcome's own.
    left = np.nan_to_num(found.std_error)
    assert (left < 1e-6).all()


def test_the_interacted_variance_is_never_larger_than_without_adjustment_in_large_samples():
    # 20 : 80, and slopes by which one theta for both makes the variance larger.
    moments = CrossMoments(
        n=[2e5, 8e5],
        mean=[[0.0, 0.0], [0.0, 0.0]],
        c2=[
            [[2e5 * 10, 2e5 * 3], [2e5 * 3, 2e5]],
            [[8e5 * 3.25, -8e5 * 1.5], [-8e5 * 1.5, 8e5]],
        ],
    )
    plain = estimators.compare(*(moments.outcome.take([i]) for i in (0, 1)))
    one, two = (compared(adjust, moments) for adjust in BOTH)
    removed = [estimators.variance_removed(plain, found)[0] for found in (one, two)]
    assert removed[0] < -0.2
    assert removed[1] > 0.4


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_in_large_samples_no_split_and_no_slopes_make_lin_worse(seed, share):
    rng = np.random.default_rng(seed)
    n = np.array([share, 1 - share]) * 1e6
    root = rng.normal(size=(2, 3, 3))
    moments = CrossMoments(n, np.zeros((2, 3)), n[:, None, None] * (root @ np.swapaxes(root, 1, 2)))
    # Random assignment: the covariates are spread alike in both arms.
    moments.c2[1, 1:, 1:] = moments.c2[0, 1:, 1:] * (1 - share) / share
    explained = np.einsum(
        "ki,kij,kj->k", moments.product, np.linalg.inv(moments.spread), moments.product
    )
    moments.c2[:, 0, 0] = explained + n
    plain = estimators.compare(*(moments.outcome.take([i]) for i in (0, 1)))
    found = compared(estimators.adjust_interacted, moments)
    assert found.std_error <= plain.std_error * (1 + 1e-5)


@pytest.mark.parametrize("adjust", BOTH)
def test_the_interval_excludes_0_exactly_when_the_p_value_is_below_alpha(adjust):
    moments = many(20, k=60)
    moments.mean[60:, 0] -= np.linspace(0, 3, 60)
    comparison = compared(adjust, moments)
    for alpha in (0.2, 0.05, 0.001):
        effect = evaluate(welch.METHOD, comparison, alpha=alpha)
        outside = (effect.lower > 0) | (effect.upper < 0)
        np.testing.assert_array_equal(outside, effect.p_value < alpha)
        lifted = (effect.lift_lower > 0) | (effect.lift_upper < 0)
        np.testing.assert_array_equal(lifted, effect.p_value < alpha)
        assert 0 < outside.sum() < 60
        # The margin of a relative boundary is excluded by the lift's interval just as often.
        null = null_at(comparison, np.full(60, 0.05), np.ones(60, bool))
        tail = welch.tails(comparison, null).greater
        np.testing.assert_array_equal(tail < alpha / 2, effect.lift_lower > 0.05)


@pytest.mark.parametrize("adjust", BOTH)
def test_many_comparisons_are_as_one_each(adjust):
    moments = many(100)
    found = compared(adjust, moments)
    for i in range(40):
        alone = compared(adjust, moments.take(np.array([i, 40 + i])), np.array([0, 0]))
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(found, name)[i])


@pytest.mark.parametrize("adjust", BOTH)
@pytest.mark.parametrize("broken", ["few units", "missing", "infinite", "constant", "no units"])
def test_groups_that_cannot_be_adjusted_are_undefined_and_others_unchanged(adjust, broken):
    moments = many(200, k=3)
    wanted = compared(adjust, moments)
    if broken == "few units":
        moments.n[1] = 99
    if broken == "missing":
        moments.c2[1, 2, 1] = moments.c2[1, 1, 2] = np.nan
    if broken == "infinite":
        moments.mean[4, 1] = np.inf
    if broken == "constant":
        for row in (1, 4):
            moments.c2[row, 1:, :] = moments.c2[row, :, 1:] = 0
    if broken == "no units":
        moments.n[1], moments.mean[1], moments.c2[1] = 0, np.nan, np.nan
    found = compared(adjust, moments)
    for name in FIELDS:
        values = getattr(found, name)
        np.testing.assert_array_equal(values[[0, 2]], getattr(wanted, name)[[0, 2]])
        assert np.isnan(values[1])


def test_a_covariate_that_varies_in_one_arm_only_adjusts_that_arm_only():
    moments = many(300, k=1)
    moments.c2[0, 2, :] = moments.c2[0, :, 2] = 0
    found = estimators.adjust_interacted(moments, [0, 0])
    assert found.theta[0, 1] == 0
    assert found.theta[1, 1] != 0
    assert np.isfinite(found.mean).all()


@pytest.mark.parametrize("adjust", BOTH)
def test_as_few_units_as_asked_for_are_adjusted_while_degrees_of_freedom_last(adjust):
    values, arm = units(12, sizes=(6, 7))
    moments = CrossMoments.of_values(values, arm)
    assert np.isnan(compared(adjust, moments).estimate).all()
    assert np.isfinite(compared(adjust, moments, minimum_units=5).std_error).all()
    values, arm = units(13, sizes=(4, 50))
    moments = CrossMoments.of_values(values, arm)
    if adjust is estimators.adjust_interacted:  # four units, three slopes and a mean
        assert np.isnan(compared(adjust, moments, minimum_units=2).std_error).all()


@pytest.mark.parametrize("adjust", BOTH)
def test_extreme_numbers_stay_right(adjust):
    values, arm = units(14)
    wanted = compared(adjust, CrossMoments.of_values(values, arm))
    # A billion units an arm: the same means, sums a few million times as large.
    moments = CrossMoments.of_values(values, arm)
    times = 1e9 / moments.n
    large = CrossMoments(moments.n * times, moments.mean, moments.c2 * times[:, None, None])
    found = compared(adjust, large)
    assert np.isfinite(found.std_error).all()
    assert (found.std_error < wanted.std_error / 1000).all()
    # A mean of 1e15 with a spread of a few: theta and the standard error keep their digits.
    far = CrossMoments(moments.n, moments.mean + np.array([1e15, 0, 0, 0]), moments.c2)
    np.testing.assert_allclose(compared(adjust, far).std_error, wanted.std_error, rtol=1e-9)
    # Effects of hundreds of standard errors have p-values, not 0.
    away = CrossMoments(large.n, large.mean + np.array([[0] * 4, [0.005, 0, 0, 0]]), large.c2)
    p = evaluate(welch.METHOD, compared(adjust, away)).p_value
    assert (p >= 0).all()


@pytest.mark.parametrize("adjust", [*BOTH, estimators.share_explained])
def test_wrong_arguments_are_named(adjust):
    moments = many(400, k=1)
    with pytest.raises(ArgumentError, match="`group` must be of shape"):
        adjust(moments, [0])
    with pytest.raises(ArgumentError, match="`minimum_units` must be positive"):
        adjust(moments, [0, 0], minimum_units=-1)
