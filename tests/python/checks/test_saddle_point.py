import numpy as np
from scipy import stats
from scipy.special import gammaln

from experimentos.checks.saddle_point import (
    deviance,
    log_multinomial,
    log_poisson,
    stirling_error,
)


def test_deviances_agree_with_their_definition_far_from_the_mean():
    x, mean = np.array([0.0, 1.0, 50.0, 1e9]), np.array([2.0, 9.0, 7.5, 3e8])
    expected = np.where(x > 0, x * np.log(np.maximum(x, 1) / mean), 0) + mean - x
    np.testing.assert_allclose(deviance(x, mean), expected, rtol=1e-13)


def test_deviances_near_the_mean_keep_their_digits():
    # x log(x/m) + m - x = m (u^2/2 - u^3/6 + ...), u = x/m - 1; by hand at u = 1e-6.
    found = deviance(np.array([1e9 + 1e3]), np.array([1e9]))
    np.testing.assert_allclose(found, 1e9 * (1e-12 / 2 - 1e-18 / 6), rtol=1e-12)
    grid = np.linspace(0.85, 1.15, 301) * 1000  # across the change of formula
    direct = grid * np.log(grid / 1000) + 1000 - grid
    np.testing.assert_allclose(deviance(grid, np.full(301, 1000.0)), direct, atol=1e-12)


def test_stirling_errors_agree_with_log_gamma_on_both_sides_of_the_change():
    z = np.array([0.01, 0.5, 1.0, 14.999, 15.0, 15.001, 100.0])
    direct = gammaln(z) - (z - 0.5) * np.log(z) + z - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(stirling_error(z), direct, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(stirling_error(np.array([1e12])), 1 / 12e12, rtol=1e-12)


def test_poisson_and_multinomial_agree_with_scipy():
    x, mean = np.array([0.0, 1.0, 7.0, 300.0]), np.array([0.3, 5.0, 7.0, 280.0])
    np.testing.assert_allclose(log_poisson(x, mean), stats.poisson.logpmf(x, mean), rtol=1e-12)
    rng = np.random.default_rng(1)
    shares = np.array([0.05, 0.25, 0.7])
    counts = rng.multinomial(40, shares, 30).astype(float)
    expected = stats.multinomial.logpmf(counts, 40, shares)
    np.testing.assert_allclose(log_multinomial(counts, shares), expected, rtol=1e-11)


def test_no_units_have_one_outcome():
    np.testing.assert_array_equal(log_multinomial(np.zeros((1, 3)), np.full(3, 1 / 3)), [0.0])


def test_a_billion_units_sum_to_one():
    # Probabilities within 8 deviations of the mean of a binomial with 1e9 units.
    x = np.arange(5e8 - 130_000, 5e8 + 130_001)
    counts = np.stack([x, 1e9 - x], axis=1)
    total = np.exp(log_multinomial(counts, np.array([0.5, 0.5]))).sum()
    np.testing.assert_allclose(total, 1, rtol=1e-9)
