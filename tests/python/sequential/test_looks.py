import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.sequential.looks import (
    AlwaysValid,
    anytime_p_value,
    per_comparison,
    running_minimum,
)


def test_the_smallest_so_far_waits_for_the_first_and_skips_what_is_missing():
    p_value = np.array([[np.nan, 0.4, 0.5, np.nan, 0.1], [0.2, 0.3, 0.1, 0.1, 0.6]])
    expected = np.array([[np.nan, 0.4, 0.4, 0.4, 0.1], [0.2, 0.2, 0.1, 0.1, 0.1]])
    np.testing.assert_array_equal(running_minimum(p_value), expected)


def test_so_far_intersects_intervals():
    looks = np.array([[0.0, 1.0, 2.0]])
    found = AlwaysValid(
        estimate=looks, std_error=looks, log_e_value=-looks, p_value=looks / 4,
        lower=np.array([[-3.0, -1.0, -2.0]]), upper=np.array([[3.0, np.nan, 1.0]]),
    ).so_far()  # fmt: skip
    np.testing.assert_array_equal(found.lower, [[-3, -1, -1]])
    np.testing.assert_array_equal(found.upper, [[3, 3, 1]])
    np.testing.assert_array_equal(found.log_e_value, [[0, 0, 0]])
    np.testing.assert_array_equal(found.estimate, looks)


def test_p_values_of_e_values_reach_the_smallest_numbers():
    log_e = np.array([-5.0, 0.0, np.log(20), 690.0, 1e5, np.nan])
    np.testing.assert_allclose(
        anytime_p_value(log_e), [1, 1, 0.05, np.exp(-690.0), 0, np.nan], rtol=1e-13
    )


def test_options_per_comparison_become_columns_and_misfits_are_refused():
    assert per_comparison("alpha", 0.1, (3, 3)).shape == ()
    assert per_comparison("alpha", [0.1, 0.2, 0.3], (3, 3)).shape == (3, 1)
    assert per_comparison("alpha", np.ones((3, 2)), (3, 2)).shape == (3, 2)
    with pytest.raises(ArgumentError, match=r"`null` must be one number, one per comparison or of"):
        per_comparison("null", [1, 2], (3, 4))
