import numpy as np
import pytest
from scipy import stats

from experimentos.bayes import (
    Differences,
    NormalPosterior,
    NormalPrior,
    best_of,
    best_of_differences,
    differences,
    normal,
)
from experimentos.errors import ArgumentError
from experimentos.estimators import Comparison


def random_data(rows, arms, *, seed=1, ratio=4.0):
    rng = np.random.default_rng(seed)
    own = np.exp(rng.uniform(-np.log(ratio), np.log(ratio), (rows, arms)))
    return rng.normal(0, 1.5, (rows, arms)), np.exp(rng.normal(0, 1, rows)), own


def by_matrices(estimate, var_control, var_treatment, mean, sd):
    """Posterior mean and covariance of one row of differences, by inverting matrices."""
    data = np.linalg.inv(var_control + np.diag(var_treatment))
    prior = np.diag(sd**-2.0)
    covariance = np.linalg.inv(data + prior)
    return covariance @ (data @ estimate + prior @ mean), covariance


def test_the_posterior_is_that_of_matrices():
    data = random_data(20, 4)
    rng = np.random.default_rng(2)
    mean, sd = rng.normal(0, 1, (20, 4)), np.exp(rng.normal(0, 1, (20, 4)))
    found = differences.posterior(*data, prior=NormalPrior(mean, sd))
    for i in range(20):
        centre, covariance = by_matrices(*(values[i] for values in (*data, mean, sd)))
        np.testing.assert_allclose(found.mean[i], centre, rtol=1e-10)
        ours = np.outer(found.shared[i], found.shared[i]) + np.diag(found.own[i] ** 2)
        np.testing.assert_allclose(ours, covariance, rtol=1e-10)


def test_one_treatment_has_the_posterior_of_two_means():
    estimate, var_control, var_treatment = random_data(50, 1)
    prior = NormalPrior(np.full((50, 1), 0.3), np.full((50, 1), 0.8))
    found = differences.posterior(estimate, var_control, var_treatment, prior=prior)
    none = np.zeros(50)
    pairs = Comparison(
        none, none, none, estimate[:, 0], var_control, var_treatment[:, 0], none, none
    )
    expected = normal.posterior(pairs, difference=NormalPrior(0.3, 0.8))
    np.testing.assert_allclose(found.mean[:, 0], expected.difference, rtol=1e-12)
    np.testing.assert_allclose(found.sd[:, 0], expected.sd_difference, rtol=1e-12)
    best, better = best_of_differences(found), normal.better(expected)
    np.testing.assert_allclose(best.probability, np.c_[better.complement, better.probability])
    np.testing.assert_allclose(best.loss, np.c_[better.loss_control, better.loss_treatment])


@pytest.mark.parametrize("arms", [2, 3, 6])
@pytest.mark.parametrize("ratio", [1.0, 5.0, 50.0])
def test_flat_priors_leave_independent_arms(arms, ratio):
    estimate, var_control, var_treatment = random_data(4, arms, ratio=ratio)
    flat = NormalPrior(0.0, np.inf)
    found = best_of_differences(
        differences.posterior(estimate, var_control, var_treatment, prior=flat)
    )
    sd = np.sqrt(np.c_[var_control, var_treatment])
    expected = best_of(NormalPosterior(np.c_[np.zeros(4), estimate], sd))
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-11)
    np.testing.assert_allclose(found.loss, expected.loss, atol=1e-10 * sd.max())


def test_two_treatments_are_two_orthants_of_a_bivariate_normal():
    data = random_data(8, 2, seed=5)
    mean, sd = np.full((8, 2), -0.2), np.tile([0.5, 1.5], (8, 1))
    found = best_of_differences(differences.posterior(*data, prior=NormalPrior(mean, sd)))
    for i in range(8):
        centre, covariance = by_matrices(*(values[i] for values in (*data, mean, sd)))
        for arm, contrast in enumerate(([[-1, 0], [0, -1]], [[1, 0], [1, -1]], [[0, 1], [-1, 1]])):
            turned = np.array(contrast, dtype=float)
            orthant = stats.multivariate_normal(
                -turned @ centre, turned @ covariance @ turned.T, abseps=1e-12, releps=1e-12
            ).cdf([0, 0])
            np.testing.assert_allclose(found.probability[i, arm], orthant, atol=1e-9)
    np.testing.assert_allclose(found.probability.sum(axis=1), 1, rtol=1e-11)


def test_losses_differ_by_the_means_and_a_decrease_mirrors():
    joint = differences.posterior(*random_data(6, 3, seed=7), prior=NormalPrior(0.1, 0.9))
    up, down = best_of_differences(joint), best_of_differences(joint, goal="decrease")
    np.testing.assert_allclose(up.loss[:, :1] - up.loss[:, 1:], joint.mean, atol=1e-12)
    mirrored = best_of_differences(Differences(-joint.mean, joint.own, joint.shared))
    np.testing.assert_array_equal(down.probability, mirrored.probability)
    np.testing.assert_array_equal(down.loss, mirrored.loss)


def test_a_sample_of_the_posterior_agrees():
    estimate, var_control, var_treatment = random_data(1, 3, seed=9)
    mean, sd = np.full((1, 3), 0.2), np.full((1, 3), 0.7)
    joint = differences.posterior(estimate, var_control, var_treatment, prior=NormalPrior(mean, sd))
    found = best_of_differences(joint)
    centre, covariance = by_matrices(estimate[0], var_control[0], var_treatment[0], mean[0], sd[0])
    draws = 400_000
    arms = np.random.default_rng(3).multivariate_normal(centre, covariance, draws)
    arms = np.c_[np.zeros(draws), arms]
    for arm in range(4):
        is_best, loss = arms.argmax(axis=1) == arm, arms.max(axis=1) - arms[:, arm]
        for ours, theirs in ((found.probability, is_best), (found.loss, loss)):
            assert abs(ours[0, arm] - theirs.mean()) < 4.5 * theirs.std() / np.sqrt(draws)


def test_one_call_over_all_rows_equals_one_for_each_and_nan_stays_alone():
    data = list(random_data(5, 3, seed=4))
    data[0][1, 2], data[1][3] = np.nan, 0.0
    prior = NormalPrior(0.0, 1.0)
    found = best_of_differences(differences.posterior(*data, prior=prior))
    assert np.isnan(found.probability[[1, 3]]).all()
    assert np.isnan(found.loss[[1, 3]]).all()
    for i in (0, 2, 4):
        alone = [values[i : i + 1] for values in data]
        (one,) = best_of_differences(differences.posterior(*alone, prior=prior)).probability
        np.testing.assert_array_equal(found.probability[i], one)


def test_bad_input_is_named():
    with pytest.raises(ArgumentError, match="`goal` must be one of"):
        best_of_differences(Differences([[1.0]], [[1.0]], [[1.0]]), goal="up")
    with pytest.raises(ArgumentError, match="fields of shape \\(k, arms\\)"):
        best_of_differences(Differences([1.0], [1.0], [1.0]))
