import numpy as np
import pytest
from scipy import stats

from experimentos import estimators
from experimentos.estimators import ThirdMoments, combined_skewness, difference_skewness
from experimentos.inference import choices, mixed, no_effect, skewness, welch
from experimentos.inference.effect import Null, null_at
from experimentos.inference.mixed import Goal, Mixed
from experimentos.inference.skewness import Skewed, restored, transformed
from experimentos.moments import Moments


def comparisons(size, seed=1):
    rng = np.random.default_rng(seed)
    n = rng.integers(50, 5000, (2, size)).astype(float)
    mean = rng.normal(2, 0.3, (2, size))
    m2 = n * rng.chisquare(3, (2, size)) * 10
    return estimators.compare(*(Moments(n[i], mean[i], m2[i]) for i in range(2)))


def of_units(*samples):
    found = [((v - v.mean()) ** 2, (v - v.mean()) ** 3) for v in samples]
    return [ThirdMoments([float(m2.size)], [m2.sum()], [m3.sum()]) for m2, m3 in found]


def test_halls_transformation_by_hand():
    # t + g t^2 / 3 + g^2 t^3 / 27 + g / 6 at g = 0.6, t = 2: 2 + 0.8 + 0.10667 + 0.1
    found = transformed(np.array([2.0, -2.0]), np.array([0.6, 0.6]))
    np.testing.assert_allclose(
        found, [2 + 0.8 + 0.36 * 8 / 27 + 0.1, -2 + 0.8 - 0.36 * 8 / 27 + 0.1]
    )


def test_the_inverse_takes_it_back_everywhere():
    t, g = (v.ravel() for v in np.meshgrid(np.linspace(-30, 30, 61), np.linspace(-2, 2, 41)))
    np.testing.assert_allclose(restored(transformed(t, g), g), t, rtol=1e-4, atol=1e-8)
    rising = transformed(np.linspace(-50, 50, 1001), np.full(1001, 0.7))
    assert (np.diff(rising) >= 0).all()
    np.testing.assert_array_equal(transformed(t, 0 * t), t)


def test_published_transformation_of_one_sample():
    # P. Hall (1992), (2.7): g(t) = t + A t^2 / (3 sqrt n) + A^2 t^3 / (27 n) + A / (6 sqrt n).
    values = np.random.default_rng(3).gamma(0.5, size=40)
    n, skew = values.size, stats.skew(values)
    t = np.array([(values.mean() - 0.8) / np.sqrt(values.var(ddof=1) / n)])
    expected = t + skew * t**2 / (3 * n**0.5) + skew**2 * t**3 / (27 * n) + skew / (6 * n**0.5)
    np.testing.assert_allclose(transformed(t, np.array([skew / n**0.5])), expected, rtol=1e-13)


def test_nothing_is_made_easier_and_one_side_is_left_as_it_is():
    found = comparisons(400)
    size = np.random.default_rng(2).normal(0, 0.2, 400)
    ours, plain = (
        function(found, no_effect(found)) for function in (Skewed(size).tails, welch.tails)
    )
    assert (ours.less >= plain.less).all()
    assert (ours.greater >= plain.greater).all()
    np.testing.assert_allclose(ours.greater[size > 0], plain.greater[size > 0], rtol=1e-9)
    np.testing.assert_allclose(ours.less[size < 0], plain.less[size < 0], rtol=1e-9)
    low = plain.less < 0.2
    assert (ours.less > plain.less)[low & (size > 0)].all()


def test_limits_exclude_a_boundary_exactly_when_the_test_rejects_it():
    found, rng = comparisons(2000), np.random.default_rng(4)
    method, tail = Skewed(rng.normal(0, 0.25, 2000)).method, np.full(2000, 0.025)
    shift = rng.normal(0, 0.3, 2000)
    limits = method.interval(found, tail)
    tails = method.tails(found, Null(np.ones(2000), shift))
    np.testing.assert_array_equal(limits.lower > shift, tails.greater < tail)
    np.testing.assert_array_equal(limits.upper < shift, tails.less < tail)
    lifts = method.lift_interval(found, tail)
    tails = method.tails(found, null_at(found, shift, np.full(2000, True)))
    known = ~np.isnan(lifts.lower)
    assert 1500 < known.sum() < 2000
    np.testing.assert_array_equal((lifts.lower > shift)[known], (tails.greater < tail)[known])
    np.testing.assert_array_equal((lifts.upper < shift)[known], (tails.less < tail)[known])


