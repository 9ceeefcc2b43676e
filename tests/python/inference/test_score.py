import numpy as np
import pytest
from reference.builders import EXPERIMENTS, rates
from scipy import optimize, stats
from scipy.special import ndtr, xlogy
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from experimentos.errors import MomentsError
from experimentos.inference import score as module
from experimentos.inference.effect import evaluate, null_at
from experimentos.inference.score import Counts, score

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
