import numpy as np
import pytest
from scipy import integrate, optimize
from scipy.special import ndtr, ndtri

from experimentos.errors import ArgumentError
from experimentos.sequential.group import (
    SPENDING,
    boundaries,
    exit_probabilities,
    level_bounds,
    spend,
    spending_bounds,
)

FIFTHS = np.arange(1, 6) / 5
PARAMETERS = {"hwang_shih_decani": -4.0, "kim_demets": 3.0}


def crossed(bounds, information, sides="one", lower=-np.inf):
    lower = -bounds if sides == "two" else lower
    return np.cumsum(exit_probabilities(lower, bounds, information).above, axis=-1)


@pytest.mark.parametrize("sides", ["one", "two"])
@pytest.mark.parametrize("name", SPENDING)
def test_boundaries_spend_what_they_should(name, sides):
    times = np.array([0.04, 0.3, 0.33, 0.8, 1.0])
    levels = np.array([1e-12, 1e-6, 0.001, 0.05, 0.2, 0.6])
    chosen = {"spending": name, "parameter": PARAMETERS.get(name)}
    bounds = spending_bounds(times, levels, sides=sides, **chosen)
    expected = spend(times, levels / (1 + (sides == "two")), **chosen)
    np.testing.assert_allclose(crossed(bounds, times, sides), expected, rtol=1e-9)


def test_two_looks_by_plain_quadrature():
    # One bivariate normal probability, P(z1 < b1, z2 >= b2), integrated over z2.
    information, levels = np.array([0.3, 1.0]), np.array([0.004, 0.025])
    first = -ndtri(0.004)
    root, rest = 0.3**0.5, 0.7**0.5

    def excess(bound):
        def inside(z):
            return np.exp(-z * z / 2) / (2 * np.pi) ** 0.5 * ndtr((first - root * z) / rest)

        return integrate.quad(inside, bound, 12, epsabs=1e-14)[0] - 0.021

    second = optimize.brentq(excess, 1, 4, xtol=1e-13)
    np.testing.assert_allclose(level_bounds(levels, information), [first, second], rtol=1e-10)


def test_one_call_over_rows_equals_calls_row_by_row():
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.05, 0.25, (150, 5)), axis=1)
    levels = np.exp(rng.uniform(np.log(1e-9), np.log(0.5), 150))
    information = times * rng.uniform(0.9, 1.1, times.shape)
    used = np.where(rng.random((150, 1)) < 0.5, rng.uniform(2, 4, (150, 5)), np.nan)
    used[:, 2:] = np.nan
    together = spending_bounds(times, levels, information=information, used=used)
    for row in range(150):
        alone = spending_bounds(
            times[row], levels[row], information=information[row], used=used[row]
        )
        np.testing.assert_array_equal(alone, together[row])


@pytest.mark.parametrize("name", SPENDING)
def test_a_smaller_level_has_higher_boundaries_at_every_look(name):
    levels = np.geomspace(1e-10, 0.5, 60)
    bounds = spending_bounds(FIFTHS, levels, spending=name, parameter=PARAMETERS.get(name))
    assert (np.diff(bounds, axis=0) < 0).all()


def test_a_single_look_is_the_fixed_test():
    levels = np.array([1e-300, 1e-12, 0.025, 0.5, 0.9])
    np.testing.assert_allclose(spending_bounds([1.0], levels)[:, 0], -ndtri(levels), rtol=1e-13)
    found = spending_bounds([0.3], 0.05, sides="two")
    np.testing.assert_allclose(found, -ndtri(0.025), rtol=1e-13)


def test_the_last_look_spends_all_unless_told_otherwise():
    times = [0.2, 0.6]
    assert crossed(spending_bounds(times, 0.025), times)[-1] == pytest.approx(0.025, rel=1e-11)
    going_on = spending_bounds(times, 0.025, final=False)
    expected = spend(times, 0.025)
    np.testing.assert_allclose(crossed(going_on, times), expected, rtol=1e-11)


