import numpy as np
import pytest
from reference.builders import joint_moments, moments
from scipy import stats

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.moments import JointMoments


def samples(seed, size=400, arms=3):
    """Units of some arms: numerator, denominator and their covariates, all correlated."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(arms):
        latent = rng.gamma(2, 1, size)
        den = 1 + rng.poisson(3, size)
        den_cov = 1 + rng.poisson(3, size)
        num = latent * den + rng.normal(0, 1, size)
        num_cov = latent * den_cov + rng.normal(0, 1, size)
        found.append({"num": num, "den": den, "num_cov": num_cov, "den_cov": den_cov})
    return found


def adjusted(joint):
    group = np.zeros(joint.n.size, dtype=int)
    return estimators.adjust(joint, group, np.ones(joint.n.size, dtype=bool))


def test_a_ratio_is_linearised_at_its_own_value():
    data = samples(1)
    found = estimators.ratio(joint_moments(data))
    for i, arm in enumerate(data):
        value = arm["num"].mean() / arm["den"].mean()
        linear = (arm["num"] - value * arm["den"]) / arm["den"].mean()
        np.testing.assert_allclose(found.mean[i], value, rtol=1e-13)
        np.testing.assert_allclose(found.m2[i], moments(linear).m2[0], rtol=1e-11)


def test_the_delta_method_agrees_with_the_jackknife():
    # An independent way to the variance of a ratio: leave out one unit at a time.
    (arm,) = samples(2, size=5000, arms=1)
    found = estimators.ratio(joint_moments([arm])).variance_of_mean[0]
    left_out = (arm["num"].sum() - arm["num"]) / (arm["den"].sum() - arm["den"])
    jackknife = (left_out.size - 1) * left_out.var()
    np.testing.assert_allclose(found, jackknife, rtol=5e-3)


def test_a_mean_is_a_ratio_with_denominator_one():
    joint = JointMoments.of_mean([10.0], [3.0], [7.0])
    for estimator in (estimators.mean, estimators.ratio):
        found = estimator(joint)
        np.testing.assert_array_equal([found.mean, found.m2], [[3], [7]])


def test_theta_is_pooled_within_arms_over_all_of_them():
    data = [{k: arm[k] for k in ("num", "num_cov")} for arm in samples(3)]
    found = adjusted(joint_moments(data))
    product = sum(
        ((a["num"] - a["num"].mean()) * (a["num_cov"] - a["num_cov"].mean())).sum() for a in data
    )
    square = sum(((a["num_cov"] - a["num_cov"].mean()) ** 2).sum() for a in data)
    np.testing.assert_allclose(found.theta, product / square, rtol=1e-12)
    centre = np.concatenate([a["num_cov"] for a in data]).mean()
    for i, arm in enumerate(data):
        mean = (arm["num"] - found.theta[0] * (arm["num_cov"] - centre)).mean()
        np.testing.assert_allclose(found.mean[i], mean, rtol=1e-12)


def test_the_adjusted_difference_is_that_of_an_analysis_of_covariance():
    # ANCOVA by ordinary least squares with arm dummies: the same theta, the same differences.
    data = [{k: arm[k] for k in ("num", "num_cov")} for arm in samples(4)]
    found = adjusted(joint_moments(data))
    y = np.concatenate([a["num"] for a in data])
    x = np.concatenate([a["num_cov"] for a in data])
    arm = np.repeat([0, 1, 2], 400)
    design = np.column_stack([np.ones(1200), arm == 1, arm == 2, x]).astype(float)
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(found.mean[1:] - found.mean[0], coefficients[1:3], rtol=1e-9)
    np.testing.assert_allclose(found.theta[0], coefficients[3], rtol=1e-10)


def test_variances_and_covariance_of_the_adjusted_means_are_those_of_the_units():
    # With theta fixed the adjusted means are linear in the units: their covariance directly.
    data = [{k: arm[k] for k in ("num", "num_cov")} for arm in samples(5, size=300, arms=2)]
    data[0] = {k: v[:150] for k, v in data[0].items()}
    joint = joint_moments(data)
    found = adjusted(joint)
    pair = estimators.compare_adjusted(found.take([0]), found.take([1]))
    theta, n = found.theta[0], joint.n
    share = n / n.sum()
    covariances = [np.cov(a["num"], a["num_cov"]) / len(a["num"]) for a in data]
    loads = np.zeros((2, 2, 2))  # mean k: weights of (y, x) of arm j
    for k in range(2):
        for j in range(2):
            loads[k, j] = [float(k == j), theta * (share[j] - (k == j))]
    total = np.array(
        [
            [sum(loads[k, j] @ covariances[j] @ loads[m, j] for j in range(2)) for m in range(2)]
            for k in range(2)
        ]
    )
    np.testing.assert_allclose(pair.var_control, total[0, 0], rtol=1e-10)
    np.testing.assert_allclose(pair.var_treatment, total[1, 1], rtol=1e-10)
    np.testing.assert_allclose(pair.covariance, total[0, 1], rtol=1e-9)
    residual = [a["num"] - theta * a["num_cov"] for a in data]
    welch = stats.ttest_ind(residual[1], residual[0], equal_var=False)
    np.testing.assert_allclose(pair.estimate / pair.std_error, welch.statistic, rtol=1e-10)
    np.testing.assert_allclose(pair.df, welch.df, rtol=1e-10)


def test_a_ratio_is_adjusted_through_its_linearisation():
    data = samples(6)
    found = adjusted(joint_moments(data))
    linear = []
    for arm in data:
        value, other = (
            arm["num"].mean() / arm["den"].mean(),
            arm["num_cov"].mean() / arm["den_cov"].mean(),
        )
        linear.append(
            (
                (arm["num"] - value * arm["den"]) / arm["den"].mean(),
                (arm["num_cov"] - other * arm["den_cov"]) / arm["den_cov"].mean(),
            )
        )
    product, square = sum((y * x).sum() for y, x in linear), sum((x * x).sum() for _, x in linear)
    np.testing.assert_allclose(found.theta, product / square, rtol=1e-10)
    pooled = sum(a["num_cov"].sum() for a in data) / sum(a["den_cov"].sum() for a in data)
    for i, arm in enumerate(data):
        value, other = (
            arm["num"].mean() / arm["den"].mean(),
            arm["num_cov"].mean() / arm["den_cov"].mean(),
        )
        np.testing.assert_allclose(
            found.mean[i], value - found.theta[0] * (other - pooled), rtol=1e-12
        )
        residual = linear[i][0] - found.theta[0] * linear[i][1]
        np.testing.assert_allclose(
            found.variance_within[i], residual.var(ddof=1) / residual.size, rtol=1e-9
        )


@pytest.mark.parametrize("broken", ["few units", "no covariate", "constant covariate", "missing"])
def test_groups_that_fail_the_pre_check_are_not_adjusted_and_others_are(broken):
    data = [{k: a[k] for k in ("num", "num_cov")} for a in samples(7, arms=4)]
    if broken == "few units":
        data[1] = {k: v[:99] for k, v in data[1].items()}
    if broken == "constant covariate":
        for arm in data[:2]:
            arm["num_cov"] = np.full(400, 0.1)
    if broken == "missing":
        data[1]["num_cov"] = np.full(400, np.nan)
    joint = joint_moments(data)
    allowed = np.array([True, broken != "no covariate", True, True])
    found = estimators.adjust(joint, np.array([0, 0, 1, 1]), allowed)
    assert np.isnan(found.theta[:2]).all()
    assert np.isfinite(found.theta[2:]).all()
    assert np.isfinite(found.variance_within[2:]).all()


def test_equal_values_in_every_unit_have_no_spread_whatever_their_rounding():
    n = 1000.0
    rounding = n * (np.finfo(float).eps * 0.1) ** 2
    joint = JointMoments.of_mean([n, n], [0.1, 1e15], [rounding, 0.0])
    np.testing.assert_array_equal(estimators.mean(joint).m2, [0, 0])


def test_spread_of_one_at_1e15_is_kept():
    joint = JointMoments.of_mean([1000.0], [1e15], [999.0])
    np.testing.assert_array_equal(estimators.ratio(joint).m2, [999.0])


def test_coverage_of_an_adjusted_lift():
    # Fieller with the covariance: without it the interval of the lift would be too wide here.
    rng = np.random.default_rng(8)
    trials, n, true_lift = 4000, 200, 0.1
    joints, correlation = [], 0.8
    for lift in (0.0, true_lift):
        x = rng.normal(2, 1, (trials, n))
        noise = rng.normal(0, np.sqrt(1 - correlation**2), (trials, n))
        y = 2 * (1 + lift) + correlation * (x - 2) + noise
        centred = [v - v.mean(axis=1, keepdims=True) for v in (y, x)]
        joints.append(
            JointMoments.of_mean(
                np.full(trials, n), y.mean(axis=1), (centred[0] ** 2).sum(axis=1),
                mean_cov=x.mean(axis=1), m2_cov=(centred[1] ** 2).sum(axis=1),
                c2_cov=(centred[0] * centred[1]).sum(axis=1),
            )
        )  # fmt: skip
    from experimentos.inference import welch

    both = joints[0].append(joints[1])
    group = np.tile(np.arange(trials), 2)
    found = estimators.adjust(both, group, np.ones(2 * trials, dtype=bool))
    control, treatment = (found.take(np.arange(trials) + k * trials) for k in range(2))
    comparison = estimators.compare_adjusted(control, treatment)
    limits = welch.lift_interval(comparison, np.full(trials, 0.025))
    covered = ((limits.lower <= true_lift) & (limits.upper >= true_lift)).sum()
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, 0.95)
    assert low <= covered <= high


def test_theta_pooled_over_units_is_that_of_all_of_them_as_one_sample():
    data = [{k: arm[k] for k in ("num", "num_cov")} for arm in samples(9)]
    for i, arm in enumerate(data):
        arm["num"] = arm["num"] + 5 * i
    joint = joint_moments(data)
    group, allowed = np.zeros(3, dtype=int), np.ones(3, dtype=bool)
    found = estimators.adjust(joint, group, allowed, theta="pooled")
    y, x = (np.concatenate([arm[k] for arm in data]) for k in ("num", "num_cov"))
    np.testing.assert_allclose(found.theta, np.cov(y, x)[0, 1] / x.var(ddof=1), rtol=1e-12)
    for i, arm in enumerate(data):
        residual = arm["num"] - found.theta[0] * (arm["num_cov"] - x.mean())
        np.testing.assert_allclose(found.mean[i], residual.mean(), rtol=1e-12)
        np.testing.assert_allclose(
            found.variance_within[i], residual.var(ddof=1) / residual.size, rtol=1e-10
        )


def test_both_thetas_are_the_same_where_the_arms_have_one_covariate_mean():
    data = [{k: arm[k] for k in ("num", "num_cov")} for arm in samples(10, arms=2)]
    for arm in data:
        arm["num_cov"] = arm["num_cov"] - arm["num_cov"].mean()
    data[1]["num"] = data[1]["num"] + 100
    joint = joint_moments(data)
    group, allowed = np.zeros(2, dtype=int), np.ones(2, dtype=bool)
    within, pooled = (
        estimators.adjust(joint, group, allowed, theta=theta) for theta in ("within", "pooled")
    )
    np.testing.assert_allclose(pooled.theta, within.theta, rtol=1e-10)


@pytest.mark.parametrize("theta", ["within", "pooled"])
def test_many_groups_are_as_one_each(theta):
    joint = joint_moments([arm for i in range(20) for arm in samples(20 + i, arms=2)])
    group, allowed = np.repeat(np.arange(20), 2), np.ones(40, dtype=bool)
    found = estimators.adjust(joint, group, allowed, theta=theta)
    for i in range(20):
        own = group == i
        alone = estimators.adjust(joint.take(own), np.zeros(2, int), allowed[own], theta=theta)
        for name in vars(found):
            np.testing.assert_array_equal(getattr(alone, name), getattr(found, name)[own])


@pytest.mark.parametrize("theta", ["within", "pooled"])
def test_shifting_the_covariate_changes_nothing_and_scaling_it_only_theta(theta):
    data = [{k: arm[k] for k in ("num", "num_cov")} for arm in samples(11, arms=2)]
    moved = [{"num": arm["num"], "num_cov": 1e6 - 4 * arm["num_cov"]} for arm in data]
    group, allowed = np.zeros(2, dtype=int), np.ones(2, dtype=bool)
    wanted, found = (
        estimators.adjust(joint_moments(given), group, allowed, theta=theta)
        for given in (data, moved)
    )
    np.testing.assert_allclose(found.theta, wanted.theta / -4, rtol=1e-9)
    for name in ("mean", "variance_within", "common", "cross"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=1e-6, atol=1e-12
        )


def test_wrong_arguments_are_named():
    joint = joint_moments(samples(12, arms=2))
    allowed = np.ones(2, dtype=bool)
    with pytest.raises(ArgumentError, match="`theta` must be one of .*'pooled', 'within'.*'nope'"):
        estimators.adjust(joint, np.array([0, 0]), allowed, theta="nope")
    with pytest.raises(ArgumentError, match="`group` must be"):
        estimators.adjust(joint, np.array([0, -1]), allowed)
