import itertools
from dataclasses import fields
from decimal import Decimal, localcontext

import numpy as np
import pytest
from reference.builders import EXPERIMENTS, rates
from scipy import optimize, stats
from scipy.special import ndtr, xlogy
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from experimentos.errors import MomentsError
from experimentos.inference import score as module
from experimentos.inference.counts import compare_arms, from_counts
from experimentos.inference.effect import Null, evaluate, null_at
from experimentos.inference.score import Counts, score
from experimentos.moments import Moments

# R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, Table II, method 5 (Mee: the score
# interval without N/(N-1)); treatment x, n then control x, n, and the 95 % limits.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0533, 0.3377),
    (9, 10, 3, 10, 0.1821, 0.8370),
    (6, 7, 2, 7, 0.0544, 0.8478),
    (5, 56, 0, 29, -0.0313, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.7225, 1.0),
    (10, 10, 0, 10, 0.6777, 1.0),
]


def random_counts(size, seed=1, largest=2000):
    rng = np.random.default_rng(seed)
    n_c, n_t = rng.integers(1, largest, (2, size))
    base = rng.beta(0.4, 0.4, size)
    lift = rng.normal(0, 0.1, size)
    return rng.binomial(n_c, base), n_c, rng.binomial(n_t, np.clip(base + lift, 0, 1)), n_t


def largest_likelihood(x_c, n_c, x_t, n_t, treatment_of, low, high):
    """Rates of largest likelihood under a constraint, by one-dimensional search."""

    def loss(p):
        q = treatment_of(p)
        parts = xlogy(x_c, p) + xlogy(n_c - x_c, 1 - p) + xlogy(x_t, q) + xlogy(n_t - x_t, 1 - q)
        return -parts

    found = optimize.minimize_scalar(
        loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}
    ).x
    return found, treatment_of(found)


def in_fifty_digits(x_c, n_c, x_t, n_t, *, difference=None, ratio=None):
    """Score statistic by bisection of the likelihood equation, or for a ratio by its quadratic."""
    with localcontext() as context:
        context.prec = 60
        x_c, n_c, x_t, n_t = (Decimal(int(v)) for v in (x_c, n_c, x_t, n_t))
        if ratio is not None:
            ratio = Decimal(float(ratio))
            a, b = (n_c + n_t) * ratio, (n_t + x_c) * ratio + n_c + x_t
            p = min(2 * (x_c + x_t) / (b + (b * b - 4 * a * (x_c + x_t)).sqrt()), Decimal(1))
            q, contrast = ratio * p, x_t / n_t - ratio * x_c / n_c
            variance = q * (1 - q) / n_t + ratio**2 * p * (1 - p) / n_c
            return float(contrast / variance.sqrt())
        difference = Decimal(float(difference))
        low, high = max(Decimal(0), -difference), min(Decimal(1), 1 - difference)
        for _ in range(150):
            p = (low + high) / 2
            q = p + difference
            slope = x_c / p - (n_c - x_c) / (1 - p) + x_t / q - (n_t - x_t) / (1 - q)
            low, high = (p, high) if slope > 0 else (low, p)
        variance = p * (1 - p) / n_c + q * (1 - q) / n_t
        return float((x_t / n_t - x_c / n_c - difference) / variance.sqrt())


def unequal_counts(size, seed):
    """Arms of 1 to a billion units, from no event to only events."""
    rng = np.random.default_rng(seed)
    n = np.floor(10 ** rng.uniform(0, 9, (2, size)))
    small = 10 ** rng.uniform(-9, 0, (2, size))
    rate = np.choose(
        rng.integers(0, 5, (2, size)), [0 * small, 0 * small + 1, small, 1 - small, 0.5]
    )
    x = rng.binomial(n.astype(int), rate).astype(float)
    return Counts(x[0], n[0], x[1], n[1])


def test_published_intervals():
    x_t, n_t, x_c, n_c, lower, upper = np.array(NEWCOMBE).T
    effect = score(*rates(x_c, n_c, x_t, n_t))
    np.testing.assert_allclose(effect.lower, lower, atol=5.1e-5)
    np.testing.assert_allclose(effect.upper, upper, atol=5.1e-5)