def test_over_running_spends_what_is_left_and_then_nothing():
    times = np.array([0.5, 1.07, 1.2])
    bounds = spending_bounds(times, 0.025)
    np.testing.assert_allclose(crossed(bounds, times)[1:], 0.025, rtol=1e-11)
    assert bounds[2] == np.inf


def test_rows_with_fewer_looks_are_filled_up():
    times = np.array([[0.3, 0.7, np.nan, np.nan], [0.25, 0.5, 0.75, 1.0], [np.nan] * 4])
    bounds = spending_bounds(times, 0.025)
    np.testing.assert_array_equal(bounds[0, :2], spending_bounds([0.3, 0.7], 0.025))
    np.testing.assert_array_equal(bounds[1], spending_bounds(times[1], 0.025))
    assert np.isnan(bounds[0, 2:]).all()
    assert np.isnan(bounds[2]).all()


def test_what_past_boundaries_spent_by_the_information_observed_is_what_counts():
    times = np.array([0.25, 0.5, 0.75, 1.0])
    observed = np.array([0.2, 0.55, 0.8, 1.3])
    # The second boundary was set in the belief that information would be 0.5, and too low by 0.1.
    used = spending_bounds(times, 0.025) - [0, 0.1, 0, 0]
    used[2:] = np.nan
    for sides, level in (("one", 0.025), ("two", 0.05)):
        bounds = spending_bounds(times, level, sides=sides, information=observed, used=used)
        np.testing.assert_array_equal(bounds[:2], used[:2])
        spent = crossed(bounds, observed, sides)
        assert spent[1] > 1.2 * spend(times, 0.025)[1]
        np.testing.assert_allclose(spent[2:], spend(times, 0.025)[2:], rtol=1e-10)


def test_a_plan_that_has_overspent_stops_spending_until_time_catches_up():
    used = [2.0, np.nan, np.nan]
    bounds = spending_bounds([0.2, 0.4, 1.0], 0.025, used=used)
    assert bounds[1] == np.inf
    assert crossed(bounds, [0.2, 0.4, 1.0])[-1] == pytest.approx(0.025, rel=1e-10)
    assert spending_bounds([0.2, 1.0], 0.025, used=[1.5, np.nan])[1] == np.inf


def test_a_skipped_look_and_a_look_that_could_not_stop_are_the_same():
    used = [np.inf, np.nan, np.nan]
    bounds = spending_bounds([0.3, 0.6, 1.0], 0.025, used=used)
    np.testing.assert_allclose(bounds[1:], spending_bounds([0.6, 1.0], 0.025), rtol=1e-10)


def test_binding_futility_lowers_the_boundaries_it_counts_for():
    times, lower = np.array([0.3, 0.6, 1.0]), np.array([0.0, 0.8, -np.inf])
    bounds = spending_bounds(times, 0.025, lower=lower)
    assert (bounds[1:] < spending_bounds(times, 0.025)[1:]).all()
    np.testing.assert_allclose(crossed(bounds, times, lower=lower)[-1], 0.025, rtol=1e-11)


def test_where_fewer_paths_are_left_than_may_be_spent_all_of_them_reject():
    bounds = level_bounds([0.001, 0.4], [0.5, 1.0], lower=[1.5, -np.inf])
    assert bounds[1] == -np.inf


def test_information_that_stands_still_or_shrinks_is_taken_as_growing_a_little():
    levels = [0.01, 0.02, 0.025]
    for information in ([0.5, 0.5, 1.0], [0.5, 0.4, 1.0]):
        bounds = level_bounds(levels, information)
        assert np.isfinite(bounds).all()
        spent = crossed(bounds, np.array([0.5, 0.5005, 1.0]))
        np.testing.assert_allclose(spent, levels, rtol=1e-9)


def test_nothing_to_spend_is_an_infinite_boundary():
    np.testing.assert_array_equal(level_bounds([0.0, 0.025], [0.5, 1.0])[0], np.inf)
    bounds = spending_bounds([0.001, 1.0], 1e-12)
    assert bounds[0] == np.inf
    assert bounds[1] == pytest.approx(-ndtri(1e-12))


