import numpy as np
import pytest
from scipy.special import lambertw

from experimentos.errors import ArgumentError
from experimentos.sequential import always_valid, tuning
from experimentos.sequential.normal_mixture import critical_value

ALPHAS = [0.9, 0.2, 0.05, 0.005, 1e-6]


def test_two_sided_tuning_is_lamberts_lower_branch():
    alpha = np.array(ALPHAS)
    expected = -lambertw(-(alpha**2) / np.e, k=-1).real - 1
    np.testing.assert_allclose(tuning.mixture_information(alpha), expected, rtol=1e-12)


def test_at_the_tightest_point_the_squared_boundary_is_one_more_than_the_information():
    alpha = np.array([*ALPHAS, 1e-100, 1e-300])
    r = tuning.mixture_information(alpha)
    np.testing.assert_allclose(critical_value(r, alpha=alpha) ** 2, 1 + r, rtol=1e-13)


@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_any_other_information_gives_a_wider_interval(alpha, side):
    r = tuning.mixture_information(alpha, side=side)
    others = r * np.array([0.25, 0.8, 0.99, 1.01, 1.25, 4.0])
    least = critical_value(np.array([r]), alpha=alpha, side=side)
    assert (critical_value(others, alpha=alpha, side=side) > least).all()


def test_one_sided_tuning_agrees_with_the_grid_of_the_deciding_test():
    alpha = np.array(ALPHAS[1:])
    np.testing.assert_allclose(
        tuning.mixture_information(alpha, side="greater"),
        always_valid.tightest_information(alpha), rtol=1e-6,
    )  # fmt: skip


def test_a_sequence_is_tightest_at_the_planned_size():
    n = np.geomspace(100, 1e6, 201)
    for planned in (1000.0, 50_000.0):
        width = np.stack(
            [
                # The mixture planned for other sizes, looked at when `planned` units are in.
                critical_value(tuning.information(np.array([planned]), np.array([planned]),
                                                  planned_n=other))
                for other in n
            ]
        )  # fmt: skip
        np.testing.assert_allclose(n[width[:, 0].argmin()], planned, rtol=0.05)


def test_information_grows_with_effective_units_and_is_the_tuned_one_at_the_plan():
    planned = np.array([5000.0])
    np.testing.assert_allclose(
        tuning.information(planned, planned), tuning.mixture_information(0.05)
    )
    unequal = tuning.information(np.array([9000.0]), np.array([1000.0]))
    np.testing.assert_allclose(unequal, tuning.mixture_information(0.05) * 900 / 2500)


def test_mixture_variance_and_tightest_size_undo_each_other():
    n, unit_variance = np.array([200.0, 5000.0, 1e9]), np.array([2.0, 0.1, 1e30])
    for side in ("two-sided", "less"):
        tau = tuning.mixture_variance(np.sqrt(unit_variance / n), alpha=0.01, side=side)
        found = tuning.tightest_n(tau, unit_variance, alpha=0.01, side=side)
        np.testing.assert_allclose(found, n, rtol=1e-13)


def test_width_is_least_near_the_plan_and_above_that_of_one_look():
    width = tuning.relative_width(np.geomspace(50, 1e8, 100), planned_n=5000)
    assert (width > 1.5).all()
    assert width[[0, -1]].min() > 1.9


def test_one_call_equals_many():
    alpha = np.random.default_rng(2).uniform(1e-4, 0.5, 20)
    for side in ("two-sided", "greater"):
        together = tuning.mixture_information(alpha, side=side)
        alone = [tuning.mixture_information(one, side=side) for one in alpha]
        np.testing.assert_array_equal(together, alone)


def test_wrong_options_are_refused():
    with pytest.raises(ArgumentError, match="`alpha`"):
        tuning.mixture_information(1.0)
    with pytest.raises(ArgumentError, match="`planned_n` must be positive"):
        tuning.information(np.ones(1), np.ones(1), planned_n=0)
    with pytest.raises(ArgumentError, match="`std_error`"):
        tuning.mixture_variance([-1.0])
    with pytest.raises(ArgumentError, match="`mixture_variance`"):
        tuning.tightest_n(0, 1)
    with pytest.raises(ArgumentError, match="`n` must be positive"):
        tuning.relative_width([np.nan])
    with pytest.raises(ArgumentError, match="`side`"):
        tuning.relative_width([10], side="both")
