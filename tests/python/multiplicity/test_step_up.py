import numpy as np
from statsmodels.stats.multitest import multipletests

from experimentos.multiplicity import hochberg


def test_statsmodels_gives_the_same():
    p = np.random.default_rng(1).beta(0.3, 1, 60)
    rejected, adjusted, _, _ = multipletests(p, 0.05, method="simes-hochberg")
    found = hochberg(p, np.zeros(60, dtype=int), level=0.05)
    np.testing.assert_allclose(found.p_value, adjusted, rtol=1e-12)
    np.testing.assert_array_equal(found.rejected, rejected)


def test_the_level_is_one_where_rejected_and_one_where_retained():
    p = np.array([0.001, 0.3, 0.02, 0.024, 0.9])
    found = hochberg(p, np.zeros(5, dtype=int), level=0.05)
    np.testing.assert_array_equal(found.rejected, [True, False, False, False, False])
    np.testing.assert_allclose(found.level, [0.05 / 5, *[0.05 / 4] * 4])
    whole = hochberg(p / 20, np.zeros(5, dtype=int), level=0.05)
    np.testing.assert_allclose(whole.level, 0.05)  # all are rejected by the largest
