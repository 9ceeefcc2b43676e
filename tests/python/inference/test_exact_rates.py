import numpy as np
import pytest
from reference.builders import rates
from reference.rate_checks import (
    assert_bad_input_is_refused,
    assert_extremes_are_sound,
    assert_neighbours_stay,
)
from scipy import stats

from experimentos.inference import exact_rates as module
from experimentos.inference import score
from experimentos.inference.effect import Null, no_effect, null_at
from experimentos.inference.exact_rates import exact_rates


def few_counts(size, seed=1, rare="events"):
    rng = np.random.default_rng(seed)
    n_c, n_t = rng.integers(20, 5000, (2, size))
    mean = rng.uniform(0.5, 9, size)
    x_c = np.minimum(rng.poisson(mean), n_c)
    x_t = np.minimum(rng.poisson(mean * n_t / n_c * rng.choice([0.3, 1, 3], size)), n_t)
    if rare == "non-events":
        return n_c - x_c, n_c, n_t - x_t, n_t
    return x_c, n_c, x_t, n_t


def test_a_published_comparison_of_two_counts():
    # R, ?poisson.test: poisson.test(c(11, 6+8+7), c(800, 1083+1050+878))
    # "Comparison of Poisson rates", p-value = 0.07967 (there by probability order), 95 % limits of
    # the rate ratio 0.8584264 4.2772659: Clopper-Pearson limits of the share.
    control, treatment = rates(21, 3011, 11, 800)
    effect = exact_rates(control, treatment)
    limits = [1 + effect.lift_lower[0], 1 + effect.lift_upper[0]]
    np.testing.assert_allclose(limits, [0.8584264, 4.2772659], rtol=1e-6)


@pytest.mark.parametrize("rare", ["events", "non-events"])
def test_tails_are_those_of_a_binomial_test_of_the_rarer_outcome(rare):
    x_c, n_c, x_t, n_t = few_counts(200, rare=rare)
    comparison = score.compare_rates(*rates(x_c, n_c, x_t, n_t))
    tails = module.tails(comparison, no_effect(comparison))
    flip = rare == "non-events"
    y_c, y_t = (n_c - x_c, n_t - x_t) if flip else (x_c, x_t)
    for i in range(200):
        share = n_t[i] / (n_c[i] + n_t[i])
        if y_c[i] + y_t[i] == 0 or (y_c[i] + y_t[i] > (n_c[i] + n_t[i]) / 2):
            continue
        test = [
            stats.binomtest(int(y_t[i]), int(y_c[i] + y_t[i]), share, alternative=side).pvalue
            for side in ("less", "greater")
        ]
        less, greater = reversed(test) if flip else test
        np.testing.assert_allclose([tails.less[i], tails.greater[i]], [less, greater], rtol=1e-12)


@pytest.mark.parametrize("rare", ["events", "non-events"])
def test_limits_exclude_zero_exactly_when_p_is_below_alpha(rare):
    counts = few_counts(20_000, seed=3, rare=rare)
    comparison = score.compare_rates(*rates(*counts))
    tails = module.tails(comparison, no_effect(comparison))
    tail = np.full(20_000, 0.0125)
    limits, lifts = (module.interval(comparison, tail), module.lift_interval(comparison, tail))
    np.testing.assert_array_equal(limits.lower > 0, tails.greater < tail)
    np.testing.assert_array_equal(limits.upper < 0, tails.less < tail)
    defined = ~np.isnan(lifts.lower)
    np.testing.assert_array_equal(defined, counts[0] > 0)
    np.testing.assert_array_equal((lifts.lower > 0)[defined], (tails.greater < tail)[defined])
    np.testing.assert_array_equal((lifts.upper < 0)[defined], (tails.less < tail)[defined])
    # The estimate lies inside.
    assert (limits.lower <= comparison.estimate + 1e-12).all()
    assert (limits.upper >= comparison.estimate - 1e-12).all()


def test_limits_exclude_a_relative_margin_exactly_when_the_conditional_test_rejects():
    comparison = score.compare_rates(*rates(*few_counts(5000, seed=4)))
    tail = np.full(5000, 0.025)
    limits = module.lift_interval(comparison, tail)
    null = null_at(comparison, np.full(5000, -0.2), np.ones(5000, dtype=bool))
    by_condition = ~module.needs_unconditional(comparison, null) & ~np.isnan(limits.lower)
    assert by_condition.mean() > 0.8
    tails = module.tails(comparison.take(by_condition), null.take(by_condition))
    np.testing.assert_array_equal(tails.greater < 0.025, limits.lower[by_condition] > -0.2)


