import numpy as np
import pytest
from reference.rate_checks import (
    arms,
    assert_bad_input_is_refused,
    assert_dual,
    assert_extremes_are_sound,
    assert_neighbours_stay,
    assert_one_call_equals_many,
    random_counts,
)
from scipy import stats
from scipy.stats.contingency import relative_risk
from statsmodels.stats.proportion import test_proportions_2indep
from validation.entries import stored

from experimentos.inference import score
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Null
from experimentos.inference.rate_ratio import METHOD, katz, koopman

test_proportions_2indep.__test__ = False
R = stored("proportions")["cases"]


@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_limits_exclude_a_boundary_exactly_when_its_test_rejects(tail):
    counts = random_counts(20_000)
    assert_dual(METHOD, counts, tail=tail)
    for lift in (-0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, lift=lift)
        assert_dual(score.METHOD, counts, tail=tail, lift=lift)


def test_an_absolute_margin_is_not_tested():
    comparison = compare_arms(*arms([10, 10], 100, [20, 20], 100))
    tails = METHOD.tails(comparison, Null(np.ones(2), np.array([0.0, -0.1])))
    np.testing.assert_array_equal(np.isnan(tails.greater), [False, True])
    tails = METHOD.tails(comparison, Null(np.array([0.0, -1.0]), np.zeros(2)))
    assert np.isnan(tails.less).all()


def test_one_call_equals_many():
    assert_one_call_equals_many(katz, random_counts(40))


def test_limits_are_those_of_scipy_and_p_values_those_of_statsmodels():
    counts = random_counts(100, seed=3, largest=300)
    effect = katz(*arms(*counts))
    for i in np.flatnonzero(~np.isnan(effect.p_value)):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        theirs = relative_risk(x_t, n_t, x_c, n_c).confidence_interval()
        ours = [1 + effect.lift_lower[i], 1 + effect.lift_upper[i]]
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)
        with np.errstate(divide="ignore"):  # of its odds ratio
            tested = test_proportions_2indep(x_t, n_t, x_c, n_c, method="log", compare="ratio")
        np.testing.assert_allclose(effect.p_value[i], tested.pvalue, rtol=1e-8)


@pytest.mark.parametrize("case", R)
def test_koopmans_limits_invert_pearsons_chi_square(case):
    x_t, n_t, x_c, n_c = R[case]["counts"]
    effect = koopman(*arms(x_c, n_c, x_t, n_t))
    limits = [1 + effect.lift_lower[0], 1 + effect.lift_upper[0]]
    np.testing.assert_allclose(limits, R[case]["koopman"], rtol=1e-9)
    if n_t < 1e6:
        # The chi-square itself, with expected counts by a search of the likelihood.
        for ratio in limits:
            grid = np.linspace(1e-6, min(1, 1 / ratio) - 1e-6, 400_001)
            log_likelihood = (
                x_c * np.log(grid) + (n_c - x_c) * np.log1p(-grid)
                + x_t * np.log(ratio * grid) + (n_t - x_t) * np.log1p(-ratio * grid)
            )  # fmt: skip
            p = grid[np.argmax(log_likelihood)]
            expected = np.array([n_c * p, n_c * (1 - p), n_t * ratio * p, n_t * (1 - ratio * p)])
            seen = np.array([x_c, n_c - x_c, x_t, n_t - x_t])
            chi_square = ((seen - expected) ** 2 / expected).sum()
            assert chi_square == pytest.approx(stats.chi2.isf(0.05, 1), rel=2e-3)


def test_ratios_near_1_and_far_from_it_keep_their_digits():
    # A lift of 1e-9, and a ratio of 1e-6.
    effect = katz(*arms([5e8, 5e8], 1e9, [5e8 + 1, 500], 1e9))
    z = stats.norm.isf(0.025)
    s = np.sqrt(1 / 5e8 + 1 / np.array([5e8 + 1, 500]) - 2e-9)
    log_ratio = np.log1p(2e-9), np.log(1e-6)
    for i in range(2):
        for limit, sign in ((effect.lift_lower, -1), (effect.lift_upper, 1)):
            np.testing.assert_allclose(
                limit[i], np.expm1(log_ratio[i] + sign * z * s[i]), rtol=1e-9
            )
    np.testing.assert_allclose(effect.p_value[0], 2 * stats.norm.sf(2e-9 / s[0]), rtol=1e-9)


def test_an_arm_without_events_has_no_logarithm():
    effect = katz(*arms([0, 5, 5], [20, 20, 5], [4, 0, 9], [20, 20, 9]))
    for name in ("p_value", "lower", "upper", "lift", "lift_lower", "lift_upper"):
        assert np.isnan(getattr(effect, name)).all(), name


@pytest.mark.parametrize("function", [katz, koopman])
def test_undefined_is_nan_and_bad_input_is_refused(function):
    assert_neighbours_stay(function)
    assert_bad_input_is_refused(function)
    assert_extremes_are_sound(function)
