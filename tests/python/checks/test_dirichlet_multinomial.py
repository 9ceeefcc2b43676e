import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln, gammaln

from experimentos.checks.dirichlet_multinomial import anytime, log_bayes_factor
from experimentos.errors import ArgumentError


def by_log_gammas(counts, shares):
    prior = 10_000 * shares
    terms = gammaln(prior + counts) - gammaln(prior) - counts * np.log(shares)
    return gammaln(10_000) - gammaln(10_000 + counts.sum(axis=1)) + terms.sum(axis=1)


def test_the_bayes_factor_of_two_variants_is_beta_binomial():
    # Beta(5000, 5000) prior: B(5000 + x, 5000 + y) / B(5000, 5000) / 0.5^n
    x, y = 5200.0, 4800.0
    expected = betaln(5000 + x, 5000 + y) - betaln(5000, 5000) - (x + y) * np.log(0.5)
    found = log_bayes_factor(np.array([[x, y]]), np.array([[0.5, 0.5]]))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_it_is_the_closed_form_for_any_number_of_variants():
    rng = np.random.default_rng(2)
    for variants in (2, 3, 7):
        shares = rng.dirichlet(np.full(variants, 5.0), 50)
        counts = rng.integers(0, 5000, (50, variants)).astype(float)
        np.testing.assert_allclose(
            log_bayes_factor(counts, shares), by_log_gammas(counts, shares), rtol=1e-9, atol=1e-8
        )


def test_it_is_a_product_of_predictive_probabilities():
    # Each unit's arm: (prior + units of the arm so far) / (10,000 + units so far), over its share.
    rng = np.random.default_rng(3)
    shares = np.array([0.2, 0.3, 0.5])
    arms = rng.choice(3, 200, p=[0.4, 0.3, 0.3])
    counts, evidence = np.zeros(3), 0.0
    for arm in arms:
        predicted = (10_000 * shares[arm] + counts[arm]) / (10_000 + counts.sum())
        evidence += np.log(predicted / shares[arm])
        counts[arm] += 1
    found = log_bayes_factor(counts[None], shares[None])
    np.testing.assert_allclose(found, evidence, rtol=1e-12)


def test_a_billion_units_keep_their_digits():
    # By 50-digit arithmetic (mpmath): 174.241718265463760...
    found = log_bayes_factor(np.array([[5e8 + 3e5, 5e8 - 3e5]]), np.array([[0.5, 0.5]]))
    np.testing.assert_allclose(found, 174.24171826546376, rtol=1e-13)


def test_its_expectation_under_planned_shares_is_one():
    shares, units = np.array([0.3, 0.7]), 400
    x = np.arange(units + 1.0)
    factor = log_bayes_factor(np.stack([x, units - x], axis=1), np.tile(shares, (units + 1, 1)))
    expected = (stats.binom.pmf(x, units, 0.3) * np.exp(factor)).sum()
    np.testing.assert_allclose(expected, 1, rtol=1e-12)


def test_anytime_keeps_the_smallest_so_far():
    shares = np.full((3, 2), 0.5)
    counts = np.array([[6000.0, 4000.0], [10000.0, 10000.0], [10.0, 10.0]])
    early = anytime(counts[:1], shares[:1], np.array([0]))
    found = anytime(counts, shares, np.array([0, 0, 1]))
    np.testing.assert_array_equal(found, [early[0], 1.0])
    assert early[0] < 1e-3


def test_p_values_reach_the_smallest_numbers():
    counts = np.array([[108_500.0, 91_500.0], [1e9, 0.0]])
    found = anytime(counts, np.full((2, 2), 0.5), np.array([0, 1]))
    assert 1e-300 < found[0] < 1e-295
    assert found[1] == 0


def test_undefined_is_nan_and_neighbours_stay():
    nan = np.nan
    counts = np.array([[10.0, nan], [10.0, 12.0], [10.0, 12.0], [0.0, 0.0]])
    shares = np.array([[1.0, nan], [0.5, 0.5], [0.5, nan], [0.5, 0.5]])
    found = log_bayes_factor(counts, shares)
    np.testing.assert_array_equal(np.isnan(found), [True, False, True, False])
    np.testing.assert_array_equal(found[[1]], log_bayes_factor(counts[[1]], shares[[1]]))
    assert found[3] == 0
    p_value = anytime(counts, shares, np.array([0, 1, 1, 2]))
    np.testing.assert_array_equal(np.isnan(p_value), [True, False, False])


def test_one_call_equals_many():
    rng = np.random.default_rng(4)
    counts, shares = rng.integers(0, 999, (30, 3)).astype(float), rng.dirichlet(np.ones(3), 30)
    together = log_bayes_factor(counts, shares)
    alone = [log_bayes_factor(counts[[i]], shares[[i]])[0] for i in range(30)]
    np.testing.assert_array_equal(together, alone)


def test_wrong_shapes_and_values_are_refused():
    with pytest.raises(ArgumentError, match="must have one shape"):
        anytime(np.ones((2, 2)), np.ones((2, 3)), np.array([0, 1]))
    with pytest.raises(ArgumentError, match="`counts` must be 0 or more and finite, got -1.0"):
        log_bayes_factor(np.array([[-1.0, 2.0]]), np.ones((1, 2)))