@pytest.mark.parametrize("name", EXPERIMENTS["proportions"])
def test_real_experiments_agree_with_the_pooled_z_test(name):
    expected = EXPERIMENTS["proportions"][name]
    control, treatment = expected["control"], expected["treatment"]
    effect = score(*rates(control["x"], control["n"], treatment["x"], treatment["n"]))
    np.testing.assert_allclose(effect.p_value, expected["p_pooled_z"], rtol=1e-10)
    np.testing.assert_allclose(effect.estimate, expected["abs_diff"], rtol=1e-12)
    # Newcombe's is another interval, but near with thousands of events.
    np.testing.assert_allclose(
        [effect.lower[0], effect.upper[0]], expected["ci95_newcombe"], atol=2e-4
    )


def test_no_difference_is_the_pooled_test_of_statsmodels():
    x_c, n_c, x_t, n_t = random_counts(300)
    ours = score(*rates(x_c, n_c, x_t, n_t)).p_value
    for i in np.flatnonzero((x_c + x_t > 0) & (x_c + x_t < n_c + n_t)):
        theirs = proportions_ztest([x_t[i], x_c[i]], [n_t[i], n_c[i]])[1]
        np.testing.assert_allclose(ours[i], theirs, rtol=1e-10)


def test_ratio_limits_are_those_of_statsmodels():
    # statsmodels' limits for a difference are not used: its score_test_proportions_2indep (0.15)
    # has count0 * diff where Miettinen and Nurminen have nobs0 * diff in the linear coefficient.
    for x_t, n_t, x_c, n_c in [(8279, 45489, 8502, 44700), (48, 80, 56, 70), (1, 34, 7, 34)]:
        effect = score(*rates(x_c, n_c, x_t, n_t))
        theirs = confint_proportions_2indep(
            x_t, n_t, x_c, n_c, compare="ratio", method="score", correction=False
        )
        ours = [1 + effect.lift_lower[0], 1 + effect.lift_upper[0]]
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize(
    "counts", [(7, 34, 1, 34), (56, 70, 48, 80), (0, 29, 5, 56), (3, 1000, 11, 900), (9, 9, 4, 12)]
)
@pytest.mark.parametrize("difference", [-0.3, -0.02, 0.001, 0.2])
def test_difference_statistic_by_direct_search_of_the_likelihood(counts, difference):
    x_c, n_c, x_t, n_t = counts
    low, high = max(0, -difference), min(1, 1 - difference)
    p, q = largest_likelihood(*counts, lambda p: p + difference, low, high)
    deviation = np.sqrt(p * (1 - p) / n_c + q * (1 - q) / n_t)
    expected = (x_t / n_t - x_c / n_c - difference) / deviation
    data = Counts(*(np.array([float(v)]) for v in counts))
    found = module.difference_statistic(data, np.array([difference]))
    np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize("counts", [(7, 34, 1, 34), (56, 70, 48, 80), (3, 1000, 11, 900)])
@pytest.mark.parametrize("ratio", [0.3, 0.98, 1.6])
def test_ratio_statistic_by_direct_search_of_the_likelihood(counts, ratio):
    x_c, n_c, x_t, n_t = counts
    p, q = largest_likelihood(*counts, lambda p: ratio * p, 0, min(1, 1 / ratio))
    deviation = np.sqrt(ratio**2 * p * (1 - p) / n_c + q * (1 - q) / n_t)
    expected = (x_t / n_t - ratio * x_c / n_c) / deviation
    data = Counts(*(np.array([float(v)]) for v in counts))
    found = module.ratio_statistic(data, np.array([ratio]))
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_limits_exclude_zero_exactly_when_p_is_below_alpha():
    effect = score(*rates(*random_counts(20_000)))
    defined = ~np.isnan(effect.p_value)
    significant = (effect.p_value < 0.05)[defined]
    outside = ((effect.lower > 0) | (effect.upper < 0))[defined]
    np.testing.assert_array_equal(outside, significant)
    of_lift = ~np.isnan(effect.lift_lower) & defined
    outside = (effect.lift_lower > 0) | (effect.lift_upper < 0)
    np.testing.assert_array_equal(outside[of_lift], (effect.p_value < 0.05)[of_lift])


