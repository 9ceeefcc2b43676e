import numpy as np
from scipy import optimize

from experimentos.inference.roots import find_roots


def test_agrees_with_scipy_on_hard_functions():
    powers = np.array([1, 3, 5, 9, 0.2])
    low, high = np.full(5, 0.01), np.full(5, 50.0)
    found = find_roots(lambda x: x**powers - 2, low, high, tolerance=np.zeros(5))
    expected = [
        optimize.brentq(lambda x, p=p: x**p - 2, 0.01, 50, xtol=1e-14, rtol=1e-14) for p in powers
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_brackets_without_a_root_are_nan_and_disturb_nothing():
    found = find_roots(
        lambda x: x - np.array([0.5, 3.0, np.nan]), np.zeros(3), np.ones(3), tolerance=np.zeros(3)
    )
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan])


def test_a_root_at_an_end_is_found():
    found = find_roots(lambda x: x - 1, np.zeros(1), np.ones(1), tolerance=np.zeros(1))
    np.testing.assert_array_equal(found, [1.0])
