import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experimentos.errors import ArgumentError
from experimentos.multiplicity import bonferroni, correction_named, holm


def random_families(size=400, families=40, seed=1):
    rng = np.random.default_rng(seed)
    return rng.beta(0.3, 1, size), rng.integers(0, families, size)


def test_a_published_example_of_holm():
    # R, p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"): 0.05 0.08 0.09 0.09 0.09
    p = np.array([0.01, 0.02, 0.03, 0.04, 0.05])
    found = holm(p, np.zeros(5, dtype=int), level=np.full(5, 0.05))
    np.testing.assert_allclose(found.p_value, [0.05, 0.08, 0.09, 0.09, 0.09])


@pytest.mark.parametrize(("correction", "name"), [(holm, "holm"), (bonferroni, "bonferroni")])
def test_statsmodels_gives_the_same_family_by_family(correction, name):
    p, family = random_families()
    found = correction(p, family, level=np.full(p.size, 0.05))
    for one in range(40):
        rows = family == one
        rejected, adjusted, _, _ = multipletests(p[rows], 0.05, method=name)
        np.testing.assert_allclose(found.p_value[rows], adjusted, rtol=1e-12)
        np.testing.assert_array_equal(found.rejected[rows], rejected)


@pytest.mark.parametrize("correction", [holm, bonferroni])
def test_p_is_at_most_its_level_exactly_where_rejected(correction):
    p, family = random_families(5000, 700, seed=2)
    found = correction(p, family, level=np.full(p.size, 0.05))
    np.testing.assert_array_equal(p <= found.level, found.rejected)
    np.testing.assert_array_equal(found.p_value <= 0.05, found.rejected)


@pytest.mark.parametrize("correction", [holm, bonferroni])
def test_missing_hypotheses_count_for_the_size(correction):
    p = np.array([0.01, np.nan, 0.02])
    family, level = np.zeros(3, dtype=int), np.full(3, 0.05)
    found = correction(p, family, level=level)
    filled = correction(np.nan_to_num(p, nan=1.0), family, level=level)
    np.testing.assert_array_equal(found.p_value[[0, 2]], filled.p_value[[0, 2]])
    assert np.isnan(found.p_value[1])
    assert not found.rejected[1]
    wide = correction(p[:1], family[:1], level=level[:1], sizes=np.array([4.0]))
    np.testing.assert_allclose(wide.p_value, 0.04)


def test_one_call_over_families_equals_one_call_each():
    p, family = random_families(200, 10, seed=3)
    together = holm(p, family, level=np.full(200, 0.05))
    for one in range(10):
        rows = family == one
        alone = holm(p[rows], np.zeros(rows.sum(), dtype=int), level=np.full(rows.sum(), 0.05))
        np.testing.assert_array_equal(alone.level, together.level[rows])


def test_tiny_p_values_keep_their_digits():
    p = np.array([1e-300, 2e-300, 0.5])
    found = holm(p, np.zeros(3, dtype=int), level=np.full(3, 0.05))
    np.testing.assert_allclose(found.p_value, [3e-300, 4e-300, 0.5], rtol=1e-14)


def test_empty_and_wrong_input():
    none = np.empty(0)
    assert holm(none, none.astype(int), level=none).p_value.size == 0
    with pytest.raises(ArgumentError, match="`sizes` must be at least the number"):
        holm(np.array([0.1, 0.2]), np.zeros(2, int), level=np.full(2, 0.05), sizes=np.ones(2))
    with pytest.raises(ArgumentError, match="must be one of \\['bonferroni', 'holm'\\], got 'by'"):
        correction_named("by")


def test_family_wise_error_rate():
    rng = np.random.default_rng(4)
    trials, size = 20_000, 5
    shared, own = rng.normal(size=(trials, 1)), rng.normal(size=(trials, size))
    p = stats.norm.sf(np.sqrt(0.5) * shared + np.sqrt(0.5) * own)
    p[:, 0] = 1e-9  # one false hypothesis: the other four are a family of true ones
    family = np.repeat(np.arange(trials), size)
    found = holm(p.ravel(), family, level=np.full(family.size, 0.05))
    errors = found.rejected.reshape(trials, size)[:, 1:].any(axis=1).sum()
    assert errors <= stats.binom.ppf(0.999, trials, 0.05)
