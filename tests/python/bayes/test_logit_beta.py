import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from experimentos.bayes.logit_beta import (
    FALLS,
    expected_excess,
    fall_points,
    log_fall,
    log_peak,
    logistic_growth,
)

RNG = np.random.default_rng(1)
A, B = 10 ** RNG.uniform(-2, 9, 400), 10 ** RNG.uniform(-2, 9, 400)


def test_peak_and_fall_make_the_density_of_the_logit():
    a, b = 10 ** RNG.uniform(-1, 4, 200), 10 ** RNG.uniform(-1, 4, 200)
    logit = np.log(a / b) + RNG.normal(0, 2, 200) / np.sqrt(a * b / (a + b))
    rate, rest = expit(logit), expit(-logit)
    found = log_peak(a, b) + log_fall(a, b, rate, rest)
    expected = stats.beta.logpdf(rate, a, b) + np.log(rate) + np.log(rest)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_peak_of_many_units_is_that_of_a_normal():
    for n in (1e6, 1e9, 1e15):
        found = log_peak(np.array([n]), np.array([3 * n]))
        np.testing.assert_allclose(found, 0.5 * np.log(0.75 * n / (2 * np.pi)), atol=1 / n)


def test_the_fall_next_to_a_narrow_peak_keeps_its_digits():
    # One deviation from the mode of Beta(n, n): a third and a fourth cumulant away from -1/2.
    n = np.array([1e9])
    shift = 1 / np.sqrt(8 * n)
    found = log_fall(n, n, 0.5 + shift, 0.5 - shift)
    np.testing.assert_allclose(found, n * np.log1p(-4 * shift**2), rtol=1e-7)


def test_points_lie_where_the_density_has_fallen_as_told():
    points = fall_points(A, B)
    assert (np.diff(points, axis=0) > 0).all()
    offsets = points - points[4]
    share = A / (A + B)
    with np.errstate(over="ignore"):
        growth, decay, _ = logistic_growth(share, B / (A + B), offsets)
    fall = -(A * growth + B * decay)
    wanted = np.concatenate([FALLS[::-1], [0], FALLS])[:, None]
    inner = np.delete(fall, 4, axis=0) / np.delete(wanted, 4, axis=0)
    assert np.quantile(inner, 0.01) > 0.99
    assert np.quantile(inner, 0.99) < 1.5


def test_growth_is_exact_at_both_ends_and_next_to_the_reference():
    share = np.array([0.3, 1e-9, 1 - 1e-9, 0.5])
    rest = np.array([0.7, 1 - 1e-9, 1e-9, 0.5])
    for offset in (-800.0, -3.0, 1e-9, 2.0, 900.0):
        growth, decay, step = logistic_growth(share, rest, np.full(4, offset))
        logit = np.log(share) - np.log(rest) + offset
        np.testing.assert_allclose(
            growth, -np.logaddexp(0, -logit) - np.log(share), atol=1e-14 * 900
        )
        np.testing.assert_allclose(decay, -np.logaddexp(0, logit) - np.log(rest), atol=1e-14 * 900)
        np.testing.assert_allclose(1 + rest * step, np.exp(growth), rtol=1e-9)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (3.0, 70.0), (0.5, 2.0), (4e4, 6e4)])
def test_the_excess_over_a_rate_is_the_integral_of_the_tail(a, b):
    rates = stats.beta.ppf([0.01, 0.5, 0.9], a, b)
    for rate in rates:
        probability, excess = expected_excess(*(np.array([v]) for v in (a, b, rate, 1 - rate)))
        np.testing.assert_allclose(probability, stats.beta.sf(rate, a, b), rtol=1e-9)
        nodes, weights = np.polynomial.legendre.leggauss(200)
        high = stats.beta.isf(1e-17, a, b)
        at = rate + (nodes + 1) / 2 * (high - rate)
        area = (weights * stats.beta.sf(at, a, b)).sum() * (high - rate) / 2
        np.testing.assert_allclose(excess, area, rtol=1e-6, atol=1e-16)
