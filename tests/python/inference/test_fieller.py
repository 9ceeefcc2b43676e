import numpy as np
from scipy import stats

from experimentos import estimators
from experimentos.inference import welch
from experimentos.inference.effect import null_at
from experimentos.moments import Moments


def comparisons(size, seed=5, centre=2.0):
    rng = np.random.default_rng(seed)
    arms = []
    for _ in range(2):
        n = rng.integers(3, 200, size).astype(float)
        arms.append(Moments(n, rng.normal(centre, 0.5, size), rng.chisquare(5, size) * n / 5))
    return estimators.compare(*arms)


def test_a_published_interval_for_a_ratio():
    # M. Kendall, A. Stuart, The Advanced Theory of Statistics vol. 2, and V. H. Franz (2007),
    # arXiv:0710.2024, section 2: the limits are the roots of the quadratic, here in its own form.
    comparison = estimators.compare(
        Moments([20.0], [4.0], [20 * 19 * 0.04]), Moments([20.0], [3.0], [20 * 19 * 0.09])
    )
    t = stats.t.ppf(0.975, comparison.df[0])
    a, b = 16 - t**2 * 0.04, -2 * 12
    roots = np.sort(np.roots([a, b, 9 - t**2 * 0.09]))
    limits = welch.lift_interval(comparison, np.array([0.025]))
    np.testing.assert_allclose([limits.lower[0], limits.upper[0]], roots - 1, rtol=1e-12)


def test_limits_exclude_zero_exactly_when_the_difference_does():
    comparison, tail = comparisons(20_000), np.full(20_000, 0.01)
    lift, difference = (f(comparison, tail) for f in (welch.lift_interval, welch.interval))
    defined = ~np.isnan(lift.lower)
    assert defined.mean() > 0.9
    for name in ("lower", "upper"):
        signs = [np.sign(getattr(x, name))[defined] for x in (lift, difference)]
        np.testing.assert_array_equal(*signs)


def test_limits_exclude_a_margin_exactly_when_noninferiority_is_shown():
    comparison, tail = comparisons(20_000), np.full(20_000, 0.02)
    lift = welch.lift_interval(comparison, tail)
    for margin in (-0.3, -0.02, 0.15):
        null = null_at(comparison, np.full(20_000, margin), np.ones(20_000, dtype=bool))
        tails = welch.tails(comparison, null)
        separated = welch.separation(comparison) <= tail
        shown = (np.maximum(tails.greater, welch.separation(comparison)) <= tail)[separated]
        np.testing.assert_array_equal(shown, (lift.lower > margin)[separated])
        shown_below = (tails.less <= tail)[separated]
        np.testing.assert_array_equal(shown_below, (lift.upper < margin)[separated])


def test_undefined_where_the_control_mean_is_not_separated_from_zero():
    comparison = estimators.compare(Moments([10.0], [0.1], [10.0]), Moments([10.0], [5.0], [10.0]))
    limits = welch.lift_interval(comparison, np.array([0.025]))
    assert np.isnan(limits.lower).all()
    assert np.isnan(limits.upper).all()


def test_a_negative_control_mean_keeps_the_direction_of_the_difference():
    comparison = estimators.compare(
        Moments([100.0], [-10.0], [100.0]), Moments([100.0], [-9.0], [100.0])
    )
    mirrored = estimators.compare(
        Moments([100.0], [10.0], [100.0]), Moments([100.0], [9.0], [100.0])
    )
    tail = np.array([0.025])
    limits, other = (welch.lift_interval(c, tail) for c in (comparison, mirrored))
    assert limits.lower[0] > 0
    np.testing.assert_allclose([limits.lower, limits.upper], [-other.upper, -other.lower])


def test_tiny_lifts_keep_their_digits():
    # At a billion units the interval is +-3e-8 about a lift of 1e-9; ratio minus one would keep 7.
    big = 1e9
    comparison = estimators.compare(
        Moments([big], [1.0], [big * 1e-4]), Moments([big], [1 + 1e-9], [big * 1e-4])
    )
    limits = welch.lift_interval(comparison, np.array([0.025]))
    difference = welch.interval(comparison, np.array([0.025]))
    # The lift differs from the difference by a factor 1 + O(1e-7) at a control mean of 1.
    np.testing.assert_allclose(limits.lower, difference.lower, rtol=1e-5)
    np.testing.assert_allclose(limits.upper, difference.upper, rtol=1e-5)


def test_coverage_of_the_true_lift():
    rng = np.random.default_rng(11)
    trials, n = 20_000, 30
    control, treatment = rng.normal(3, 2, (trials, n)), rng.normal(3.6, 2, (trials, n))
    arms = [
        Moments(np.full(trials, n), x.mean(axis=1), x.var(axis=1) * n) for x in (control, treatment)
    ]
    comparison = estimators.compare(*arms)
    limits = welch.lift_interval(comparison, np.full(trials, 0.025))
    # Where the set is no interval it is the complement of one or everything: counted as covering
    # when the test of the true contrast retains.
    null = null_at(comparison, np.full(trials, 0.2), np.ones(trials, dtype=bool))
    retained = welch.tails(comparison, null).two_sided > 0.05
    inside = (limits.lower <= 0.2) & (limits.upper >= 0.2)
    defined = ~np.isnan(limits.lower)
    np.testing.assert_array_equal(inside[defined], retained[defined])
    assert abs(retained.mean() - 0.95) < 4 * np.sqrt(0.05 * 0.95 / trials) + 0.001
