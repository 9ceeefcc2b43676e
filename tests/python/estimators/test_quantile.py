from math import erfc

import numpy as np
import pytest
from reference.waiting import waiting_times

from experimentos.errors import ArgumentError, MomentsError
from experimentos.estimators.clusters import without_covariates
from experimentos.estimators.quantile import (
    OrderStatistics,
    Quantile,
    compare_logarithms,
    compare_quantiles,
    woodruff,
    woodruff_shares,
)
from experimentos.estimators.quantile_inputs import quantile_inputs_of
from experimentos.inference.effect import Null, evaluate, null_at
from experimentos.inference.welch import METHOD as WELCH
from experimentos.moments import JointMoments


def indicator(n, share):
    """One observation per unit, a share of them at or below the threshold."""
    n, share = np.broadcast_arrays(np.atleast_1d(n), np.atleast_1d(share))
    return JointMoments.of_mean(n, share, n * share * (1 - share))


def at(q, value, lower, upper, gap=0.0):
    return OrderStatistics(*(np.atleast_1d(v) for v in (q, value, lower, upper, gap)))


def test_independent_observations_count_as_many_as_they_are():
    n = np.array([10.0, 1e3, 1e9, 1e12])
    shares = woodruff_shares(indicator(n, 0.9), 0.9)
    np.testing.assert_allclose(shares.effective_n, n, rtol=1e-12)
    np.testing.assert_allclose(shares.std_error, np.sqrt(0.09 / (n - 1)), rtol=1e-12)


def test_observations_repeated_within_units_count_once():
    # 50 copies of one observation: num and den 50 times as large.
    once = without_covariates(
        [400.0], mean_num=[0.5], m2_num=[100.0], mean_den=[1.0], m2_den=[0.0], c2_num_den=[0.0]
    )
    copies = without_covariates(
        [400.0], mean_num=[25.0], m2_num=[250_000.0], mean_den=[50.0], m2_den=[0.0],
        c2_num_den=[0.0],
    )  # fmt: skip
    one, many = woodruff_shares(once, 0.5), woodruff_shares(copies, 0.5)
    np.testing.assert_allclose(many.std_error, one.std_error, rtol=1e-12)
    np.testing.assert_allclose(many.effective_n, 400, rtol=1e-2)


def test_the_standard_error_does_not_depend_on_where_an_effect_moved_the_share():
    shares = woodruff_shares(indicator(1000, [0.5, 0.3, 0.9]), 0.5)
    np.testing.assert_allclose(shares.std_error, shares.std_error[0], rtol=1e-12)


def test_the_effective_number_is_never_above_the_observations():
    # Every user has two requests, nearly always one on each side: hardly any variance.
    paired = without_covariates(
        [100.0], mean_num=[1.0], m2_num=[2.0], mean_den=[2.0], m2_den=[0.0], c2_num_den=[0.0]
    )
    assert woodruff_shares(paired, 0.5).effective_n[0] == 200


def test_it_is_the_bootstrap_of_units():
    # Draws of whole users, 600 of them: the standard error of that deviation is 3 %.
    rng = np.random.default_rng(1)
    values, unit, _ = waiting_times(4000)
    found = woodruff(*quantile_inputs_of(values, unit, np.zeros(4000, int), quantile=0.75))
    order = np.argsort(unit, kind="stable")
    users, start, size = np.unique(unit[order], return_index=True, return_counts=True)
    drawn = []
    for _ in range(600):
        weight = np.bincount(rng.integers(0, users.size, users.size), minlength=users.size)
        repeated = np.repeat(values[order], np.repeat(weight, size))
        drawn.append(np.quantile(repeated, 0.75))
    assert start[0] == 0
    np.testing.assert_allclose(found.std_error, np.std(drawn), rtol=0.1)


def test_too_few_observations_beyond_the_quantile_have_no_standard_error():
    # 50 beyond: 100 for the median, 500 for p90, 5,000 for p99, whose 1 - q is not exact.
    for q, enough in ((0.5, 100), (0.9, 500), (0.1, 500), (0.99, 5000)):
        found = woodruff(
            indicator([enough, enough - 1], q), at([q, q], [1, 1], [0, 0], [2, 2], [0, 0])
        )
        assert np.isfinite(found.std_error[0])
        assert np.isnan(found.std_error[1])
        assert found.value.tolist() == [1, 1]


@pytest.mark.parametrize("value", [0.0, 7.0, -3.3, 1e15, 1e-300])
def test_a_tie_over_the_whole_interval_is_undefined_and_never_zero(value):
    lower, upper = value, np.nextafter(value, np.inf) if value else 0.0
    found = woodruff(indicator(1000, 0.6), at(0.5, value, lower, upper))
    assert found.value[0] == value
    assert np.isnan(found.std_error[0])


