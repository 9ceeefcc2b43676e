import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import log_ndtr, ndtr

from experimentos.errors import ArgumentError
from experimentos.sequential.group import Exits, exit_probabilities
from experimentos.sequential.group.grids import growing, legendre, plan
from experimentos.sequential.group.joint import above, below, density, recursion

FIFTHS = np.arange(1, 6) / 5


def by_simpson(lower, upper, information, drift, points=1401):
    """The recursion again, on equal steps between the boundaries, by Simpson's rule."""
    weights = integrate.simpson(np.eye(points), dx=1.0)
    grid, mass, before = np.zeros(1), np.ones(1), 0.0
    found = []
    for low, high, now in zip(lower, upper, information, strict=True):
        step, root = now - before, np.sqrt(now)
        mean = grid + drift * step
        tail = [
            stats.norm.sf((high * root - mean) / step**0.5),
            stats.norm.cdf((low * root - mean) / step**0.5),
        ]
        found.append([float(mass @ t) for t in tail])
        ends = max(low, drift * root - 9), min(high, drift * root + 9)
        following = np.linspace(*ends, points) * root
        kernel = stats.norm.pdf(following[:, None], mean, step**0.5)
        mass = weights * (following[1] - following[0]) * (kernel @ mass)
        grid, before = following, now
    return np.array(found).T


def random_boundaries(rows, looks, seed=1):
    rng = np.random.default_rng(seed)
    upper = rng.uniform(1.5, 4, (rows, looks))
    lower = upper - rng.uniform(1, 6, (rows, looks))
    information = np.cumsum(rng.uniform(0.05, 1, (rows, looks)), axis=1)
    return lower, upper, information, rng.normal(0, 1, rows)


