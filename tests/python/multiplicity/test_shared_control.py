import numpy as np
import pytest
from scipy import stats

from experimentos.multiplicity.shared_control import SharedControl
from experimentos.student import upper_quantile


def equal_arms(rows, arms, *, more=0.0, df=np.inf, two_sided=False):
    shape = (rows, arms)
    return SharedControl(
        np.full(shape, np.sqrt(0.5)), np.zeros(shape, dtype=int), np.full(rows, more),
        np.full(rows, df), two_sided,
    )  # fmt: skip


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("df", [4.0, 60.0, np.inf])
@pytest.mark.parametrize("more", [0.0, 2.0])
def test_single_and_joint_are_inverse(df, two_sided, more):
    joint = np.array([1e-200, 1e-9, 0.001, 0.025, 0.05, 0.3])
    sets = equal_arms(6, 3, df=df, two_sided=two_sided, more=more)
    single = sets.single(joint)
    np.testing.assert_allclose(sets.joint(single), joint, rtol=1e-11)
    assert (single <= joint).all()
    assert (single >= joint / (3 + more) * (1 - 1e-12)).all()


def test_several_controls_add_up():
    loading = np.full((1, 4), np.sqrt(0.5))
    apart = SharedControl(loading, np.array([[0, 0, 1, 1]]), np.zeros(1), np.full(1, np.inf), False)
    p = np.array([0.01])
    np.testing.assert_allclose(apart.joint(p), 2 * equal_arms(1, 2).joint(p), rtol=1e-14)
    own = SharedControl(loading, np.array([[0, 1, 2, 3]]), np.zeros(1), np.full(1, np.inf), False)
    np.testing.assert_array_equal(own.joint(p), [0.04])  # Bonferroni


@pytest.mark.parametrize("df", [1.0, 2.0, 3.7, 10.0, 200.0, 1e6])
def test_quantiles_of_student_reach_the_smallest_tails(df):
    tail = np.array([0.9, 0.5, 0.05, 1e-12, 1e-100])
    quantile = upper_quantile(np.full(5, df), tail)
    np.testing.assert_allclose(stats.t.sf(quantile, df), tail, rtol=1e-9)
    beyond = upper_quantile(np.full(2, df), np.array([1e-100, 1e-300]))
    assert np.isfinite(beyond).all()
    if df < 20:  # the tail is a power of the quantile there
        np.testing.assert_allclose(np.log10(beyond[1] / beyond[0]), 200 / df, rtol=1e-6)
    np.testing.assert_array_equal(
        upper_quantile(np.full(2, df), np.array([0.0, 1.0])), [np.inf, -np.inf]
    )


def test_undefined_degrees_of_freedom_are_nan():
    sets = equal_arms(2, 3, df=np.nan)
    assert np.isnan(sets.single(np.full(2, 0.05))).all()
