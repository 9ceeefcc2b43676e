import numpy as np
import pytest
from scipy import stats

from experimentos import power
from experimentos.errors import ArgumentError
from experimentos.power import Means, Rates


def test_an_absolute_margin_is_a_shifted_effect():
    expected = power.means_power(0.5, 60, 40, alpha=0.025, sides=1)
    assert power.noninferiority_power(Means(0.2), 0.3, 60, 40, alpha=0.025) == expected
    assert power.superiority_power(Means(0.8), 0.3, 60, 40, alpha=0.025) == pytest.approx(expected)


def test_decreases_mirror_increases():
    up = Means(0.2, -8.0, 1.0, 2.0)
    down = Means(-0.2, 8.0, 1.0, 2.0)
    for ask in (power.noninferiority_power, power.superiority_power):
        for relative in (False, True):
            first = ask(up, 0.02, 500, 400, is_relative=relative, goal="increase")
            second = ask(down, 0.02, 500, 400, is_relative=relative, goal="decrease")
            assert first == second


def test_a_relative_margin_has_the_variance_of_its_contrast():
    outcome = Means(0.0, 10.0, 3.0, 4.0)
    units = power.noninferiority_units(outcome, 0.02, is_relative=True, alpha=0.025, ratio=2.0)
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    expected = z**2 * (0.98**2 * 9 + 16 / 2) / 0.2**2
    assert units.control == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("outcome", [Means(0.05, 2.0, 1.0, 1.5), Rates(0.3, 0.31)])
@pytest.mark.parametrize("is_relative", [False, True])
@pytest.mark.parametrize("sides", [1, 2])
def test_margin_units_and_power_agree(outcome, is_relative, sides):
    options = {"is_relative": is_relative, "sides": sides, "alpha": 0.03}
    margin = power.noninferiority_detectable(outcome, 900, 1100, power=0.85, **options)
    reached = power.noninferiority_power(outcome, margin, 900, 1100, **options)
    assert reached == pytest.approx(0.85, rel=1e-9)
    units = power.noninferiority_units(outcome, margin, power=0.85, ratio=11 / 9, **options)
    assert units.control == pytest.approx(900, rel=1e-8)
    effect = power.superiority_detectable(outcome, 0.01, 900, 1100, power=0.85, **options)
    reached = power.superiority_power(outcome.shifted(effect), 0.01, 900, 1100, **options)
    assert reached == pytest.approx(0.85, rel=1e-9)


@pytest.mark.parametrize("outcome", [Means(0.02, 2.0, 1.0, 1.5), Rates(0.3, 0.31)])
@pytest.mark.parametrize("is_relative", [False, True])
def test_equivalence_margin_units_and_power_agree(outcome, is_relative):
    options = {"is_relative": is_relative, "alpha": 0.04}
    margin = power.equivalence_detectable(outcome, 900, 1100, power=0.85, **options)
    reached = power.equivalence_power(outcome, margin, 900, 1100, **options)
    assert reached == pytest.approx(0.85, rel=1e-9)
    units = power.equivalence_units(outcome, margin, power=0.85, ratio=11 / 9, **options)
    assert units.control == pytest.approx(900, rel=1e-8)


def test_equivalence_of_means_by_simulation_of_its_definition():
    rng = np.random.default_rng(3)
    runs, n = 100_000, 12
    difference = rng.normal(0.1, np.sqrt(2 / n), runs)
    error = np.sqrt(rng.chisquare(2 * n - 2, runs) / (2 * n - 2) * 2 / n)
    critical = stats.t.isf(0.05, 2 * n - 2)
    shown = (difference - critical * error > -1.0) & (difference + critical * error < 1.0)
    expected = power.equivalence_power(Means(0.1), 1.0, n, n)
    assert abs(shown.mean() - expected) < 4 * shown.std() / np.sqrt(runs)


def test_large_samples_join_the_normal_distribution():
    n = np.array([4.9e6, 5.1e6])  # below and above 1e7 degrees of freedom
    margin = 1.2e-3
    error = np.sqrt(2 / n)
    expected = 2 * stats.norm.cdf(margin / error - stats.norm.isf(0.05)) - 1
    np.testing.assert_allclose(
        power.equivalence_power(Means(0.0), margin, n, n), np.maximum(expected, 0), rtol=1e-6
    )


def test_one_call_equals_many_and_nan_stays_alone():
    outcome = Means([0.1, np.nan, 0.0, 0.3], 5.0, [1.0, 1.0, 0.0, 2.0])
    together = power.noninferiority_units(outcome, 0.2).control
    equal = power.equivalence_units(outcome, 0.2).control
    for i, (effect, sd) in enumerate([(0.1, 1.0), (np.nan, 1.0), (0.0, 0.0), (0.3, 2.0)]):
        alone = Means(effect, 5.0, sd)
        one = power.noninferiority_units(alone, 0.2).control
        assert np.array_equal(together[i], one, equal_nan=True)
        one = power.equivalence_units(alone, 0.2).control
        assert np.array_equal(equal[i], one, equal_nan=True)
    assert np.isnan(together[[1, 2]]).all()
    assert np.isinf(equal[3])


def test_a_relative_margin_without_a_control_mean_is_undefined():
    assert np.isnan(power.noninferiority_power(Means(0.0), 0.1, 50, 50, is_relative=True))
    assert np.isnan(power.noninferiority_units(Means(0.0), 0.1, is_relative=True).control)


def test_margins_below_zero_are_refused():
    with pytest.raises(ArgumentError, match="`margin` must be 0 or more, got -0.1"):
        power.noninferiority_power(Means(0.0), -0.1, 10, 10)
