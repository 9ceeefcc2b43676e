import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from experimentos.errors import ArgumentError
from experimentos.inference import score, stratified
from experimentos.inference.counts import compare_rates
from experimentos.inference.effect import Null
from experimentos.inference.score_statistic import Counts
from experimentos.inference.stratified import Strata
from experimentos.moments import Moments

PHASES = [(9900, 100), (9000, 1000), (5000, 5000)]


def strata_of(of, x_c, n_c, x_t, n_t):
    x_c, n_c, x_t, n_t = (np.asarray(v, dtype=float) for v in (x_c, n_c, x_t, n_t))
    of = np.asarray(of)
    units = n_c * n_t / (n_c + n_t)
    return Strata(of, units / np.bincount(of, units)[of], Counts(x_c, n_c, x_t, n_t))


def random_strata(rates, phases, trials, *, lift=0.0, seed=4):
    rng = np.random.default_rng(seed)
    n_c, n_t = (np.tile([p[i] for p in phases], trials) for i in (0, 1))
    rates = np.tile(rates, trials)
    x_c, x_t = rng.binomial(n_c, rates), rng.binomial(n_t, rates * (1 + lift))
    return strata_of(np.repeat(np.arange(trials), len(phases)), x_c, n_c, x_t, n_t)


def at(k, weight=1.0, shift=0.0):
    return Null(np.full(k, weight), np.full(k, shift))


def evaluate(strata, null, tail):
    """Tails, limits and lift limits by the method that each comparison gets."""
    k = null.weight.size
    found = np.full((6, k), np.nan)
    names = stratified.choose(strata)
    for name in np.unique(names):
        rows = names == name
        method = strata.take(rows).method(str(name))
        tails = method.tails(None, null.take(rows))
        limits = method.interval(None, np.full(rows.sum(), tail))
        lifts = method.lift_interval(None, np.full(rows.sum(), tail))
        found[:, rows] = [tails.less, tails.greater, limits.lower, limits.upper, lifts.lower,
                          lifts.upper]  # fmt: skip
    return found


def test_one_stratum_is_the_score_test():
    rng = np.random.default_rng(0)
    n_c, n_t = rng.integers(20, 5000, (2, 500)).astype(float)
    x_c, x_t = (rng.binomial(n.astype(int), rng.uniform(0.02, 0.98, 500)) for n in (n_c, n_t))
    strata = strata_of(np.arange(500), x_c, n_c, x_t, n_t)
    rates = compare_rates(Moments(n_c, x_c / n_c, 0 * n_c), Moments(n_t, x_t / n_t, 0 * n_t))
    for weight, shift in ((1.0, 0.0), (1.0, 0.02), (1.0, -0.3), (0.98, 0.0), (1.2, 0.0)):
        null = at(500, weight, shift)
        found, expected = stratified.score_tails(strata, null), score.tails(rates, null)
        np.testing.assert_allclose(found.less, expected.less, atol=1e-14)
        np.testing.assert_allclose(found.greater, expected.greater, atol=1e-14)
    tail = np.full(500, 0.025)
    for found, expected in (
        (stratified.score_limits(strata, tail), score.interval(rates, tail)),
        (stratified.score_lift_limits(strata, tail), score.lift_interval(rates, tail)),
    ):
        np.testing.assert_allclose(found.lower, expected.lower, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.upper, expected.upper, rtol=1e-9, atol=1e-12)


