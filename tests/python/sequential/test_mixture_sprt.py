import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.estimators import compare
from experimentos.moments import Moments
from experimentos.sequential.mixture_sprt import (
    log_likelihood_ratio,
    mixture_test,
    mixture_test_of_rates,
)


def random_arms(shape, seed=3):
    rng = np.random.default_rng(seed)
    n = rng.integers(100, 5000, (2, *shape)).astype(float)
    mean = rng.normal(0, 0.1, (2, *shape))
    m2 = n * rng.uniform(0.5, 2, (2, *shape))
    return [Moments(n[i], mean[i], m2[i]) for i in range(2)]


def test_johari_formula_written_out():
    # R. Johari and others (2017), n of each arm: V is the variance of a pair.
    n, x, y, tau = 2000, 220, 300, 0.02
    v = 0.11 * 0.89 + 0.15 * 0.85
    expected = np.sqrt(v / (v + n * tau**2)) * np.exp(
        n**2 * tau**2 * 0.04**2 / (2 * v * (v + n * tau**2))
    )
    arms = (Moments([n], [count / n], [0.0]) for count in (x, y))
    found = mixture_test_of_rates(*arms, mixture_variance=tau**2)
    np.testing.assert_allclose(found.p_value, 1 / expected, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.2, 0.05, 1e-4])
def test_the_interval_excludes_the_null_exactly_when_p_is_below_alpha(alpha):
    comparison = compare(*random_arms((2000,)))
    null = np.random.default_rng(8).normal(0, 0.05, 2000)
    found = mixture_test(comparison, mixture_variance=0.01, alpha=alpha, null=null)
    excludes = (found.lower > null) | (found.upper < null)
    np.testing.assert_array_equal(excludes, found.p_value < alpha)
    assert excludes.any()
    assert not excludes.all()


def test_so_far_agrees_with_the_intersection():
    comparison = compare(*random_arms((300, 12)))
    found = mixture_test(comparison, mixture_variance=0.01, running=True)
    plain = mixture_test(comparison, mixture_variance=0.01)
    np.testing.assert_array_equal(found.p_value, np.minimum.accumulate(plain.p_value, axis=1))
    excludes = (found.lower > 0) | (found.upper < 0)
    np.testing.assert_array_equal(excludes, found.p_value < 0.05)


def test_one_call_equals_many_over_comparisons_and_looks():
    control, treatment = random_arms((5, 4))
    tau = np.array([0.001, 0.01, 0.1, 1.0, 10.0])
    together = mixture_test(compare(control, treatment), mixture_variance=tau)
    for i in range(5):
        for j in range(4):
            at = (slice(i, i + 1), slice(j, j + 1))
            one = mixture_test(
                compare(control.take(at), treatment.take(at)), mixture_variance=tau[i]
            )
            np.testing.assert_array_equal(one.p_value, together.p_value[at])
            np.testing.assert_array_equal(one.lower, together.lower[at])


def test_before_the_minimum_nothing_is_said_and_estimates_are_there():
    n = np.array([99.0, 100.0, 5000.0, 5000.0])
    rate = np.array([0.5, 0.5, 29 / 5000, 30 / 5000])
    arm = Moments(n, rate, n * rate * (1 - rate))
    found = mixture_test_of_rates(arm, arm, mixture_variance=0.01)
    np.testing.assert_array_equal(np.isnan(found.p_value), [True, False, True, False])
    np.testing.assert_array_equal(np.isnan(found.upper), np.isnan(found.p_value))
    np.testing.assert_array_equal(found.estimate, 0)
    early = mixture_test(compare(arm, arm), mixture_variance=0.01, minimum_n=2)
    assert not np.isnan(early.p_value).any()


def test_undefined_and_extreme_input():
    n = np.array([1e9, 1e9, 1000, 1, np.nan, 1000])
    mean = np.array([1e15, 1e-7, 1.0, 0.0, 0.0, np.nan])
    m2 = np.array([1e9, 1e9 * 1e-7, 0.0, 0.0, 1.0, 10.0])
    control = Moments(n, mean, m2)
    treatment = Moments(n, mean + np.array([1.0, 1e-8, 1, 1, 1, 1]), m2)
    found = mixture_test(compare(control, treatment), mixture_variance=1.0, minimum_n=2)
    np.testing.assert_array_equal(np.isnan(found.p_value), [False, False, True, True, True, True])
    assert found.p_value[0] == 0
    assert found.lower[0] > 0.99
    alone = mixture_test(
        compare(control.take([1]), treatment.take([1])), mixture_variance=1.0, minimum_n=2
    )
    np.testing.assert_array_equal(alone.p_value, found.p_value[[1]])


def test_p_values_are_right_at_the_smallest_numbers():
    z, r = 38.3, 50.0
    found = log_likelihood_ratio(np.array([z]), np.ones(1), np.array([r]))
    expected = 0.5 * (z * z * r / (1 + r) - np.log1p(r))
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    arms = [Moments([1000.0], [m], [999.0 * 500]) for m in (0.0, z)]
    p_value = mixture_test(compare(*arms), mixture_variance=r).p_value
    assert 1e-312 < p_value[0] < 1e-300


def test_wrong_options_are_refused():
    arms = random_arms((3, 2))
    with pytest.raises(ArgumentError, match="`mixture_variance` must be positive"):
        mixture_test(compare(*arms), mixture_variance=0)
    with pytest.raises(ArgumentError, match="`mixture_variance` must be one number"):
        mixture_test(compare(*arms), mixture_variance=[1, 2, 3, 4])
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1"):
        mixture_test(compare(*arms), mixture_variance=1, alpha=1.5)
    rates = Moments([100.0], [1.5], [1.0])
    with pytest.raises(ArgumentError, match=r"`control` must hold rates between 0 and 1, got 1.5"):
        mixture_test_of_rates(rates, rates, mixture_variance=1)
