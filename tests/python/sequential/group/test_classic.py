import numpy as np
import pytest
from scipy.special import ndtri

from experimentos.errors import ArgumentError
from experimentos.sequential.group import (
    exit_probabilities,
    haybittle_peto_bounds,
    obrien_fleming_bounds,
    pocock_bounds,
    wang_tsiatis_bounds,
)

UNEVEN = np.array([0.1, 0.35, 0.4, 1.0])


@pytest.mark.parametrize("sides", ["one", "two"])
@pytest.mark.parametrize("delta", [-0.5, 0.0, 0.25, 0.5, 1.0])
def test_boundaries_have_their_shape_and_spend_alpha(delta, sides):
    levels = np.array([1e-9, 0.001, 0.05, 0.4])
    bounds = wang_tsiatis_bounds(UNEVEN, levels, delta=delta, sides=sides)
    np.testing.assert_allclose(
        bounds / bounds[:, -1:], np.tile(UNEVEN ** (delta - 0.5), (4, 1)), rtol=1e-12
    )
    lower = -bounds if sides == "two" else -np.inf
    spent = exit_probabilities(lower, bounds, UNEVEN).above.sum(axis=1)
    np.testing.assert_allclose(spent * (1 + (sides == "two")), levels, rtol=1e-9)


def test_names_of_shapes():
    np.testing.assert_array_equal(
        pocock_bounds(UNEVEN, 0.05), wang_tsiatis_bounds(UNEVEN, 0.05, delta=0.5)
    )
    np.testing.assert_array_equal(
        obrien_fleming_bounds(UNEVEN, 0.05), wang_tsiatis_bounds(UNEVEN, 0.05, delta=0.0)
    )


@pytest.mark.parametrize("bounds_of", [pocock_bounds, obrien_fleming_bounds, haybittle_peto_bounds])
def test_one_call_over_rows_equals_calls_row_by_row(bounds_of):
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.05, 0.25, (20, 4)), axis=1)
    times[3, 2:] = times[7] = np.nan
    levels = rng.uniform(0.01, 0.2, 20)
    together = bounds_of(times, levels)
    for row in range(20):
        np.testing.assert_array_equal(bounds_of(times[row], levels[row]), together[row])
    np.testing.assert_array_equal(np.isnan(together), np.isnan(times))


def test_the_last_look_of_haybittle_and_peto_spends_what_is_left():
    for sides, level in (("one", 0.025), ("two", 0.05)):
        bounds = haybittle_peto_bounds(UNEVEN, level, interim=3.2, sides=sides)
        np.testing.assert_array_equal(bounds[:-1], 3.2)
        lower = -bounds if sides == "two" else -np.inf
        spent = exit_probabilities(lower, bounds, UNEVEN).above.sum()
        assert spent == pytest.approx(0.025, rel=1e-11)


def test_nothing_is_left_where_the_interim_looks_have_spent_it():
    assert haybittle_peto_bounds(UNEVEN, 1e-4)[-1] == np.inf


def test_a_single_look_is_the_fixed_test():
    for bounds_of in (pocock_bounds, obrien_fleming_bounds, haybittle_peto_bounds):
        np.testing.assert_allclose(bounds_of([1.0], 0.03), -ndtri(0.03), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: wang_tsiatis_bounds(UNEVEN, 0.05, delta=1.1),
            "`delta` must be between -0.5 and 1",
        ),
        (lambda: wang_tsiatis_bounds(UNEVEN, 0.05, delta=np.nan), "`delta` must .* got nan"),
        (lambda: pocock_bounds(UNEVEN, 0.0), "`alpha` must be between 0 and 1, got 0.0"),
        (lambda: pocock_bounds(UNEVEN[::-1], 0.05), "`fractions` must increase strictly"),
        (lambda: pocock_bounds(UNEVEN, [0.05, 0.01], sides="x"), "`sides` must be one of"),
        (lambda: haybittle_peto_bounds(UNEVEN, 0.05, interim=0.0), "`interim` must be positive"),
        (
            lambda: pocock_bounds([UNEVEN] * 3, [0.1, 0.2]),
            "`fractions` and `alpha` must have shape",
        ),
        (lambda: haybittle_peto_bounds([UNEVEN] * 3, [0.1, 0.2]), "`fractions` and `alpha` must"),
        (lambda: haybittle_peto_bounds(UNEVEN, 2.0), "`alpha` must be between 0 and 1, got 2.0"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
