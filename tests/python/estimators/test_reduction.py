import numpy as np
import pytest
from reference.adjustment_runs import normal_arm

from experimentos import estimators
from experimentos.estimators import CrossMoments
from experimentos.moments import Moments


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_the_share_is_the_squared_correlation_on_average(rho):
    rng = np.random.default_rng(1)
    runs, noise = 4_000, np.sqrt(1 - rho**2)
    arms = [normal_arm(rng, runs, n, [rho], noise=noise) for n in (100, 150)]
    share = estimators.share_explained(arms[0].append(arms[1]), np.tile(np.arange(runs), 2))
    error = share.std() / np.sqrt(runs)
    # R-squared adjusted for its slope is off by less than (1 - rho^2) / n.
    assert abs(share.mean() - rho**2) < 4 * error + (1 - rho**2) / 240


def test_useless_covariates_explain_nothing_on_average():
    rng = np.random.default_rng(2)
    arms = [normal_arm(rng, 4_000, 100, [0.0] * 10) for _ in range(2)]
    share = estimators.share_explained(arms[0].append(arms[1]), np.tile(np.arange(4_000), 2))
    assert abs(share.mean()) < 4 * share.std() / np.sqrt(4_000)
    assert (share < 0).any()


@pytest.mark.parametrize("rho", [0.3, 0.7, 0.95])
def test_the_variance_removed_is_the_squared_correlation(rho):
    rng = np.random.default_rng(3)
    runs, noise = 2_000, np.sqrt(1 - rho**2)
    arms = [normal_arm(rng, runs, 400, [rho], noise=noise) for _ in range(2)]
    plain = estimators.compare(*(arm.outcome for arm in arms))
    both = arms[0].append(arms[1])
    for adjust in (estimators.adjust_by_regression, estimators.adjust_interacted):
        found = adjust(both, np.tile(np.arange(runs), 2))
        adjusted = estimators.compare_regressed(
            found.take(np.arange(runs)), found.take(np.arange(runs, 2 * runs))
        )
        removed = estimators.variance_removed(plain, adjusted)
        error = removed.std() / np.sqrt(runs)
        assert abs(removed.mean() - rho**2) < 4 * error + 4 * (1 - rho**2) / 800


def test_the_variance_removed_is_below_0_where_adjustment_adds_some():
    arms = [Moments([4.0], [0.0], [m2]) for m2 in (8.0, 12.0)]
    found = estimators.variance_removed(*(estimators.compare(arm, arm) for arm in arms))
    np.testing.assert_allclose(found, [-0.5])


def test_undefined_stays_undefined():
    one = CrossMoments([200.0, 200.0], [[0.0, 0.0]] * 2, [[[9.0, 3.0], [3.0, 2.0]]] * 2)
    few = CrossMoments([99.0, 200.0], [[0.0, 0.0]] * 2, [[[9.0, 3.0], [3.0, 2.0]]] * 2)
    share = estimators.share_explained(one.append(few), [0, 0, 1, 1])
    np.testing.assert_array_equal(np.isnan(share), [False, True])
    plain = estimators.compare(Moments([2.0], [0.0], [0.0]), Moments([2.0], [0.0], [0.0]))
    assert np.isnan(estimators.variance_removed(plain, plain)).all()
