import numpy as np
import pytest

from experimentos.errors import MomentsError
from experimentos.inference.counts import (
    are_counts,
    are_plainly_counts,
    compare_arms,
    from_counts,
)
from experimentos.moments import Moments


def test_moments_are_those_of_zeros_and_ones():
    units = np.repeat([0.0, 1.0], [9, 3])
    found = from_counts(3, 12)
    np.testing.assert_allclose(found.mean, units.mean())
    np.testing.assert_allclose(found.m2, ((units - units.mean()) ** 2).sum())
    np.testing.assert_allclose(found.variance, units.var(ddof=1))


def test_one_number_goes_with_many():
    found = from_counts([0, 5, 10], 10)
    np.testing.assert_array_equal(found.n, [10, 10, 10])
    np.testing.assert_array_equal(found.mean, [0, 0.5, 1])


def test_nan_and_no_units_are_undefined_and_neighbours_stay():
    found = from_counts([1, np.nan, 0, 2], [4, 4, 0, np.nan])
    np.testing.assert_array_equal(np.isnan(found.mean), [False, True, True, True])
    np.testing.assert_array_equal(found.n, [4, np.nan, 0, np.nan])
    assert found.mean[0] == 0.25


@pytest.mark.parametrize(
    ("events", "units", "message"),
    [
        ([1, -2], 5, r"`events` must be whole numbers of 0 or more, got -2.0"),
        (1, -5, r"`units` must be whole numbers of 0 or more, got -5.0"),
        ([3, 7], [5, 6], r"`events` must be at most `units` \(6.0\), got 7.0"),
        (np.inf, 5, r"`events` must be whole numbers of 0 or more, got inf"),
        (1, np.inf, r"`units` must be whole numbers of 0 or more, got inf"),
        (1.5, 5, r"`events` must be whole numbers of 0 or more, got 1.5"),
        ([1, 2], [1, 2, 3], r"`events` and `units` must have one shape, got shapes \(2,\) and"),
    ],
)
def test_counts_that_cannot_be_are_refused(events, units, message):
    with pytest.raises(MomentsError, match=message):
        from_counts(events, units)


def test_rates_beyond_one_are_refused_but_rounding_is_not():
    good = Moments([3.0], [1 / 3], [2 / 3])
    rounded = Moments([3.0], [1 + 1e-15], [0.0])
    assert compare_arms(good, rounded).mean_treatment[0] > 1
    with pytest.raises(MomentsError, match="`control` must have rates between 0 and 1, got 1.5"):
        compare_arms(Moments([2.0], [1.5], [0.0]), good)
    assert np.isnan(compare_arms(good, Moments([3.0], [np.nan], [0.0])).mean_treatment[0])


def test_a_billion_units_keep_their_digits():
    found = from_counts([1, 1e9 - 1], 1e9)
    np.testing.assert_allclose(found.m2, 1 - 1e-9, rtol=1e-15)


@pytest.mark.parametrize(
    ("units", "rate", "message"),
    [
        (1.0, 0.49, "`control` must have rates of whole numbers of events, got 0.49 events"),
        (3.0, 0.5, "`control` must have rates of whole numbers of events, got 1.5 events"),
        (1e6, 0.5 + 1e-11, "whole numbers of events, got 500000.00001"),
        (10.5, 0.2, "`control` must have whole numbers of units, got 10.5"),
    ],
)
def test_means_that_no_counts_have_are_refused(units, rate, message):
    good = from_counts([1, 2], 4)
    bad = Moments([units, 4.0], [rate, 0.25], [0.0, 0.0])
    with pytest.raises(MomentsError, match=message):
        compare_arms(bad, good)
    with pytest.raises(MomentsError, match=message.replace("control", "treatment")):
        compare_arms(good, bad)


def test_rounding_of_a_rate_is_no_fraction_of_an_event():
    n = np.array([3.0, 7.0, 49.0, 1e9 + 7, 2.0**52 + 1, 1e17])
    x = np.floor(n / 3)
    for rate in (x / n, np.nextafter(x / n, 0), np.nextafter(x / n, 1)):
        arm = Moments(n, rate, 0 * n)
        np.testing.assert_array_equal(compare_arms(arm, arm).mean_control, rate)
        assert are_counts(rate * n, np.rint(rate * n), n).all()


def test_what_is_plainly_counts_is_counts():
    n, x = np.array([4.0, 4.0, 4.0]), np.array([0.0, 1.0, 4.0])
    assert are_plainly_counts(x, x, n)
    assert are_counts(x, x, n).all()
    nothing = np.empty(0)
    assert are_plainly_counts(nothing, nothing, nothing)
    for units, events in (
        (0.5, 0.0),
        (4.0, 5.0),
        (4.0, -1.0),
        (np.nan, 1.0),
        (4.0, np.nan),
        (0, 0),
    ):
        one = np.array([events]), np.array([units])
        assert not are_plainly_counts(one[0], np.rint(one[0]), one[1])
        assert not are_counts(one[0], np.rint(one[0]), one[1]).any()


def test_extreme_arms_are_compared_without_a_warning():
    n = np.array([np.inf, 1e200, np.nan, 0.0, 5.0])
    rate = np.array([0.5, 0.5, 0.5, np.nan, 1e-320])
    with np.errstate(all="raise"):
        found = compare_arms(Moments(n, rate, rate), Moments(n, rate, rate))
    np.testing.assert_array_equal(np.isnan(found.var_control), [False, False, True, True, False])