def test_no_difference_is_tested_as_by_mantel_and_haenszel_but_for_their_factor():
    # statsmodels: variance of a stratum n_c n_t T (N - T) / (N^2 (N - 1)); ours has N^3.
    strata = random_strata([0.05, 0.07, 0.04], PHASES, 3)
    found = stratified.score_tails(strata, at(3))
    for i in range(3):
        own = strata.take(np.arange(3) == i).counts
        tables = [
            np.array([[x_t, n_t - x_t], [x_c, n_c - x_c]])
            for x_c, n_c, x_t, n_t in zip(own.x_c, own.n_c, own.x_t, own.n_t, strict=True)
        ]
        peer = StratifiedTable(tables).test_null_odds(correction=False).pvalue
        two_sided = 2 * min(found.less[i], found.greater[i])
        np.testing.assert_allclose(two_sided, peer, rtol=1e-3)
        # Exactly, from the sums.
        total, size = own.x_c + own.x_t, own.n_c + own.n_t
        excess = (own.x_t - total * own.n_t / size).sum()
        variance = (own.n_c * own.n_t * total * (size - total) / size**3).sum()
        z = excess / np.sqrt(variance)
        np.testing.assert_allclose(found.greater[i], stats.norm.sf(z), rtol=1e-10)


def test_limits_are_where_the_test_just_rejects():
    strata = random_strata([0.05, 0.07, 0.04], PHASES, 50, lift=0.1)
    tail = np.full(50, 0.01)
    limits = stratified.score_limits(strata, tail)
    np.testing.assert_allclose(stratified.score_tails(
        strata, Null(np.ones(50), limits.lower)).greater, 0.01, rtol=1e-6)  # fmt: skip
    np.testing.assert_allclose(stratified.score_tails(
        strata, Null(np.ones(50), limits.upper)).less, 0.01, rtol=1e-6)  # fmt: skip
    lifts = stratified.score_lift_limits(strata, tail)
    for values, side in ((lifts.lower, "greater"), (lifts.upper, "less")):
        tails = stratified.score_tails(strata, Null(1 + values, np.zeros(50)))
        np.testing.assert_allclose(getattr(tails, side), 0.01, rtol=1e-6)


@pytest.mark.parametrize("rates", [[0.05, 0.06, 0.05], [0.001, 0.0005, 0.0002], [0.999, 0.9995, 1]])
def test_limits_exclude_nothing_exactly_when_the_test_rejects(rates):
    strata = random_strata(rates, PHASES, 2000)
    less, greater, low, high, lift_low, lift_high = evaluate(strata, at(2000), 0.025)
    np.testing.assert_array_equal(low > 0, greater < 0.025)
    np.testing.assert_array_equal(high < 0, less < 0.025)
    some = ~np.isnan(lift_low + lift_high)
    np.testing.assert_array_equal((lift_low > 0)[some], (greater < 0.025)[some])
    np.testing.assert_array_equal((lift_high < 0)[some], (less < 0.025)[some])
    assert (low <= high).all()


def test_one_stratum_of_few_events_is_the_conditional_binomial_test():
    strata = strata_of([0, 1], [8, 1], [1000, 4000], [1, 6], [500, 1000])
    assert list(stratified.choose(strata)) == [stratified.EXACT] * 2
    for ratio in (1.0, 1.5):
        found = stratified.exact_tails(strata, at(2, ratio))
        for i, (x_t, total, n_c, n_t) in enumerate([(1, 9, 1000, 500), (6, 7, 4000, 1000)]):
            share = n_t * ratio / (n_c + n_t * ratio)
            np.testing.assert_allclose(found.less[i], stats.binom.cdf(x_t, total, share))
            np.testing.assert_allclose(found.greater[i], stats.binom.sf(x_t - 1, total, share))


def test_the_binomial_of_the_mean_share_is_no_narrower_than_the_sum_of_binomials():
    # Hoeffding (1956): exact convolution of the two phases against the bound, in both tails.
    totals, shares = (7, 9), (0.01, 0.5)
    law = np.convolve(*(stats.binom.pmf(np.arange(t + 1), t, s)
                        for t, s in zip(totals, shares, strict=True)))  # fmt: skip
    n_c, n_t = [9900.0, 5000.0], [100.0, 5000.0]
    for x in range(17):
        first = max(0, x - 9)
        x_t = np.array([first, x - first], dtype=float)
        strata = strata_of([0, 0], np.array(totals) - x_t, n_c, x_t, n_t)
        found = stratified.exact_tails(strata, at(1))
        mean = 7 * 0.01 + 9 * 0.5
        if x >= mean + 1:
            assert found.greater[0] >= law[x:].sum() * (1 - 1e-12)
        if x <= mean - 1:
            assert found.less[0] >= law[: x + 1].sum() * (1 - 1e-12)


