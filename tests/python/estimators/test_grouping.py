import numpy as np
import pytest
from reference.builders import joint_moments, moments

from experimentos import estimators
from experimentos.errors import ArgumentError
from experimentos.estimators.grouping import centre, totals
from experimentos.moments import Moments, merge


def test_pooled_samples_have_the_moments_of_all_their_units():
    rng = np.random.default_rng(1)
    parts = [rng.gamma(2, 3, size) for size in (5, 1, 30, 12)]
    samples = [moments(part) for part in parts]
    together = samples[0]
    for sample in samples[1:]:
        together = together.append(sample)
    found = estimators.pool(together, [0, 0, 1, 0])
    for i, units in enumerate((np.concatenate([parts[0], parts[1], parts[3]]), parts[2])):
        wanted = moments(units)
        np.testing.assert_array_equal(found.n[i], wanted.n[0])
        np.testing.assert_allclose(found.mean[i], wanted.mean[0], rtol=1e-14)
        np.testing.assert_allclose(found.m2[i], wanted.m2[0], rtol=1e-12)


def test_pooling_joint_moments_pools_every_product():
    rng = np.random.default_rng(2)
    names = ("num", "den", "num_cov", "den_cov")
    parts = [dict(zip(names, rng.gamma(2, 3, (4, size)), strict=True)) for size in (20, 30)]
    found = estimators.pool(joint_moments(parts), [0, 0])
    whole = {name: np.concatenate([part[name] for part in parts]) for name in names}
    wanted = joint_moments([whole])
    for name in vars(wanted):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-12)


def test_pooling_two_samples_is_merging_them():
    first, second = Moments([3.0], [1e15], [2.0]), Moments([4.0], [1e15 + 1], [5.0])
    found, wanted = estimators.pool(first.append(second), [0, 0]), merge(first, second)
    np.testing.assert_array_equal([found.n, found.mean], [wanted.n, wanted.mean])
    np.testing.assert_allclose(found.m2, wanted.m2, rtol=1e-14)


def test_empty_samples_change_nothing_and_a_group_of_them_is_undefined():
    sample = Moments([3.0, 0.0, 0.0], [2.0, np.nan, 7.0], [5.0, np.nan, 0.0])
    found = estimators.pool(sample, [0, 0, 1])
    np.testing.assert_array_equal(found.n, [3, 0])
    np.testing.assert_array_equal(found.mean, [2, np.nan])
    np.testing.assert_array_equal(found.m2, [5, np.nan])


def test_an_undefined_sample_makes_its_group_undefined_and_no_other():
    sample = Moments([3.0, 3.0, 3.0], [2.0, np.nan, 7.0], [5.0, 1.0, 4.0])
    found = estimators.pool(sample, [0, 0, 1])
    np.testing.assert_array_equal(found.m2, [np.nan, 4.0])


def test_weighted_means_of_large_numbers_lose_nothing():
    values = np.array([1e15, 1e15 + 2, 1e15 + 4])
    mean, away = centre(np.zeros(3, int), np.array([1e9, 1e9, 2e9]), values)
    np.testing.assert_array_equal(mean, [1e15 + 2.5])
    np.testing.assert_array_equal(away, [-2.5, -0.5, 1.5])


def test_no_rows_have_no_groups():
    empty = np.empty(0, dtype=int)
    assert totals(empty, np.empty((0, 2, 2))).shape == (0, 2, 2)
    assert estimators.pool(Moments([], [], []), empty).n.size == 0


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ([0, -1], "`group` must be whole numbers from 0, got -1"),
        ([0.0, 1.0], "`group` must be whole numbers from 0, got an array of float64"),
        ([0], r"`group` must be of shape \(2,\), one code for each row, got \(1,\)"),
    ],
)
def test_wrong_codes_are_named(group, message):
    with pytest.raises(ArgumentError, match=message):
        estimators.pool(Moments([1.0, 1.0], [0.0, 0.0], [0.0, 0.0]), group)
