import numpy as np

from experimentos.multiplicity import bonferroni, weighted_bonferroni


def test_intervals_are_simultaneous_all_levels_are_fixed_in_advance():
    p, family = np.array([0.001, 0.3, 0.04]), np.array([0, 0, 1])
    np.testing.assert_array_equal(bonferroni(p, family, level=0.05).level, [0.025, 0.025, 0.05])
    weights = np.array([0.8, 0.2, 0.5])
    found = weighted_bonferroni(p, family, level=0.05, weights=weights)
    np.testing.assert_allclose(found.level, [0.04, 0.01, 0.025])
    np.testing.assert_allclose(found.p_value, [0.00125, 1.0, 0.08])


def test_a_hypothesis_without_weight_is_never_tested():
    weights, none = np.array([1.0, 0.0]), np.zeros(2, dtype=int)
    found = weighted_bonferroni(np.array([0.01, 0.0]), none, level=0.05, weights=weights)
    np.testing.assert_array_equal(found.p_value, [0.01, 1.0])
    np.testing.assert_array_equal(found.level, [0.05, np.nan])
    np.testing.assert_array_equal(found.rejected, [True, False])
