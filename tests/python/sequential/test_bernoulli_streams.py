from itertools import product

import numpy as np
import pytest
from scipy import stats

from experimentos.errors import ArgumentError
from experimentos.sequential.bernoulli_streams import log_e_process, streams_p_value


def test_after_one_success_of_one_arm_by_hand():
    # safestats, tests/testthat/test-savi2x2Helpers.R: uniform priors, the rates become 2/3 and 1/3
    found = log_e_process([[0, 0]], [[1, 1]], [[1, 1]], [[1, 1]], prior_events=1)
    np.testing.assert_allclose(np.exp(found), [[1, 16 / 9]], rtol=1e-14)


@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.9])
def test_its_expectation_is_at_most_one_whatever_the_common_rate(rate, side):
    # Every outcome of three blocks of 2 and 1 units.
    one_block = [(a, b) for a in range(3) for b in range(2)]
    outcomes = np.array(list(product(one_block, repeat=3)), dtype=float)
    x, y = outcomes[:, :, 0], outcomes[:, :, 1]
    chance = (stats.binom.pmf(x, 2, rate) * stats.binom.pmf(y, 1, rate)).prod(axis=1)
    evidence = log_e_process(x, np.full_like(x, 2), y, np.ones_like(y), side=side)
    expected = (chance[:, None] * np.exp(evidence)).sum(axis=0)
    assert (expected <= 1 + 1e-12).all()
    assert expected[-1] > 0.5


def test_unit_by_unit_it_is_a_ratio_of_bernoulli_likelihoods():
    rng = np.random.default_rng(6)
    x, y = rng.random((2, 60)) < np.array([[0.2], [0.5]])
    total, a, b = 0.0, [0.18, 0.36], [0.18, 0.36]
    for one, other in zip(x, y, strict=True):
        p, q = a[0] / a[1], b[0] / b[1]
        common = (p + q) / 2
        total += stats.bernoulli.logpmf(one, p) - stats.bernoulli.logpmf(one, common)
        total += stats.bernoulli.logpmf(other, q) - stats.bernoulli.logpmf(other, common)
        a, b = [a[0] + one, a[1] + 1], [b[0] + other, b[1] + 1]
    ones = np.ones(60)
    found = log_e_process(x.astype(float), ones, y.astype(float), ones)
    np.testing.assert_allclose(found[-1], total, rtol=1e-12)


def test_one_call_equals_many_and_a_missing_block_ends_its_own_stream_only():
    rng = np.random.default_rng(7)
    n = rng.integers(1, 50, (2, 6, 8)).astype(float)
    x = rng.binomial(n.astype(int), 0.3).astype(float)
    x[0, 2, 4] = np.nan
    for side in ("two-sided", "greater", "less"):
        together = log_e_process(x[0], n[0], x[1], n[1], side=side)
        alone = [log_e_process(x[0, i], n[0, i], x[1, i], n[1, i], side=side) for i in range(6)]
        np.testing.assert_array_equal(together, alone)
        assert np.isnan(together[2, 4:]).all()
        assert np.isnan(together).sum() == 4


def test_empty_blocks_and_arms_say_nothing():
    found = log_e_process([[0, 5, 3]], [[0, 10, 10]], [[0, 0, 0]], [[0, 0, 0]])
    np.testing.assert_allclose(found, 0, atol=1e-15)


def test_one_sided_streams_gain_on_their_side_only():
    n = np.full((1, 50), 20.0)
    more, less = np.full((1, 50), 12.0), np.full((1, 50), 6.0)
    assert log_e_process(less, n, more, n, side="greater")[0, -1] > 50
    np.testing.assert_array_equal(log_e_process(less, n, more, n, side="less"), 0)


def test_p_values_at_extremes_and_so_far():
    n = np.full((1, 400), 1e6)
    events = np.full((1, 400), 1e5)
    p_value = streams_p_value(events, n, events * 1.01, n)
    assert p_value[0, 0] == 1
    assert p_value[0, -1] == 0
    assert 0 < p_value[0, 10] < 1e-10
    wavering = np.array([[10, 2, 18, 10.0]])
    fifty = np.full((1, 4), 20.0)
    plain = streams_p_value(wavering, fifty, wavering[:, ::-1], fifty)
    running = streams_p_value(wavering, fifty, wavering[:, ::-1], fifty, running=True)
    np.testing.assert_array_equal(running, np.minimum.accumulate(plain, axis=1))


def test_impossible_counts_are_refused():
    with pytest.raises(ArgumentError, match=r"`events_treatment` must be at most `n_treatment`"):
        log_e_process([1], [2], [3], [2])
    with pytest.raises(ArgumentError, match="`n_control` must be 0 or more, got -2.0"):
        log_e_process([1], [-2], [1], [2])
    with pytest.raises(ArgumentError, match="counts must have one shape"):
        log_e_process([1, 1], [2, 2], [1], [2])
    with pytest.raises(ArgumentError, match="`prior_events` must be positive"):
        log_e_process([1], [2], [1], [2], prior_events=0)
    with pytest.raises(ArgumentError, match="`side`"):
        log_e_process([1], [2], [1], [2], side="both")
