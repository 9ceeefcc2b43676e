import numpy as np
import pytest
from reference.builders import EXPERIMENTS, moments
from scipy import stats

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.inference import welch as module
from experimentos.inference.welch import welch
from experimentos.moments import Moments, from_sums

# Student's sleep data (R: ?sleep), hours of extra sleep with each drug.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def random_moments(size, seed=1):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 10_000, size).astype(float)
    return Moments(n, rng.normal(0.1, 1, size), rng.chisquare(3, size) * n)


def test_sleep_data_published_by_r():
    # R, ?t.test: t.test(extra ~ group, data = sleep)
    # t = -1.8608, df = 17.776, p-value = 0.07939; 95%: -3.3654832 0.2054832
    effect = welch(moments(DRUG_2), moments(DRUG_1))
    df = estimators.compare(moments(DRUG_2), moments(DRUG_1)).df
    np.testing.assert_allclose(df, 17.776, rtol=5e-5)
    np.testing.assert_allclose(effect.p_value, 0.07939, rtol=1e-4)
    np.testing.assert_allclose([effect.lower, effect.upper], [[-3.3654832], [0.2054832]], rtol=1e-6)


@pytest.mark.parametrize("name", EXPERIMENTS["means"])
def test_real_experiments_agree_with_scipy(name):
    expected = EXPERIMENTS["means"][name]
    control, treatment = (
        from_sums([arm["n"]], [arm["sum"]], [arm["sum_sq"]])
        for arm in (expected["control"], expected["treatment"])
    )
    effect = welch(control, treatment)
    np.testing.assert_allclose(effect.p_value, expected["p"], rtol=1e-7)
    np.testing.assert_allclose(effect.estimate / effect.std_error, expected["t"], rtol=1e-8)
    limits = [effect.lower[0], effect.upper[0]]
    np.testing.assert_allclose(limits, expected["ci95"], rtol=1e-7, atol=1e-9)


def test_interval_excludes_zero_exactly_when_p_is_below_alpha():
    effect = welch(random_moments(20_000), random_moments(20_000, seed=2), alpha=0.05)
    excludes = (effect.lower > 0) | (effect.upper < 0)
    np.testing.assert_array_equal(excludes, effect.p_value < 0.05)


def test_one_call_equals_many():
    control, treatment = random_moments(50), random_moments(50, seed=2)
    together = welch(control, treatment)
    for i in range(50):
        alone = welch(control.take([i]), treatment.take([i]))
        for name in ("p_value", "lower", "upper", "lift_lower", "lift_upper"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[[i]])


def test_scipy_gives_the_same_to_twelve_digits():
    control, treatment = random_moments(500), random_moments(500, seed=2)
    sd = [np.sqrt(arm.variance) for arm in (treatment, control)]
    theirs = stats.ttest_ind_from_stats(
        treatment.mean, sd[0], treatment.n, control.mean, sd[1], control.n, equal_var=False
    )
    np.testing.assert_allclose(welch(control, treatment).p_value, theirs.pvalue, rtol=1e-11)


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (Moments([1.0], [1.0], [0.0]), Moments([9.0], [2.0], [3.0])),
        (Moments([9.0], [1.0], [0.0]), Moments([9.0], [2.0], [0.0])),
        (Moments([0.0], [np.nan], [np.nan]), Moments([9.0], [2.0], [3.0])),
        (Moments([np.nan], [1.0], [1.0]), Moments([9.0], [2.0], [3.0])),
    ],
)
def test_undefined_is_nan(control, treatment):
    effect = welch(control, treatment)
    for name in ("std_error", "p_value", "lower", "upper", "lift_lower", "lift_upper"):
        assert np.isnan(getattr(effect, name)).all(), name


def test_nan_rows_do_not_disturb_their_neighbours():
    control, treatment = random_moments(3), random_moments(3, seed=2)
    whole = welch(control, treatment)
    control.mean[1] = np.nan
    broken = welch(control, treatment)
    assert np.isnan(broken.p_value[1])
    np.testing.assert_array_equal(broken.p_value[[0, 2]], whole.p_value[[0, 2]])


def test_error_rate_is_alpha_under_the_null():
    rng = np.random.default_rng(3)
    trials, n_c, n_t = 40_000, 12, 40
    control, treatment = rng.normal(5, 3, (trials, n_c)), rng.normal(5, 1, (trials, n_t))
    arms = [
        Moments(np.full(trials, x.shape[1]), x.mean(axis=1), x.var(axis=1) * x.shape[1])
        for x in (control, treatment)
    ]
    rejected = (welch(*arms).p_value < 0.05).sum()
    # Welch's approximation itself is off by about 0.001 at these sizes.
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, [0.049, 0.052])
    assert low <= rejected <= high


def test_means_of_1e15_with_a_spread_of_1_are_told_apart():
    units = np.array([-1.0, 1.0] * 500)
    control = Moments([1000.0], [1e15], [(units**2).sum()])
    treatment = Moments([1000.0], [1e15 + 1], [(units**2).sum()])
    effect = welch(control, treatment)
    near = welch(Moments([1000.0], [0.0], control.m2), Moments([1000.0], [1.0], control.m2))
    np.testing.assert_allclose(effect.p_value, near.p_value, rtol=1e-12)


def test_alpha_outside_its_range_is_refused():
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1, got 5.0"):
        welch(random_moments(1), random_moments(1), alpha=5.0)


def test_separation_is_dual_to_the_lift_interval():
    comparison = estimators.compare(random_moments(5000), random_moments(5000, seed=2))
    tail = np.full(5000, 0.01)
    defined = ~np.isnan(module.lift_interval(comparison, tail).lower)
    np.testing.assert_array_equal(module.separation(comparison) < tail, defined)
