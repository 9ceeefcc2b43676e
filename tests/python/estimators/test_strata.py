import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.builders import joint_moments, moments
from scipy.special import ndtr

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.inference import welch
from experimentos.inference.effect import evaluate
from experimentos.moments import JointMoments, Moments

FIELDS = (
    "n_control", "n_treatment", "mean_control", "mean_treatment", "var_control", "var_treatment",
    "covariance", "df",
)  # fmt: skip


def joined(parts):
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.append(part)
    return whole


def strata(seed, k=30, size=4, fewest=5):
    """Two arms of k comparisons over some strata."""
    rng = np.random.default_rng(seed)
    arms = []
    for _ in range(2):
        n = rng.integers(fewest, 200, k * size).astype(float)
        arms.append(
            Moments(n, rng.normal(5, 1, k * size), rng.chisquare(n - 1) if fewest > 1 else n)
        )
    return *arms, np.repeat(np.arange(k), size)


def test_it_is_the_weighted_mean_of_the_strata():
    control, treatment, group = strata(1)
    found = estimators.post_stratify(control, treatment, group)
    for i in range(30):
        own = group == i
        weight = (control.n + treatment.n)[own]
        weight = weight / weight.sum()
        tau = (treatment.mean - control.mean)[own]
        np.testing.assert_allclose(found.estimate[i], weight @ tau, rtol=1e-12)
        within = [arm.variance_of_mean[own] for arm in (control, treatment)]
        total = (control.n + treatment.n)[own].sum()
        centre = weight @ (tau - weight @ tau) ** 2 - weight @ ((1 - weight) * sum(within))
        variance = weight**2 @ sum(within) + centre / total
        np.testing.assert_allclose(found.std_error[i] ** 2, variance, rtol=1e-12)


def test_the_variance_has_no_bias():
    # Over repeated samples of strata and units the variance is that of the estimate.
    rng = np.random.default_rng(2)
    runs, shares = 20_000, np.array([0.5, 0.3, 0.2])
    arms = []
    for n, means in ((60, [0.0, 2.0, 4.0]), (90, [1.0, 0.0, 6.0])):
        counts = rng.multinomial(n, shares, runs).astype(float)
        arms.append(
            Moments(
                counts.ravel(),
                (means + rng.normal(size=counts.shape) / np.sqrt(counts)).ravel(),
                rng.chisquare(counts - 1).ravel(),
            )
        )
    found = estimators.post_stratify(*arms, np.repeat(np.arange(runs), 3))
    for estimate, variance in (
        (found.estimate, found.std_error**2),
        (found.mean_control, found.var_control),
        (found.mean_treatment, found.var_treatment),
    ):
        spread = estimate.var()
        assert abs(variance.mean() / spread - 1) < 4 * np.sqrt(2 / runs)
    covariance = np.cov(found.mean_control, found.mean_treatment)[0, 1]
    error = np.sqrt(found.mean_control.var() * found.mean_treatment.var() / runs)
    assert abs(found.covariance.mean() - covariance) < 4 * error


def test_one_stratum_is_the_plain_comparison():
    control, treatment, _ = strata(3, size=1)
    found = estimators.post_stratify(control, treatment, np.arange(30))
    wanted = estimators.compare(control, treatment)
    for name in FIELDS:
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=1e-12, atol=1e-18
        )


def test_strata_that_are_alike_leave_the_plain_difference():
    rng = np.random.default_rng(4)
    n = np.full(4, 100.0)
    arms = [Moments(n, np.full(4, m), rng.chisquare(99, 4)) for m in (1.0, 1.5)]
    found = estimators.post_stratify(*arms, np.zeros(4, int))
    np.testing.assert_allclose(found.estimate, 0.5, rtol=1e-14)
    assert found.covariance == 0


def test_a_ratio_is_that_of_weighted_numerators_and_denominators():
    rng = np.random.default_rng(5)
    arms = [
        [
            {"num": rng.gamma(2, 1 + s, size), "den": 1 + rng.poisson(3 + s, size), "num_cov": none}
            for s, none in enumerate(map(np.zeros, sizes))
            for size in [none.size]
        ]
        for sizes in ((200, 300), (400, 250))
    ]
    found = estimators.post_stratify(*(joint_moments(arm) for arm in arms), [0, 0])
    counts = np.array([[len(one["num"]) for one in arm] for arm in arms], float)
    share = counts.sum(axis=0) / counts.sum()
    linear, values = [], []
    for arm in arms:
        top, below = (share @ [one[name].mean() for one in arm] for name in ("num", "den"))
        values.append(top / below)
        linear.append([(one["num"] - top / below * one["den"]) / below for one in arm])
    np.testing.assert_allclose([found.mean_control[0], found.mean_treatment[0]], values, rtol=1e-12)
    # The linearised units, post-stratified as a mean is, with the same weights.
    plain = estimators.post_stratify(
        *(joined([moments(one) for one in arm]) for arm in linear), [0, 0]
    )
    for name in ("var_control", "var_treatment", "covariance", "df"):
        np.testing.assert_allclose(getattr(found, name), getattr(plain, name), rtol=1e-9)


