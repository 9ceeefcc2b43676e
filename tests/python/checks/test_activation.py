import numpy as np
import pytest
from scipy import stats

from experimentos.checks.activation import activation_rate
from experimentos.errors import ArgumentError


def test_chi_square_of_homogeneity_for_any_number_of_variants():
    units = np.array([[1000.0, 1200.0, 900.0], [500.0, 480.0, np.nan], [500.0, 480.0, 0.0]])
    activated = np.array([[300.0, 410.0, 260.0], [100.0, 120.0, np.nan], [100.0, 120.0, 0.0]])
    p_value, is_exact = activation_rate(activated, units)
    for i, kept in ((0, slice(0, 3)), (1, slice(0, 2)), (2, slice(0, 2))):
        table = [activated[i, kept], (units - activated)[i, kept]]
        np.testing.assert_allclose(p_value[i], stats.chi2_contingency(table, correction=False)[1])
    assert not is_exact.any()


def test_rare_outcomes_of_either_kind_have_the_exact_test():
    units = np.full((2, 2), 500.0)
    p_value, is_exact = activation_rate(np.array([[1.0, 7.0], [499.0, 493.0]]), units)
    np.testing.assert_allclose(p_value, stats.binomtest(1, 8).pvalue)
    assert is_exact.all()


def test_equal_rates_reject_no_more_often_than_promised():
    rng = np.random.default_rng(5)
    units = np.tile([900.0, 100.0], (20_000, 1))
    for rate in (0.3, 0.02):
        p_value, _ = activation_rate(rng.binomial([900, 100], rate, (20_000, 2)), units)
        errors = int((p_value <= 0.01).sum())
        assert stats.beta.ppf(0.001, errors, 20_000 - errors + 1) < 0.013
        # The chi-square test is not exact: 1.3 % is what 30 expected allow.


def test_what_cannot_be_tested_is_nan():
    units = np.array([[5.0, 0.0], [5.0, 6.0], [5.0, 6.0], [5.0, 6.0], [0.0, 0.0]])
    activated = np.array([[3.0, 0.0], [0.0, 0.0], [5.0, 6.0], [6.0, 2.0], [0.0, 0.0]])
    assert np.isnan(activation_rate(activated, units)[0]).all()


@pytest.mark.parametrize(
    ("activated", "units", "message"),
    [
        ([[1.0]], [[1.0, 2.0]], "must have one shape"),
        ([[-1.0, 2.0]], [[3.0, 3.0]], "`activated` must be 0 or more and finite, got -1.0"),
        ([[1.0, 2.0]], [[3.0, np.inf]], "`units` must be 0 or more and finite, got inf"),
    ],
)
def test_impossible_counts_are_refused(activated, units, message):
    with pytest.raises(ArgumentError, match=message):
        activation_rate(np.array(activated), np.array(units))
