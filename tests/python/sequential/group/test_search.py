import numpy as np

from experimentos.sequential.group.search import rising_root


def test_roots_of_a_curved_function_with_flat_ends():
    goals = np.array([-0.999999, -0.5, 0.0, 0.3, 0.99999])
    found = rising_root(lambda x: np.tanh(x) - goals, np.zeros(5), np.full(5, 0.1))
    np.testing.assert_allclose(found, np.arctanh(goals), atol=1e-9)


def test_infinite_values_are_stepped_over():
    def function(x):
        return np.where(x > 2, np.inf, np.where(x < -3, -np.inf, x - 1.5))

    found = rising_root(function, np.array([-9.0, 1.0]), np.array([-8.0, 9.0]))
    np.testing.assert_allclose(found, 1.5, atol=1e-9)


def test_a_first_value_of_another_order_does_not_end_the_search():
    def function(x):
        return np.where(x > 2, 1e9 * x, x**3 - 1.5)

    found = rising_root(function, np.array([9.0]), np.array([0.5]))
    np.testing.assert_allclose(found, 1.5 ** (1 / 3), atol=1e-9)


def test_undefined_elements_are_nan_and_leave_the_others_alone():
    offsets = np.array([1.0, np.nan, 3.0])
    found = rising_root(lambda x: x**3 - offsets, np.zeros(3), np.ones(3))
    np.testing.assert_allclose(found, offsets ** (1 / 3), atol=1e-9)
