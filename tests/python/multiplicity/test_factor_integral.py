from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special, stats

from experimentos.multiplicity.factor_integral import tail_of_largest


def by_quadrature(c, loading, *, two_sided):
    """The integral over the control, by adaptive quadrature on short pieces."""
    spread = np.sqrt(1 - loading**2)

    def outside(u):
        beyond = special.ndtr((loading * u - c) / spread)
        if two_sided:
            beyond = beyond + special.ndtr((-loading * u - c) / spread)
        inside = np.prod(1 - beyond)
        union = 1 - inside if inside < 0.5 else -np.expm1(np.log1p(-beyond).sum())
        return union * np.exp(-u * u / 2) / np.sqrt(2 * np.pi)

    ends = np.linspace(-9 - c * two_sided, 9 + max(c, 0), 40)
    return sum(integrate.quad(outside, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in pairwise(ends))


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("c", [0.3, 2.0, 4.5])
def test_adaptive_quadrature_gives_the_same(c, two_sided):
    rng = np.random.default_rng(1)
    for size in (2, 5):
        loading = rng.uniform(0, 0.97, size)
        found = tail_of_largest(np.array([c]), loading[None], two_sided=two_sided)
        expected = by_quadrature(c, loading, two_sided=two_sided)
        np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("df", [1.0, 2.5, 8.0, 40.0, 1e3, 1e6, 1e9])
def test_one_statistic_has_the_tail_of_student(df):
    c = np.array([-3.0, 0.0, 0.7, 3.0, 30.0])
    loading, degrees = np.full((5, 1), 0.8), np.full(5, df)
    found = tail_of_largest(c, loading, df=degrees)
    np.testing.assert_allclose(found, stats.t.sf(c, df), rtol=1e-11)
    both = tail_of_largest(np.abs(c), loading, df=degrees, two_sided=True)
    np.testing.assert_allclose(both, np.minimum(1, 2 * stats.t.sf(np.abs(c), df)), rtol=1e-11)


def test_independent_statistics_multiply():
    c, arms = np.array([0.5, 2.5, 8.0, 36.0]), 12
    found = tail_of_largest(c, np.zeros((4, arms)))
    expected = -np.expm1(arms * np.log1p(-special.ndtr(-c)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_two_correlated_statistics_are_owens_function():
    # Two normal statistics of correlation 1/2 are both below 0 with probability 1/3.
    found = tail_of_largest(np.zeros(1), np.full((1, 2), np.sqrt(0.5)))
    np.testing.assert_allclose(found, 2 / 3, rtol=1e-13)


def test_tails_keep_their_digits_down_to_1e_300():
    c = special.ndtri(1e-300) * -np.ones(1)
    for loading in ([0.7, 0.7, 0.7], [0.98, 0.9], [0.2, 0.0, 0.9]):
        found = tail_of_largest(c, np.array([loading]))
        np.testing.assert_allclose(found, len(loading) * 1e-300, rtol=0.02)
        assert found <= len(loading) * 1e-300 * (1 + 1e-12)


def test_a_tiny_control_makes_the_arms_one():
    c = np.array([1.0, 2.0, 3.0])
    together = tail_of_largest(c, np.full((3, 4), 1 - 1e-9))
    single = special.ndtr(-c)
    assert (together >= single).all()
    np.testing.assert_allclose(together, single, rtol=0.02)


def test_one_call_equals_many_whatever_stands_beside():
    rng = np.random.default_rng(2)
    c, loading = rng.normal(2, 1.5, 60), rng.uniform(0, 0.99, (60, 5))
    loading[rng.random((60, 5)) < 0.3] = np.nan
    df = rng.choice([3.0, 20.0, 1e4, np.inf], 60)
    together = tail_of_largest(c, loading, df=df)
    for row in range(60):
        known = ~np.isnan(loading[row])
        apart = tail_of_largest(c[[row]], loading[[row]][:, known], df=df[[row]])
        np.testing.assert_array_equal(apart[0], together[row])


def test_undefined_values_are_nan_and_ends_are_right():
    c = np.array([np.nan, np.inf, -np.inf, 2.0, 2.0, 1e6])
    loading = np.full((6, 2), 0.5)
    loading[4] = np.nan
    for df in (np.full(6, np.inf), np.full(6, 5.0)):
        found = tail_of_largest(c, loading, df=df)
        np.testing.assert_array_equal(found[[0, 1, 2, 4]], [np.nan, 0, 1, 0])
        assert 0 < found[3] < 0.2
    assert found[5] > 0
    assert np.isnan(tail_of_largest(np.ones(1), loading[:1], df=np.array([np.nan])))
