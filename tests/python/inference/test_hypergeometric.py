from fractions import Fraction
from math import comb

import numpy as np
from reference.rate_checks import random_counts
from scipy import stats

from experimentos.inference import hypergeometric
from experimentos.inference.score import Counts


def test_tails_are_those_of_scipy():
    x_c, n_c, x_t, n_t = (v.astype(float) for v in random_counts(300, seed=4, largest=400))
    found = hypergeometric.sums(Counts(x_c, n_c, x_t, n_t), np.ones(300))
    law = stats.hypergeom(n_c + n_t, n_t, x_c + x_t)
    np.testing.assert_allclose(found.at_least, law.sf(x_t - 1), rtol=1e-11)
    np.testing.assert_allclose(found.at_most, law.cdf(x_t), rtol=1e-11)
    np.testing.assert_allclose(found.at_least + found.at_most - 1, law.pmf(x_t), atol=1e-13)


def test_noncentral_tails_are_those_of_scipy():
    x_c, n_c, x_t, n_t = (v.astype(float) for v in random_counts(60, seed=5, largest=80))
    odds = np.exp(np.random.default_rng(2).normal(0, 1.5, 60))
    found = hypergeometric.sums(Counts(x_c, n_c, x_t, n_t), odds)
    for i in range(60):
        law = stats.nchypergeom_fisher(
            int(n_c[i] + n_t[i]), int(n_t[i]), int(x_c[i] + x_t[i]), odds[i]
        )
        support = np.arange(law.support()[0], law.support()[1] + 1)
        mass = law.pmf(support)
        np.testing.assert_allclose(found.at_least[i], mass[support >= x_t[i]].sum(), rtol=1e-7)
        rare = mass[mass <= law.pmf(x_t[i]) * (1 + 1e-7)].sum()
        np.testing.assert_allclose(found.no_more_probable[i], rare, rtol=1e-7)


def test_far_tails_are_right_to_the_last_digits():
    # 880 of 1,000 against 120 of 1,000, by exact integers.
    data = Counts(*(np.array([v]) for v in (120.0, 1000.0, 880.0, 1000.0)))
    found = hypergeometric.sums(data, np.ones(1)).at_least[0]
    ways = sum(comb(1000, k) * comb(1000, 1000 - k) for k in range(880, 1001))
    exact = float(Fraction(ways, comb(2000, 1000)))
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_beyond_the_range_of_floats_the_tail_is_0_and_the_other_1():
    data = Counts(*(np.array([v]) for v in (1e6, 1e8, 9e7, 1e8)))
    found = hypergeometric.sums(data, np.ones(1))
    assert found.at_least[0] == 0
    assert found.at_most[0] == 1
    assert found.no_more_probable[0] == 0


def test_undefined_rows_are_nan_and_neighbours_stay():
    data = Counts(*(np.array(v) for v in ([3.0, np.nan, 3.0], [9.0] * 3, [5.0] * 3, [9.0] * 3)))
    found = hypergeometric.sums(data, np.array([1.0, 1.0, np.nan]))
    np.testing.assert_array_equal(np.isnan(found.at_least), [False, True, True])
    np.testing.assert_allclose(found.at_least[0], stats.hypergeom(18, 9, 8).sf(4), rtol=1e-13)
