import warnings

import numpy as np
import pytest
from reference.rate_checks import (
    arms,
    assert_bad_input_is_refused,
    assert_dual,
    assert_extremes_are_sound,
    assert_neighbours_stay,
    assert_one_call_equals_many,
    null_tails,
    random_counts,
)
from scipy import stats
from validation.entries import stored

from experimentos.inference import boschloo as module
from experimentos.inference import fisher
from experimentos.inference.boschloo import METHOD, boschloo
from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import Null

R = stored("proportions")


def by_enumeration(x_c, n_c, x_t, n_t, rates):
    """Largest probability of an outcome with at most the observed p-value, on a grid of rates."""
    i, j = np.meshgrid(np.arange(n_c + 1), np.arange(n_t + 1), indexing="ij")
    p_values = stats.hypergeom(n_c + n_t, n_t, i + j).sf(j - 1)
    region = p_values <= p_values[x_c, x_t] * (1 + 1e-9)
    return max(
        (stats.binom.pmf(i, n_c, p) * stats.binom.pmf(j, n_t, p) * region).sum() for p in rates
    )


@pytest.mark.parametrize("tail", [0.1, 0.025])
def test_limits_exclude_0_exactly_when_the_test_rejects(tail):
    assert_dual(METHOD, random_counts(50, seed=2, largest=25), tail=tail)


def test_other_boundaries_and_large_samples_are_not_tested():
    comparison = compare_arms(*arms([3, 3, 3], 20, [9, 9, 9], 20))
    tails = METHOD.tails(comparison, Null(np.array([1, 1, 0.9]), np.array([0, 0.1, 0])))
    np.testing.assert_array_equal(np.isnan(tails.less), [False, True, True])
    large = boschloo(*arms([3, 9], [20, 600], [9, 3], [20, 401]))
    np.testing.assert_array_equal(np.isnan(large.p_value), [False, True])
    np.testing.assert_array_equal(np.isnan(large.lower), [False, True])
    np.testing.assert_allclose(large.estimate[1], 3 / 401 - 9 / 600)


def test_one_call_equals_many():
    assert_one_call_equals_many(boschloo, random_counts(12, largest=25))


def test_agrees_with_scipy():
    counts = random_counts(8, seed=3, largest=40)
    tails = null_tails(METHOD, counts)
    for i in range(8):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        table = [[x_t, x_c], [n_t - x_t, n_c - x_c]]
        for ours, side in ((tails.less, "less"), (tails.greater, "greater")):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # columns of zeros
                theirs = stats.boschloo_exact(table, alternative=side).pvalue
            if not np.isnan(theirs):
                # Its search is a local one; no value that it finds is above the supremum.
                assert theirs <= ours[i] * (1 + 1e-9) + 1e-12
                np.testing.assert_allclose(ours[i], theirs, rtol=1e-3)


def test_the_supremum_is_right_to_rounding():
    for counts in [(3, 12, 9, 14), (0, 7, 5, 9), (2, 30, 8, 11), (10, 10, 3, 9)]:
        found = module._tail(*(float(v) for v in counts))
        grid = by_enumeration(*counts, np.linspace(0, 1, 301))
        assert grid <= found * (1 + 1e-12)
        np.testing.assert_allclose(found, grid, rtol=1e-3)
    for given in R["boschloo"]:
        x_t, n_t, x_c, n_c = given["counts"]
        np.testing.assert_allclose(
            module._tail(float(x_c), float(n_c), float(x_t), float(n_t)), given["p"], rtol=1e-11
        )


def test_is_never_more_than_fishers_p_value():
    counts = random_counts(40, seed=7, largest=30)
    ours, theirs = null_tails(METHOD, counts), null_tails(fisher.METHOD, counts)
    assert (ours.greater <= theirs.greater * (1 + 1e-8)).all()
    assert (ours.less <= theirs.less * (1 + 1e-8)).all()


def test_the_error_rate_is_at_most_nominal_at_every_rate():
    n_c, n_t = 7, 9
    x_c, x_t = (
        v.ravel() for v in np.meshgrid(np.arange(n_c + 1), np.arange(n_t + 1), indexing="ij")
    )
    tails = null_tails(METHOD, (x_c, n_c, x_t, n_t))
    for p in np.linspace(0.01, 0.99, 99):
        mass = stats.binom.pmf(x_c, n_c, p) * stats.binom.pmf(x_t, n_t, p)
        for level in (0.025, 0.1):
            assert mass[tails.greater <= level].sum() <= level
            assert mass[tails.less <= level].sum() <= level


def test_tiny_p_values_keep_their_digits():
    # Only the most extreme table counts: its probability is p^n (1-p)^n, largest at one half.
    tails = null_tails(METHOD, (0, 400, 400, 400))
    np.testing.assert_allclose(tails.greater, 0.5**800, rtol=1e-10)
    assert tails.less[0] == 1


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(boschloo)
    assert_bad_input_is_refused(boschloo)
    assert_extremes_are_sound(boschloo)