def test_a_step_inside_the_interval_is_allowed_for():
    # From 100 to 110 in one step: half of it, and the width of the interval.
    found = woodruff(indicator(1000, 0.5), at(0.5, 110, 100, 110, 10))
    np.testing.assert_allclose(found.std_error, np.hypot(10 / 3.92, 5), rtol=1e-15)


def test_far_values_keep_their_spread():
    found = woodruff(indicator(1e9, 0.5), at(0.5, 1e15 + 4, 1e15, 1e15 + 8))
    np.testing.assert_allclose(found.std_error, 8 / 3.92, rtol=1e-12)


@pytest.mark.parametrize(
    ("moments", "found"),
    [
        (indicator([1.0], 0.5), at(0.5, 1, 0, 2)),
        (indicator([0.0], np.nan), at(0.5, np.nan, np.nan, np.nan)),
        (indicator([1000.0], 0.0), at(0.5, 1, 0, 2)),
        (indicator([1000.0], 1.0), at(0.5, 1, 0, 2)),
        (indicator([1000.0], 0.5), at(0.5, 1, -np.inf, np.inf)),
        (indicator([1000.0], 0.5), at(np.nan, 1, 0, 2)),
        (indicator([1000.0], 0.5), at(0.5, np.nan, 0, 2)),
        (indicator([np.nan], 0.5), at(0.5, 1, 0, 2)),
    ],
)
def test_undefined_is_nan(moments, found):
    assert np.isnan(woodruff(moments, found).std_error[0])


def random_arms(size, seed):
    rng = np.random.default_rng(seed)
    value = rng.uniform(50, 100, size)
    spread = rng.uniform(1, 20, (2, size))
    shares = rng.uniform(0.4, 0.6, size)
    found = at(np.full(size, 0.5), value, value - spread[0], value + spread[1], spread[0] / 9)
    return indicator(rng.integers(50, 5000, size), shares), found


def test_one_call_equals_many_and_nan_does_not_disturb_neighbours():
    moments, found = random_arms(60, 1)
    moments.mean_num[7] = np.nan
    found.upper[8] = np.nan
    together = woodruff(moments, found)
    assert np.isnan(together.std_error[[7, 8]]).all()
    assert np.isfinite(together.std_error).sum() > 40
    for i in range(60):
        alone = woodruff(moments.take([i]), found.take([i]))
        np.testing.assert_array_equal(alone.std_error, together.std_error[[i]])


def test_impossible_input_is_refused():
    with pytest.raises(MomentsError, match=r"`quantile` must be in \(0, 1\), got 90.0"):
        at(90.0, 1, 0, 2)
    with pytest.raises(MomentsError, match="`value` must be between `lower` and `upper`, got 3.0"):
        at(0.5, 3, 0, 2)
    with pytest.raises(MomentsError, match="`largest_gap` must be 0 or more, got -1.0"):
        at(0.5, 1, 0, 2, -1.0)
    with pytest.raises(MomentsError, match="`mean_num / mean_den` must be at most 1, got 1.5"):
        woodruff_shares(JointMoments.of_mean([10.0], [1.5], [1.0]), 0.5)
    with pytest.raises(ArgumentError, match="`quantile` must be between 0 and 1, got 1.0"):
        woodruff_shares(indicator([10.0], 0.5), 1.0)


def test_a_comparison_of_quantiles_works_with_the_methods_for_means():
    # Infinite degrees of freedom: Welch's t is the normal statistic.
    comparison = compare_quantiles(
        Quantile([9e3, 9e3], [480.0, 480.0], [6.0, np.nan]),
        Quantile([9e3, 9e3], [500.0, 500.0], [8.0, 8.0]),
    )
    effect = evaluate(WELCH, comparison)
    np.testing.assert_allclose(effect.p_value, [0.04550026389635842, np.nan], rtol=1e-12)
    np.testing.assert_allclose(effect.lower, [20 - 19.59963984540054, np.nan], rtol=1e-12)
    margin = null_at(comparison, np.array([0.1, 0.1]), np.array([False, False]))
    assert WELCH.tails(comparison, margin).less[0] > 0.9


def test_logarithms_take_a_relative_margin_as_a_shift():
    comparison = compare_quantiles(
        Quantile([9e3] * 4, [480.0, 480.0, 0.0, -1.0], [6.0] * 4),
        Quantile([9e3] * 4, [500.0, -1.0, 1.0, -2.0], [8.0] * 4),
    )
    logs = compare_logarithms(comparison)
    np.testing.assert_allclose(logs.estimate[0], np.log(500 / 480), rtol=1e-13)
    np.testing.assert_allclose(logs.std_error[0], np.hypot(6 / 480, 8 / 500), rtol=1e-13)
    assert np.isnan(logs.std_error[1:]).all()
    tails = WELCH.tails(logs, Null(np.ones(4), np.full(4, np.log(1.1))))
    z = np.log(500 / 480 / 1.1) / np.hypot(6 / 480, 8 / 500)
    np.testing.assert_allclose(tails.less[0], erfc(-z / 2**0.5) / 2, rtol=1e-10)
