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
from validation.entries import stored

from experimentos.inference.miettinen_nurminen import METHOD, miettinen_nurminen
from experimentos.inference.score import score

R = stored("proportions")["cases"]


@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_limits_exclude_a_boundary_exactly_when_its_test_rejects(tail):
    counts = random_counts(5000)
    for shift in (0.0, -0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, shift=shift)
    for lift in (-0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, lift=lift)


def test_one_call_equals_many():
    assert_one_call_equals_many(miettinen_nurminen, random_counts(40))


@pytest.mark.parametrize("case", [case for case in R if "billion" not in case])
def test_agrees_with_brute_force_in_r(case):
    x_t, n_t, x_c, n_c = R[case]["counts"]
    effect = miettinen_nurminen(*arms(x_c, n_c, x_t, n_t))
    limits = [effect.lower[0], effect.upper[0]]
    np.testing.assert_allclose(limits, R[case]["miettinen_nurminen"], rtol=1e-9, atol=1e-13)
    limits = [1 + effect.lift_lower[0], 1 + effect.lift_upper[0]]
    np.testing.assert_allclose(limits, R[case]["miettinen_nurminen_ratio"], rtol=1e-9)


def test_ratio_limits_are_those_of_statsmodels():
    for x_t, n_t, x_c, n_c in [(8279, 45489, 8502, 44700), (48, 80, 56, 70), (1, 34, 7, 34)]:
        effect = miettinen_nurminen(*arms(x_c, n_c, x_t, n_t))
        theirs = confint_proportions_2indep(
            x_t, n_t, x_c, n_c, compare="ratio", method="score", correction=True
        )
        ours = [1 + effect.lift_lower[0], 1 + effect.lift_upper[0]]
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_no_difference_is_the_pooled_test_with_the_factor():
    x_c, n_c, x_t, n_t = random_counts(500, seed=2)
    plain, ours = score(*arms(x_c, n_c, x_t, n_t)), miettinen_nurminen(*arms(x_c, n_c, x_t, n_t))
    units = n_c + n_t
    z = stats.norm.isf(plain.p_value / 2) * np.sqrt((units - 1) / units)
    np.testing.assert_allclose(ours.p_value, 2 * stats.norm.sf(z), rtol=1e-9, atol=1e-300)
    # Always the wider of the two.
    defined = ~np.isnan(ours.lower)
    assert (ours.lower <= plain.lower + 1e-15)[defined].all()
    assert (ours.upper >= plain.upper - 1e-15)[defined].all()


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(miettinen_nurminen)
    assert_bad_input_is_refused(miettinen_nurminen)
    assert_extremes_are_sound(miettinen_nurminen)
