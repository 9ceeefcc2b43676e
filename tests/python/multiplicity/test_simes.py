import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from experimentos.multiplicity import hommel


def alone(p, **options):
    p = np.asarray(p, dtype=float)
    return hommel(p, np.zeros(p.size, dtype=int), level=0.05, **options)


def by_all_sizes(p):
    """The closure of Simes' tests through the subsets of the largest p-values of each size."""
    p, m = np.asarray(p, dtype=float), len(p)
    increasing = np.sort(p)
    hardest = [
        min(1.0, (j * increasing[m - j :] / np.arange(1, j + 1)).min()) for j in range(1, m + 1)
    ]
    hardest = np.append(np.maximum.accumulate(hardest[::-1])[::-1], 0.0)
    return np.array(
        [min(max(j * one, hardest[j]) for j in range(m + 1)) for one in np.minimum(p, 1)]
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 33, 64, 100])
def test_the_shortcut_equals_all_sizes_one_by_one(size):
    rng = np.random.default_rng(size)
    for p in (rng.beta(0.3, 1, size), np.round(rng.random(size), 1), np.sort(rng.random(size)) / 9):
        np.testing.assert_allclose(alone(p).p_value, by_all_sizes(p), rtol=1e-14)


def test_statsmodels_gives_the_same():
    p = np.random.default_rng(1).beta(0.3, 1, 60)
    rejected, adjusted, _, _ = multipletests(p, 0.05, method="hommel")
    found = alone(p)
    np.testing.assert_allclose(found.p_value, adjusted, rtol=1e-12)
    np.testing.assert_array_equal(found.rejected, rejected)


def test_all_hypotheses_of_a_family_have_one_level():
    # Two at most are left at 0.05: the largest two, or three, of the four can not be rejected.
    found = alone([0.001, 0.012, 0.2, 0.9])
    np.testing.assert_allclose(found.level, 0.05 / 2)
    np.testing.assert_array_equal(found.rejected, [True, True, False, False])
    np.testing.assert_array_equal(alone([0.01, 0.02, 0.05]).level, [0.05] * 3)


def test_families_of_very_different_sizes_do_not_disturb_each_other():
    rng = np.random.default_rng(2)
    sizes = [1, 2, 3, 90, 100, 110, 5]
    family = rng.permutation(np.repeat(np.arange(7), sizes))
    p = rng.beta(0.2, 1, family.size)
    together = hommel(p, family, level=0.05)
    for one in range(7):
        np.testing.assert_array_equal(
            together.p_value[family == one], alone(p[family == one]).p_value
        )


def test_a_family_of_a_hundred_thousand_is_no_trouble():
    p = np.sort(np.random.default_rng(3).beta(0.5, 1, 100_000))
    adjusted = alone(p).p_value
    assert (np.diff(adjusted) >= 0).all()
    assert (adjusted >= p).all()
