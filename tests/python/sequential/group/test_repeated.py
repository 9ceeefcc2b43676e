import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.sequential.group import spending_bounds
from experimentos.sequential.group.repeated import repeated_intervals, repeated_p_values

FRACTIONS = np.array([0.2, 0.5, 0.7, 1.0])


def walks(rows, seed=1, drift=1.5):
    rng = np.random.default_rng(seed)
    steps = np.diff(FRACTIONS, prepend=0.0)
    score = (rng.normal(size=(rows, 4)) * np.sqrt(steps) + drift * steps).cumsum(axis=1)
    return score / np.sqrt(FRACTIONS)


@pytest.mark.parametrize("sides", ["one", "two"])
@pytest.mark.parametrize(("spending", "parameter"), [("obrien_fleming", None), ("kim_demets", 2.0)])
def test_p_is_at_most_alpha_exactly_where_the_boundary_is_crossed(spending, parameter, sides):
    z = walks(40)
    found = repeated_p_values(z, FRACTIONS, spending=spending, parameter=parameter, sides=sides)
    for alpha in (0.01, 0.05, 0.2):
        bounds = spending_bounds(
            FRACTIONS, alpha, spending=spending, parameter=parameter, sides=sides
        )
        crossed = (np.abs(z) if sides == "two" else z) >= bounds
        np.testing.assert_array_equal(found <= alpha, crossed)


def test_at_its_own_p_value_the_statistic_is_on_the_boundary():
    z = walks(20, seed=2)
    found = repeated_p_values(z, FRACTIONS, spending="pocock")
    for look in range(4):
        usual = (found[:, look] > 1e-12) & (found[:, look] < 0.9)
        bounds = spending_bounds(FRACTIONS, found[usual, look], spending="pocock")
        np.testing.assert_allclose(bounds[:, look], z[usual, look], atol=1e-7)


def test_one_look_is_a_plain_test():
    z = np.array([[-1.0], [0.0], [1.96], [8.0], [20.0]])
    expected = [0.841344746, 0.5, 0.0249978951, 6.22096057e-16, 2.75362412e-89]
    np.testing.assert_allclose(repeated_p_values(z, [1.0])[:, 0], expected, rtol=1e-6)


def test_one_call_equals_many_and_looks_to_come_do_not_matter():
    z = walks(6, seed=3)
    together = repeated_p_values(z, FRACTIONS)
    for row, values in enumerate(z):
        np.testing.assert_allclose(repeated_p_values(values, FRACTIONS), together[row], rtol=1e-9)
        seen = np.where(np.arange(4) < 2, values, np.nan)
        early = repeated_p_values(seen, FRACTIONS)
        np.testing.assert_allclose(early[:2], together[row, :2], rtol=1e-9)
        assert np.isnan(early[2:]).all()


def test_a_shortened_test_spends_what_is_left_only_when_it_is_final():
    z, times = [0.5, 2.1], [0.3, 0.6]
    going_on, ended = (repeated_p_values(z, times, final=final)[1] for final in (False, True))
    assert ended < going_on
    alpha = ended
    assert spending_bounds(times, alpha)[1] == pytest.approx(2.1, abs=1e-7)


def test_observed_information_makes_the_correlation():
    z, observed = [1.5, 2.2], [0.4, 1.3]
    found = repeated_p_values(z, [0.5, 1.0], information=observed)[1]
    bound = spending_bounds([0.5, 1.0], found, information=observed)[1]
    assert bound == pytest.approx(2.2, abs=1e-7)
    assert found != repeated_p_values(z, [0.5, 1.0])[1]


def test_undefined_is_nan_and_neighbours_stay():
    z = walks(3, seed=4)
    alone = repeated_p_values(z, FRACTIONS)
    z[1, 2] = np.nan
    found = repeated_p_values(z, FRACTIONS)
    assert np.isnan(found[1, 2])
    np.testing.assert_allclose(found[[0, 2]], alone[[0, 2]], rtol=1e-9)


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="`fractions` must increase strictly above 0"):
        repeated_p_values([1.0, 1.0], [0.5, 0.5])
    with pytest.raises(ArgumentError, match="`sides` must be one of"):
        repeated_p_values([1.0], [1.0], sides="both")
    with pytest.raises(ArgumentError, match="`spending` must be one of"):
        repeated_p_values([1.0], [1.0], spending="all at once")


def test_repeated_intervals_exclude_zero_exactly_where_crossed():
    z = walks(200, seed=5)
    bounds = spending_bounds(FRACTIONS, 0.025)
    error = 1 / np.sqrt(FRACTIONS)
    lower, _ = repeated_intervals(z * error, error, bounds)
    np.testing.assert_array_equal(lower >= 0, z >= bounds)
