import numpy as np

from experimentos.sequential.group.search import rising_root, rising_roots_apart


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


def test_apart_only_what_is_not_yet_found_is_asked_for():
    goals = np.array([0.5, 2.0, 30.0])
    asked = []

    def function(x, index):
        asked.append(index.tolist())
        # The first is straight, and found at once.
        return np.where(index == 0, x, x**3) - goals[index]

    found = rising_roots_apart(function, np.ones(3), lambda value: 1.0 - 0.1 * value)
    np.testing.assert_allclose(found, [0.5, 2 ** (1 / 3), 30 ** (1 / 3)], atol=1e-9)
    assert asked[0] == asked[1] == [0, 1, 2]
    assert 0 not in asked[-1]
    assert len(asked[-1]) < 3


def test_apart_and_together_find_the_same():
    goals = np.linspace(-3, 3, 50)
    first, second = np.zeros(50), np.full(50, 0.1)
    apart = rising_roots_apart(lambda x, index: np.sinh(x) - goals[index], first, second)
    together = rising_root(lambda x: np.sinh(x) - goals, first, second)
    np.testing.assert_allclose(apart, np.arcsinh(goals), atol=1e-9)
    np.testing.assert_array_equal(apart, together)
