import numpy as np
import pytest
from scipy.special import ndtr

from experimentos.errors import ArgumentError
from experimentos.program import false_launches, null_share

# Benjamini and Hochberg (1995), section 4.1. Four of fifteen are above 0.5.
THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
    0.6528, 0.7590, 1.0000,
]  # fmt: skip


def test_the_share_is_what_the_formula_says_by_hand():
    assert null_share(THROMBOLYSIS, np.zeros(15, dtype=int))[0] == pytest.approx(5 / 7.5)
    # One of fifteen is above 0.8.
    found = null_share(THROMBOLYSIS, np.zeros(15, dtype=int), threshold=0.8)
    assert found[0] == pytest.approx(2 / 3)
    assert null_share([0.9, 0.9], [0, 0])[0] == 1


def test_what_is_missing_is_left_out():
    p = [*THROMBOLYSIS, np.nan, np.nan]
    found = null_share(p, np.array([0] * 16 + [1]))
    assert found[0] == pytest.approx(5 / 7.5)
    assert np.isnan(found[1])


def test_the_estimate_errs_upwards_and_by_little():
    """80 of 100 hypotheses are true, the others give p-values of a z of 3."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=(2_000, 100))
    z[:, :20] += 3
    p = ndtr(-z)
    family = np.repeat(np.arange(2_000), 100)
    found = null_share(p.ravel(), family)
    assert 0.80 < found.mean() < 0.84


def test_the_rate_is_not_below_the_truth_on_average():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(2_000, 100))
    z[:, :20] += 3
    p = ndtr(-z)
    launched = p <= 0.025
    true = launched[:, 20:].sum(axis=1) / launched.sum(axis=1)
    family = np.repeat(np.arange(2_000), 100)
    found = false_launches(p.ravel(), launched.ravel(), np.full(200_000, 0.025), family)
    assert true.mean() < found.rate.mean() < true.mean() + 0.02


def test_without_a_launch_there_is_no_rate():
    found = false_launches([0.3, 0.9], [False, False], [0.025, 0.025], [0, 0])
    assert np.isnan(found.rate[0])
    assert found.expected[0] == pytest.approx(0.05)


def test_a_launch_without_a_p_value_is_not_counted():
    found = false_launches([np.nan, 0.001], [True, True], [0.025, 0.025], [0, 0])
    assert found.launched[0] == 1


def test_the_rate_is_at_most_one():
    found = false_launches([0.9] * 99 + [0.01], [False] * 99 + [True], [0.025] * 100, [0] * 100)
    assert found.rate[0] == 1


def test_bad_p_values_are_named():
    with pytest.raises(ArgumentError, match="`p` must be from 0 to 1"):
        null_share([1.5], [0])
