import time

import numpy as np
import pytest
from scipy import stats

from experimentos.errors import ArgumentError
from experimentos.sequential.group import (
    characteristics,
    design_from_bounds,
    drift_for_power,
    effect_bounds,
    exits,
    expected_information,
    group_sequential,
    inflation,
    pocock_bounds,
    power,
)
from experimentos.sequential.group.design import _build

FIFTHS = np.arange(1, 6) / 5


def test_power_at_the_drift_for_a_power_is_that_power():
    wanted = np.array([[0.03, 0.5, 0.8], [0.95, 0.999, 1 - 1e-9]])
    for design in (
        group_sequential(FIFTHS, alpha=0.05, sides="two"),
        group_sequential([0.3, 0.8], spending="pocock"),
        group_sequential(FIFTHS, beta=0.1),
    ):
        drift = drift_for_power(design, wanted)
        np.testing.assert_allclose(power(design, drift), wanted, rtol=1e-9)
        for row in np.ndindex(wanted.shape):
            assert drift_for_power(design, wanted[row]) == drift[row]


def test_a_single_look_has_the_power_of_the_z_test():
    design, drifts = group_sequential([1.0], alpha=0.05, sides="two"), np.array([-3.0, 0.0, 2.8])
    z = stats.norm.isf(0.025)
    np.testing.assert_allclose(power(design, drifts), stats.norm.sf(z - drifts), rtol=1e-12)
    both = stats.norm.sf(z - drifts) + stats.norm.cdf(-z - drifts)
    np.testing.assert_allclose(power(design, drifts, either_side=True), both, rtol=1e-12)
    assert inflation(design, 0.8) == pytest.approx(1, rel=1e-9)
    assert expected_information(design, 1.0) == 1


def test_the_inflation_is_the_squared_ratio_of_drifts():
    fixed = group_sequential([1.0])
    design = group_sequential(FIFTHS, spending="pocock")
    ratio = drift_for_power(design, [0.8, 0.9]) / drift_for_power(fixed, [0.8, 0.9])
    np.testing.assert_allclose(inflation(design, [0.8, 0.9]), ratio**2, rtol=1e-9)


def test_an_earlier_last_look_needs_the_same_information():
    bounds = pocock_bounds(FIFTHS, 0.025)
    whole, early = (design_from_bounds(FIFTHS * scale, bounds) for scale in (1.0, 0.5))
    assert inflation(early, 0.8) == pytest.approx(inflation(whole, 0.8))
    assert expected_information(early, drift_for_power(early, 0.8)) == pytest.approx(
        expected_information(whole, drift_for_power(whole, 0.8))
    )


def test_stopping_probabilities_add_up_and_give_the_expected_information():
    design = group_sequential(FIFTHS, beta=0.2, spending="pocock")
    promised = characteristics(design, 0.8, effect=[0.0, 0.5, 1.0, 1.5])
    np.testing.assert_allclose(promised.stopping.sum(axis=1), 1, rtol=1e-12)
    average = promised.stopping @ FIFTHS * promised.inflation
    np.testing.assert_allclose(promised.expected, average, rtol=1e-12)
    assert promised.rejection[2] == pytest.approx(0.8, abs=1e-9)
    assert promised.inflation == pytest.approx(float(inflation(design, 0.8)))
    assert promised.drift == pytest.approx(design.drift, rel=1e-8)


def test_futility_costs_power_only_where_it_is_heeded():
    design = group_sequential(FIFTHS, beta=0.2)
    assert power(design, 2.5) < power(design, 2.5, heed_futility=False)
    without = group_sequential(FIFTHS)
    assert power(without, 2.5) == power(design, 2.5, heed_futility=False)
    assert (exits(design, 2.5, heed_futility=False).below == 0).all()


def test_boundaries_on_the_scale_of_the_effect_cross_where_z_does():
    rng = np.random.default_rng(1)
    information, estimate = rng.uniform(1, 9, 400), rng.normal(1, 1, 400)
    bounds, margin = rng.uniform(1, 3, 400), -0.3
    crossed = (estimate - margin) * information**0.5 >= bounds
    limits = effect_bounds(bounds, information, null=margin)
    np.testing.assert_array_equal(estimate >= limits, crossed)


def test_wrong_arguments_are_named():
    design = group_sequential([0.5, 1.0])
    for function in (drift_for_power, inflation, characteristics):
        with pytest.raises(ArgumentError, match="`wanted` must be between 0 and 1, got 1.0"):
            function(design, 1.0)
    with pytest.raises(ArgumentError, match="`information` must be positive and finite, got 0.0"):
        effect_bounds([2.0], [0.0])


@pytest.mark.slow
def test_ten_looks_take_less_than_50_milliseconds():
    times = np.arange(1, 11) / 10
    group_sequential(times, beta=0.2)
    fastest = np.inf
    for _ in range(10):
        _build.cache_clear()
        start = time.process_time()
        characteristics(group_sequential(times, beta=0.2), 0.8)
        fastest = min(fastest, time.process_time() - start)
    assert fastest < 0.05
