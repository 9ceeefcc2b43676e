"""Rates, their exact limits, and what another salt would have given."""

import numpy as np
import pytest
from scipy import stats

from experimentos.rerandomise import Rate, exact_interval, lower_bound
from experimentos.rerandomise.rates import effective_runs, spread_over_salts


@pytest.mark.parametrize(("rejected", "runs"), [(0, 10), (3, 10), (10, 10), (263, 5000), (1, 1)])
def test_limits_are_those_of_clopper_and_pearson(rejected, runs):
    test = stats.binomtest(rejected, runs)
    expected = test.proportion_ci(0.95, "exact")
    assert exact_interval(rejected, runs) == pytest.approx(tuple(expected), rel=1e-10, abs=1e-14)
    one_sided = stats.binomtest(rejected, runs, alternative="greater").proportion_ci(0.99, "exact")
    assert lower_bound(rejected, runs, 0.99) == pytest.approx(one_sided.low, rel=1e-10)


def rate(**given):
    usual = {
        "metric": "m", "test": "fixed", "measure": "false_positive", "effect": 0.0,
        "effect_kind": None, "n_runs": 100, "n_undefined": 0, "n_rejected": 9, "n_looks": 1,
        "nominal": 0.05, "lower_bound": 0.06,
    }  # fmt: skip
    return Rate(**(usual | given))


def test_a_rate_is_flagged_where_its_bound_exceeds_what_it_may_be():
    assert rate().is_flagged
    assert not rate(lower_bound=0.05).is_flagged
    assert rate(lower_bound=None).is_flagged is None
    assert rate(nominal=None).is_flagged is None


def test_a_test_that_was_never_defined_has_no_rate():
    never = rate(n_undefined=100, n_rejected=0)
    assert never.rate is None
    assert never.interval == (None, None)
    assert rate(n_undefined=40).rate == 0.09


def test_salts_do_not_matter_where_every_unit_is_its_own_bucket():
    assert spread_over_salts(0.05, 2, 300, 300, 1) == 0
    assert effective_runs(0.05, 5000, 0.0) == 5000


def test_the_spread_over_salts_bounds_that_of_hashed_buckets():
    """Variance of a difference over all deals: known for a salt, and simulated over salts."""
    generator, units, buckets = np.random.default_rng(11), 4000, 64
    for values in (generator.normal(size=units), generator.lognormal(0, 2, units)):
        apart = values - values.mean()
        ratios = []
        for _ in range(3000):
            bucket = generator.integers(0, buckets, units)
            totals = np.bincount(bucket, weights=apart, minlength=buckets)
            ratios.append((totals**2).sum() / (apart**2).sum() * buckets / (buckets - 1))
        ratios = np.array(ratios)
        assert ratios.mean() == pytest.approx(1, abs=5 * ratios.std() / np.sqrt(ratios.size))
        # A rate moves with the standard error by at most alpha (1 + z^2).
        z = stats.norm.isf(0.025)
        moved = 2 * stats.norm.sf(z / np.sqrt(ratios))
        assert moved.std() <= 1.1 * spread_over_salts(0.05, 2, buckets, units, 1)
