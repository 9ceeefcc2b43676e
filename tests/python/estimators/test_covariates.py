import numpy as np
import pytest
from reference.builders import joint_moments

from experimentos import estimators
from experimentos.errors import ArgumentError, MomentsError
from experimentos.estimators import CrossMoments


def test_moments_of_units_are_those_of_numpy():
    rng = np.random.default_rng(1)
    values = rng.gamma(2, 1, (300, 4)) @ rng.normal(size=(4, 4)) + 1e6
    arm = rng.integers(0, 3, 300)
    found = CrossMoments.of_values(values, arm)
    for i in range(3):
        own = values[arm == i]
        np.testing.assert_array_equal(found.n[i], len(own))
        np.testing.assert_allclose(found.mean[i], own.mean(axis=0), rtol=1e-14)
        np.testing.assert_allclose(found.c2[i], np.cov(own.T) * (len(own) - 1), rtol=1e-9)


def test_a_spread_of_one_at_1e15_is_kept_and_equal_values_have_none():
    values = np.column_stack([np.tile([1e15 - 1, 1e15 + 1], 500), np.full(1000, 0.1)])
    found = CrossMoments.of_values(values, np.zeros(1000, int))
    np.testing.assert_array_equal(found.c2, [[[1000, 0], [0, 0]]])


def test_a_missing_value_makes_its_variable_undefined_in_its_arm_only():
    values = np.arange(12.0).reshape(6, 2)
    values[1, 1] = np.nan
    found = CrossMoments.of_values(values, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(np.isnan(found.c2[0]), [[False, True], [True, True]])
    assert np.isfinite(found.c2[1]).all()
    assert np.isfinite(found.mean[1]).all()


def test_an_arm_without_units_is_undefined():
    found = CrossMoments.of_values(np.ones((3, 2)), [0, 2, 2])
    np.testing.assert_array_equal(found.n, [1, 0, 2])
    assert np.isnan(found.mean[1]).all()
    assert np.isnan(found.c2[1]).all()


def test_ratios_are_linearised_as_their_units_are():
    rng = np.random.default_rng(2)
    values = rng.gamma(3, 1, (500, 5))
    values[:, 0] += values[:, 1]
    arm = np.repeat([0, 1], [200, 300])
    found = estimators.as_ratios(CrossMoments.of_values(values, arm), [(0, 1), (2, 3), (4, None)])
    for i in range(2):
        own = values[arm == i]
        linear = [
            own[:, x].mean() / own[:, y].mean()
            + (own[:, x] - own[:, x].mean() / own[:, y].mean() * own[:, y]) / own[:, y].mean()
            for x, y in ((0, 1), (2, 3))
        ]
        wanted = CrossMoments.of_values(
            np.column_stack([*linear, own[:, 4]]), np.zeros(len(own), int)
        )
        np.testing.assert_allclose(found.mean[i], wanted.mean[0], rtol=1e-13)
        np.testing.assert_allclose(found.c2[i], wanted.c2[0], rtol=1e-10)
        np.testing.assert_allclose(found.size[i], [own[:, 1].mean(), own[:, 3].mean(), 1])


def test_ratios_of_joint_moments_are_the_same_linearisation():
    rng = np.random.default_rng(3)
    names = ("num", "den", "num_cov", "den_cov")
    arms = [dict(zip(names, rng.gamma(3, 1, (4, size)), strict=True)) for size in (50, 60)]
    values = np.concatenate([np.column_stack(list(arm.values())) for arm in arms])
    every = CrossMoments.of_values(values, np.repeat([0, 1], [50, 60]))
    wanted = estimators.as_ratios(every, [(0, 1), (2, 3)])
    found = CrossMoments.of_joint(joint_moments(arms))
    for name in ("n", "mean", "c2", "size"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-10)


def test_a_ratio_that_is_the_same_in_every_unit_has_no_spread():
    den = np.arange(1.0, 101.0)
    values = np.column_stack([0.3 * den, den, np.sin(den)])
    found = estimators.as_ratios(
        CrossMoments.of_values(values, np.zeros(100, int)), [(0, 1), (2, None)]
    )
    np.testing.assert_array_equal(found.c2[0, 0], [0, 0])
    assert found.c2[0, 1, 1] > 0


def test_a_denominator_of_0_makes_the_ratio_undefined():
    one = CrossMoments([3.0], [[1.0, 0.0, 2.0]], np.eye(3)[None])
    found = estimators.as_ratios(one, [(0, 1), (2, None)])
    np.testing.assert_array_equal(np.isnan(found.mean), [[True, False]])


def test_rows_can_be_chosen_joined_and_replaced():
    rng = np.random.default_rng(4)
    one = CrossMoments.of_values(rng.normal(size=(60, 3)), np.repeat([0, 1, 2], 20))
    again = one.take(np.array([0])).append(one.take(np.array([1, 2])))
    np.testing.assert_array_equal(again.c2, one.c2)
    swapped = one.replace(np.array([True, False, False]), one.take(np.array([2, 1, 0])))
    np.testing.assert_array_equal(swapped.mean, one.mean[[2, 1, 2]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": [1.0, 2.0]}, "shapes must be"),
        ({"mean": [1.0, 2.0]}, "shapes must be"),
        ({"c2": [[1.0, 0.0]]}, "shapes must be"),
        ({"size": [[1.0]]}, "shapes must be"),
        ({"n": [-1.0]}, "`n` must not be negative, got .*-1.0"),
        ({"c2": [[[1.0, 0.0], [0.0, -2.0]]]}, "`c2` must not be negative, got .*-2.0"),
        ({"c2": [[[1.0, 0.5], [0.0, 2.0]]]}, r"`c2` must be symmetric, got \(0.0, 0.5\)"),
    ],
)
def test_moments_that_no_data_have_are_refused(given, message):
    right = {"n": [3.0], "mean": [[1.0, 2.0]], "c2": [[[1.0, 0.5], [0.5, 2.0]]]}
    CrossMoments(**right)
    with pytest.raises(MomentsError, match=message):
        CrossMoments(**(right | given))


def test_wrong_arguments_are_named():
    one = CrossMoments([3.0], [[1.0, 2.0]], np.eye(2)[None])
    with pytest.raises(ArgumentError, match="`pairs` must be positions of 2 variables"):
        estimators.as_ratios(one, [(0, 2)])
    with pytest.raises(ArgumentError, match="`pairs` must hold at least one pair"):
        estimators.as_ratios(one, [])
    with pytest.raises(ArgumentError, match="`values` must be of shape"):
        CrossMoments.of_values([1.0, 2.0], [0, 0])
    with pytest.raises(ArgumentError, match="`group` must be"):
        CrossMoments.of_values([[1.0], [2.0]], [0])
