import numpy as np
import pytest
from reference.rate_checks import (
    arms,
    assert_bad_input_is_refused,
    assert_dual,
    assert_extremes_are_sound,
    assert_neighbours_stay,
    assert_one_call_equals_many,
    random_counts,
)
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from experimentos.inference.agresti_caffo import METHOD, agresti_caffo
from experimentos.inference.wald import wald


@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_limits_exclude_a_boundary_exactly_when_its_test_rejects(tail):
    counts = random_counts(20_000)
    for shift in (0.0, -0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, shift=shift)
    for lift in (-0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, lift=lift)


def test_one_call_equals_many():
    assert_one_call_equals_many(agresti_caffo, random_counts(40))


def test_limits_are_those_of_statsmodels():
    counts = random_counts(100, seed=3, largest=300)
    effect = agresti_caffo(*arms(*counts))
    for i in range(100):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        theirs = confint_proportions_2indep(
            x_t, n_t, x_c, n_c, method="agresti-caffo", compare="diff"
        )
        ours = [effect.lower[i], effect.upper[i]]
        np.testing.assert_allclose(ours, np.clip(theirs, -1, 1), atol=1e-12)


def test_is_walds_with_two_more_units_an_arm():
    x_c, n_c, x_t, n_t = random_counts(500, seed=7)
    ours = agresti_caffo(*arms(x_c, n_c, x_t, n_t))
    theirs = wald(*arms(x_c + 1, n_c + 2, x_t + 1, n_t + 2))
    np.testing.assert_array_equal(ours.p_value, theirs.p_value)
    np.testing.assert_array_equal(ours.lower, theirs.lower)
    np.testing.assert_allclose(ours.estimate, x_t / n_t - x_c / n_c, atol=1e-15)


def test_arms_without_events_are_compared_but_have_no_lift():
    effect = agresti_caffo(*arms(0, 20, 0, 10))
    # Adjusted rates 1/22 and 1/12.
    z = (1 / 12 - 1 / 22) / np.sqrt(11 / 12**3 + 21 / 22**3)
    np.testing.assert_allclose(effect.p_value, 2 * stats.norm.sf(z), rtol=1e-13)
    assert effect.lower[0] < 0 < effect.upper[0]
    assert np.isnan([effect.lift, effect.lift_lower, effect.lift_upper]).all()


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(agresti_caffo)
    assert_bad_input_is_refused(agresti_caffo)
    assert_extremes_are_sound(agresti_caffo)
