import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from experimentos.errors import ArgumentError
from experimentos.multiplicity import fixed_sequence, holm, weighted_holm


def alone(correction, p, **options):
    p = np.asarray(p, dtype=float)
    return correction(p, np.zeros(p.size, dtype=int), level=0.05, **options)


def test_a_published_example_of_holm():
    # R, p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"): 0.05 0.08 0.09 0.09 0.09
    found = alone(holm, [0.01, 0.02, 0.03, 0.04, 0.05])
    np.testing.assert_allclose(found.p_value, [0.05, 0.08, 0.09, 0.09, 0.09])


def test_statsmodels_gives_the_same():
    p = np.random.default_rng(1).beta(0.3, 1, 60)
    rejected, adjusted, _, _ = multipletests(p, 0.05, method="holm")
    found = alone(holm, p)
    np.testing.assert_allclose(found.p_value, adjusted, rtol=1e-12)
    np.testing.assert_array_equal(found.rejected, rejected)


def test_the_level_is_that_of_the_step():
    found = alone(holm, [0.001, 0.3, 0.012, 0.2])
    np.testing.assert_allclose(found.level, [0.05 / 4, 0.05 / 2, 0.05 / 3, 0.05 / 2])
    equal = alone(holm, [0.001, 0.001, 0.9])  # the first of two equal ones was tested first
    np.testing.assert_allclose(equal.level, [0.05 / 3, 0.05 / 2, 0.05])


def test_equal_weights_are_holms():
    p = np.random.default_rng(2).beta(0.3, 1, 20)
    weighted, plain = alone(weighted_holm, p, weights=0.05), alone(holm, p)
    np.testing.assert_allclose(weighted.p_value, plain.p_value, rtol=1e-12)
    np.testing.assert_allclose(weighted.level, plain.level, rtol=1e-12)


def test_weight_that_is_left_belongs_to_hypotheses_without_a_row():
    p = np.array([0.001, 0.02, 0.04])
    short = alone(weighted_holm, p, weights=np.array([0.4, 0.2, 0.1]))
    whole = alone(weighted_holm, [*p, 1.0], weights=np.array([0.4, 0.2, 0.1, 0.3]))
    np.testing.assert_allclose(short.p_value, whole.p_value[:3], rtol=1e-14)
    np.testing.assert_allclose(short.level, whole.level[:3], rtol=1e-14)


def test_a_hypothesis_without_weight_is_never_tested():
    found = alone(weighted_holm, [0.0, 0.001, 0.9], weights=np.array([0.0, 0.5, 0.5]))
    np.testing.assert_array_equal(found.p_value, [1.0, 0.002, 0.9])
    np.testing.assert_array_equal(found.rejected, [False, True, False])
    np.testing.assert_array_equal(found.level, [np.nan, 0.025, 0.05])


def test_a_tiny_weight_keeps_its_digits():
    weights = np.array([1 - 1e-12, 1e-12])
    found = alone(weighted_holm, [1e-20, 0.03], weights=weights)
    np.testing.assert_allclose(found.p_value, [1e-20, 0.03], rtol=1e-3)
    np.testing.assert_array_equal(found.rejected, [True, True])


def test_a_sequence_stops_at_the_first_that_is_retained():
    found = alone(fixed_sequence, [0.01, 0.04, 0.2, 0.0001])
    np.testing.assert_array_equal(found.p_value, [0.01, 0.04, 0.2, 0.2])
    np.testing.assert_array_equal(found.rejected, [True, True, False, False])
    np.testing.assert_array_equal(found.level, [0.05, 0.05, 0.05, np.nan])


def test_a_missing_p_value_stops_the_sequence():
    found = alone(fixed_sequence, [0.01, np.nan, 0.001])
    np.testing.assert_array_equal(found.p_value, [0.01, np.nan, 1.0])
    np.testing.assert_array_equal(found.rejected, [True, False, False])


def test_positions_put_the_sequence_in_order():
    p = np.array([0.2, 0.04, 0.0001, 0.01])
    found = alone(fixed_sequence, p, position=np.array([3, 2, 4, 1]))
    np.testing.assert_array_equal(found.p_value, [0.2, 0.04, 0.2, 0.01])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"position": np.array([1.0, 1.0])}, "`position` must be different .* got 1.0 twice"),
        ({"position": np.array([1.0, np.nan])}, "`position` must be finite, got nan"),
        ({"position": np.arange(3)}, r"`position` must be one number or of shape \(2,\)"),
    ],
)
def test_wrong_positions_are_typed_errors(options, message):
    with pytest.raises(ArgumentError, match=message):
        alone(fixed_sequence, [0.1, 0.2], **options)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.6, 0.5], "`weights` must sum to at most 1 in a family, got 1.1"),
        ([0.6, -0.5], "`weights` must be 0 or more, got -0.5"),
        ([0.6, np.nan], "`weights` must be 0 or more, got nan"),
    ],
)
def test_wrong_weights_are_typed_errors(weights, message):
    with pytest.raises(ArgumentError, match=message):
        alone(weighted_holm, [0.1, 0.2], weights=np.array(weights))
