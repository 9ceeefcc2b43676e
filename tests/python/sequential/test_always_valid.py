import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import log_ndtr, ndtri

from experimentos.sequential import always_valid
from experimentos.sequential.always_valid import boundary, log_e_value, tightest_information


def p_values(z, n, alpha=0.005, planned=5000.0):
    z, n = np.broadcast_arrays(np.asarray(z, float), np.asarray(n, float))
    p_fixed = np.exp(log_ndtr(-z))
    levels = np.full(z.shape, alpha)
    return always_valid.p_value(p_fixed, n, n, alpha=levels, planned_n=np.full(z.shape, planned))


@pytest.mark.parametrize("information", [0.01, 1.0, 11.76, 900.0])
@pytest.mark.parametrize("z", [-3.0, 0.0, 1.5, 6.0])
def test_the_e_value_is_the_half_normal_mixture_of_likelihood_ratios(z, information):
    # V = 1: theta = half-normal with variance r, likelihood ratio exp(theta z - theta^2 / 2).
    scale = np.sqrt(information)
    mixture, _ = integrate.quad(
        lambda theta: 2 * stats.norm.pdf(theta, scale=scale) * np.exp(theta * z - theta**2 / 2),
        0, np.inf,
    )  # fmt: skip
    found = np.exp(log_e_value(np.array([z]), np.array([information])))
    np.testing.assert_allclose(found, mixture, rtol=1e-7)


def test_a_boundary_known_from_the_two_sided_mixture():
    # Far out Phi is 1 and the one-sided boundary at alpha is Robbins' two-sided one at 2 alpha:
    # z^2 = (1 + r)/r (log(1 + r) - 2 log(2 alpha)) (H. Robbins 1970, equation 17 in these units).
    r, alpha = np.array([50.0]), 1e-6
    robbins = np.sqrt((1 + r) / r * (np.log1p(r) - 2 * np.log(2 * alpha)))
    np.testing.assert_allclose(boundary(alpha, r), robbins, rtol=1e-9)


def test_the_boundary_is_tightest_at_the_planned_size():
    for alpha in (0.005, 0.025, 0.05):
        best = tightest_information([alpha])
        lowest = boundary(alpha, best)
        for factor in (0.5, 0.9, 1.1, 2.0):
            assert boundary(alpha, best * factor) > lowest


def test_p_is_below_a_level_exactly_beyond_its_boundary():
    n = np.array([200.0, 5000.0, 1e6])
    information = tightest_information([0.005]) * n / 5000
    edge = boundary(0.005, information)
    np.testing.assert_allclose(p_values(edge, n), 0.005, rtol=1e-6)
    assert (p_values(edge + 1e-3, n) < 0.005).all()
    assert (p_values(edge - 1e-3, n) > 0.005).all()


def test_one_call_equals_many():
    rng = np.random.default_rng(1)
    z, n = rng.normal(0, 3, 30), rng.integers(100, 1e6, 30).astype(float)
    together = p_values(z, n)
    alone = [p_values([z[i]], [n[i]])[0] for i in range(30)]
    np.testing.assert_array_equal(together, alone)


def test_extremes_and_undefined():
    np.testing.assert_array_equal(p_values([-40.0, -5.0], [1000, 1000]), [1, 1])
    assert np.isnan(p_values([np.nan], [1000]))[0]
    assert 0 < p_values([37.0], [10_000])[0] < 1e-200
    with np.errstate(divide="ignore"):
        certain = always_valid.p_value(
            np.zeros(1), np.full(1, 1e3), np.full(1, 1e3), alpha=np.full(1, 0.005),
            planned_n=np.full(1, 5e3),
        )  # fmt: skip
    np.testing.assert_array_equal(certain, [0])


def test_the_start_needs_units_events_and_non_events():
    n = np.array([99, 100, 100, 100, 100.0])
    events = np.array([np.nan, np.nan, 29, 30, 30])
    rest = np.array([np.nan, np.nan, 30, 29, 30])
    started = always_valid.has_started(n, n + 50, events, rest)
    np.testing.assert_array_equal(started, [False, True, False, False, True])


def crossings(level, *, trials, looks, rng, effect=0.0):
    """Share of sequences that ever cross, watched from 100 units an arm to a million."""
    sizes = np.unique(np.round(np.geomspace(100, 1e6, looks)))
    best = tightest_information([level])[0]
    total, before, crossed = np.zeros(trials), 0.0, np.zeros(trials, dtype=bool)
    for size in sizes:
        total += rng.normal(effect * (size - before), np.sqrt(size - before), trials)
        before = size
        information = np.full(trials, best * size / 5000)
        crossed |= log_e_value(total / np.sqrt(size), information) >= -np.log(level)
    return crossed.sum()


@pytest.mark.parametrize(("level", "effect"), [(0.05, 0.0), (0.005, 0.0), (0.05, -0.005)])
def test_the_error_rate_over_all_looks_together(level, effect):
    trials = 4000
    rng = np.random.default_rng(9)
    found = crossings(level, trials=trials, looks=400, rng=rng, effect=effect)
    assert found <= stats.binom.ppf(0.999, trials, level)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.005, 0.05])
def test_the_error_rate_over_all_looks_together_at_length(level):
    trials = 40_000
    found = crossings(level, trials=trials, looks=3000, rng=np.random.default_rng(10))
    assert found <= stats.binom.ppf(0.999, trials, level)
    assert found >= 0.5 * level * trials  # not wastefully conservative either


def test_t_statistics_enter_as_z_of_their_p():
    p_fixed = stats.t.sf(3.0, 8)
    z = -ndtri(p_fixed)
    found = always_valid.p_value(
        np.array([p_fixed]), np.array([500.0]), np.array([500.0]), alpha=np.array([0.005]),
        planned_n=np.array([5000.0]),
    )  # fmt: skip
    np.testing.assert_allclose(found, p_values([z], [500.0]), rtol=1e-12)
