import numpy as np
import pytest
from reference.builders import EXPERIMENTS, joint_moments, moments

from experimentos.errors import MomentsError
from experimentos.moments import JointMoments, Moments, from_sums, merge, merge_joint


def test_units_that_can_be_added_in_the_head():
    one = moments([1, 3, 5])  # mean 3, squared deviations 4 + 0 + 4
    np.testing.assert_array_equal([one.n, one.mean, one.m2, one.variance], [[3], [3], [8], [4]])


def test_merging_equals_pooling_the_units():
    rng = np.random.default_rng(1)
    units = rng.normal(1e8, 1, 1000)
    both = merge(moments(units[:300]), moments(units[300:]))
    np.testing.assert_allclose(both.m2, moments(units).m2, rtol=1e-7)
    np.testing.assert_allclose(both.mean, units.mean(), rtol=1e-15)


def test_merging_with_an_empty_sample_changes_nothing():
    empty, one = Moments([0.0], [np.nan], [np.nan]), moments([1, 3, 5])
    for both in (merge(empty, one), merge(one, empty)):
        np.testing.assert_array_equal([both.n, both.mean, both.m2], [[3], [3], [8]])
    assert np.isnan(merge(empty, empty).mean).all()


def test_merging_joint_moments_equals_pooling_the_units():
    rng = np.random.default_rng(2)
    data = {k: rng.normal(i, 1 + i, 50) for i, k in enumerate(("num", "den", "num_cov", "den_cov"))}
    data["num"] = data["num"] + data["den"] + data["num_cov"]
    parts = [{k: v[s] for k, v in data.items()} for s in (slice(0, 20), slice(20, 50))]
    both, whole = merge_joint(*(joint_moments([p]) for p in parts)), joint_moments([data])
    for name in vars(whole):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("name", ["cookie_cats_rounds", "fast_food_2v1"])
def test_sums_of_real_experiments_give_their_standard_deviations(name):
    for arm in ("control", "treatment"):
        given = EXPERIMENTS["means"][name][arm]
        found = from_sums([given["n"]], [given["sum"]], [given["sum_sq"]])
        np.testing.assert_allclose(np.sqrt(found.variance), given["sd"], rtol=1e-9)


def test_sums_that_have_lost_the_variance_are_nan():
    # A million epoch-millisecond values: the spread is below the rounding of the sum of squares.
    rng = np.random.default_rng(3)
    units = 1.7e12 + rng.uniform(0, 1000, 1_000_000)
    lost = from_sums([units.size], [units.sum()], [(units**2).sum()])
    assert np.isnan(lost.m2).all()
    assert np.isfinite(lost.mean).all()


def test_whole_numbers_may_have_exactly_no_spread():
    kept = from_sums([4.0, 4.0], [8.0, 0.0], [16.0, 0.0])
    np.testing.assert_array_equal(kept.m2, [0, 0])


def test_sums_no_data_could_have_are_refused():
    with pytest.raises(MomentsError, match="`total_sq` must be at least total\\^2 / n"):
        from_sums([10.0], [100.0], [500.0])


def test_negative_counts_are_refused():
    with pytest.raises(MomentsError, match="`n` must not be negative, got .*-1.0"):
        Moments([-1.0], [0.0], [0.0])
    with pytest.raises(MomentsError, match="`m2` must not be negative"):
        Moments([1.0], [0.0], [-1.0])
    with pytest.raises(MomentsError, match="`m2_num` must not be negative"):
        JointMoments.of_mean([2.0], [0.0], [-1.0])


def test_different_shapes_are_refused():
    with pytest.raises(MomentsError, match="fields must have one shape, got"):
        Moments([1.0, 2.0], [0.0], [0.0])


def test_fewer_than_two_units_have_no_variance():
    few = Moments([0.0, 1.0, 2.0], [np.nan, 3.0, 3.0], [np.nan, 0.0, 2.0])
    np.testing.assert_array_equal(few.variance, [np.nan, np.nan, 2])
