"""Limits by day and densities, against the library and against what the marts say."""

from dataclasses import replace

import numpy as np
import pytest
from memo import example_full, examples
from scipy.stats import beta, norm

from experimentos.estimators import Comparison
from experimentos.memo import intervals
from experimentos.sequential import asymptotic_sequence


@pytest.fixture(scope="module")
def memo():
    return examples.memo_of(example_full.full())


def library(memo, planned_n):
    days = memo.days
    half = np.array([day.std_error**2 / 2 for day in days])
    zero = np.zeros(len(days))
    return asymptotic_sequence(
        Comparison(
            n_control=np.array([day.n_control for day in days], dtype=float),
            n_treatment=np.array([day.n_treatment for day in days], dtype=float),
            mean_control=zero,
            mean_treatment=np.array([day.estimate for day in days]),
            var_control=half,
            var_treatment=half,
            covariance=zero,
            df=zero + np.inf,
        ),
        alpha=memo.experiment.alpha,
        planned_n=planned_n,
    )


@pytest.mark.parametrize("total", [None, 90_000.0])
def test_limits_by_day_are_those_of_the_library(memo, total):
    memo = replace(memo, experiment=replace(memo.experiment, planned_n=total))
    expected = library(memo, 5_000 if total is None else total / 3)
    limits = intervals.always_valid(memo)
    np.testing.assert_allclose([limit.lower for limit in limits], expected.lower, rtol=1e-12)
    np.testing.assert_allclose([limit.upper for limit in limits], expected.upper, rtol=1e-12)


def test_the_size_that_was_recorded_counts(memo):
    looks = tuple(replace(look, planned_n=7_000.0) for look in memo.looks)
    recorded = replace(memo, looks=looks)
    ordered = [i for i, day in enumerate(memo.days) if day.metric == "ordered"]
    found = [intervals.always_valid(recorded)[i].lower for i in ordered]
    np.testing.assert_allclose(found, library(memo, 7_000).lower[ordered], rtol=1e-12)


def test_the_limits_hold_the_classical_ones(memo):
    for day, limit in zip(memo.days, intervals.always_valid(memo), strict=True):
        assert limit.lower < day.lower_fixed < day.upper_fixed < limit.upper


@pytest.mark.parametrize(
    "columns",
    [{"n_control": 99}, {"std_error": 0.0}, {"std_error": None}, {"estimate": None}],
    ids=str,
)
def test_a_day_that_cannot_be_read_has_no_limits(memo, columns):
    day = replace(memo.days[-1], **columns)
    assert intervals.always_valid(replace(memo, days=(day,))) == [intervals.Limits(None, None)]


@pytest.mark.parametrize("alpha", [None, 0.0, 1.0])
def test_without_an_error_rate_there_are_no_limits(memo, alpha):
    memo = replace(memo, experiment=replace(memo.experiment, alpha=alpha))
    assert set(intervals.always_valid(memo)) == {intervals.Limits(None, None)}
    assert intervals.density(memo, memo.posteriors[0]) == ((), ())


def inside(effects, densities, lower, upper):
    """Share of a density between two limits, by the trapezoidal rule on a fine grid."""
    fine = np.linspace(effects[0], effects[-1], 20_001)
    values = np.interp(fine, effects, densities)
    return values[(fine >= lower) & (fine <= upper)].sum() / values.sum()


def test_a_normal_density_holds_its_credible_interval(memo):
    row = next(row for row in memo.posteriors if row.method == "normal")
    effects, densities = intervals.density(memo, row)
    assert inside(effects, densities, row.lower, row.upper) == pytest.approx(0.95, abs=2e-3)
    scaled = np.array(densities) / max(densities)
    middle, spread = (row.lower + row.upper) / 2, (row.upper - row.lower) / (2 * norm.isf(0.025))
    expected = norm.pdf(effects, middle, spread)
    np.testing.assert_allclose(scaled, expected / expected.max(), rtol=1e-9)


def test_a_density_of_two_rates_is_that_of_their_draws(memo):
    row = next(row for row in memo.posteriors if row.method == "beta-binomial")
    effects, densities = intervals.density(memo, row)
    effect = memo.findings[0].effect
    draws = np.random.default_rng(6)
    n = 400_000
    arms = [
        beta.rvs(
            1 + round(units * rate), 1 + units - round(units * rate), size=n, random_state=draws
        )
        for units, rate in (
            (effect.n_control, effect.value_control),
            (effect.n_treatment, effect.value_treatment),
        )
    ]
    drawn = arms[1] - arms[0]
    for level in (0.1, 0.5, 0.9):
        at = np.quantile(drawn, level)
        share = inside(effects, densities, effects[0], at)
        # Five standard errors of a share of the draws, and the grid.
        assert share == pytest.approx(level, abs=5 * np.sqrt(level * (1 - level) / n) + 2e-3)


def test_a_posterior_without_an_interval_has_no_density(memo):
    row = memo.posteriors[0]
    for columns in ({"lower": None}, {"upper": row.lower}, {"prior_alpha": None}):
        assert intervals.density(memo, replace(row, **columns)) == ((), ())
