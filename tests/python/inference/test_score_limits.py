import numpy as np
import pytest
from scipy.special import ndtri

from experimentos.inference.score_limits import difference_distance, lift_limit
from experimentos.inference.score_search import Outcome, search_distance, search_ratio
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


def pulled_down(data, side):
    """Outcomes that a lower (-1) or upper (1) limit pulls down: of control and of treatment."""
    rest_c, rest_t = data.n_c - data.x_c, data.n_t - data.x_t
    if side < 0:
        return Outcome(rest_c, data.x_c, data.n_c), Outcome(data.x_t, rest_t, data.n_t)
    return Outcome(data.x_c, rest_c, data.n_c), Outcome(rest_t, data.x_t, data.n_t)


def searched_lift(data, critical, side):
    control = Outcome(data.x_c, data.n_c - data.x_c, data.n_c)
    treatment = Outcome(data.x_t, data.n_t - data.x_t, data.n_t)
    if side > 0:
        return search_ratio(treatment, control, critical)
    return 1 / (1 + search_ratio(control, treatment, critical)) - 1


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("setting", SETTINGS)
def test_both_ways_give_the_same_difference(setting, side):
    data, critical, share = random_counts(setting)
    control, treatment = (data.x_c, data.n_c), (data.x_t, data.n_t)
    first, second = (control, treatment) if side < 0 else (treatment, control)
    distance, solved = difference_distance(*first, *second, critical)
    expected = search_distance(*pulled_down(data, side), critical)
    assert solved.mean() > share
    assert not np.isnan(expected).any()
    np.testing.assert_allclose(distance[solved], expected[solved], rtol=1e-12)


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("setting", SETTINGS)
def test_both_ways_give_the_same_lift(setting, side):
    data, critical, share = random_counts(setting)
    limit, solved = lift_limit(data.x_c, data.n_c, data.x_t, data.n_t, critical, side=side)
    expected = searched_lift(data, critical, side)
    assert solved.mean() > share
    np.testing.assert_allclose(limit[solved], expected[solved], rtol=1e-11, atol=1e-15)


def test_one_arm_alone_has_the_interval_of_wilson():
    # No event in treatment: its rate stays 0 below the estimate, so the lower limit is that of
    # control's upper limit; and where all had the event the non-events mirror that.
    n, z = np.array([10.0, 500.0, 1e9]), np.array([1.0, 1.96, 4.0])
    none = Outcome(0 * n, 7 + 0 * n, 7 + 0 * n)
    for x in (np.zeros(3), np.array([3.0, 1.0, 1.0]), n - 1, n):
        p, t = x / n, z**2 / n
        upper = (p + t / 2 + z * np.sqrt(p * (1 - p) / n + t / (4 * n))) / (1 + t)
        found = search_distance(Outcome(n - x, x, n), none, z)
        np.testing.assert_allclose(found, upper - p, rtol=1e-9, atol=1e-15)


def test_no_event_in_either_arm_has_a_closed_form():
    n_c, n_t, z = np.array([10.0, 1e9]), np.array([40.0, 3.0]), np.array([1.96, 5.0])
    data = Counts(0 * n_c, n_c, 0 * n_t, n_t)
    for side, n in ((-1.0, n_c), (1.0, n_t)):
        found = search_distance(*pulled_down(data, side), z)
        np.testing.assert_allclose(found, z**2 / (n + z**2), rtol=1e-14)


def test_nothing_to_search_is_nan_0_or_infinite():
    nan, one = np.array([np.nan]), np.array([1.0])
    arm, empty = Outcome(3 * one, one, 4 * one), Outcome(0 * one, 4 * one, 4 * one)
    assert np.isnan(search_distance(Outcome(nan, nan, nan), arm, one))
    assert np.isnan(search_ratio(arm, Outcome(nan, nan, nan), one))
    assert search_distance(empty, empty, one) == 0
    assert search_distance(arm, arm, 0 * one) == 0
    assert search_ratio(arm, empty, one) == np.inf
    np.testing.assert_allclose(search_ratio(arm, arm, 0 * one), 0.0, atol=1e-16)


def test_what_newton_cannot_solve_is_said_not_to_be_solved():
    x_c, n_c = np.array([0.0, 10.0, np.nan, 0.0]), np.full(4, 10.0)
    x_t, n_t = np.array([0.0, 10.0, 3.0, 4.0]), np.full(4, 10.0)
    critical = np.full(4, 1.96)
    assert not difference_distance(x_c, n_c, x_t, n_t, critical)[1][:3].any()
    for side in (-1.0, 1.0):
        assert not lift_limit(x_c, n_c, x_t, n_t, critical, side=side)[1].any()
