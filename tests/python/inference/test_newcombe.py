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
from scipy.special import log_ndtr
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from validation.entries import stored

from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Null
from experimentos.inference.newcombe import METHOD, newcombe

R = stored("proportions")


@pytest.mark.parametrize("tail", [0.3, 0.025, 0.001])
def test_limits_exclude_a_boundary_exactly_when_its_test_rejects(tail):
    counts = random_counts(20_000)
    for shift in (0.0, -0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, shift=shift)
    for lift in (-0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, lift=lift)


def test_the_p_value_is_the_level_at_which_the_interval_ends_at_the_boundary():
    counts = random_counts(5000, seed=9, largest=200)
    comparison = compare_arms(*arms(*counts))
    full = np.ones(5000)
    for shift in (0.0, -0.03, 0.1):
        tails = METHOD.tails(comparison, Null(full, shift * full))
        greater = (tails.greater > 1e-300) & (tails.greater < 0.5)
        level = np.where(greater, tails.greater, 0.4)
        limits = METHOD.interval(comparison, level)
        np.testing.assert_allclose(limits.lower[greater], shift, atol=1e-13)
    for weight in (0.7, 1.2):
        tails = METHOD.tails(comparison, Null(weight * full, 0 * full))
        less = (tails.less > 1e-300) & (tails.less < 0.5) & (counts[0] > 0)
        level = np.where(less, tails.less, 0.4)
        limits = METHOD.lift_interval(comparison, level)
        np.testing.assert_allclose(limits.upper[less], weight - 1, atol=1e-12)


def test_one_call_equals_many():
    assert_one_call_equals_many(newcombe, random_counts(40))


def test_limits_are_those_of_statsmodels():
    counts = random_counts(100, seed=3, largest=300)
    effect = newcombe(*arms(*counts))
    for i in range(100):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        theirs = confint_proportions_2indep(x_t, n_t, x_c, n_c, method="newcomb", compare="diff")
        np.testing.assert_allclose([effect.lower[i], effect.upper[i]], theirs, atol=1e-12)


def test_limits_of_the_ratio_are_roots_of_the_combined_contrast():
    # The contrast p_t - R p_c with Wilson's limits of statsmodels ends at 0.
    counts = random_counts(50, seed=4, largest=300)
    effect = newcombe(*arms(*counts))
    for i in np.flatnonzero(counts[0] > 0):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        l_c, u_c = proportion_confint(x_c, n_c, method="wilson")
        l_t, u_t = proportion_confint(x_t, n_t, method="wilson")
        p_c, p_t = x_c / n_c, x_t / n_t
        low, high = 1 + effect.lift_lower[i], 1 + effect.lift_upper[i]
        assert p_t - low * p_c == pytest.approx(np.hypot(p_t - l_t, low * (u_c - p_c)), abs=1e-11)
        assert high * p_c - p_t == pytest.approx(np.hypot(u_t - p_t, high * (p_c - l_c)), abs=1e-11)


@pytest.mark.parametrize("case", [*R["cases"], *R["edges"]])
def test_agrees_with_r(case):
    given = (R["cases"] | R["edges"])[case]
    x_t, n_t, x_c, n_c = given["counts"]
    effect = newcombe(*arms(x_c, n_c, x_t, n_t))
    limits = [effect.lower[0], effect.upper[0]]
    np.testing.assert_allclose(limits, given["newcombe"], rtol=1e-10, atol=1e-15)


def test_no_event_in_either_arm_is_no_evidence_but_an_interval():
    effect = newcombe(*arms([0, 20], 20, [0, 10], 10))
    np.testing.assert_array_equal(effect.p_value, [1, 1])
    z2 = 1.959963984540054**2
    np.testing.assert_allclose(effect.lower, [-z2 / (20 + z2), -z2 / (10 + z2)], rtol=1e-12)
    np.testing.assert_allclose(effect.upper, [z2 / (10 + z2), z2 / (20 + z2)], rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(effect.lift_lower), [True, False])


def test_a_boundary_that_no_interval_reaches_has_p_of_0():
    comparison = compare_arms(*arms(5, 10, 5, 10))
    # At any level the lower limit stays above -sqrt(0.5).
    tails = METHOD.tails(comparison, Null(np.ones(1), np.array([-0.8])))
    assert tails.greater[0] == 0
    assert tails.less[0] == 1
    assert np.isnan(METHOD.tails(comparison, Null(np.array([-0.5]), np.zeros(1))).less[0])


def test_p_values_are_right_down_to_1e_300():
    tails = null_tails(METHOD, (1e8, 1e9, 1.005e8, 1e9))
    assert 1e-306 < tails.greater[0] < 1e-300
    # With a billion units Wilson's limits are Wald's to 1e-8 of their width.
    z = 5e-4 / np.sqrt((0.1 * 0.9 + 0.1005 * 0.8995) / 1e9)
    np.testing.assert_allclose(np.log(tails.greater), log_ndtr(-z), rtol=1e-5)


def test_rare_events_are_poisson_counts():
    # Wilson's limits of 100 and of 160 among a billion, per billion: x + z^2/2 -+ z sqrt(x + z^2/4)
    z = 1.959963984540054
    effect = newcombe(*arms(100, 1e9, 160, 1e9))
    down = 160 - (160 + z * z / 2 - z * np.sqrt(160 + z * z / 4))
    up = 100 + z * z / 2 + z * np.sqrt(100 + z * z / 4) - 100
    np.testing.assert_allclose(effect.lower * 1e9, 60 - np.hypot(down, up), rtol=1e-6)
    assert effect.p_value[0] == pytest.approx(2 * stats.norm.sf(60 / np.sqrt(260)), rel=0.2)


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(newcombe)
    assert_bad_input_is_refused(newcombe)
    assert_extremes_are_sound(newcombe)
