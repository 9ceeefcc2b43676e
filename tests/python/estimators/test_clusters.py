import numpy as np
import pytest
import statsmodels.api as sm

from experimentos.errors import ArgumentError
from experimentos.estimators import ratio
from experimentos.estimators.clusters import cluster_moments, without_covariates
from experimentos.inference.welch import welch

FIELDS = ("n", "mean_num", "m2_num", "mean_den", "m2_den", "c2_num_den")


def pupils(seed=1, samples=2, classes=30):
    """Scores, class and sample of pupils in classes of 5 to 30."""
    rng = np.random.default_rng(seed)
    size = rng.integers(5, 31, samples * classes)
    group = np.repeat(np.arange(samples * classes), size)
    scores = 480 + rng.normal(scale=20, size=samples * classes)[group]
    return scores + rng.normal(scale=40, size=group.size), group % classes, group // classes


def test_moments_are_those_of_totals_and_sizes():
    values, cluster, sample = pupils()
    found = cluster_moments(values, cluster, sample=sample)
    for k in (0, 1):
        groups = [values[(sample == k) & (cluster == g)] for g in range(30)]
        num, den = np.array([g.sum() for g in groups]), np.array([g.size for g in groups])
        np.testing.assert_allclose(found.n[k], 30)
        np.testing.assert_allclose(found.mean_num[k], num.mean(), rtol=1e-13)
        np.testing.assert_allclose(found.m2_num[k], num.var() * 30, rtol=1e-12)
        np.testing.assert_allclose(found.m2_den[k], den.var() * 30, rtol=1e-12)
        covariance = np.cov(num, den, bias=True)[0, 1]
        np.testing.assert_allclose(found.c2_num_den[k], covariance * 30, rtol=1e-12)
        assert np.isnan(found.mean_num_cov[k])


def test_the_variance_is_the_sandwich_of_a_regression_on_a_constant():
    # statsmodels: cov_type "cluster" without its own factor, which is CR0.
    values, cluster, _ = pupils(samples=1)
    fit = sm.OLS(values, np.ones((values.size, 1))).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    found = ratio(cluster_moments(values, cluster))
    np.testing.assert_allclose(found.mean, fit.params, rtol=1e-13)
    np.testing.assert_allclose(found.variance_of_mean, fit.bse**2 * 30 / 29, rtol=1e-10)


def test_the_difference_has_the_sandwich_variance_of_a_regression_on_the_arm():
    values, cluster, arm = pupils()
    design = sm.add_constant(arm.astype(float))
    fit = sm.OLS(values, design).fit(
        cov_type="cluster", cov_kwds={"groups": arm * 100 + cluster, "use_correction": False}
    )
    joint = cluster_moments(values, cluster, sample=arm)
    effect = welch(ratio(joint.take([0])), ratio(joint.take([1])))
    np.testing.assert_allclose(effect.estimate, fit.params[1], rtol=1e-10)
    np.testing.assert_allclose(effect.std_error, fit.bse[1] * (30 / 29) ** 0.5, rtol=1e-10)


def test_clusters_of_one_are_units():
    values = np.array([1.0, 3.0, 5.0])
    found = ratio(cluster_moments(values, ["a", "b", "c"]))
    np.testing.assert_array_equal([found.n, found.mean, found.m2], [[3], [3], [8]])


def test_clusters_of_equal_size_give_welch_on_their_means():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(24, 7))
    arms = np.repeat([0, 1], 12)
    joint = cluster_moments(values.ravel(), np.repeat(np.arange(24), 7), sample=np.repeat(arms, 7))
    by_mean = cluster_moments(values.mean(axis=1), np.arange(24), sample=arms)
    effect, expected = (
        welch(ratio(j.take([0])), ratio(j.take([1]))) for j in (joint, by_mean)
    )  # fmt: skip
    np.testing.assert_allclose(effect.p_value, expected.p_value, rtol=1e-11)
    np.testing.assert_allclose(effect.lower, expected.lower, rtol=1e-11)


def test_one_call_over_samples_equals_a_call_for_each():
    values, cluster, sample = pupils(samples=5)
    together = cluster_moments(values, cluster, sample=sample)
    for k in range(5):
        alone = cluster_moments(values[sample == k], cluster[sample == k])
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[[k]])


@pytest.mark.parametrize("name", [lambda c: c, lambda c: c - 1_000, lambda c: c * 10**12])
def test_labels_may_be_anything(name):
    values, cluster, sample = pupils()
    expected = cluster_moments(values, cluster, sample=sample)
    for labels in (name(cluster), np.array([f"class {c}" for c in name(cluster)])):
        found = cluster_moments(values, labels, sample=sample)
        for field in FIELDS:
            np.testing.assert_allclose(getattr(found, field), getattr(expected, field), rtol=1e-10)


def test_undefined_values_are_left_out_and_do_not_disturb_other_samples():
    values, cluster, sample = pupils(samples=3)
    expected = cluster_moments(values, cluster, sample=sample)
    broken = values.copy()
    broken[np.flatnonzero(sample == 1)[0]] = np.nan
    broken[sample == 2] = np.inf
    found = cluster_moments(broken, cluster, sample=sample)
    assert found.n.tolist() == [30, 30, 0]
    for field in FIELDS[1:]:
        moment = getattr(found, field)
        assert moment[0] == getattr(expected, field)[0]
        assert np.isfinite(moment[1])
        assert np.isnan(moment[2])
    assert np.isnan(ratio(found).mean[2])


def test_one_cluster_has_a_mean_and_no_variance():
    found = ratio(cluster_moments([1.0, 2.0], ["a", "a"]))
    assert found.mean[0] == 1.5
    assert np.isnan(found.variance_of_mean[0])


def test_nothing_at_all_is_no_sample():
    assert cluster_moments([], []).n.shape == (0,)


def test_bad_arguments_are_refused():
    with pytest.raises(ArgumentError, match="one length"):
        cluster_moments([1.0, 2.0], [1])
    with pytest.raises(ArgumentError, match="whole numbers from 0, got -1"):
        cluster_moments([1.0, 2.0], [1, 2], sample=[0, -1])
    with pytest.raises(ArgumentError, match="whole numbers from 0, got float64"):
        cluster_moments([1.0, 2.0], [1, 2], sample=[0.5, 1.0])


def test_moments_without_covariates_keep_what_is_given():
    found = without_covariates(
        [9.0], mean_num=[2.0], m2_num=[3.0], mean_den=[1.0], m2_den=[4.0], c2_num_den=[0.5]
    )
    assert [getattr(found, name)[0] for name in FIELDS] == [9, 2, 3, 1, 4, 0.5]
    assert np.isnan(found.c2_num_cov_den_cov[0])
