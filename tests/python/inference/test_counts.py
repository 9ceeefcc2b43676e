import numpy as np
import pytest

from experimentos.errors import MomentsError
from experimentos.inference.counts import compare_arms, from_counts
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
