import numpy as np
import pytest
from scipy import stats

from experimentos import power
from experimentos.errors import ArgumentError
from experimentos.sequential.group import group_sequential


def test_an_always_valid_test_has_its_power_at_the_units_solved():
    planned = np.array([500.0, 2000.0, 80_000.0])
    for side in ("two-sided", "greater"):
        n = power.always_valid_units(1000, planned, power=0.9, side=side)
        np.testing.assert_allclose(
            power.always_valid_power(n, 1000, planned, power=0.9, side=side), 0.9, rtol=1e-10
        )


def test_tuned_for_its_own_end_the_units_are_fewest():
    factor = power.always_valid_factor()
    assert power.always_valid_units(1000, 1000 * factor) == pytest.approx(1000 * factor)
    others = power.always_valid_units(1000, 1000 * factor * np.array([0.3, 0.8, 1.3, 4]))
    assert (others > 1000 * factor).all()


def test_counting_more_looks_needs_fewer_units():
    end = power.always_valid_factor()
    one = power.always_valid_looks_factor([1.0])
    many = power.always_valid_looks_factor(np.arange(1, 21) / 20)
    assert one == pytest.approx(end, rel=1e-6)
    assert many < power.always_valid_looks_factor([0.5, 1.0]) < one


def test_one_look_costs_nothing():
    assert power.group_factor(group_sequential([1.0])) == pytest.approx(1.0, rel=1e-7)


def test_optimal_shares_minimise_the_variance():
    def variance(control, arms):
        return 1 / control + arms / (1 - control)

    for arms in (1, 2, 3, 9):
        best = power.optimal_shares(arms)[0]
        assert all(variance(best, arms) < variance(best + d, arms) for d in (-0.01, 0.01))


def test_dunnett_lies_between_no_correction_and_bonferroni():
    shares = [1, 1, 2, 0.5]
    for sides in (1, 2):
        level = power.arm_level(shares, alpha=0.05, sides=sides, correction="dunnett")
        assert 0.05 / 3 < level < 0.05
    assert power.arm_level([1, 1]) == 0.05
    assert power.arm_level([1, 1], correction="dunnett") == pytest.approx(0.05, rel=1e-9)


def test_power_of_arms_by_simulation():
    rng = np.random.default_rng(4)
    control, treatments = rng.standard_normal((50_000, 1)), rng.standard_normal((50_000, 3))
    n = np.array([2.0, 1.0, 0.5, 1.0])
    statistic = (treatments / np.sqrt(n[1:]) - control / np.sqrt(n[0])) / np.sqrt(
        1 / n[1:] + 1 / n[0]
    )
    drift = np.array([2.0, 1.0, 0.0])
    found = statistic + drift > stats.norm.isf(0.01)
    for every, rate in ((False, found.any(axis=1)), (True, found.all(axis=1))):
        expected = power.any_arm_power(drift, n, level=0.01, every=every)
        assert abs(rate.mean() - expected) < 4 * rate.std() / np.sqrt(50_000) + 1e-4


def test_quantiles_are_planned_from_their_standard_error():
    sd = power.quantile_sd(0.02, 10_000)
    needed = power.means_units(0.05, sd_control=sd, power=0.9)
    z = stats.norm.isf(0.025) + stats.norm.isf(0.1)
    assert needed.control == pytest.approx(2 * (z * 0.02 / 0.05) ** 2 * 10_000, rel=1e-3)


def test_factors_multiply_units():
    units = power.means_units([0.1, 0.2]).times(power.cuped_factor(0.5))
    np.testing.assert_allclose(units.control, 0.75 * power.means_units([0.1, 0.2]).control)


def test_undefined_ratios_are_nan():
    options = {"var_numerator": 1.0, "var_denominator": 1.0, "covariance": [0.0, 5.0]}
    assert np.isnan(power.ratio_sd(1.0, 0.0, **options)).all()
    assert np.isnan(power.ratio_sd(1.0, 1.0, **options)[1])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power.cuped_factor(1.1), "`correlation` must be from -1 to 1, got 1.1"),
        (lambda: power.stratification_factor(-0.1), "`explained` must be from 0 to 1"),
        (lambda: power.cluster_factor(0, 0.1), "`size` must be positive"),
        (lambda: power.optimal_shares(0), "`arms` must be at least 1, got 0"),
        (lambda: power.arm_level([1.0]), "`shares` must be positive numbers"),
        (lambda: power.arm_level([1, 1], correction="no"), "`correction` must be one of"),
        (lambda: power.dunnett_critical([1, 1], sides=0), "`sides` must be 1 or 2"),
        (lambda: power.dunnett_critical([1, 1], sides=1, alpha=0.9), "`alpha` must be below"),
        (lambda: power.always_valid_factor(side="up"), "`side` must be one of"),
        (lambda: power.quantile_sd(0.1, 0), "`n` must be positive"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ArgumentError, match=said):
        call()