def test_a_mean_is_a_ratio_with_denominator_one():
    control, treatment, group = strata(6)
    joint = [JointMoments.of_mean(arm.n, arm.mean, arm.m2) for arm in (control, treatment)]
    found = estimators.post_stratify(*joint, group)
    wanted = estimators.post_stratify(control, treatment, group)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_weights_may_come_from_more_units_and_then_vary_less():
    control, treatment, group = strata(7)
    both = control.n + treatment.n
    wanted = estimators.post_stratify(control, treatment, group)
    same = estimators.post_stratify(control, treatment, group, counts=both)
    np.testing.assert_array_equal(same.std_error, wanted.std_error)
    many = estimators.post_stratify(control, treatment, group, counts=both * 1e9)
    np.testing.assert_allclose(many.estimate, wanted.estimate, rtol=1e-12)
    share = both / np.bincount(group, both)[group]
    known = np.bincount(group, share**2 * (control.variance_of_mean + treatment.variance_of_mean))
    np.testing.assert_allclose(many.std_error**2, known, rtol=1e-8)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_shifting_and_scaling_the_outcome_does_the_same_to_the_estimate(seed):
    control, treatment, group = strata(seed, k=3)
    found = estimators.post_stratify(
        *(Moments(arm.n, 7 - 3 * arm.mean, 9 * arm.m2) for arm in (control, treatment)), group
    )
    wanted = estimators.post_stratify(control, treatment, group)
    np.testing.assert_allclose(found.estimate, -3 * wanted.estimate, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.std_error, 3 * wanted.std_error, rtol=1e-9)
    np.testing.assert_allclose(found.df, wanted.df, rtol=1e-9)


def test_the_interval_excludes_0_exactly_when_the_p_value_is_below_alpha():
    control, treatment, group = strata(8, k=200)
    comparison = estimators.post_stratify(control, treatment, group)
    for alpha in (0.3, 0.05, 1e-4):
        effect = evaluate(welch.METHOD, comparison, alpha=alpha)
        outside = (effect.lower > 0) | (effect.upper < 0)
        np.testing.assert_array_equal(outside, effect.p_value < alpha)
        lifted = (effect.lift_lower > 0) | (effect.lift_upper < 0)
        np.testing.assert_array_equal(lifted, effect.p_value < alpha)
        assert 0 < outside.sum() < 200


def test_many_comparisons_are_as_one_each():
    control, treatment, group = strata(9)
    found = estimators.post_stratify(control, treatment, group)
    for i in range(30):
        own = group == i
        alone = estimators.post_stratify(control.take(own), treatment.take(own), np.zeros(4, int))
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(found, name)[i])


@pytest.mark.parametrize("broken", ["empty in an arm", "one unit", "missing", "missing count"])
def test_strata_that_cannot_be_compared_make_theirs_undefined_and_no_other(broken):
    control, treatment, group = strata(10, k=3)
    wanted = estimators.post_stratify(control, treatment, group)
    arms = [{name: getattr(arm, name).copy() for name in vars(arm)} for arm in (control, treatment)]
    if broken == "empty in an arm":
        arms[0]["n"][5], arms[0]["mean"][5], arms[0]["m2"][5] = 0, 0, 0
    if broken == "one unit":
        arms[1]["n"][5], arms[1]["m2"][5] = 1, 0
    if broken == "missing":
        arms[1]["mean"][5] = np.nan
    if broken == "missing count":
        arms[1]["n"][5] = np.nan
    found = estimators.post_stratify(*(Moments(**arm) for arm in arms), group)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found, name)[[0, 2]], getattr(wanted, name)[[0, 2]])
    assert np.isnan([found.std_error[1], found.var_control[1] + found.var_treatment[1]]).all()
    assert np.isnan(found.estimate[1]) == (broken != "one unit")


def test_strata_without_units_are_left_out():
    control, treatment, group = strata(11, k=2)
    empty = Moments([0.0], [np.nan], [np.nan])
    found = estimators.post_stratify(
        control.append(empty), treatment.append(empty), np.append(group, 1)
    )
    wanted = estimators.post_stratify(control, treatment, group)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_strata_that_do_not_vary_have_no_standard_error():
    still = Moments([10.0, 20.0], [1.0, 1.0], [0.0, 0.0])
    found = estimators.post_stratify(still, still, [0, 0])
    assert np.isnan([found.std_error, found.df]).all()


