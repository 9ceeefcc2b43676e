from math import factorial

import numpy as np
import pytest
from scipy import integrate

from experimentos.errors import ArgumentError
from experimentos.multiplicity import e_benjamini_hochberg, e_value


@pytest.mark.parametrize("exponent", [None, 0.2, 0.5, 0.9])
def test_the_expectation_under_the_hypothesis_is_one(exponent):
    # The integral over p, after p = exp(-x).
    found, _ = integrate.quad(
        lambda x: np.exp(-x) * float(e_value(np.exp(-x), exponent=exponent)), 0, 600, limit=500
    )
    tail = 1 / 600 if exponent is None else 0.0  # the mixture falls off as 1 / x^2
    np.testing.assert_allclose(found + tail, 1.0, rtol=2e-4)


def test_the_mixture_has_no_jump_near_one():
    x = np.array([0.0, 1e-12, 0.009999, 0.010001, 0.1])
    series = sum(x**k / factorial(k + 2) for k in range(12))
    np.testing.assert_allclose(e_value(np.exp(-x)), series, rtol=1e-11)
    assert (np.diff(e_value(np.linspace(1, 0.9, 2001))) > 0).all()


def test_ends_and_missing_values():
    np.testing.assert_array_equal(e_value([0.0, 1.0, np.nan]), [np.inf, 0.5, np.nan])
    np.testing.assert_array_equal(e_value([0.0, 1.0], exponent=0.5), [np.inf, 0.5])
    assert np.isfinite(e_value(1e-300))
    assert e_value(0.05).shape == ()


def test_it_rejects_the_largest_e_values_by_the_rule_of_wang_and_ramdas():
    rng = np.random.default_rng(1)
    e, family = rng.exponential(size=400) ** 4, np.repeat(np.arange(40), 10)
    found = e_benjamini_hochberg(e, family, level=0.1)
    for one in range(40):
        rows = family == one
        decreasing = np.sort(e[rows])[::-1]
        enough = np.flatnonzero(np.arange(1, 11) * decreasing >= 10 / 0.1)
        count = enough[-1] + 1 if enough.size else 0
        smallest = decreasing[count - 1] if count else np.inf
        np.testing.assert_array_equal(found.rejected[rows], e[rows] >= smallest)
    np.testing.assert_array_equal(1 / e <= found.level, found.rejected)


def test_a_missing_e_value_counts_as_nothing():
    e, none = np.array([100.0, np.nan, 0.0, np.inf]), np.zeros(4, dtype=int)
    found = e_benjamini_hochberg(e, none, level=0.05)
    np.testing.assert_array_equal(found.p_value, [0.02, np.nan, 1.0, 0.0])
    np.testing.assert_array_equal(found.rejected, [True, False, False, True])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: e_value([0.1, 2.0]), "`p` must be between 0 and 1 or NaN, got 2.0"),
        (lambda: e_value(0.1, exponent=1.0), "`exponent` must be between 0 and 1, got 1.0"),
        (
            lambda: e_benjamini_hochberg(np.array([-1.0]), np.array([0]), level=0.05),
            "`e` must be 0 or more, got -1.0",
        ),
    ],
)
def test_wrong_arguments_are_typed_errors(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