def test_undefined_rows_leave_the_others_alone():
    information = np.tile(FIFTHS, (4, 1))
    information[1, 2], information[2, 0] = np.nan, -1
    bounds = spending_bounds(FIFTHS, 0.025, information=information)
    expected = spending_bounds(FIFTHS, 0.025)
    np.testing.assert_array_equal(bounds[[0, 3]], [expected, expected])
    np.testing.assert_array_equal(np.isnan(bounds).sum(axis=1), [0, 3, 5, 0])


@pytest.mark.parametrize("looks", [28, 60, 200])
def test_many_looks(looks):
    times = np.arange(1, looks + 1) / looks
    bounds = spending_bounds(times, 0.025, spending="pocock")
    expected = spend(times, 0.025, spending="pocock")
    np.testing.assert_allclose(crossed(bounds, times), expected, rtol=1e-8)


def test_no_rows_at_all():
    assert spending_bounds(np.empty((0, 3)), np.empty(0)).shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        (([0.5, 0.4, 1.0], 0.025), {}, r"`fractions` must increase strictly .* \[0.5, 0.4, 1.0\]"),
        (([0.5, 0.5], 0.025), {}, "`fractions` must increase strictly"),
        (([0.0, 1.0], 0.025), {}, "above 0, got"),
        (([np.nan, 1.0], 0.025), {}, "`fractions` must increase strictly"),
        (([0.5, np.inf], 0.025), {}, "`fractions` must increase strictly"),
        (([], 0.025), {}, "`fractions` must have at least one look"),
        (([1.0], 1.0), {}, "`alpha` must be between 0 and 1, got 1.0"),
        (([1.0], 1.5), {"sides": "two"}, "`alpha` must be between 0 and 1, got 1.5"),
        ((FIFTHS, [[0.1] * 3] * 2), {"used": [1.0, 2.0]}, "`used` and .* shapes that fit"),
        (([[1.0]] * 3, [0.1, 0.2]), {}, r"`fractions` and `level` .* fit, got \(3, 1\), \(2, 1\)"),
        (([[1.0]] * 3, 0.1), {"final": [True] * 2}, "`final` and `fractions` must have shapes"),
        (([1.0], 0.05), {"sides": "both"}, r"`sides` must be one of \['one', 'two'\], got 'both'"),
        (([1.0], 0.05), {"sides": "two", "lower": [0.0]}, "`lower` must be None where `sides`"),
    ],
)
def test_wrong_arguments_are_named(arguments, named, message):
    with pytest.raises(ArgumentError, match=message):
        spending_bounds(*arguments, **named)


def test_paths_that_cannot_reach_a_boundary_do_not_matter(monkeypatch):
    rng = np.random.default_rng(7)
    times = np.cumsum(rng.uniform(0.01, 0.4, (60, 4)), axis=1)
    levels = np.exp(rng.uniform(np.log(1e-12), np.log(0.9), 60))
    names = rng.choice(["obrien_fleming", "pocock", "linear"], 60)
    found = [spending_bounds(times[i], levels[i], spending=names[i]) for i in range(60)]
    monkeypatch.setattr(
        boundaries, "least_reached", lambda target, *_: np.full(target.shape, -np.inf)
    )
    every = [spending_bounds(times[i], levels[i], spending=names[i]) for i in range(60)]
    np.testing.assert_allclose(found, every, rtol=1e-10, atol=1e-10)


def test_a_look_that_spends_next_to_nothing_right_after_another():
    # Steps from far: all paths are just below the boundary of the first look.
    times = np.array([0.5, 0.5 + 1e-9, 1.0])
    bounds = spending_bounds(times, 0.025, information=[0.5, 0.5, 1.0])
    assert bounds[1] > bounds[0]
    spent = crossed(bounds, np.array([0.5, 0.5005, 1.0]))
    np.testing.assert_allclose(spent, spend(times, 0.025), rtol=1e-9)
