import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from experimentos.errors import ArgumentError
from experimentos.program import shrink, total

# Raudenbush and Bryk (1985), table 1: 19 studies of what teachers expect of their pupils.
EXPECTED = np.array([
    0.03, 0.12, -0.14, 1.18, 0.26, -0.06, -0.02, -0.32, 0.27, 0.80, 0.54, 0.18, -0.02, 0.23, -0.18,
    -0.06, 0.30, 0.07, -0.07,
])  # fmt: skip
ERROR = np.array([
    0.125, 0.147, 0.167, 0.373, 0.369, 0.103, 0.103, 0.220, 0.164, 0.251, 0.302, 0.223, 0.289,
    0.290, 0.159, 0.167, 0.139, 0.094, 0.174,
])  # fmt: skip
ONE = np.zeros(19, dtype=int)


def restricted_likelihood(variance, y, s):
    w = 1 / (s**2 + variance)
    center = (w * y).sum() / w.sum()
    return 0.5 * (np.log(w).sum() - np.log(w.sum()) - (w * (y - center) ** 2).sum())


def test_teacher_expectancy_as_published_and_by_metafor():
    # R: metafor::blup(metafor::rma(yi, vi, data = dat.raudenbush1985)), which its own tests hold
    # against pages 83 to 86 and figure 2 of the paper. The data are printed with three decimals.
    found = shrink(EXPECTED, ERROR, ONE, spread_is_known=True)
    assert round(found.prior_sd[0] ** 2, 3) == 0.019
    assert round(found.prior_mean[0], 3) == 0.084
    assert round(found.prior_mean[0] / found.prior_mean_std_error[0], 2) == 1.62
    np.testing.assert_allclose(found.mean, [
        0.054, 0.101, -0.006, 0.214, 0.105, -0.008, 0.017, -0.029, 0.16, 0.249, 0.162, 0.11, 0.065,
        0.11, -0.029, 0.026, 0.191, 0.074, 0.025,
    ], atol=6e-4)  # fmt: skip
    np.testing.assert_allclose(found.lower, [
        -0.132, -0.103, -0.223, -0.053, -0.162, -0.174, -0.148, -0.269, -0.054, 0, -0.097, -0.13,
        -0.192, -0.146, -0.241, -0.191, -0.008, -0.081, -0.195,
    ], atol=6e-4)  # fmt: skip
    np.testing.assert_allclose(found.upper, [
        0.241, 0.304, 0.21, 0.482, 0.372, 0.157, 0.183, 0.21, 0.375, 0.497, 0.421, 0.351, 0.321,
        0.367, 0.183, 0.242, 0.389, 0.23, 0.245,
    ], atol=6e-4)  # fmt: skip


def test_vaccines_against_tuberculosis_by_metafor():
    # R: metafor::rma(measure = "RR", ai = tpos, ..., data = dat.bcg): tau^2 = 0.3132, mu = -0.7145,
    # standard error 0.1798.
    cases = np.array([4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27.0])
    treated = np.array(
        [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913.0]
    )
    control_cases = np.array([11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29.0])
    control = np.array(
        [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854.0]
    )
    y = np.log((cases / treated) / (control_cases / control))
    s = np.sqrt(1 / cases - 1 / treated + 1 / control_cases - 1 / control)
    found = shrink(y, s, np.zeros(13, dtype=int))
    assert round(found.prior_sd[0] ** 2, 4) == 0.3132
    assert round(found.prior_mean[0], 4) == -0.7145
    assert round(found.prior_mean_std_error[0], 4) == 0.1798


def test_the_spread_is_where_the_restricted_likelihood_is_largest():
    rng = np.random.default_rng(1)
    for spread in (0.0, 0.5, 3.0):
        s = rng.uniform(0.3, 2, 40)
        y = rng.normal(1, np.hypot(spread, s))
        best = minimize_scalar(
            lambda v, y=y, s=s: -restricted_likelihood(v, y, s), bounds=(0, 40), method="bounded",
            options={"xatol": 1e-10},
        )  # fmt: skip
        ours = shrink(y, s, np.zeros(40, dtype=int)).prior_sd[0] ** 2
        assert restricted_likelihood(ours, y, s) >= -best.fun - 1e-12
        assert ours == pytest.approx(best.x, abs=1e-5)


def test_one_call_over_families_equals_one_call_each():
    rng = np.random.default_rng(2)
    y, s = rng.normal(size=60), rng.uniform(0.2, 2, 60)
    family = rng.integers(0, 4, 60)
    together = shrink(y, s, family)
    for one in range(4):
        rows = family == one
        alone = shrink(y[rows], s[rows], np.zeros(rows.sum(), dtype=int))
        np.testing.assert_allclose(together.mean[rows], alone.mean, rtol=1e-9)
        np.testing.assert_allclose(together.std_error[rows], alone.std_error, rtol=1e-9)


