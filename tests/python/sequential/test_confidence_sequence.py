import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.estimators import compare
from experimentos.inference import METHODS
from experimentos.inference.effect import no_effect
from experimentos.moments import Moments
from experimentos.sequential import always_valid, tuning
from experimentos.sequential.confidence_sequence import asymptotic_sequence
from experimentos.sequential.mixture_sprt import mixture_test
from experimentos.sequential.normal_mixture import nominal_level

SIDES = ("two-sided", "greater", "less")


def random_comparison(shape, seed=3):
    rng = np.random.default_rng(seed)
    n = rng.integers(100, 50_000, (2, *shape)).astype(float)
    mean = rng.normal(0, 0.05, (2, *shape))
    m2 = n * rng.uniform(0.5, 2, (2, *shape))
    return compare(*(Moments(n[i], mean[i], m2[i]) for i in range(2)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.001])
def test_the_interval_excludes_the_null_exactly_when_p_is_below_alpha(alpha, side):
    comparison = random_comparison((2000,))
    null = np.random.default_rng(8).normal(0, 0.02, 2000)
    found = asymptotic_sequence(comparison, alpha=alpha, side=side, null=null)
    excludes = (found.lower > null) | (found.upper < null)
    np.testing.assert_array_equal(excludes, found.p_value < alpha)
    assert excludes.any()
    assert not excludes.all()


def test_limits_at_many_levels_agree_with_one_p_value():
    comparison = random_comparison((500,))
    p_value = asymptotic_sequence(comparison, alpha=0.05).p_value
    for alpha in (0.5, 0.1, 0.01, 1e-5):
        found = asymptotic_sequence(comparison, alpha=alpha, tuned_alpha=0.05)
        np.testing.assert_array_equal(found.p_value, p_value)
        excludes = (found.lower > 0) | (found.upper < 0)
        np.testing.assert_array_equal(excludes, p_value < alpha)


def test_the_one_sided_p_value_is_that_of_the_deciding_test():
    comparison = random_comparison((200,))
    z = comparison.estimate / comparison.std_error
    from scipy.special import ndtr

    for side, sign in (("greater", 1.0), ("less", -1.0)):
        found = asymptotic_sequence(comparison, alpha=0.005, side=side)
        deciding = always_valid.p_value(
            ndtr(-sign * z), comparison.n_control, comparison.n_treatment,
            alpha=np.full(200, 0.005), planned_n=np.full(200, 5000.0),
        )  # fmt: skip
        np.testing.assert_allclose(found.p_value, deciding, rtol=1e-5)


def test_it_is_the_mixture_test_with_the_variance_the_plan_implies():
    n = np.array([1000.0, 8000.0])
    arms = [Moments(n, mean, 2.0 * (n - 1)) for mean in (np.zeros(2), np.array([0.1, 0.06]))]
    sequence = asymptotic_sequence(compare(*arms), planned_n=4000)
    tau = tuning.mixture_variance(np.sqrt(4 / 4000))
    test = mixture_test(compare(*arms), mixture_variance=tau)
    for field in ("p_value", "lower", "upper"):
        np.testing.assert_allclose(getattr(sequence, field), getattr(test, field), rtol=1e-12)


@pytest.mark.parametrize("method", ["welch", "score"])
def test_any_method_at_the_nominal_level_is_a_confidence_sequence(method):
    rng = np.random.default_rng(5)
    n = rng.integers(2000, 20_000, (2, 400)).astype(float)
    events = rng.binomial(n.astype(int), [[0.1], [0.108]])
    arms = [Moments(n[i], events[i] / n[i], n[i] * 0.1 * 0.9) for i in range(2)]
    comparison = compare(*arms)
    information = tuning.information(n[0], n[1], alpha=0.05, planned_n=8000)
    level = nominal_level(information, alpha=0.05)
    interval = METHODS[method].interval(comparison, level)
    tails = METHODS[method].tails(comparison, no_effect(comparison))
    excludes = (interval.lower > 0) | (interval.upper < 0)
    np.testing.assert_array_equal(excludes, np.minimum(tails.less, tails.greater) < level)
    plain = asymptotic_sequence(comparison, planned_n=8000)
    assert (excludes == (plain.p_value < 0.05)).mean() > 0.97


def test_one_call_equals_many_over_comparisons_and_looks():
    comparison = random_comparison((4, 3))
    alpha, planned = np.array([0.1, 0.05, 0.01, 0.001]), np.array([500.0, 5e3, 5e4, 5e5])
    for side in SIDES:
        together = asymptotic_sequence(comparison, alpha=alpha, planned_n=planned, side=side)
        for i in range(4):
            for j in range(3):
                at = (slice(i, i + 1), slice(j, j + 1))
                one = asymptotic_sequence(
                    comparison.take(at), alpha=alpha[i], planned_n=planned[i], side=side
                )
                np.testing.assert_array_equal(one.p_value, together.p_value[at])
                np.testing.assert_array_equal(one.upper, together.upper[at])


def test_sides_have_one_limit():
    comparison = random_comparison((5,))
    assert (asymptotic_sequence(comparison, side="greater").upper == np.inf).all()
    assert (asymptotic_sequence(comparison, side="less").lower == -np.inf).all()


def test_running_keeps_the_intersection_and_is_off_unless_asked():
    comparison = random_comparison((50, 6))
    plain = asymptotic_sequence(comparison)
    running = asymptotic_sequence(comparison, running=True)
    assert (np.diff(plain.p_value, axis=1) > 0).any()
    assert (np.diff(running.p_value, axis=1) <= 0).all()
    assert (np.diff(running.upper, axis=1) <= 0).all()
    np.testing.assert_array_equal(running.p_value[:, -1], plain.p_value.min(axis=1))


def test_undefined_extreme_and_early_input():
    n = np.array([99.0, 100.0, 1e9, 1e9, 1000.0, np.nan, 1.0])
    mean = np.array([0.0, 0.0, 1e15, 1e-7, 3.0, 1.0, 1.0])
    m2 = np.array([50.0, 50.0, 1e9, 100.0, 0.0, 5.0, 0.0])
    arms = [Moments(n, mean, m2), Moments(n, mean + 1e-8, m2)]
    for side in SIDES:
        found = asymptotic_sequence(compare(*arms), side=side)
        nothing = [True, False, False, False, True, True, True]
        np.testing.assert_array_equal(np.isnan(found.p_value), nothing)
        np.testing.assert_array_equal(np.isnan(found.lower), nothing)
        alone = asymptotic_sequence(compare(*(arm.take([3]) for arm in arms)), side=side)
        np.testing.assert_array_equal(alone.lower, found.lower[[3]])
    rates = asymptotic_sequence(compare(*arms), minimum_events=100)
    assert np.isnan(rates.p_value[1])  # no events
    assert not np.isnan(rates.p_value[3])  # 100 and 110 of a billion


def test_wrong_options_are_refused():
    comparison = random_comparison((3,))
    for option, value in (
        ("alpha", 0), ("tuned_alpha", 2), ("planned_n", -5), ("side", "up"), ("null", [1, 2]),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=f"`{option}` must be"):
            asymptotic_sequence(comparison, **{option: value})