def test_extreme_numbers_stay_right():
    n = np.full(2, 5e8)
    rate = np.array([1e-7, 3e-7])
    arms = [Moments(n, rate * times, n * rate * times) for times in (1, 2)]
    found = estimators.post_stratify(*arms, [0, 0])
    np.testing.assert_allclose(found.estimate, 2e-7, rtol=1e-9)
    np.testing.assert_allclose(found.std_error, np.sqrt(6e-7 / 1e9), rtol=1e-6)
    far = [Moments([500.0, 500.0], [1e15, 1e15 + 4], [499.0, 499.0]) for _ in range(2)]
    found = estimators.post_stratify(*far, [0, 0])
    np.testing.assert_allclose(found.std_error, np.sqrt(2 / 1000), rtol=2e-3)
    gap = Moments(n, rate * 0 + 1.0, n), Moments(n, rate * 0 + 1.001, n)
    p = evaluate(welch.METHOD, estimators.post_stratify(*gap, [0, 0])).p_value
    np.testing.assert_allclose(p, 2 * ndtr(-0.001 / np.sqrt(2e-9)), rtol=1e-3)


def test_merging_leaves_strata_that_have_enough_as_they_are():
    control, treatment, group = strata(12)
    found = estimators.merge_sparse(control, treatment, group)
    wanted = estimators.post_stratify(control, treatment, group)
    merged = estimators.post_stratify(*found)
    assert found[2].size == group.size
    np.testing.assert_allclose(merged.estimate, wanted.estimate, rtol=1e-12)
    np.testing.assert_allclose(merged.std_error, wanted.std_error, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000), st.integers(2, 5))
def test_merged_strata_have_enough_units_wherever_the_arms_do(seed, least):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(6), 5)
    arms = []
    for _ in range(2):
        n = rng.integers(0, 5, 30).astype(float)
        mean = np.where(n > 0, rng.normal(size=30), np.nan)
        arms.append(Moments(n, mean, np.where(n > 0, np.maximum(n - 1, 0), np.nan)))
    *merged, code = estimators.merge_sparse(*arms, group, minimum_units=least)
    units = [np.bincount(group, arm.n) for arm in arms]
    for arm, before in zip(merged, units, strict=True):
        np.testing.assert_array_equal(np.bincount(code, arm.n), before)
    some = merged[0].n + merged[1].n > 0
    enough = (units[0] >= least) & (units[1] >= least)
    for arm in merged:
        assert (arm.n[some & enough[code]] >= least).all()
    found = estimators.post_stratify(*merged, code)
    assert np.isfinite(found.estimate[enough]).all()
    assert np.isnan(found.std_error[(units[0] < 2) | (units[1] < 2)]).all()


def test_merging_takes_the_sparse_and_then_the_smallest():
    control = Moments([60.0, 0.0, 5.0, 9.0], [0.0, np.nan, 1.0, 2.0], [1.0, np.nan, 1.0, 1.0])
    treatment = Moments([60.0, 3.0, 7.0, 4.0], [0.0, 1.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0])
    found = estimators.merge_sparse(control, treatment, [0, 0, 0, 0])
    # The second has no control; the fourth is the smallest by its smaller arm.
    np.testing.assert_array_equal(found[0].n, [9, 5, 60])
    np.testing.assert_array_equal(found[1].n, [7, 7, 60])


def test_wrong_arguments_are_named():
    control, treatment, group = strata(13, k=2)
    with pytest.raises(ArgumentError, match="`group` must be of shape"):
        estimators.post_stratify(control, treatment, group[:-1])
    with pytest.raises(ArgumentError, match="`control` and `treatment` must have one row for each"):
        estimators.post_stratify(control, treatment.take(np.arange(3)), group)
    with pytest.raises(ArgumentError, match="`counts` must be 0 or more, got -1"):
        estimators.post_stratify(control, treatment, group, counts=np.full(8, -1.0))
    with pytest.raises(ArgumentError, match="`counts` must be units, in all at least"):
        estimators.post_stratify(control, treatment, group, counts=np.full(8, 0.25))
    with pytest.raises(ArgumentError, match="`counts` must be one number or of shape"):
        estimators.post_stratify(control, treatment, group, counts=np.ones(3))
    with pytest.raises(ArgumentError, match="`minimum_units` must be positive"):
        estimators.merge_sparse(control, treatment, group, minimum_units=0)
