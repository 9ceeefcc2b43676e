import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experimentos.multiplicity import benjamini_hochberg, benjamini_yekutieli


def test_scipy_gives_the_same_family_by_family():
    rng = np.random.default_rng(1)
    p, family = rng.beta(0.3, 1, 400), rng.integers(0, 40, 400)
    for correction, name in ((benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")):
        found = correction(p, family, level=0.05)
        for one in range(40):
            rows = family == one
            expected = stats.false_discovery_control(p[rows], method=name)
            np.testing.assert_allclose(found.p_value[rows], expected, rtol=1e-12)


def test_statsmodels_gives_the_same():
    p = np.random.default_rng(2).beta(0.3, 1, 60)
    for correction, name in ((benjamini_hochberg, "fdr_bh"), (benjamini_yekutieli, "fdr_by")):
        rejected, adjusted, _, _ = multipletests(p, 0.05, method=name)
        found = correction(p, np.zeros(60, dtype=int), level=0.05)
        np.testing.assert_allclose(found.p_value, adjusted, rtol=1e-12)
        np.testing.assert_array_equal(found.rejected, rejected)


def test_intervals_of_what_was_selected_have_the_level_of_the_false_coverage_rate():
    p = np.array([0.001, 0.3, 0.02, 0.9])
    found = benjamini_hochberg(p, np.zeros(4, dtype=int), level=0.05)
    # Benjamini and Yekutieli (2005): two of four selected, intervals at 2 x 0.05 / 4.
    np.testing.assert_allclose(found.level, [0.025, 0.0375, 0.025, 0.0375])