def test_what_is_undefined_is_nan_and_takes_no_part():
    y, s = [0.1, 0.2, 0.3, np.nan, 5.0, 9.0, 1.0], [0.1, 0.1, 0.1, 0.1, 0.0, np.inf, 0.1]
    found = shrink(y, s, [0, 0, 0, 0, 0, 0, 1])
    alone = shrink(y[:3], s[:3], [0, 0, 0])
    np.testing.assert_allclose(found.mean[:3], alone.mean)
    for values in (found.mean, found.std_error, found.lower, found.upper, found.weight):
        assert np.isnan(values[3:]).all()
    assert np.isnan(found.prior_mean[6])
    assert np.isnan(found.prior_sd[6])
    assert shrink([], [], np.zeros(0, dtype=int)).mean.shape == (0,)


def test_one_estimate_that_is_known_far_better_disturbs_nothing():
    found = shrink([0.1, 5.0, 7.0], [1e-9, 3.0, 3.0], [0, 0, 0])
    assert np.isfinite(found.std_error).all()
    assert found.mean[0] == pytest.approx(0.1)
    equal = shrink([0.1, 0.1], [1e-12, 1.0], [0, 0])
    assert np.isfinite(equal.std_error).all()
    np.testing.assert_allclose(equal.mean, 0.1)


def test_equal_effects_are_drawn_to_their_mean_altogether():
    found = shrink([0.1, 0.1, 0.1], [1.0, 2.0, 3.0], [0, 0, 0])
    np.testing.assert_allclose(found.mean, 0.1)
    np.testing.assert_allclose(found.weight, 1)
    np.testing.assert_allclose(found.std_error, (1 + 1 / 4 + 1 / 9) ** -0.5)


def test_winners_are_seen_too_large_and_drawn_back_to_what_they_are():
    """The sum of the true effects of those picked for being large, over 400 programs."""
    rng = np.random.default_rng(3)
    raw, mean, true, inside = 0.0, 0.0, 0.0, 0
    for _ in range(400):
        theta = rng.normal(0.005, 0.02, 100)
        y = rng.normal(theta, 0.02)
        won = y > 1.96 * 0.02
        sums = total(shrink(y, np.full(100, 0.02), np.zeros(100, dtype=int)), y, won)
        raw, mean, true = raw + sums.raw[0], mean + sums.mean[0], true + theta[won].sum()
        inside += sums.lower[0] <= theta[won].sum() <= sums.upper[0]
    assert raw > 1.5 * true
    assert mean == pytest.approx(true, rel=0.05)
    # The standard error of the share is 1.1 %.
    assert inside / 400 == pytest.approx(0.95, abs=0.035)


def test_a_sum_of_all_is_the_sum_of_its_parts():
    y, s = np.array([0.3, 0.1, -0.2]), np.array([0.1, 0.2, 0.1])
    shrunken = shrink(y, s, [0, 0, 0])
    sums = total(shrunken, y, [True, True, True])
    assert sums.count == [3]
    assert sums.raw[0] == pytest.approx(y.sum())
    assert sums.mean[0] == pytest.approx(shrunken.mean.sum())
    # By the whole covariance matrix: the mean and the spread of the prior are shared.
    b, g = shrunken.weight, shrunken.slope
    mean, spread = shrunken.prior_mean_std_error[0], shrunken.prior_variance_std_error[0]
    covariance = np.diag((1 - b) * s**2) + np.outer(b, b) * mean**2 + np.outer(g, g) * spread**2
    assert sums.std_error[0] == pytest.approx(np.sqrt(covariance.sum()))
    np.testing.assert_allclose(shrunken.std_error, np.sqrt(np.diag(covariance)))


def test_the_slope_is_how_the_mean_moves_with_the_variance_of_true_effects():
    y, s, step = np.array([0.3, 0.1, -0.2]), 0.1, 1e-6
    found = shrink(y, np.full(3, s), [0, 0, 0])
    variance = found.prior_sd[0] ** 2

    def mean(at):
        share = s**2 / (s**2 + at)
        return share * y.mean() + (1 - share) * y

    moved = (mean(variance + step) - mean(variance - step)) / (2 * step)
    np.testing.assert_allclose(found.slope, moved, rtol=1e-6)


def test_nothing_chosen_has_no_sum():
    sums = total(shrink([0.1, 0.2], [0.1, 0.1], [0, 0]), [0.1, 0.2], [False, False])
    assert sums.count == [0]
    assert np.isnan([sums.raw[0], sums.mean[0], sums.lower[0], sums.std_error[0]]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0, 2.0], [0]), "`estimate` and `std_error` must have one shape"),
        (([1.0], [1.0], [0, 1]), "`family` must have one dimension"),
        (([1.0], [1.0], [-1]), "whole numbers from 0"),
        (([1.0], [1.0], [0.5]), "whole numbers from 0"),
        ((["a"], [1.0], [0]), "`estimate` must be numbers"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        shrink(*arguments)