def test_one_call_equals_many():
    counts = few_counts(30)
    together = exact_rates(*rates(*counts))
    for i in range(30):
        alone = exact_rates(*rates(*(c[i] for c in counts)))
        np.testing.assert_array_equal(alone.p_value, together.p_value[[i]])
        np.testing.assert_array_equal(alone.upper, together.upper[[i]])
        np.testing.assert_array_equal(alone.lift_lower, together.lift_lower[[i]])


def test_no_events_in_either_arm_is_certain_of_nothing():
    effect = exact_rates(*rates([0, 50], [100, 50], [0, 80], [200, 80]))
    np.testing.assert_array_equal(effect.p_value, [1, 1])
    assert (effect.lower < 0).all()
    assert (effect.upper > 0).all()
    assert np.isnan(effect.lift_lower[0])


def test_no_events_in_control_leaves_the_difference_tested_but_no_lift():
    effect = exact_rates(*rates(0, 1000, 12, 1000))
    np.testing.assert_allclose(effect.p_value, 2 * 0.5**12)
    assert effect.lower[0] > 0
    assert np.isnan([effect.lift[0], effect.lift_lower[0], effect.lift_upper[0]]).all()


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(exact_rates)
    assert_bad_input_is_refused(exact_rates)
    assert_extremes_are_sound(exact_rates)
    empty = exact_rates(*rates([3], [100], [0], [1]))
    assert np.isfinite(empty.p_value).all()


def test_more_events_than_units_in_a_table_of_a_warehouse_are_nan():
    comparison = score.compare_rates(*rates([3, 3, 3], 100, [5, 105, 5], 100))
    tails = module.tails(comparison, no_effect(comparison))
    np.testing.assert_array_equal(np.isnan(tails.less), [False, True, False])
    limits = module.interval(comparison, np.full(3, 0.025))
    np.testing.assert_array_equal(np.isnan(limits.lower), [False, True, False])


def test_limits_never_reach_less_far_than_the_score_limits_beyond_0():
    counts = few_counts(5000, seed=11)
    comparison, tail = score.compare_rates(*rates(*counts)), np.full(5000, 0.025)
    ours, wide = module.interval(comparison, tail), score.interval(comparison, tail)
    # Unless they would then say the opposite of the test.
    above, below = (ours.lower > 0) & (wide.lower > 0), (ours.upper < 0) & (wide.upper < 0)
    assert above.sum() > 100
    assert (ours.lower <= wide.lower)[above].all()
    assert (ours.upper >= wide.upper)[below].all()


def test_coverage_of_a_difference_far_from_0():
    # Given the total alone, limits of so large a difference covered it in 93.6 % of experiments.
    rng = np.random.default_rng(5)
    trials, n, p, q = 20_000, 1000, 0.0005, 0.017
    effect = exact_rates(*rates(rng.binomial(n, p, trials), n, rng.binomial(n, q, trials), n))
    covered = ((effect.lower <= q - p) & (effect.upper >= q - p)).sum()
    assert covered >= stats.binom.ppf(0.001, trials, 0.95)


def test_few_is_judged_at_the_pooled_rate_on_both_outcomes():
    control, treatment = rates([9, 10, 991, 990], 1000, [10, 10, 990, 990], 1000)
    few = module.has_few(score.compare_rates(control, treatment))
    np.testing.assert_array_equal(few, [True, False, True, False])


@pytest.mark.parametrize(("n_c", "n_t"), [(15, 40), (120, 100)])
@pytest.mark.parametrize("ratio", [0.5, 0.98, 1.0, 1.25])
def test_the_error_rate_is_at_most_nominal_over_all_rates(n_c, n_t, ratio):
    # Every outcome weighted by its probability: no simulation error at all.
    x_c, x_t = (
        v.ravel() for v in np.meshgrid(np.arange(n_c + 1), np.arange(n_t + 1), indexing="ij")
    )
    comparison = score.compare_rates(*rates(x_c, n_c, x_t, n_t))
    null = Null(np.full(x_c.size, ratio), np.zeros(x_c.size))
    wanted = module.has_few(comparison) & ~module.needs_unconditional(comparison, null)
    tails = module.tails(comparison.take(wanted), null.take(wanted))
    for p in np.linspace(0.002, 0.5, 40):
        mass = np.outer(
            stats.binom.pmf(np.arange(n_c + 1), n_c, p),
            stats.binom.pmf(np.arange(n_t + 1), n_t, ratio * p),
        ).ravel()[wanted]
        assert mass[tails.greater <= 0.025].sum() <= 0.025
        assert mass[tails.less <= 0.025].sum() <= 0.025


