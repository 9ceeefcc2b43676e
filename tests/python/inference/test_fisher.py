import numpy as np
import pytest
from reference.rate_checks import (
    arms,
    assert_bad_input_is_refused,
    assert_dual,
    assert_extremes_are_sound,
    assert_neighbours_stay,
    assert_one_call_equals_many,
    null_tails,
    random_counts,
)
from scipy import stats
from scipy.stats.contingency import odds_ratio
from validation.entries import stored

from experimentos.inference import fisher as module
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Null
from experimentos.inference.fisher import METHOD, fisher, odds_ratio_interval, two_sided

R = stored("proportions")


@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_limits_exclude_0_exactly_when_the_test_rejects(tail):
    assert_dual(METHOD, random_counts(300), tail=tail)
    assert_dual(METHOD, random_counts(2000, seed=2, largest=30), tail=tail)


def test_limits_of_the_odds_ratio_exclude_1_exactly_when_the_test_rejects():
    counts = random_counts(2000, seed=6, largest=60)
    tails, level = null_tails(METHOD, counts), np.full(2000, 0.05)
    limits = odds_ratio_interval(compare_arms(*arms(*counts)), level)
    np.testing.assert_array_equal(limits.lower > 1, tails.greater < level)
    np.testing.assert_array_equal(limits.upper < 1, tails.less < level)


def test_other_boundaries_are_not_tested():
    comparison = compare_arms(*arms([3, 3, 3], 20, [9, 9, 9], 20))
    tails = METHOD.tails(comparison, Null(np.array([1, 1, 0.9]), np.array([0, 0.1, 0])))
    np.testing.assert_array_equal(np.isnan(tails.less), [False, True, True])
    np.testing.assert_array_equal(np.isnan(tails.greater), [False, True, True])


def test_one_call_equals_many():
    assert_one_call_equals_many(fisher, random_counts(12, largest=500))


def test_agrees_with_scipy():
    counts = random_counts(200, seed=3, largest=300)
    tails, both = null_tails(METHOD, counts), two_sided(compare_arms(*arms(*counts)))
    for i in range(200):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        table = [[x_t, n_t - x_t], [x_c, n_c - x_c]]
        for ours, side in ((tails.less, "less"), (tails.greater, "greater"), (both, "two-sided")):
            theirs = stats.fisher_exact(table, alternative=side).pvalue
            np.testing.assert_allclose(ours[i], theirs, rtol=1e-11)


def test_limits_of_the_odds_ratio_are_those_of_scipy_and_r():
    for counts in [(3, 40, 9, 50), (48, 80, 56, 70), (1, 34, 7, 34)]:
        x_c, n_c, x_t, n_t = counts
        limits = odds_ratio_interval(compare_arms(*arms(*counts)), np.array([0.025]))
        theirs = odds_ratio([[x_t, n_t - x_t], [x_c, n_c - x_c]]).confidence_interval()
        np.testing.assert_allclose([limits.lower[0], limits.upper[0]], theirs, rtol=1e-9)
    for given in R["cases"].values():
        if given.get("odds_ratio"):
            x_t, n_t, x_c, n_c = given["counts"]
            limits = odds_ratio_interval(compare_arms(*arms(x_c, n_c, x_t, n_t)), np.array([0.025]))
            ours = [limits.lower[0], limits.upper[0]]
            np.testing.assert_allclose(ours, given["odds_ratio"], rtol=2e-9)


def test_an_empty_cell_leaves_one_side_of_the_odds_ratio_open():
    comparison = compare_arms(*arms([0, 3, 5, 2, 0], [10, 10, 5, 10, 9], [4, 0, 4, 10, 0], 10))
    limits = odds_ratio_interval(comparison, np.full(5, 0.025))
    np.testing.assert_array_equal(limits.lower == 0, [False, True, True, False, True])
    np.testing.assert_array_equal(np.isinf(limits.upper), [True, False, False, True, True])


def test_large_samples_agree_with_the_score_test():
    counts = (8502, 44700, 8279, 45489)
    assert fisher(*arms(*counts)).p_value[0] == pytest.approx(0.00155425, rel=0.03)
    for given in R["fisher_billion"]:
        x_t, n_t, x_c, n_c = given["counts"]
        tails = null_tails(METHOD, (x_c, n_c, x_t, n_t))
        np.testing.assert_allclose(tails.greater, given["greater"], rtol=1e-8)


def test_differences_at_an_odds_ratio_keep_the_total():
    counts = random_counts(500, seed=8, largest=100)
    data = module.score.counts(compare_arms(*arms(*counts)))
    odds = np.exp(np.random.default_rng(1).normal(0, 2, 500))
    control, treatment = module._rates_at(data, odds)
    np.testing.assert_allclose(
        control * data.n_c + treatment * data.n_t, data.x_c + data.x_t, rtol=1e-12, atol=1e-12
    )
    mixed = (data.x_c + data.x_t > 0) & (data.x_c + data.x_t < data.n_c + data.n_t)
    np.testing.assert_allclose(
        (treatment * (1 - control))[mixed], (odds * control * (1 - treatment))[mixed], atol=1e-12
    )


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(fisher)
    assert_bad_input_is_refused(fisher)
    assert_extremes_are_sound(fisher, without={"far apart", "a billion units, half of them"})


def test_no_event_is_no_evidence():
    tails = null_tails(METHOD, ([0, 5], [10, 5], [0, 8], [20, 8]))
    np.testing.assert_array_equal(tails.less, [1, 1])
    np.testing.assert_array_equal(tails.greater, [1, 1])
