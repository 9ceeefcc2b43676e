from functools import partial

import numpy as np
import pytest

from experimentos import power
from experimentos.errors import ArgumentError

WEEK = [100, 90, 80, 120, 110, 30, 20]


def test_enrolment_is_the_first_day_with_enough_units():
    cumulated = np.cumsum(np.tile(WEEK, 9))
    units = np.arange(1, 2000, 7.0)
    expected = np.searchsorted(cumulated * 0.5, units) + 1
    found = power.duration_of(units, WEEK, share=0.5, window=3, delay=1)
    np.testing.assert_array_equal(found.enrolment, expected)
    np.testing.assert_array_equal(found.total, expected + 4)


def test_units_after_the_duration_are_enough_and_a_day_less_is_not():
    units = np.array([1.0, 550.0, 551.0, 12_345.0])
    total = power.duration_of(units, WEEK, window=2).total
    assert (power.units_after(total, WEEK, window=2) >= units - 1e-9).all()
    assert (power.units_after(total - 1, WEEK, window=2) < units).all()


def test_no_units_take_no_days_and_undefined_stays():
    found = power.duration_of([0.0, np.nan, np.inf], 100).enrolment
    assert found[0] == 0
    assert np.isnan(found[1])
    assert not np.isfinite(found[2])


def test_the_detectable_effect_of_a_duration_has_the_power_then():
    smallest = partial(power.proportions_detectable, 0.1, sides=1)
    effect = power.detectable_after([3, 21], 1000, smallest, shares=[2, 1, 1], factor=0.8, window=7)
    assert np.isnan(effect[0])
    n = 14_000 / 0.8
    reached = power.proportions_power(0.1, 0.1 + effect[1], n / 2, n / 4, sides=1)
    assert reached == pytest.approx(0.8, rel=1e-9)


def test_bad_arguments_are_named():
    for traffic in (0, [1, 2], [-1] * 7, [np.nan] * 7):
        with pytest.raises(ArgumentError, match="`traffic` must be"):
            power.duration_of(10, traffic)
    with pytest.raises(ArgumentError, match="`share` must be at most 1, got 1.5"):
        power.units_after(10, 100, share=1.5)
