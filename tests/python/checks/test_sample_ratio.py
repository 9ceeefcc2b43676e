import numpy as np
import pytest
from reference.builders import EXPERIMENTS
from scipy import stats

from experimentos.checks import sample_ratio as module
from experimentos.errors import ArgumentError


@pytest.mark.parametrize("name", EXPERIMENTS["sample_ratios"])
def test_real_experiments_agree_with_scipy(name):
    given = EXPERIMENTS["sample_ratios"][name]
    counts = np.array([list(given["counts"].values())], dtype=float)
    found = module.chi_square(counts, np.array([given["expected_ratio"]]))
    np.testing.assert_allclose(found, given["p"], rtol=1e-8, atol=1e-300)


def test_one_call_equals_many_with_different_numbers_of_variants():
    counts = np.array([[10.0, 20.0, np.nan], [30.0, 30.0, 40.0]])
    shares = np.array([[0.5, 0.5, np.nan], [0.3, 0.3, 0.4]])
    together = module.chi_square(counts, shares)
    expected = [
        stats.chisquare([10, 20]).pvalue,
        stats.chisquare([30, 30, 40], [30, 30, 40]).pvalue,
    ]
    np.testing.assert_allclose(together, expected, rtol=1e-12)


def test_fixed_uses_the_exact_test_only_where_few_are_expected():
    counts = np.array([[3.0, 6.0], [300.0, 330.0]])
    p_value, is_exact = module.fixed(counts, np.full((2, 2), 0.5))
    np.testing.assert_array_equal(is_exact, [1, 0])
    np.testing.assert_allclose(p_value[0], stats.binomtest(3, 9).pvalue)


def test_undefined_is_nan_and_neighbours_stay():
    counts = np.array([[0.0, 0.0], [10.0, np.nan], [10.0, 12.0], [5.0, 5.0]])
    shares = np.array([[0.5, 0.5], [1.0, np.nan], [0.5, 0.5], [np.nan, 1.0]])
    p_value, _ = module.fixed(counts, shares)
    np.testing.assert_array_equal(np.isnan(p_value), [True, True, False, True])
    np.testing.assert_array_equal(p_value[[2]], module.fixed(counts[[2]], shares[[2]])[0])


def test_counts_and_shares_that_cannot_be_are_refused():
    good = np.array([[10.0, 12.0]]), np.array([[0.5, 0.5]])
    for name, counts, shares, message in (
        ("negative", [[-1.0, 5.0]], good[1], "`counts` must be 0 or more and finite, got -1.0"),
        ("infinite", [[np.inf, 5.0]], good[1], "`counts` must be 0 or more and finite, got inf"),
        ("no share", good[0], [[0.0, 1.0]], "`shares` must be positive and finite, got 0.0"),
        ("shape", good[0], [[0.2, 0.3, 0.5]], r"must have one shape \(k, v\), got \(1, 2\) and"),
        ("flat", [10.0, 12.0], [0.5, 0.5], "must have one shape"),
    ):
        with pytest.raises(ArgumentError, match=message):
            module.fixed(np.array(counts), np.array(shares))
        with pytest.raises(ArgumentError, match=message):
            module.log_bayes_factor(np.array(counts), np.array(shares))
        assert name


def test_a_table_with_an_impossible_share_makes_its_own_check_nan():
    check, member = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    counts, shares, of = module.accumulate(
        check, member, np.zeros(4, dtype=int),
        units=np.array([50.0, 60.0, 50.0, 60.0]), shares=np.array([0.0, 1.0, 0.5, 0.5]),
    )  # fmt: skip
    p_value, _ = module.fixed(counts, shares)
    np.testing.assert_array_equal(np.isnan(p_value), [True, False])
    np.testing.assert_array_equal(np.isnan(module.anytime(counts, shares, of)), [True, False])
    np.testing.assert_array_equal(counts, [[50, 60], [50, 60]])


def test_the_chi_square_tail_is_right_at_the_smallest_numbers_and_a_billion_units():
    counts = np.array([[108_296.0, 91_704.0], [500_060_000.0, 499_940_000.0]])
    found = module.chi_square(counts, np.full((2, 2), 0.5))
    # R 4.2.2: chisq.test(c(108296, 91704))$p.value, chisq.test(c(500060000, 499940000))$p.value
    np.testing.assert_allclose(found, [2.72317056626548e-301, 1.47802310334454e-04], rtol=1e-12)


def test_accumulated_days_are_cumulative_within_each_check():
    check, member = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 1, 0, 1, 2, 3])
    day = np.array([2, 2, 1, 1, 1, 1])
    counts, shares, of = module.accumulate(
        check, member, day, units=np.array([1.0, 2, 10, 20, 5, np.nan]), shares=np.full(6, 0.5)
    )
    np.testing.assert_array_equal(of, [0, 0, 1])
    np.testing.assert_array_equal(counts, [[10, 20], [11, 22], [np.nan, np.nan]])
    np.testing.assert_array_equal(np.isnan(shares), np.isnan(counts))


def test_error_rates_at_one_time_and_over_all_days():
    rng = np.random.default_rng(6)
    trials, days, shares = 4000, 28, np.array([0.1, 0.3, 0.6])
    daily = rng.multinomial(2000, shares, (trials, days)).astype(float)
    cumulative = daily.cumsum(axis=1)
    planned = np.broadcast_to(shares, (trials * days, 3))
    p_any = module.anytime(cumulative.reshape(-1, 3), planned, np.repeat(np.arange(trials), days))
    p_fixed, _ = module.fixed(cumulative[:, -1], planned[:trials])
    for level in (0.05, 0.01):
        assert (p_any <= level).sum() <= stats.binom.ppf(0.999, trials, level)
        low, high = stats.binom.ppf([0.0005, 0.9995], trials, level)
        assert low <= (p_fixed <= level).sum() <= high


def test_a_mismatch_of_two_percent_is_found_while_units_come():
    rng = np.random.default_rng(7)
    cumulative = rng.multinomial(5000, [0.51, 0.49], (200, 28)).astype(float).cumsum(axis=1)
    p_any = module.anytime(
        cumulative.reshape(-1, 2), np.full((5600, 2), 0.5), np.repeat(np.arange(200), 28)
    )
    assert (p_any < 0.001).mean() > 0.95
