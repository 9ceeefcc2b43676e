import numpy as np
import pytest
from scipy import stats

from experimentos.errors import ArgumentError
from experimentos.sequential.group import spending_bounds
from experimentos.sequential.group.conditional import conditional_power
from experimentos.sequential.group.stagewise import stagewise

FRACTIONS = np.array([0.3, 0.6, 1.0])
BOUNDS = spending_bounds(FRACTIONS, 0.025)


def test_at_the_first_look_it_is_the_analysis_of_a_fixed_test():
    z, information = np.array([4.5, 5.0]), np.array([30.0, 60.0, 100.0])
    found = stagewise(z, [1, 1], BOUNDS, information, alpha=0.05)
    np.testing.assert_allclose(found.p_value, stats.norm.sf(z), rtol=1e-9)
    np.testing.assert_allclose(found.estimate, z / np.sqrt(30), rtol=1e-8)
    np.testing.assert_allclose(found.lower, (z - 1.959963985) / np.sqrt(30), rtol=1e-7)
    np.testing.assert_allclose(found.upper, (z + 1.959963985) / np.sqrt(30), rtol=1e-7)


@pytest.mark.parametrize("sides", ["one", "two"])
def test_p_is_below_what_was_spent_exactly_where_crossed(sides):
    bounds = spending_bounds(FRACTIONS, 0.05, sides=sides)
    for look in (2, 3):
        edge = bounds[look - 1]
        spent = stagewise([edge], [look], bounds, FRACTIONS, sides=sides).p_value[0]
        beyond = stagewise([edge + 0.01], [look], bounds, FRACTIONS, sides=sides).p_value[0]
        assert beyond < spent <= 0.05 + 1e-9
    # On the last boundary all of alpha has been spent.
    assert spent == pytest.approx(0.05, abs=1e-9)


def test_the_interval_excludes_zero_exactly_when_p_is_below_half_of_alpha():
    rng = np.random.default_rng(1)
    look = rng.integers(1, 4, 60)
    z = np.where(look < 3, BOUNDS[look - 1] + rng.exponential(0.5, 60), rng.normal(1.5, 1, 60))
    for alpha in (0.05, 0.01):
        found = stagewise(z, look, BOUNDS, FRACTIONS, alpha=alpha)
        np.testing.assert_array_equal(found.lower > 0, found.p_value < alpha / 2)


def test_one_sided_and_two_sided_agree_by_symmetry():
    bounds = spending_bounds(FRACTIONS, 0.05, sides="two")
    up = stagewise([2.4], [3], bounds, FRACTIONS, sides="two")
    down = stagewise([-2.4], [3], bounds, FRACTIONS, sides="two")
    np.testing.assert_allclose(up.p_value, down.p_value, rtol=1e-8)
    np.testing.assert_allclose(up.estimate, -down.estimate, rtol=1e-7)
    np.testing.assert_allclose(up.lower, -down.upper, rtol=1e-7)


def test_brute_force_gives_the_same_p_value():
    rng = np.random.default_rng(2)
    steps = np.diff(FRACTIONS, prepend=0.0)
    score = (rng.normal(size=(400_000, 3)) * np.sqrt(steps)).cumsum(axis=1)
    z = score / np.sqrt(FRACTIONS)
    before = (z[:, :2] >= BOUNDS[:2]).any(axis=1)
    extreme = before | (z[:, 2] >= 1.2)
    found = stagewise([1.2], [3], BOUNDS, FRACTIONS).p_value[0]
    assert found == pytest.approx(extreme.mean(), abs=4 * np.sqrt(found / 400_000))


def test_binding_futility_makes_the_outcome_rarer():
    futility = [0.0, 0.5, BOUNDS[2]]
    free = stagewise([1.8], [3], BOUNDS, FRACTIONS).p_value
    bound = stagewise([1.8], [3], BOUNDS, FRACTIONS, futility=futility).p_value
    assert bound < free


def test_one_call_equals_many_and_neighbours_of_nan_stay():
    z, look = np.array([4.2, np.nan, 2.3, -1.0]), np.array([1, 2, 3, 3])
    together = stagewise(z, look, BOUNDS, FRACTIONS)
    for row in range(4):
        alone = stagewise(z[[row]], look[[row]], BOUNDS, FRACTIONS)
        for name in ("p_value", "estimate", "lower", "upper"):
            np.testing.assert_allclose(
                getattr(alone, name), getattr(together, name)[[row]], rtol=1e-7, atol=1e-12
            )
    assert np.isnan([getattr(together, n)[1] for n in ("p_value", "estimate", "lower")]).all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="`look` must be a whole number from 1 to 3, got 4"):
        stagewise([1.0], [4], BOUNDS, FRACTIONS)
    with pytest.raises(ArgumentError, match="`futility` must be None"):
        stagewise([1.0], [2], BOUNDS, FRACTIONS, sides="two", futility=[0, 0, 0])
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1"):
        stagewise([1.0], [2], BOUNDS, FRACTIONS, alpha=0.0)


def test_conditional_power_is_that_of_the_increments():
    # One look left: the score of the rest has to make up for what is missing.
    z, drift = np.array([0.5, 1.5, 2.5]), 2.0
    found = conditional_power(z, 0.4, [[1.96]], [[1.0]], drift)
    missing = 1.96 - z * np.sqrt(0.4) - drift * 0.6
    np.testing.assert_allclose(found[:, 0], stats.norm.sf(missing / np.sqrt(0.6)), rtol=1e-9)
    assert np.isnan(conditional_power(1.0, 0.5, [1.96], [0.5], 1.0)).all()


def test_conditional_power_averages_to_power():
    # Over what the first look shows, the chance to cross later is the power less that spent.
    rng, drift = np.random.default_rng(3), 2.5
    z = rng.normal(drift * np.sqrt(0.3), 1, 20_000)
    later = conditional_power(z, 0.3, BOUNDS[1:], FRACTIONS[1:], drift)[:, -1]
    steps = np.diff(FRACTIONS, prepend=0.0)
    score = (rng.normal(size=(200_000, 3)) * np.sqrt(steps) + drift * steps).cumsum(axis=1)
    crossed = (score / np.sqrt(FRACTIONS) >= BOUNDS)[:, 1:].any(axis=1)
    assert later.mean() == pytest.approx(crossed.mean(), abs=0.012)
