import itertools

import numpy as np
import pytest
from reference.builders import rates
from scipy import optimize, stats
from scipy.special import xlogy

from experimentos.inference import score as score_module
from experimentos.inference import skewed_score as module
from experimentos.inference.choices import choose_methods
from experimentos.inference.counts import compare_arms, from_counts
from experimentos.inference.effect import Null
from experimentos.inference.score import score
from experimentos.inference.skewed_score import skewed_score
from experimentos.moments import Moments

# J. J. Gart, J. Nam (1990), Biometrics 46, 637-643, and (1988), 44, 323-338; treatment x, n then
# control x, n, and the 95 % limits corrected for skewness, as the tests of the R package ratesci
# repeat them.
DIFFERENCE = (7, 25, 2, 25, -0.014, 0.414)
RATIOS = [(8, 15, 4, 15, 0.806, 6.148), (6, 10, 6, 20, 0.822, 4.954)]


def random_rates(size, seed=1):
    rng = np.random.default_rng(seed)
    n_c, n_t = rng.integers(200, 20_000, size), rng.integers(20, 2000, size)
    base = rng.beta(0.8, 2, size)
    return rates(rng.binomial(n_c, base), n_c, rng.binomial(n_t, base), n_t)


def test_published_limits_of_the_difference():
    x_t, n_t, x_c, n_c, lower, upper = DIFFERENCE
    found = skewed_score(from_counts(x_c, n_c), from_counts(x_t, n_t))
    np.testing.assert_allclose([found.lower, found.upper], [[lower], [upper]], atol=5.1e-4)


def test_published_limits_of_the_ratio():
    x_t, n_t, x_c, n_c, lower, upper = np.array(RATIOS).T
    found = skewed_score(from_counts(x_c, n_c), from_counts(x_t, n_t))
    np.testing.assert_allclose(found.lift_lower + 1, lower, atol=5.1e-4)
    np.testing.assert_allclose(found.lift_upper + 1, upper, atol=5.1e-4)


def by_search(x_c, n_c, x_t, n_t, ratio, shift):
    """The corrected deviate from its definition, with rates of largest likelihood by search."""

    def loss(p):
        q = ratio * p + shift
        return -(xlogy(x_c, p) + xlogy(n_c - x_c, 1 - p) + xlogy(x_t, q) + xlogy(n_t - x_t, 1 - q))

    low, high = max(0.0, -shift / ratio), min(1.0, (1 - shift) / ratio)
    p = optimize.minimize_scalar(loss, bounds=(low, high), options={"xatol": 1e-14}).x
    q = ratio * p + shift
    variance = q * (1 - q) / n_t + ratio**2 * p * (1 - p) / n_c
    third = q * (1 - q) * (1 - 2 * q) / n_t**2 - ratio**3 * p * (1 - p) * (1 - 2 * p) / n_c**2
    a = third / variance**1.5 / 6
    statistic = (x_t / n_t - ratio * x_c / n_c - shift) / np.sqrt(variance)
    wanted = optimize.brentq(lambda z: z + a * (z * z - 1) - statistic, -8, 8, xtol=1e-14)
    return stats.norm.sf(wanted)


@pytest.mark.parametrize(("ratio", "shift"), [(1.0, 0.0), (1.0, 0.01), (1.0, -0.02), (1.3, 0.0),
                                              (0.8, 0.0)])  # fmt: skip
def test_the_definition_by_search_of_the_likelihood(ratio, shift):
    for counts in ((40, 900, 9, 100), (700, 1000, 60, 80), (30, 5000, 3, 400)):
        x_c, n_c, x_t, n_t = counts
        arms = compare_arms(from_counts(x_c, n_c), from_counts(x_t, n_t))
        found = module.tails(arms, Null(np.array([ratio]), np.array([shift]))).greater
        np.testing.assert_allclose(found, by_search(*counts, ratio, shift), rtol=1e-5)


def test_limits_exclude_a_boundary_exactly_when_the_test_rejects_it():
    arms = compare_arms(*random_rates(300))
    tail = np.full(300, 0.025)
    limits, lifts = module.interval(arms, tail), module.lift_interval(arms, tail)
    shift = np.random.default_rng(2).normal(0, 0.01, 300)
    for found, null, boundary in (
        (limits, Null(np.ones(300), shift), shift),
        (lifts, Null(1 + 20 * shift, np.zeros(300)), 20 * shift),
    ):
        tails = module.tails(arms, null)
        tested = ~np.isnan(found.lower)
        np.testing.assert_array_equal((found.lower > boundary)[tested],
                                      (tails.greater < tail)[tested])  # fmt: skip
        np.testing.assert_array_equal((found.upper < boundary)[tested],
                                      (tails.less < tail)[tested])  # fmt: skip
        assert 20 < ((found.lower > boundary) | (found.upper < boundary)).sum() < 280
    effect = skewed_score(*random_rates(300))
    excludes = (effect.lower > 0) | (effect.upper < 0)
    np.testing.assert_array_equal(excludes, effect.p_value < 0.05)


