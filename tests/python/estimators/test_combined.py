import numpy as np
import pytest
from reference.builders import moments
from scipy import stats

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.estimators import combine, compare, period_weights
from experimentos.inference import no_effect, welch
from experimentos.moments import Moments


def random_periods(seed=3, size=6):
    rng = np.random.default_rng(seed)
    n = rng.integers(20, 900, (2, size)).astype(float)
    arms = [Moments(n[i], rng.normal(5, 1, size), n[i] * rng.uniform(1, 9, size)) for i in (0, 1)]
    return compare(*arms)


def test_three_periods_by_hand():
    # Effective units 90, 250 and 0.5 x 100 = 50; unit variances 4, 9 and 1.
    n_c, n_t = np.array([900.0, 500.0, 100.0]), np.array([100.0, 500.0, 100.0])
    variance = np.array([4.0, 9.0, 1.0])
    control = Moments(n_c, [2.0, 3.0, 1.0], variance * (n_c - 1))
    treatment = Moments(n_t, [2.5, 3.1, 1.0], variance * (n_t - 1))
    found = combine(compare(control, treatment), [0, 0, 0])
    np.testing.assert_allclose(found.mean_control, (90 * 2 + 250 * 3 + 50 * 1) / 390)
    np.testing.assert_allclose(found.estimate, (90 * 0.5 + 250 * 0.1) / 390)
    # Variance of the weighted difference: sum of (e_j / 390)^2 s_j^2 / e_j.
    expected = (90 * 4 + 250 * 9 + 50 * 1) / 390**2
    np.testing.assert_allclose(found.std_error**2, expected)
    parts = [(e / 390) ** 2 * v for e, v in zip((90, 250, 50), variance, strict=True)]
    by_arm = [p / n for p, n in zip(parts, n_c, strict=True)]
    by_arm += [p / n for p, n in zip(parts, n_t, strict=True)]
    freedom = [*(n_c - 1), *(n_t - 1)]
    satterthwaite = expected**2 / sum(v * v / f for v, f in zip(by_arm, freedom, strict=True))
    np.testing.assert_allclose(found.df, satterthwaite)
    np.testing.assert_array_equal([found.n_control, found.n_treatment], [[1500.0], [700.0]])


def test_one_period_is_itself():
    given = random_periods()
    found = combine(given, np.arange(6))
    for name in ("n_control", "mean_treatment", "var_control", "covariance", "df"):
        np.testing.assert_allclose(getattr(found, name), getattr(given, name), rtol=1e-14)


def test_periods_split_alike_are_nearly_one_experiment():
    # The same mean in all periods and one split: nothing is lost against pooled data.
    rng = np.random.default_rng(8)
    units = [rng.normal(4, 2, (2, 5000)) for _ in range(3)]
    both = [compare(*(moments(arm) for arm in period)) for period in units]
    periods = both[0].append(both[1]).append(both[2])
    found = combine(periods, [0, 0, 0])
    pooled = stats.ttest_ind(
        np.concatenate([p[1] for p in units]), np.concatenate([p[0] for p in units]),
        equal_var=False,
    )  # fmt: skip
    p_value = welch.tails(found, no_effect(found)).two_sided
    np.testing.assert_allclose(p_value, pooled.pvalue, rtol=0.01)


def test_weights_are_cochrans_and_sum_to_one():
    given = random_periods()
    group = np.array([0, 1, 0, 1, 1, 0])
    weight = period_weights(given, group)
    np.testing.assert_allclose(np.bincount(group, weights=weight), 1.0)
    n_c, n_t = given.n_control, given.n_treatment
    cochran = n_c * n_t / (n_c + n_t)
    np.testing.assert_allclose(weight[0] / weight[2], cochran[0] / cochran[2])


def test_one_call_equals_one_for_each_group():
    given = random_periods()
    group = np.array([0, 1, 0, 2, 1, 0])
    found = combine(given, group)
    for number in range(3):
        rows = group == number
        alone = combine(given.take(rows), np.zeros(rows.sum(), dtype=int))
        for name in ("n_control", "mean_control", "var_treatment", "df"):
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(found, name)[number])


def test_an_undefined_period_makes_its_own_group_nan():
    given = random_periods(size=3)
    given = given.replace(np.array([True, False, False]), given.take([0] * 3).replace(
        np.ones(3, dtype=bool), compare(Moments([1.0] * 3, [2.0] * 3, [0.0] * 3), Moments(
            [5.0] * 3, [2.0] * 3, [1.0] * 3))))  # fmt: skip
    found = combine(given, [0, 0, 1])
    np.testing.assert_array_equal(np.isnan(found.std_error), [True, False])


def test_a_period_without_any_spread_adds_none():
    still = compare(Moments([50.0], [0.0], [0.0]), Moments([50.0], [0.0], [0.0]))
    other = random_periods(size=1)
    found = combine(other.append(still), [0, 0])
    weight = period_weights(other.append(still), [0, 0])[0]
    np.testing.assert_allclose(found.estimate, weight * other.estimate)
    np.testing.assert_allclose(found.df, other.df)


def test_groups_must_be_whole_numbers():
    with pytest.raises(ArgumentError, match="`group` must be whole numbers from 0"):
        combine(random_periods(size=2), [0, -1])


def zero_inflated(rng, n, trials):
    """Means and squares of units of which 3 % have a lognormal value."""
    counts = rng.binomial(n, 0.03, trials)
    values = np.exp(rng.normal(3, 1.2, counts.sum()))
    trial = np.repeat(np.arange(trials), counts)
    mean = np.bincount(trial, values, trials) / n
    return Moments(
        np.full(trials, float(n)), mean, np.bincount(trial, values**2, trials) - n * mean**2
    )


def test_equal_arms_of_a_ramp_differ_as_often_as_promised():
    # 1 % of units treated at first, then half; values skewed. Inverse squares of the estimated
    # errors as weights reject in the lower tail in 27 % (see `period_weights`).
    rng, trials = np.random.default_rng(11), 10_000
    periods = [
        compare(zero_inflated(rng, n_c, trials), zero_inflated(rng, n_t, trials))
        for n_c, n_t in ((9900, 100), (5000, 5000))
    ]
    both = periods[0].append(periods[1])
    found = combine(both, np.tile(np.arange(trials), 2))
    tails = welch.tails(found, no_effect(found))
    spread = np.sqrt(0.025 * 0.975 / trials)
    for p_value in (tails.less, tails.greater):
        assert abs((p_value <= 0.025).mean() - 0.025) < 4 * spread
    by_errors = 1 / both.std_error**2
    by_errors /= estimators.grouping.totals(np.tile(np.arange(trials), 2), by_errors)[
        np.tile(np.arange(trials), 2)
    ]
    naive = combine(both, np.tile(np.arange(trials), 2), by_errors)
    assert (welch.tails(naive, no_effect(naive)).less <= 0.025).mean() > 0.2
