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
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

from experimentos.inference import welch
from experimentos.inference.counts import compare_rates
from experimentos.inference.effect import evaluate
from experimentos.inference.wald import METHOD, wald

test_proportions_2indep.__test__ = False


@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_limits_exclude_a_boundary_exactly_when_its_test_rejects(tail):
    counts = random_counts(20_000)
    for shift in (0.0, -0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, shift=shift)
    for lift in (-0.2, -0.01, 0.05):
        assert_dual(METHOD, counts, tail=tail, lift=lift)


def test_one_call_equals_many():
    assert_one_call_equals_many(wald, random_counts(40))


def test_agrees_with_statsmodels():
    counts = random_counts(100, seed=3, largest=300)
    effect = wald(*arms(*counts))
    for i in np.flatnonzero(~np.isnan(effect.p_value)):
        x_c, n_c, x_t, n_t = (int(values[i]) for values in counts)
        with np.errstate(divide="ignore"):  # of its odds ratio
            theirs = test_proportions_2indep(x_t, n_t, x_c, n_c, method="wald", compare="diff")
        np.testing.assert_allclose(effect.p_value[i], theirs.pvalue, rtol=1e-9)
        limits = confint_proportions_2indep(x_t, n_t, x_c, n_c, method="wald", compare="diff")
        ours = [effect.lower[i], effect.upper[i]]
        np.testing.assert_allclose(ours, np.clip(limits, -1, 1), atol=1e-12)


def test_is_the_normal_test_with_binomial_variances():
    control, treatment = arms(*random_counts(1000, seed=5))
    ours = wald(control, treatment)
    theirs = evaluate(welch.METHOD, compare_rates(control, treatment))
    np.testing.assert_allclose(ours.p_value, theirs.p_value, rtol=1e-9)
    np.testing.assert_allclose(
        ours.lift_lower, np.maximum(theirs.lift_lower, -1), rtol=1e-7, atol=1e-12
    )


def test_without_variance_nothing_is_known():
    effect = wald(*arms([0, 10, 0], [20, 10, 20], [0, 20, 10], [10, 20, 10]))
    for name in ("p_value", "lower", "upper", "lift_lower", "lift_upper", "lift", "std_error"):
        assert np.isnan(getattr(effect, name)).all(), name
    np.testing.assert_array_equal(effect.estimate, [0, 0, 1])


def test_undefined_is_nan_and_bad_input_is_refused():
    assert_neighbours_stay(wald)
    assert_bad_input_is_refused(wald)
    assert_extremes_are_sound(wald)


def test_rare_events_and_rare_non_events_are_equally_exact():
    few, all_but_few = (
        wald(*arms(*counts)) for counts in ((100, 1e9, 160, 1e9), (1e9 - 160, 1e9, 1e9 - 100, 1e9))
    )
    z = 60 / np.sqrt(260 - (100**2 + 160**2) / 1e9)
    for effect in (few, all_but_few):
        np.testing.assert_allclose(effect.p_value, 2 * stats.norm.sf(z), rtol=1e-12)
        np.testing.assert_allclose(effect.lower, 6e-8 * (1 - 1.959963984540054 / z), rtol=1e-12)


def test_p_values_are_right_down_to_1e_300():
    x_t = 1.005e8
    effect = wald(*arms(1e8, 1e9, x_t, 1e9))
    z = 5e-4 / np.sqrt((0.1 * 0.9 + 0.1005 * 0.8995) / 1e9)
    assert 1e-305 < effect.p_value[0] < 1e-300
    np.testing.assert_allclose(np.log(effect.p_value), np.log(2) + stats.norm.logsf(z), rtol=1e-12)
