import numpy as np
import pytest
from reference.builders import EXPERIMENTS
from scipy import stats
from scipy.special import betaln

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


def test_two_variants_exactly_as_a_binomial_test():
    for first, units, share in [(9, 10, 0.5), (0, 7, 0.04), (3, 12, 0.1), (1, 400, 0.01)]:
        found = module.exact_multinomial(
            np.array([first, units - first], dtype=float), np.array([share, 1 - share])
        )
        np.testing.assert_allclose(found, stats.binomtest(first, units, share).pvalue, rtol=1e-9)


def test_three_variants_exactly_by_enumeration():
    shares, counts = np.array([0.2, 0.3, 0.5]), np.array([5.0, 1.0, 4.0])
    masses = [
        stats.multinomial.pmf([i, j, 10 - i - j], 10, shares)
        for i in range(11)
        for j in range(11 - i)
    ]
    observed = stats.multinomial.pmf(counts, 10, shares)
    expected = sum(m for m in masses if m <= observed * (1 + 1e-7))
    np.testing.assert_allclose(module.exact_multinomial(counts, shares), expected, rtol=1e-10)


def test_too_many_outcomes_to_list_are_drawn_with_a_seed():
    shares, counts = np.array([0.004, 0.4, 0.3, 0.296]), np.array([9.0, 390.0, 310.0, 291.0])
    found = module.exact_multinomial(counts, shares)
    assert found == module.exact_multinomial(counts, shares)
    # 9 of 4 expected: near the chi-square, which is rough with so few expected.
    rough = module.chi_square(counts[None], shares[None])[0]
    assert 0.3 * rough < found < 3 * rough


def test_fixed_uses_the_exact_test_only_where_few_are_expected():
    counts = np.array([[3.0, 6.0], [300.0, 330.0]])
    p_value, is_exact = module.fixed(counts, np.full((2, 2), 0.5))
    np.testing.assert_array_equal(is_exact, [1, 0])
    np.testing.assert_allclose(p_value[0], stats.binomtest(3, 9).pvalue)


def test_the_bayes_factor_of_two_variants_is_beta_binomial():
    # Beta(5000, 5000) prior: B(5000 + x, 5000 + y) / B(5000, 5000) / 0.5^n
    x, y = 5200.0, 4800.0
    expected = betaln(5000 + x, 5000 + y) - betaln(5000, 5000) - (x + y) * np.log(0.5)
    found = module.log_bayes_factor(np.array([[x, y]]), np.array([[0.5, 0.5]]))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_anytime_keeps_the_smallest_so_far():
    shares = np.full((3, 2), 0.5)
    counts = np.array([[6000.0, 4000.0], [10000.0, 10000.0], [10.0, 10.0]])
    early = module.anytime(counts[:1], shares[:1], np.array([0]))
    found = module.anytime(counts, shares, np.array([0, 0, 1]))
    np.testing.assert_array_equal(found, [early[0], 1.0])
    assert early[0] < 1e-3


def test_undefined_is_nan_and_neighbours_stay():
    counts = np.array([[0.0, 0.0], [10.0, np.nan], [10.0, 12.0], [5.0, 5.0]])
    shares = np.array([[0.5, 0.5], [1.0, np.nan], [0.5, 0.5], [0.0, 1.0]])
    p_value, _ = module.fixed(counts, shares)
    np.testing.assert_array_equal(np.isnan(p_value), [True, True, False, True])


def test_wrong_shapes_are_refused():
    with pytest.raises(ArgumentError, match="must have one shape"):
        module.anytime(np.ones((2, 2)), np.ones((2, 3)), np.array([0, 1]))


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