def test_one_call_equals_many():
    control, treatment = random_rates(12, seed=3)
    together = skewed_score(control, treatment)
    for i in range(12):
        alone = skewed_score(control.take([i]), treatment.take([i]))
        for name in ("p_value", "lower", "upper", "lift_lower", "lift_upper"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[[i]])


def test_exchanged_arms_and_outcomes_mirror_the_limits():
    control, treatment = random_rates(50, seed=4)
    found, turned = skewed_score(control, treatment), skewed_score(treatment, control)
    np.testing.assert_allclose(turned.lower, -found.upper, rtol=1e-9, atol=1e-13)
    rest = [
        rates(np.rint(arm.n - arm.n * arm.mean), arm.n, 0 * arm.n, arm.n)[0]
        for arm in (control, treatment)
    ]
    other = skewed_score(*rest)
    np.testing.assert_allclose(other.lower, -found.upper, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(other.p_value, found.p_value, rtol=1e-9)


def test_arms_of_one_size_have_the_score_test():
    control, treatment = rates([30, 500], [1000, 1000], [45, 460], [1000, 1000])
    found, plain = skewed_score(control, treatment), score(control, treatment)
    np.testing.assert_allclose(found.p_value, plain.p_value, rtol=1e-12)
    assert not module.is_skewed(compare_arms(control, treatment)).any()


def test_undefined_is_nan():
    nobody = Moments([0.0], [np.nan], [np.nan])
    control, treatment = rates([0, 5, 0], [10, 5, 10], [0, 7, 3], [20, 7, 20])
    found = skewed_score(control.append(control.take([0])), treatment.append(nobody))
    np.testing.assert_array_equal(np.isnan(found.p_value), [True, True, False, True])
    np.testing.assert_array_equal(np.isnan(found.lower), [True, True, False, True])
    np.testing.assert_array_equal(np.isnan(found.lift_lower), [True, True, True, True])
    assert (found.lower[2] <= found.estimate[2]) & (found.estimate[2] <= found.upper[2])


def test_limits_stay_in_order_at_the_ends_of_what_rates_can_be():
    n_c, n_t = 40, 7
    tables = np.array(list(itertools.product(range(0, n_c + 1, 4), range(n_t + 1))))
    arms = compare_arms(from_counts(tables[:, 0], n_c), from_counts(tables[:, 1], n_t))
    for tail in (0.025, 0.3, 1e-5):
        found = module.interval(arms, np.full(len(tables), tail))
        known = ~np.isnan(found.lower)
        assert ((found.lower < found.upper) & (found.lower >= -1) & (found.upper <= 1))[known].all()
        lifts = module.lift_interval(arms, np.full(len(tables), tail))
        known = ~np.isnan(lifts.lower)
        assert ((lifts.lower < lifts.upper) & (lifts.lower >= -1))[known].all()


def test_few_events_in_a_small_arm_choose_it():
    control, treatment = rates([384, 50, 50, 500], [384_000, 1000, 1000, 5000],
                               [16, 50, 2, 480], [16_000, 1000, 40, 5200])  # fmt: skip
    arms = compare_arms(control, treatment)
    every, none = np.full(4, True), np.full(4, False)
    assert list(choose_methods(arms, every, none)) == [
        "skewness-corrected score", "score", "conditional binomial", "score",
    ]  # fmt: skip
    assert set(choose_methods(arms, none, none)) == {"welch"}


def exact_rate(tails, n_c, n_t, rate, level):
    """Probability that a one-sided p-value is at most a level, by summing over all outcomes."""
    x_c, x_t = np.meshgrid(
        np.arange(*stats.binom.ppf([1e-9, 1 - 1e-9], n_c, rate)),
        np.arange(*stats.binom.ppf([1e-9, 1 - 1e-9], n_t, rate)),
    )
    mass = stats.binom.pmf(x_c, n_c, rate) * stats.binom.pmf(x_t, n_t, rate)
    found = tails(x_c.ravel(), x_t.ravel())
    return [float(mass.ravel()[side <= level].sum()) for side in (found.less, found.greater)]


@pytest.mark.parametrize(("n_t", "rate"), [(16_000, 0.001), (1600, 0.01), (400, 0.05)])
def test_error_rates_of_a_rare_event_in_four_percent_of_units(n_t, rate):
    n_c = 24 * n_t

    def corrected(x_c, x_t):
        arms = compare_arms(from_counts(x_c, n_c), from_counts(x_t, n_t))
        return module.tails(arms, Null(np.ones(x_c.size), np.zeros(x_c.size)))

    def plain(x_c, x_t):
        arms = compare_arms(from_counts(x_c, n_c), from_counts(x_t, n_t))
        return score_module.tails(arms, Null(np.ones(x_c.size), np.zeros(x_c.size)))

    for level in (0.025, 0.005):
        less, greater = exact_rate(corrected, n_c, n_t, rate, level)
        assert 0.92 * level < less <= 1.005 * level
        assert 0.92 * level < greater <= 1.005 * level
        # Without the correction one side has far too many and the other too few.
        less, greater = exact_rate(plain, n_c, n_t, rate, level)
        assert greater > 1.15 * level
        assert less < 0.8 * level