def test_what_has_no_conditional_test_is_not_shown():
    few = strata_of([0, 0], [3, 1], [900, 500], [1, 2], [100, 500])
    assert np.isnan(stratified.exact_tails(few, at(1, shift=-0.01)).greater).all()
    many = strata_of([0, 0], [897, 499], [900, 500], [99, 498], [100, 500])
    assert np.isnan(stratified.exact_tails(many, at(1, weight=0.98)).greater).all()
    assert not np.isnan(stratified.exact_tails(many, at(1)).greater).any()


def test_no_events_at_all_show_nothing():
    none = strata_of([0, 0], [0, 0], [900, 500], [0, 0], [100, 500])
    less, greater, low, high, lift_low, lift_high = evaluate(none, at(1), 0.025)
    assert less == greater == 1
    assert low < 0 < high
    assert np.isnan(lift_low)
    assert np.isnan(lift_high)


def test_a_treatment_without_events_has_a_lift_from_minus_one():
    strata = strata_of([0, 0], [90, 50], [900, 500], [0, 0], [100, 500])
    *_, lift_low, lift_high = evaluate(strata, at(1), 0.025)
    assert lift_low == -1
    assert -1 < lift_high < 0


def test_one_call_equals_one_for_each_comparison():
    strata = random_strata([0.05, 0.002, 0.04], PHASES, 6, lift=0.1)
    together = evaluate(strata, at(6, weight=1.05), 0.025)
    for i in range(6):
        alone = evaluate(strata.take(np.arange(6) == i), at(1, weight=1.05), 0.025)
        np.testing.assert_allclose(alone[:, 0], together[:, i], rtol=1e-9)


def test_strata_need_a_comparison_and_a_weight_each():
    with pytest.raises(ArgumentError, match="`of` and `weight` must have one number for each"):
        Strata(np.zeros(2, dtype=int), np.ones(1), Counts([1.0], [2.0], [1.0], [2.0]))


@pytest.mark.parametrize("lift", [0.0, 0.2])
@pytest.mark.parametrize(
    ("rates", "phases"),
    [
        ([0.05, 0.06], [(9900, 100), (5000, 5000)]),
        ([0.05, 0.10], [(9500, 500), (1000, 1000)]),
        ([0.3, 0.5, 0.4], [(200, 20), (200, 50), (100, 100)]),
    ],
)
def test_limits_miss_as_often_as_promised(rates, phases, lift):
    trials = 8000
    strata = random_strata(rates, phases, trials, lift=lift, seed=9)
    weight, first = strata.weight[: len(rates)], np.array(rates)
    truth = (weight * first).sum() * lift
    _, _, low, high, lift_low, lift_high = evaluate(strata, at(trials), 0.025)
    # The score limits of small arms are off by a tenth of the error at most.
    allowed = 0.0025 + 3.5 * np.sqrt(0.025 * 0.975 / trials)
    for missed in (low > truth, high < truth, lift_low > lift, lift_high < lift):
        assert abs(missed.mean() - 0.025) < allowed


@pytest.mark.parametrize(
    ("rates", "phases"),
    [
        ([0.003, 0.002], [(9900, 100), (5000, 5000)]),
        ([0.002, 0.001], [(9900, 1000), (500, 500)]),
    ],
)
def test_few_events_reject_no_more_often_than_promised(rates, phases):
    strata = random_strata(rates, phases, 20_000, seed=10)
    less, greater, *_ = evaluate(strata, at(20_000), 0.025)
    for p_value in (less, greater):
        errors = int((p_value <= 0.025).sum())
        assert stats.beta.ppf(0.001, errors, 20_000 - errors + 1) < 0.025