def test_coverage_of_the_difference():
    rng = np.random.default_rng(5)
    trials, n_c, n_t, p, q = 20_000, 1000, 800, 0.004, 0.006
    effect = exact_rates(
        *rates(rng.binomial(n_c, p, trials), n_c, rng.binomial(n_t, q, trials), n_t)
    )
    covered = ((effect.lower <= q - p) & (effect.upper >= q - p)).sum()
    assert covered >= stats.binom.ppf(0.001, trials, 0.95)


@pytest.mark.parametrize("weight", [1.0, 0.9, 1.3])
def test_arms_of_very_unequal_size_keep_the_digits_of_the_smaller_share(weight):
    # Nearly all events fall into the larger arm: scipy's binomial test of the smaller arm's.
    for few, many in (((3.0, 23.0), (410.0, 9e8)), ((1.0, 40.0), (55.0, 7e8))):
        total, in_few = few[0] + many[0], few[0]
        turned = 1 / weight
        for control, treatment, ratio in ((few, many, weight), (many, few, turned)):
            comparison = score.compare_rates(*rates(*control, *treatment))
            tails = module.tails(comparison, Null([ratio], [0.0]))
            share = few[1] / (few[1] + many[1] * weight)
            at_most = stats.binom.cdf(in_few, total, share)
            at_least = stats.binom.sf(in_few - 1, total, share)
            expected = [at_least, at_most] if control is few else [at_most, at_least]
            found = [tails.less[0], tails.greater[0]]
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_boundaries_that_no_rates_have():
    x_c, x_t = np.array([0.0, 0.0, 3.0, 3.0, 97.0, 97.0]), np.array([0.0, 3.0, 0.0, 3.0, 97.0, 100])
    comparison = score.compare_rates(*rates(x_c, 100, x_t, 100))
    tail, one = np.full(6, 1e-9), np.ones(6)
    limits, lifts = module.interval(comparison, tail), module.lift_interval(comparison, tail)
    for weight in (0.0, -0.5):
        tails = module.tails(comparison, Null(weight * one, 0 * one))
        np.testing.assert_array_equal(tails.less, one)
        assert np.isin(tails.greater, (0.0, 1.0)).all()
        has_lift = x_c > 0
        excluded = (lifts.lower > weight - 1)[has_lift]
        np.testing.assert_array_equal((tails.greater < tail)[has_lift], excluded)
    for shift in (-1.5, -1.0, 1.0, np.inf):
        tails = module.tails(comparison, Null(one, shift * one))
        np.testing.assert_array_equal(tails.greater < tail, limits.lower > shift)
        np.testing.assert_array_equal(tails.less < tail, limits.upper < shift)


def test_each_table_is_summed_once_at_a_margin(monkeypatch):
    calls = []
    tail_pair = module.unconditional.tail_pair

    def counted(*counts, **boundary):
        calls.append((*counts, *boundary.values()))
        return tail_pair(*counts, **boundary)

    monkeypatch.setattr(module.unconditional, "tail_pair", counted)
    x_c, x_t = np.array([2.0, 3, 2, np.nan, 3, 2]), np.array([1.0, 4, 1, 5, 4, 1])
    comparison = score.compare_rates(*rates(x_c, 50, x_t, 60))
    null = Null(np.ones(6), np.array([-0.1, -0.1, -0.1, -0.1, -0.1, -0.2]))
    tails = module.tails(comparison, null)
    assert len(calls) == len(set(calls)) == 3
    for i in (0, 1, 2, 4, 5):
        alone = tail_pair(x_c[i], 50, x_t[i], 60, weight=1.0, shift=null.shift[i])
        assert (tails.less[i], tails.greater[i]) == alone
    assert np.isnan(tails.less[3])


def test_extreme_levels_and_units_are_quiet_also_where_all_warnings_are_raised():
    n = np.array([np.inf, 1e200, 1e9, 100.0])
    comparison = score.compare_rates(*rates(3.0, [100.0, 100, 1e9, 100], 5.0, 100.0))
    comparison.n_control[:] = n
    comparison.mean_control[:] = [0.0, 0.0, 3e-9, 0.03]
    with np.errstate(all="raise"):
        found = [
            module.interval(comparison, np.full(4, 1e-12)),
            module.lift_interval(comparison, np.full(4, 0.025)),
            module.tails(comparison, Null(np.ones(4), np.zeros(4))),
            module.tails(comparison, Null(np.full(4, 1e300), np.zeros(4))),
            module.tails(comparison, Null(np.ones(4), np.full(4, -0.05))),
        ]
        module.interval(comparison, np.full(4, 5e-311))
        assert not module.has_few(comparison)[:2].any()
    for struct in found:
        lower = getattr(struct, "lower", getattr(struct, "less", None))
        np.testing.assert_array_equal(np.isnan(lower[[0, 1, 3]]), [True, True, False])
