import numpy as np
import pytest
from scipy import stats

from experimentos.errors import ArgumentError
from experimentos.sequential.group import (
    beta_spending_bounds,
    conditional_power_bounds,
    exit_probabilities,
    spend,
    spending_bounds,
)

FIFTHS = np.arange(1, 6) / 5
ALPHA, BETA = spend(FIFTHS, 0.025), spend(FIFTHS, 0.2, spending="pocock")


def test_non_binding_boundaries_spend_beta_at_the_drift():
    upper, drifts = spending_bounds(FIFTHS, 0.025), np.array([1.0, 2.0, 2.8, 3.0])
    lower, same = beta_spending_bounds(BETA, FIFTHS, drifts, upper=upper)
    np.testing.assert_array_equal(same, np.tile(upper, (4, 1)))
    exits = exit_probabilities(lower, upper, FIFTHS, drifts)
    np.testing.assert_allclose(np.cumsum(exits.below, axis=1), np.tile(BETA, (4, 1)), rtol=1e-9)


def test_binding_boundaries_spend_alpha_and_beta():
    drifts = np.array([1.0, 2.0, 2.8])
    lower, upper = beta_spending_bounds(BETA, FIFTHS, drifts, alpha_levels=ALPHA)
    null = exit_probabilities(lower, upper, FIFTHS).above
    np.testing.assert_allclose(np.cumsum(null, axis=1), np.tile(ALPHA, (3, 1)), rtol=1e-9)
    below = exit_probabilities(lower, upper, FIFTHS, drifts).below
    np.testing.assert_allclose(np.cumsum(below, axis=1), np.tile(BETA, (3, 1)), rtol=1e-9)


def test_one_call_over_drifts_equals_calls_one_by_one():
    drifts = np.linspace(0.5, 5, 12)
    lower, upper = beta_spending_bounds(BETA, FIFTHS, drifts, alpha_levels=ALPHA)
    for row, drift in enumerate(drifts):
        one_lower, one_upper = beta_spending_bounds(BETA, FIFTHS, [drift], alpha_levels=ALPHA)
        np.testing.assert_array_equal(one_lower[0], lower[row])
        np.testing.assert_array_equal(one_upper[0], upper[row])


def test_a_lower_boundary_never_passes_the_upper_one_before_the_last_look():
    drifts = np.linspace(2, 12, 30)
    lower, upper = beta_spending_bounds(BETA, FIFTHS, drifts, upper=spending_bounds(FIFTHS, 0.025))
    assert (lower[:, :-1] <= upper[:, :-1]).all()
    assert (lower[1:, -1] >= lower[:-1, -1]).all()


@pytest.mark.parametrize("drift", [None, 0.0, 3.0])
def test_conditional_power_at_its_boundary_is_the_wanted_one(drift):
    t, final, wanted = np.array([0.1, 0.5, 0.9]), 1.97, 0.15
    bound = conditional_power_bounds(t, final, conditional_power=wanted, drift=drift)
    slope = bound / t**0.5 if drift is None else drift
    # What is left is a sum with mean slope * (1 - t) and variance 1 - t.
    chance = stats.norm.sf(final - bound * t**0.5 - slope * (1 - t), scale=(1 - t) ** 0.5)
    np.testing.assert_allclose(chance, wanted, rtol=1e-12)


def test_conditional_power_at_the_end_is_undefined():
    found = conditional_power_bounds([0.0, 0.5, 1.0, np.nan], 2.0, conditional_power=0.1)
    np.testing.assert_array_equal(np.isnan(found), [True, False, True, True])


def test_wrong_arguments_are_named():
    with pytest.raises(ArgumentError, match="give one of `upper` and `alpha_levels`, got None"):
        beta_spending_bounds(BETA, FIFTHS, [2.0])
    with pytest.raises(ArgumentError, match="give one of `upper` and `alpha_levels`"):
        beta_spending_bounds(BETA, FIFTHS, [2.0], upper=FIFTHS, alpha_levels=ALPHA)
    with pytest.raises(ArgumentError, match="`beta_levels` and .* must have shapes that fit"):
        beta_spending_bounds(BETA, FIFTHS[:3], [2.0], upper=FIFTHS)
    with pytest.raises(ArgumentError, match="`conditional_power` must be between 0 and 1, got 1.0"):
        conditional_power_bounds([0.5], 2.0, conditional_power=1.0)
