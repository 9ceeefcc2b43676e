import numpy as np
import pytest
from reference.builders import rates
from scipy import stats

from experimentos import power
from experimentos.errors import ArgumentError
from experimentos.inference import METHODS, Null, score
from experimentos.power import Rates


def enumerated(p_c, p_t, n_c, n_t, weight, shift, level):
    """Power of the score test above a boundary, over all tables."""
    x_c, x_t = (x.reshape(-1) for x in np.meshgrid(np.arange(n_c + 1), np.arange(n_t + 1)))
    comparison = score.compare_rates(*rates(x_c, n_c, x_t, n_t))
    null = Null(np.full(x_c.shape, weight), np.full(x_c.shape, shift))
    p = METHODS["score"].tails(comparison, null).greater
    chance = stats.binom.pmf(x_c, n_c, p_c) * stats.binom.pmf(x_t, n_t, p_t)
    return chance[p < level].sum()


@pytest.mark.parametrize(
    ("p_c", "p_t", "n_c", "n_t"), [(0.3, 0.5, 90, 110), (0.1, 0.25, 120, 120), (0.5, 0.6, 300, 150)]
)
def test_power_is_near_that_of_all_tables(p_c, p_t, n_c, n_t):
    exact = enumerated(p_c, p_t, n_c, n_t, 1.0, 0.0, 0.025)
    computed = power.proportions_power(p_c, p_t, n_c, n_t, alpha=0.025, sides=1)
    assert computed == pytest.approx(exact, abs=0.02)


def test_power_by_a_margin_is_near_that_of_all_tables():
    exact = enumerated(0.4, 0.4, 200, 200, 1.0, -0.12, 0.05)
    computed = power.noninferiority_power(Rates(0.4), 0.12, 200, 200)
    assert computed == pytest.approx(exact, abs=0.02)
    exact = enumerated(0.4, 0.4, 200, 200, 0.75, 0.0, 0.05)
    computed = power.noninferiority_power(Rates(0.4), 0.25, 200, 200, is_relative=True)
    assert computed == pytest.approx(exact, abs=0.02)


def test_one_sided_units_have_the_closed_form():
    p_c, p_t, ratio = 0.1, 0.12, 2.0
    pooled = (p_c + ratio * p_t) / (1 + ratio)
    null = np.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    true = np.sqrt(p_c * (1 - p_c) + p_t * (1 - p_t) / ratio)
    expected = ((stats.norm.isf(0.05) * null + stats.norm.isf(0.2) * true) / (p_t - p_c)) ** 2
    found = power.proportions_units(p_c, p_t, ratio=ratio, sides=1)
    np.testing.assert_allclose(found.control, expected, rtol=1e-12)
    np.testing.assert_allclose(found.treatment, 2 * expected, rtol=1e-12)


def test_power_at_the_units_needed_and_at_the_detectable_rate_is_the_power_wanted():
    rng = np.random.default_rng(2)
    p_c = rng.uniform(0.02, 0.8, 200)
    p_t, wanted = p_c + rng.uniform(0.01, 0.1, 200), rng.uniform(0.3, 0.99, 200)
    for sides in (1, 2):
        units = power.proportions_units(p_c, p_t, power=wanted, ratio=0.7, sides=sides)
        reached = power.proportions_power(p_c, p_t, units.control, units.treatment, sides=sides)
        np.testing.assert_allclose(reached, wanted, rtol=1e-9)
        for goal, sign in (("increase", 1), ("decrease", -1)):
            found = power.proportions_detectable(
                p_c, 800, 900, power=wanted, sides=sides, goal=goal
            )
            known = ~np.isnan(found)
            reached = power.proportions_power(
                p_c[known], p_c[known] + sign * found[known], 800, 900, sides=sides, goal=goal
            )
            assert known.sum() > 150
            np.testing.assert_allclose(reached, wanted[known], rtol=1e-9)


def test_one_call_equals_many():
    p_c, p_t = np.array([0.1, 0.0, np.nan, 1e-7]), np.array([0.12, 0.0, 0.2, 2e-7])
    units = power.proportions_units(p_c, p_t).control
    found = power.proportions_detectable(p_c, 1e9, 1e9)
    for i in range(4):
        alone = power.proportions_units(p_c[i], p_t[i]).control
        assert np.array_equal(units[i], alone, equal_nan=True)
        alone = power.proportions_detectable(p_c[i], 1e9, 1e9)
        assert np.array_equal(found[i], alone, equal_nan=True)
    assert np.isnan(units[[1, 2]]).all()
    assert units[3] == pytest.approx(2.3546626e8, rel=1e-3)


def test_undefined_is_nan():
    assert np.isnan(
        power.proportions_power([0.0, 1.0, np.nan, 0.1], [0, 1, 0.5, 0.2], [9, 9, 9, 0], 9)
    ).all()
    assert np.isnan(power.proportions_detectable(0.999, 100, 100))
    assert np.isinf(power.proportions_units(0.2, 0.1, sides=1).control)
    assert power.proportions_power(0.0, 1.0, 50, 50) == 1.0


def test_rates_outside_are_refused():
    with pytest.raises(ArgumentError, match="`control` must be from 0 to 1, got 1.2"):
        power.proportions_power(1.2, 0.5, 10, 10)
    with pytest.raises(ArgumentError, match="`goal` must be one of"):
        power.proportions_power(0.2, 0.5, 10, 10, goal="up")