@pytest.mark.parametrize("is_relative", [False, True])
def test_limits_exclude_a_margin_exactly_when_noninferiority_is_shown(is_relative):
    comparison = module.compare_rates(*rates(*random_counts(20_000, seed=4)))
    tail = np.full(20_000, 0.01)
    limits = (module.lift_interval if is_relative else module.interval)(comparison, tail)
    for margin in (-0.2, -0.01, 0.05):
        null = null_at(comparison, np.full(20_000, margin), np.full(20_000, is_relative))
        tails = module.tails(comparison, null)
        defined = ~np.isnan(tails.greater + limits.lower + limits.upper)
        np.testing.assert_array_equal(
            (tails.greater < tail)[defined], (limits.lower > margin)[defined]
        )
        np.testing.assert_array_equal(
            (tails.less < tail)[defined], (limits.upper < margin)[defined]
        )


def test_limits_solve_their_equation_tightly():
    counts = random_counts(5000, seed=8)
    comparison = module.compare_rates(*rates(*counts))
    data, tail = module.counts(comparison), np.full(5000, 0.025)
    limits = module.interval(comparison, tail)
    for limit, sign in ((limits.lower, 1.0), (limits.upper, -1.0)):
        inside = np.abs(limit) < 1 - 1e-9
        z = module.difference_statistic(data, limit)[inside]
        np.testing.assert_allclose(z, sign * 1.959963984540054, rtol=1e-8)


def test_limits_where_every_unit_had_the_event():
    # One-sided score limit of a rate of which no unit failed: 1 / (1 + z^2 / n), here for the arm
    # that the limit leaves below 1.
    effect, z2 = score(*rates(52, 52, 248, 248)), 1.959963984540054**2
    np.testing.assert_allclose(effect.lower, -z2 / (248 + z2), rtol=1e-9)
    np.testing.assert_allclose(effect.upper, z2 / (52 + z2), rtol=1e-9)
    np.testing.assert_allclose(effect.lift_lower, -z2 / (248 + z2), rtol=1e-9)