def test_a_lift_is_defined_exactly_where_control_is_separated_from_zero():
    rng = np.random.default_rng(5)
    n, mean = np.full(3000, 400.0), rng.normal(0, 0.2, (2, 3000))
    found = estimators.compare(*(Moments(n, mean[i], 400 * n / 100) for i in range(2)))
    skewed = Skewed(rng.normal(0, 0.3, 3000))
    tail = np.full(3000, 0.025)
    defined = ~np.isnan(skewed.lift_interval(found, tail).lower)
    np.testing.assert_array_equal(defined, skewed.separation(found) < tail)
    assert 100 < defined.sum() < 2900


def test_one_call_equals_many():
    found, size = comparisons(30), np.random.default_rng(6).normal(0, 0.3, 30)
    tail, null = np.full(30, 0.01), no_effect(found)
    tails, limits = Skewed(size).tails(found, null), Skewed(size).lift_interval(found, tail)
    for i in range(30):
        alone, row = Skewed(size[[i]]), found.take([i])
        np.testing.assert_array_equal(alone.tails(row, null.take([i])).less, tails.less[[i]])
        np.testing.assert_array_equal(alone.lift_interval(row, tail[[i]]).upper, limits.upper[[i]])


def test_without_a_known_skewness_it_is_welchs_test():
    found = comparisons(20)
    ours = Skewed(np.full(20, np.nan)).tails(found, no_effect(found))
    plain = welch.tails(found, no_effect(found))
    np.testing.assert_allclose(ours.less, plain.less, rtol=1e-12)
    np.testing.assert_allclose(ours.greater, plain.greater, rtol=1e-12)


def test_undefined_is_nan():
    no_spread = Moments([9.0, 1.0], [1.0, 2.0], [0.0, 0.0])
    found = estimators.compare(no_spread, no_spread)
    tails = Skewed(np.array([0.3, -0.3])).tails(found, no_effect(found))
    assert np.isnan([tails.less, tails.greater]).all()
    limits = Skewed(np.array([0.3, -0.3])).interval(found, np.full(2, 0.025))
    assert np.isnan([limits.lower, limits.upper]).all()


def test_skewness_of_a_difference_is_that_of_its_simulation():
    # Exponential units have a skewness of 2.
    rng = np.random.default_rng(7)
    means = rng.standard_gamma(20, 400_000) / 20 - rng.standard_gamma(180, 400_000) / 180
    pooled = difference_skewness(
        *of_units(rng.exponential(size=180_000), rng.exponential(size=20_000))
    )
    expected = stats.skew(means)
    # Sizes a thousand times those of the simulation: the root of a thousand less skewed.
    np.testing.assert_allclose(pooled * 1000**0.5, expected, rtol=0.05)


def test_arms_of_one_size_are_not_skewed_and_exchanged_arms_turn_the_sign():
    rng = np.random.default_rng(8)
    first, second = rng.exponential(size=300), rng.exponential(size=300)
    np.testing.assert_allclose(difference_skewness(*of_units(first, second)), 0, atol=1e-12)
    arms = of_units(first, second[:40])
    forth, back = difference_skewness(*arms), difference_skewness(*arms[::-1])
    assert forth > 0.1
    np.testing.assert_allclose(back, -forth, rtol=1e-12)


@pytest.mark.parametrize(
    "treatment",
    [([0.0], [np.nan], [np.nan]), ([np.nan], [1.0], [1.0]), ([9.0], [3.0], [np.nan])],
)
def test_skewness_of_the_unknown_is_nan(treatment):
    control = ThirdMoments([100.0], [100.0], [300.0])
    assert np.isnan(difference_skewness(control, ThirdMoments(*treatment)))
    none = ThirdMoments([9.0], [0.0], [0.0])
    assert np.isnan(difference_skewness(none, none))


