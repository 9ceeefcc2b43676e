import numpy as np
import pytest
from scipy import stats

from experimentos import power
from experimentos.errors import ArgumentError
from experimentos.power.noncentral import upper_tail

EFFECT = np.array([0.1, 0.5, -0.3, np.nan, 0.0, 2.0])


def test_power_agrees_with_noncentral_t_of_scipy():
    n = np.array([5.0, 40.0, 1000.0])
    critical = stats.t.isf(0.025, 2 * n - 2)
    shift = 0.4 / np.sqrt(2 / n)
    expected = stats.nct.sf(critical, 2 * n - 2, shift) + stats.nct.cdf(-critical, 2 * n - 2, shift)
    np.testing.assert_allclose(power.means_power(0.4, n, n), expected, rtol=1e-12)


def test_power_at_the_units_needed_and_at_the_detectable_effect_is_the_power_wanted():
    rng = np.random.default_rng(1)
    effect, sd = rng.uniform(0.05, 3, 200), rng.uniform(0.5, 4, 200)
    wanted, alpha = rng.uniform(0.3, 0.99, 200), rng.uniform(0.001, 0.2, 200)
    for sides in (1, 2):
        options = {"sd_control": sd, "sd_treatment": 1.5, "alpha": alpha, "sides": sides}
        units = power.means_units(effect, power=wanted, ratio=0.4, **options)
        reached = power.means_power(effect, units.control, units.treatment, **options)
        solved = units.treatment > 2 + 1e-9
        assert solved.sum() > 150
        np.testing.assert_allclose(reached[solved], wanted[solved], rtol=1e-9)
        assert (reached[~solved] >= wanted[~solved]).all()
        found = power.means_detectable(30, 50, power=wanted, **options)
        np.testing.assert_allclose(power.means_power(found, 30, 50, **options), wanted, rtol=1e-9)


def test_whole_units_are_the_smallest_with_the_power():
    effect = np.linspace(0.02, 1.4, 300)
    for ratio in (1.0, 0.3, 2.5):
        needed = power.means_units(effect, ratio=ratio)
        whole = power.whole_units(needed, lambda c, t: power.means_power(effect, c, t), 0.8)
        assert (power.means_power(effect, whole.control, whole.treatment) >= 0.8).all()
        less = whole.control - 1
        fewer = power.means_power(effect, less, np.ceil(ratio * less * (1 - 1e-12)))
        assert not (fewer >= 0.8).any()


def test_one_call_equals_many():
    sd = np.array([1.0, 2.0, 3.0, 1.0, 1.0, 0.0])
    together = power.means_power(EFFECT, 50, 70, sd_control=sd)
    units = power.means_units(EFFECT, sd_control=sd)
    found = power.means_detectable(50, 70, sd_control=sd)
    for i, (effect, one) in enumerate(zip(EFFECT, sd, strict=True)):
        assert np.array_equal(
            together[i], power.means_power(effect, 50, 70, sd_control=one), equal_nan=True
        )
        alone = power.means_units(effect, sd_control=one).control
        assert np.array_equal(units.control[i], alone, equal_nan=True)
        assert np.array_equal(
            found[i], power.means_detectable(50, 70, sd_control=one), equal_nan=True
        )


def test_undefined_is_nan_and_no_effect_needs_infinitely_many():
    assert np.isnan(power.means_power(0.3, [1, 0, np.nan], 50)).all()
    assert np.isnan(power.means_power(0.3, 50, 50, sd_control=0.0))
    units = power.means_units(EFFECT, sides=1).control
    assert np.isinf(units[[2, 4]]).all()
    assert np.isnan(units[3])
    assert np.isnan(power.means_units(0.3, sd_control=0.0).control)


def test_extreme_inputs():
    assert power.means_power(1e-7, 1e9, 1e9) == pytest.approx(0.05, abs=1e-3)
    assert power.means_power(1.0, 1e9, 1e9) == 1.0
    assert power.means_units(1e-6).control == pytest.approx(1.5697758e13, rel=1e-5)
    assert power.means_units(1e6).control == 2
    assert power.means_power(1e9, 2, 2) == 1.0
    assert np.isfinite(power.means_units(0.5, alpha=1e-12, power=0.999).control)
    tiny = upper_tail(np.array([40.0]), np.array([-10.0]), np.array([10.0]))
    assert 0 <= tiny[0] < 1e-15


def test_sixteen_is_close():
    effect = np.array([0.01, 0.05, 0.2])
    exact = power.means_units(effect).control
    np.testing.assert_allclose(power.sixteen_rule(effect), exact, rtol=0.025)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power.means_power(1, 10, 10, alpha=1.5), "`alpha` must be between 0 and 1"),
        (lambda: power.means_power(1, -1, 10), "`n_control` must be 0 or more"),
        (lambda: power.means_power(1, 10, 10, sides=3), "`sides` must be 1 or 2, got 3"),
        (lambda: power.means_units(1, power=1.0), "`power` must be between 0 and 1"),
        (lambda: power.means_units(1, ratio=0.0), "`ratio` must be positive"),
        (lambda: power.means_units(1, sd_control=-1.0), "`sd_control` must be 0 or more"),
        (lambda: power.means_power([1, 2], [10, 20, 30], 5), "must broadcast together"),
        (lambda: power.Means([1, 2], [1, 2, 3]), "must broadcast together"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ArgumentError, match=said):
        call()