def test_one_call_equals_many():
    counts = random_counts(40)
    together = score(*rates(*counts))
    for i in range(40):
        alone = score(*rates(*(c[i] for c in counts)))
        np.testing.assert_allclose(alone.lower, together.lower[[i]], rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(alone.p_value, together.p_value[[i]])


def test_events_and_non_events_mirror_each_other():
    x_c, n_c, x_t, n_t = random_counts(2000, seed=6)
    effect = score(*rates(x_c, n_c, x_t, n_t))
    mirror = score(*rates(n_c - x_c, n_c, n_t - x_t, n_t))
    np.testing.assert_allclose(effect.lower, -mirror.upper, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(effect.p_value, mirror.p_value, rtol=1e-9)


def test_undefined_is_nan_and_neighbours_stay():
    control, treatment = rates([5, 0, 12, 3], [10, 10, 10, 8], [2, 0, 4, 1], [10, 10, 10, 8])
    with pytest.raises(MomentsError, match="`control` must have rates between 0 and 1, got 1.2"):
        score(control, treatment)
    effect = evaluate(module.METHOD, module.compare_rates(control, treatment))
    assert np.isnan(effect.p_value[[1, 2]]).all()  # no event at all; more events than units
    assert np.isnan(effect.lift_lower[1])  # no event in control
    assert np.isfinite(effect.p_value[[0, 3]]).all()
    assert np.isfinite(effect.upper[[0, 3]]).all()


def test_extreme_sizes_and_rates():
    # A billion units, rates of 1e-7: the counts are Poisson, and their score test is
    # (x_t - x_c) / sqrt(x_t + x_c) for equal arms.
    effect = score(*rates(100, 1e9, 160, 1e9))
    np.testing.assert_allclose(effect.p_value, 2 * ndtr(-60 / np.sqrt(260)), rtol=1e-6)
    # Poisson score limits of the difference with equal arms solve (d - D)^2 = z^2 (sum of rates
    # of largest likelihood); here against the same equation solved by bisection.
    data = Counts(*(np.array([v]) for v in (100.0, 1e9, 160.0, 1e9)))
    z = module.difference_statistic(data, effect.lower)
    np.testing.assert_allclose(z, 1.959963984540054, rtol=1e-9)
    tiny = score(*rates(1e8, 1e9, 1.05e8, 1e9))
    assert 0 <= tiny.p_value[0] < 1e-300
    moderate = score(*rates(1e8, 1e9, 1.0050e8, 1e9))
    z = 0.0005 / np.sqrt(0.10025 * 0.89975 * 2 / 1e9)
    np.testing.assert_allclose(np.log(moderate.p_value), np.log(2) + stats.norm.logsf(z), rtol=1e-9)


def test_error_rate_and_coverage():
    rng = np.random.default_rng(12)
    trials, n_c, n_t, p = 40_000, 600, 900, 0.08
    effect = score(*rates(rng.binomial(n_c, p, trials), n_c, rng.binomial(n_t, p, trials), n_t))
    slack = 4 * np.sqrt(0.05 * 0.95 / trials) + 0.002  # counts are discrete
    assert abs((effect.p_value < 0.05).mean() - 0.05) < slack
    q = 0.11
    effect = score(*rates(rng.binomial(n_c, p, trials), n_c, rng.binomial(n_t, q, trials), n_t))
    covered = (effect.lower <= q - p) & (effect.upper >= q - p)
    assert abs(covered.mean() - 0.95) < slack
    covered = (effect.lift_lower <= q / p - 1) & (effect.lift_upper >= q / p - 1)
    assert abs(covered.mean() - 0.95) < slack


# Events and units of control, then of treatment, the difference, and the smaller tail to 17
# digits (mpmath, by bisection of the likelihood equation).
VERY_UNEQUAL = [
    ((19, 19, 359504, 578291645), -0.999390989606456, 2.9116256782934598e-35),
    ((0, 107, 196904741, 198896584), 0.9900338, 3.6234828232583944e-12),
    ((190188236, 205266000, 0, 75), -0.92659556, 2.8536178618504993e-3),
]


@pytest.mark.parametrize(("counts", "difference", "tail"), VERY_UNEQUAL)
def test_margins_keep_their_digits_with_very_unequal_arms(counts, difference, tail):
    comparison = compare_arms(from_counts(*counts[:2]), from_counts(*counts[2:]))
    tails = module.tails(comparison, Null([1.0], [difference]))
    np.testing.assert_allclose(np.minimum(tails.less, tails.greater), tail, rtol=1e-11)


def test_difference_statistic_in_fifty_digits():
    data, rng = unequal_counts(150, seed=2), np.random.default_rng(3)
    rounding = 1 / np.fmin(data.n_c, data.n_t)
    near = data.difference + rng.normal(size=150) * 5 * rounding ** rng.uniform(0.3, 1, 150)
    edge = rng.choice([-1.0, 1.0], 150) * (1 - 10 ** rng.uniform(-9, 0, 150))
    there = np.choose(rng.integers(0, 3, 150), [near, edge, rng.uniform(-1, 1, 150)])
    there = np.clip(there, -1 + 1e-12, 1 - 1e-12)
    found = module.difference_statistic(data, there)
    expected = np.array(
        [
            in_fifty_digits(*row[:4], difference=row[4])
            for row in zip(data.x_c, data.n_c, data.x_t, data.n_t, there, strict=True)
        ]
    )
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_ratio_statistic_in_fifty_digits():
    data, rng = unequal_counts(300, seed=4), np.random.default_rng(5)
    data = data.take(data.x_c + data.x_t > 0)
    ratio = np.exp(rng.normal(size=data.x_c.size) * 10 ** rng.uniform(-8, 0.5, data.x_c.size))
    found = module.ratio_statistic(data, ratio)
    expected = np.array(
        [
            in_fifty_digits(*row[:4], ratio=row[4])
            for row in zip(data.x_c, data.n_c, data.x_t, data.n_t, ratio, strict=True)
        ]
    )
    # A contrast near 0 has the rounding of the rates that are subtracted.
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("alpha", [1e-9, 0.05, 0.5, 0.99])
def test_limits_are_at_the_critical_value_in_fifty_digits(alpha):
    data, critical = unequal_counts(60, seed=6), -stats.norm.ppf(alpha / 2)
    effect = score(*rates(data.x_c, data.n_c, data.x_t, data.n_t), alpha=alpha)
    for i, (lower, upper) in enumerate(zip(effect.lower, effect.upper, strict=True)):
        counts = [values[i] for values in (data.x_c, data.n_c, data.x_t, data.n_t)]
        for limit, side in ((lower, 1), (upper, -1)):
            distance = abs(limit - data.difference[i])
            # Where rounding of the limit does not matter, a little beyond and a little before.
            if distance > 1e-6 * abs(limit) and abs(limit) < 1 - 1e-9:
                around = [limit - side * 1e-8 * distance, limit + side * 1e-8 * distance]
                beyond, before = (side * in_fifty_digits(*counts, difference=d) for d in around)
                assert before <= critical <= beyond


def test_a_limit_of_a_few_units_against_millions():
    # Newton's method and bisection in 50 digits agree.
    effect = score(*rates(28356, 219704800, 29, 29), alpha=0.1)
    np.testing.assert_allclose(effect.upper - effect.estimate, 1.25447351e-6, rtol=1e-8)


@pytest.mark.parametrize("alpha", [0.05, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(("n_c", "n_t"), [(480546734, 1), (15, 9.1e7), (982716831, 1), (1, 1)])
def test_lift_limits_where_every_unit_had_the_event_have_a_closed_form(n_c, n_t, alpha):
    effect, z2 = score(*rates(n_c, n_c, n_t, n_t), alpha=alpha), stats.norm.ppf(alpha / 2) ** 2
    np.testing.assert_allclose(effect.lift_upper, z2 / n_c, rtol=1e-12)
    np.testing.assert_allclose(effect.lift_lower, -z2 / (n_t + z2), rtol=1e-12)
    np.testing.assert_allclose(effect.upper, z2 / (n_c + z2), rtol=1e-12)


@pytest.mark.parametrize("alpha", [1e-6, 0.05, 0.9])
def test_lift_limits_where_all_units_of_one_arm_had_the_event(alpha):
    x, n, m = np.array([1, 40, 99, 990.0, 5e8]), np.array([2, 60, 100, 1e6, 1e9]), 7.0
    for control, treatment in (((x, n), (m, m)), ((m, m), (x, n))):
        effect = score(*rates(*control, *treatment), alpha=alpha)
        arms = [np.broadcast_to(v, x.shape) for v in (*control, *treatment)]
        for limit, side in ((effect.lift_lower, 1.0), (effect.lift_upper, -1.0)):
            z = [in_fifty_digits(*row, ratio=1 + r) for *row, r in zip(*arms, limit, strict=True)]
            np.testing.assert_allclose(side * np.array(z), -stats.norm.ppf(alpha / 2), rtol=1e-6)


def test_boundaries_that_no_rates_have_are_excluded_by_the_limits():
    outcomes = list(itertools.product((0, 1, 4), (0, 2, 5)))
    x_c, x_t = np.array(outcomes, dtype=float).T
    comparison = module.compare_rates(*rates(x_c, 4, x_t, 5))
    one, tail = np.ones(x_c.size), np.full(x_c.size, 0.01)
    limits, lifts = module.interval(comparison, tail), module.lift_interval(comparison, tail)
    for shift in (-np.inf, -3.0, -1.0, 1.0, 1.5, np.inf):
        tails = module.tails(comparison, Null(one, shift * one))
        np.testing.assert_array_equal(tails.greater < tail, limits.lower > shift)
        np.testing.assert_array_equal(tails.less < tail, limits.upper < shift)
        sole = (x_t / 5 - x_c / 4) == shift  # the one outcome whose estimate is the boundary
        np.testing.assert_array_equal(np.isnan(tails.less), sole)
        assert np.isin(tails.less[~sole], (0, 1)).all()
    for weight in (0.0, -0.5, -30.0):
        tails = module.tails(comparison, Null(weight * one, 0 * one))
        has_lift = x_c > 0
        rejected = (tails.greater < tail)[has_lift]
        np.testing.assert_array_equal(rejected, (lifts.lower > weight - 1)[has_lift])
        assert not (tails.less < tail).any()


def test_a_tail_above_one_half_exchanges_the_limits():
    comparison = module.compare_rates(*rates(*random_counts(200)))
    for limits in (module.interval, module.lift_interval):
        low, high = limits(comparison, np.full(200, 0.2)), limits(comparison, np.full(200, 0.8))
        np.testing.assert_allclose(high.lower, low.upper, rtol=1e-12)
        np.testing.assert_allclose(high.upper, low.lower, rtol=1e-12)
        both = limits(comparison, np.where(np.arange(200) % 2, 0.2, 0.8))
        np.testing.assert_array_equal(both.lower[1::2], low.lower[1::2])
        np.testing.assert_array_equal(both.lower[::2], high.lower[::2])
    half = module.interval(comparison, np.full(200, 0.5))
    np.testing.assert_allclose(half.lower, comparison.estimate, atol=1e-15)


def test_an_alpha_next_to_1_leaves_the_estimate():
    effect = score(*rates([0, 5, 5, 9], [5, 5, 9, 9], [5, 0, 5, 9], [5, 5, 9, 9]), alpha=1 - 1e-9)
    for limit in (effect.lower, effect.upper):
        np.testing.assert_allclose(limit, effect.estimate, atol=1e-8)


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (Moments([1.0], [0.49], [0.0]), "`treatment` must .* whole numbers of events, got 0.49"),
        (Moments([10.0], [0.15], [0.0]), "`treatment` must .* whole numbers of events, got 1.5"),
        (Moments([10.5], [0.2], [0.0]), "`treatment` must have whole numbers of units, got 10.5"),
    ],
)
def test_means_that_are_no_counts_are_refused(arm, message):
    control = from_counts(1, 10)
    with pytest.raises(MomentsError, match=message):
        score(control, arm)
    # A table's row is undefined instead, and its neighbours are not.
    both = control.append(control), arm.append(control)
    effect = evaluate(module.METHOD, module.compare_rates(*both))
    np.testing.assert_array_equal(np.isnan(effect.p_value), [True, False])
    np.testing.assert_array_equal(np.isnan(effect.upper), [True, False])


def test_huge_or_infinite_units_are_quiet_also_where_all_warnings_are_raised():
    # Beyond 1e60 units are undefined.
    n_c, n_t = np.array([np.inf, 1e200, 1e17, 1e17]), np.array([10.0, 10.0, np.inf, 1e17])
    control, treatment = (Moments(n, np.full(4, 0.5), np.zeros(4)) for n in (n_c, n_t))
    comparison, one = module.compare_rates(control, treatment), np.ones(4)
    boundaries = [(1, 0), (1, 1e-300), (1, 2), (1e-300, 0), (1e300, 0), (-1, 0)]
    with np.errstate(all="raise"):
        found = [
            limits(comparison, np.full(4, tail))
            for limits in (module.interval, module.lift_interval)
            for tail in (1e-320, 1e-300, 0.01, 0.5)
        ]
        found += [
            module.tails(comparison, Null(weight * one, shift * one))
            for weight, shift in boundaries
        ]
    for struct in found:
        for field in fields(struct):
            undefined = np.isnan(getattr(struct, field.name))
            np.testing.assert_array_equal(undefined, [True, True, True, False])


def test_the_search_of_rare_cases_leaves_no_trace_of_neighbours():
    data = unequal_counts(60, seed=9)
    arms = rates(data.x_c, data.n_c, data.x_t, data.n_t)
    together = score(*arms, alpha=0.3)
    for i in range(60):
        alone = score(*(arm.take(slice(i, i + 1)) for arm in arms), alpha=0.3)
        for field in fields(together):
            np.testing.assert_array_equal(
                getattr(alone, field.name), getattr(together, field.name)[[i]]
            )