def test_rates_have_the_third_moment_of_their_units():
    values = np.repeat([0.0, 1.0], [93, 7])
    (expected,) = of_units(values)
    found = estimators.third_moments_of_rates(np.array([100.0]), np.array([0.07]))
    np.testing.assert_allclose([found.m2, found.m3], [expected.m2, expected.m3])


def test_periods_alike_are_less_skewed_together():
    nine = np.full(9, 1 / 9)
    found = combined_skewness(np.full(9, 0.3), np.full(9, 2.0), np.zeros(9, dtype=int), nine)
    np.testing.assert_allclose(found, 0.1)
    part = combined_skewness(np.array([0.3, np.nan]), np.ones(2), [0, 0], np.array([0.5, 0.5]))
    assert np.isnan(part)


def test_what_decides_depends_on_the_skewness():
    found = comparisons(5)
    size = np.array([0.01, -0.1, 0.6, np.nan, -0.6])
    is_ratio, counted = np.arange(5) == 1, np.full(5, False)
    method = choices.choose_methods(found, counted, is_ratio, mean_skewness=size)
    assert list(method) == [
        "welch", "skewness-corrected delta", "skewness-corrected welch", "welch",
        "skewness-corrected welch",
    ]  # fmt: skip
    several = Mixed(found, method, skewness=size)
    np.testing.assert_array_equal(several.is_too_skewed, [False, False, True, False, True])
    goal = Goal(np.ones(5), np.full(5, 0.1), np.full(5, True))
    directed = mixed.direct(several, goal, np.full(5, True))
    for p in (directed.superior, directed.worse, directed.noninferior, directed.beyond_margin):
        np.testing.assert_array_equal(np.isnan(p), several.is_too_skewed)
    started = mixed.started_harm(several, counted)
    np.testing.assert_array_equal(started, ~several.is_too_skewed & (found.n_control >= 100)
                                  & (found.n_treatment >= 100))  # fmt: skip
    rows = np.array([2, 1])
    taken = several.take(rows)
    np.testing.assert_array_equal(taken.is_too_skewed, [True, False])


def spent(rng, n, runs, share, log_sd):
    """Moments of units of which most spend nothing and the others a lognormal amount."""
    number = rng.binomial(n, share, runs)
    ends = np.concatenate([[0], np.cumsum(number)])
    values = np.exp(log_sd * rng.standard_normal(ends[-1]))
    sums = [np.diff(np.concatenate([[0], np.cumsum(values**k)])[ends]) for k in (1, 2, 3)]
    mean = sums[0] / n
    m2 = sums[1] - n * mean**2
    return (
        Moments(np.full(runs, float(n)), mean, m2),
        ThirdMoments(np.full(runs, float(n)), m2, sums[2] - 3 * mean * sums[1] + 2 * n * mean**3),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_t", "share", "log_sd"),
    [(1600, 0.05, 1.0), (6400, 0.05, 1.5), (200, 1.0, 1.0), (800, 0.02, 0.0)],
)
def test_error_rates_of_skewed_values_in_four_percent_of_units(n_t, share, log_sd):
    rng, runs = np.random.default_rng(9), 4000
    (control, cubes_c), (treatment, cubes_t) = (
        spent(rng, n, runs, share, log_sd) for n in (24 * n_t, n_t)
    )
    found, size = estimators.compare(control, treatment), difference_skewness(cubes_c, cubes_t)
    decided = ~skewness.is_too_large(size)
    ours, plain = (
        function(found, no_effect(found)) for function in (Skewed(size).tails, welch.tails)
    )
    for level in (0.025, 0.005, 0.0005):
        most = stats.binom.ppf(0.9999, runs, level)
        assert (decided & (ours.less <= level)).sum() <= most
        assert (decided & (ours.greater <= level)).sum() <= most
        # Without the correction, far more.
        assert (plain.less <= level).sum() > 1.2 * most
