import numpy as np
import pytest
from scipy.special import ndtri

from experimentos.inference.score_limits import difference_distance, lift_limit
from experimentos.inference.score_search import search_difference, search_lift
from experimentos.inference.score_statistic import Counts

# Powers of ten of the units, rates, and how many of the elements Newton's method must solve.
SETTINGS = {
    "usual": ((2, 6), (0.001, 0.3), 0.8),
    "few units": ((0.5, 3), (0.01, 0.99), 0.4),
    "a billion units": ((6, 9), (1e-7, 1e-4), 0.8),
    "rates near 1": ((2, 6), (0.7, 0.9999), 0.7),
}


def random_counts(setting, size=5000):
    (low, high), rates, solved = SETTINGS[setting]
    rng = np.random.default_rng(1)
    n = np.floor(10 ** rng.uniform(low, high, (2, size)))
    rate = np.exp(rng.uniform(*np.log(rates), size))
    lift = rng.uniform(0.7, 1.3, size)
    x = rng.binomial(n.astype(int), np.clip([rate, rate * lift], 0, 1)).astype(float)
    critical = -ndtri(rng.choice([0.025, 0.05, 0.0005, 1e-6], size))
    return Counts(x[0], n[0], x[1], n[1]), critical, solved


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("setting", SETTINGS)
def test_newton_and_bracketing_give_the_same_difference(setting, side):
    data, critical, share = random_counts(setting)
    control, treatment = (data.x_c, data.n_c), (data.x_t, data.n_t)
    first, second = (control, treatment) if side < 0 else (treatment, control)
    distance, solved = difference_distance(*first, *second, critical)
    expected = np.abs(search_difference(data, critical, side) - data.difference)
    assert solved.mean() > share
    np.testing.assert_allclose(distance[solved], expected[solved], rtol=1e-11)


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("setting", SETTINGS)
def test_newton_and_bracketing_give_the_same_lift(setting, side):
    data, critical, share = random_counts(setting)
    limit, solved = lift_limit(data.x_c, data.n_c, data.x_t, data.n_t, critical, side=side)
    expected = search_lift(data, critical, side)
    assert solved.mean() > share
    # Near rates of 1 both carry the rounding of a ratio near 1.
    np.testing.assert_allclose(limit[solved], expected[solved], rtol=1e-11, atol=1e-14)


def test_what_newton_cannot_solve_is_said_not_to_be_solved():
    x_c, n_c = np.array([0.0, 10.0, np.nan, 0.0]), np.full(4, 10.0)
    x_t, n_t = np.array([0.0, 10.0, 3.0, 4.0]), np.full(4, 10.0)
    critical = np.full(4, 1.96)
    assert not difference_distance(x_c, n_c, x_t, n_t, critical)[1][:3].any()
    for side in (-1.0, 1.0):
        assert not lift_limit(x_c, n_c, x_t, n_t, critical, side=side)[1].any()
