import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from experimentos.checks.dirichlet_multinomial import anytime
from experimentos.checks.sample_ratio import fixed
from experimentos.checks.segments import by_segment, correct_levels
from experimentos.errors import ArgumentError


def random_levels(seed=1, levels=12):
    rng = np.random.default_rng(seed)
    shares = np.tile([0.5, 0.3, 0.2], (levels, 1))
    counts = rng.multinomial(rng.integers(5, 4000, levels), [0.51, 0.3, 0.19]).astype(float)
    counts[3] = [900, 200, 200]
    return counts, shares


def test_levels_are_corrected_as_by_statsmodels_within_each_segment():
    counts, shares = random_levels()
    segment = np.repeat([0, 1, 2], 4)
    found = by_segment(counts, shares, segment, level=0.01)
    plain, is_exact = fixed(counts, shares)
    np.testing.assert_array_equal(found.p_value, plain)
    np.testing.assert_array_equal(found.is_exact, is_exact)
    for number in range(3):
        rows = segment == number
        fails, corrected, *_ = multipletests(plain[rows], alpha=0.01, method="holm")
        np.testing.assert_allclose(found.p_value_corrected[rows], corrected, rtol=1e-12)
        np.testing.assert_array_equal(found.fails[rows], fails)
    assert found.fails[3]


def test_one_call_equals_one_for_each_segment():
    counts, shares = random_levels(2)
    segment = np.array([0, 1, 2] * 4)
    found = by_segment(counts, shares, segment)
    for number in range(3):
        rows = segment == number
        alone = by_segment(counts[rows], shares[rows], np.zeros(4, dtype=int))
        np.testing.assert_array_equal(alone.p_value_corrected, found.p_value_corrected[rows])


def test_a_level_without_units_is_nan_and_counts_for_the_size():
    counts = np.array([[0.0, 0.0], [5000.0, 5300.0], [40.0, 45.0]])
    shares = np.full((3, 2), 0.5)
    found = by_segment(counts, shares, np.zeros(3, dtype=int))
    assert np.isnan(found.p_value_corrected[0])
    assert not found.fails[0]
    np.testing.assert_allclose(found.p_value_corrected[1], 3 * found.p_value[1])


def test_anytime_p_values_are_corrected_too():
    counts = np.array([[5000.0, 5500.0], [100.0, 90.0]])
    p_value = anytime(counts, np.full((2, 2), 0.5), np.array([0, 1]))
    corrected, fails = correct_levels(p_value, np.array([0, 0]), level=0.05)
    np.testing.assert_allclose(corrected[0], 2 * p_value[0])
    np.testing.assert_array_equal(fails, [True, False])


def test_wrong_arguments_are_refused():
    counts, shares = random_levels()
    with pytest.raises(ArgumentError, match="`segment` must have one number per row"):
        by_segment(counts, shares, np.zeros(3, dtype=int))
    with pytest.raises(ArgumentError, match="`segment` must be 0 or more, got -1"):
        by_segment(counts, shares, np.full(12, -1))
    with pytest.raises(ArgumentError, match="`level` must be between 0 and 1, got 1.0"):
        by_segment(counts, shares, np.zeros(12, dtype=int), level=1.0)
    with pytest.raises(ArgumentError, match="`shares` must be positive and finite, got 0.0"):
        by_segment(counts, 0 * shares, np.zeros(12, dtype=int))
    with pytest.raises(ArgumentError, match=r"`counts` and `shares` must have one shape \(k, v\)"):
        by_segment(counts, shares[:, :2], np.zeros(12, dtype=int))