def test_simpsons_rule_on_a_fine_grid_gives_the_same():
    lower, upper, information, drift = random_boundaries(3, 4)
    exits = exit_probabilities(lower, upper, information, drift)
    for row in range(3):
        expected = by_simpson(lower[row], upper[row], information[row], drift[row])
        np.testing.assert_allclose(exits.above[row], expected[0], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(exits.below[row], expected[1], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("bound", "information"), [(5.0, 0.5), (30.0, 0.5), (9.0, 0.95), (6.0, 0.01)]
)
def test_a_crossing_far_out_keeps_its_digits(bound, information):
    # P(z1 < 4, z2 >= bound), scaled by the tail of z2 alone so that nothing underflows.
    correlation = information**0.5
    rest = (1 - information) ** 0.5

    def scaled(u):
        # z2 = bound + u / bound has density exp(-u - ...) relative to that at the bound.
        z = bound + u / bound
        log_ratio = stats.norm.logpdf(z) - np.log(bound) - log_ndtr(-bound)
        return np.exp(
            log_ratio
            + log_ndtr((4 - correlation * z) / rest)
            - log_ndtr((4 - correlation * bound) / rest)
        )

    share, _ = integrate.quad(scaled, 0, 60, epsabs=0, epsrel=1e-12, limit=400)
    expected = np.log(share) + log_ndtr(-bound) + log_ndtr((4 - correlation * bound) / rest)
    found = exit_probabilities(-np.inf, [4.0, bound], [information, 1.0]).above[1]
    if expected < -700:
        assert found >= 0
    else:
        assert np.log(found) == pytest.approx(expected, abs=1e-8)


def test_a_look_that_cannot_stop_changes_nothing():
    bounds = [np.inf, np.inf, 37.0]
    for correlated in ([0.1, 0.2, 1.0], [0.9, 0.99, 1.0], [1.0, 1.5, 1e6]):
        found = exit_probabilities(-np.inf, bounds, correlated).above
        np.testing.assert_allclose(found, [0, 0, ndtr(-37.0)], rtol=1e-9)


def test_probabilities_of_everything_add_up_to_1():
    lower, upper, information, drift = random_boundaries(50, 6, seed=2)
    lower[:, -1] = upper[:, -1]
    exits = exit_probabilities(lower, upper, information, drift)
    np.testing.assert_allclose(exits.stopped.sum(axis=1), 1, atol=1e-13)
    np.testing.assert_allclose(exits.continuing[:, -1], 0, atol=1e-13)


def test_turning_the_scale_upside_down_swaps_the_sides():
    lower, upper, information, drift = random_boundaries(20, 5, seed=3)
    one = exit_probabilities(lower, upper, information, drift)
    other = exit_probabilities(-upper, -lower, information, -drift)
    np.testing.assert_allclose(one.above, other.below, rtol=1e-12, atol=1e-15)


def test_one_call_over_rows_equals_calls_row_by_row():
    lower, upper, information, drift = random_boundaries(200, 5, seed=4)
    lower[::3], upper[::5, 2] = -np.inf, np.inf
    together = exit_probabilities(lower, upper, information, drift)
    for row in range(200):
        alone = exit_probabilities(lower[row], upper[row], information[row], drift[row])
        np.testing.assert_array_equal(alone.above, together.above[row])
        np.testing.assert_array_equal(alone.below, together.below[row])


def test_arguments_broadcast():
    exits = exit_probabilities(-np.inf, np.full(5, 2.4), FIFTHS, [[0.0, 1.0], [2.0, 3.0]])
    assert exits.above.shape == (2, 2, 5)
    assert exits.above.sum(axis=2)[1, 1] > exits.above.sum(axis=2)[0, 0]


def test_undefined_looks_are_nan_and_leave_the_others_alone():
    lower, upper, information, drift = random_boundaries(8, 4, seed=5)
    whole = exit_probabilities(lower, upper, information, drift)
    upper[1, 2], information[2, 1], information[3, 0], drift[4] = np.nan, np.nan, -1.0, np.nan
    information[5, 3], lower[6, 0] = np.inf, np.nan
    exits = exit_probabilities(lower, upper, information, drift)
    defined = np.ones((8, 4), dtype=bool)
    defined[1, 2:] = defined[2, 1:] = defined[3] = defined[4] = defined[5, 3] = False
    defined[6] = False
    np.testing.assert_array_equal(np.isnan(exits.above), ~defined)
    np.testing.assert_allclose(exits.above[defined], whole.above[defined], rtol=1e-10)
    np.testing.assert_array_equal(exits.above[[0, 7]], whole.above[[0, 7]])


def test_boundaries_that_have_passed_each_other_stop_every_path():
    exits = exit_probabilities([0.0, 3.0], [4.0, 2.0], [0.5, 1.0])
    np.testing.assert_allclose(exits.stopped.sum(), 1, atol=1e-14)
    exits = exit_probabilities([5.0, 1.0], [4.0, 2.0], [0.5, 1.0])
    np.testing.assert_allclose(exits.below[0], ndtr(4.0))
    np.testing.assert_array_equal(exits.stopped[1], 0)


def test_information_that_stands_still_is_nearly_no_second_look():
    alone = exit_probabilities(-np.inf, [2.0], [1.0]).above.sum()
    twice = exit_probabilities(-np.inf, [2.0, 2.0], [1.0, 1.0]).above.sum()
    assert alone <= twice <= alone + 1e-3


def test_information_is_made_to_grow():
    np.testing.assert_allclose(
        growing(np.array([[1.0, 0.5, 2.0, 2.0]])), [[1.0, 1.001, 2.0, 2.002]]
    )


def test_drifts_beyond_reason_leave_no_warning():
    for drift in (-1e3, -40.0, 40.0, 1e3, 1e9):
        exits = exit_probabilities([-1.0, 2.0], [3.0, 2.0], [0.5, 1.0], drift)
        assert exits.above[0] == pytest.approx(float(drift > 0))
        assert exits.below[0] == pytest.approx(float(drift < 0))


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_units_of_information_do_not_matter(scale):
    lower, upper, information, drift = random_boundaries(5, 4, seed=6)
    one = exit_probabilities(lower, upper, information, drift)
    other = exit_probabilities(lower, upper, information * scale, drift / scale**0.5)
    np.testing.assert_allclose(one.above, other.above, rtol=1e-9, atol=1e-14)


def test_one_recursion_serves_many_drifts():
    upper, lower = np.full((1, 5), 2.4), np.full((1, 5), -2.0)
    information, drifts = FIFTHS[None], np.array([-2.0, 0.0, 1.0, 4.0, 6.0])
    integration = plan(lower, upper, information, np.array([-2.0]), np.array([6.0]))
    stages = recursion(integration, information, np.array([2.0]))
    expected = exit_probabilities(lower[0], upper[0], information[0], drifts)
    for i, drift in enumerate(drifts):
        for look, paths in enumerate(stages):
            at = information[:, look], np.array([drift])
            up = above(paths, upper[:, look], at[0], drift=at[1])
            down = below(paths, lower[:, look], at[0], drift=at[1])
            np.testing.assert_allclose(up, expected.above[i, look], rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(down, expected.below[i, look], rtol=1e-9, atol=1e-14)


def test_the_density_is_minus_the_slope():
    integration = plan(
        *(np.full((1, 2), v) for v in (-2.0, 2.4)), np.array([[0.5, 1.0]]), np.zeros(1)
    )
    paths = recursion(integration, np.array([[0.5, 1.0]]), np.zeros(1))[1]
    at, step = np.ones(1), 1e-5
    slope = above(paths, at + step, at) - above(paths, at - step, at)
    np.testing.assert_allclose(density(paths, at, at), -slope / (2 * step), rtol=1e-8)


@pytest.mark.parametrize("points", [16, 17, 40, 128, 2048])
def test_nodes_and_weights_are_those_of_numpy(points):
    nodes, weights = legendre(points)
    if points <= 128:
        expected = np.polynomial.legendre.leggauss(points)
        np.testing.assert_allclose(nodes, expected[0], atol=1e-14)
        np.testing.assert_allclose(weights, expected[1], rtol=1e-10)
    assert weights.sum() == pytest.approx(2, abs=1e-12)
    assert (weights * nodes**30).sum() == pytest.approx(2 / 31, abs=1e-13)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ArgumentError, match="`lower` and `upper` and `information` and `drift`"):
        exit_probabilities(np.zeros(2), np.ones(3), np.ones(3))


def test_no_rows_at_all():
    exits = exit_probabilities(np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    assert isinstance(exits, Exits)
    assert exits.above.shape == (0, 3)
