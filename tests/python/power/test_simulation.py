import numpy as np
import pytest

from experimentos import power
from experimentos.errors import ArgumentError
from experimentos.power import Means, PlannedMetric, Rates

METRICS = (
    PlannedMetric("revenue", Means(0.2, 5.0, 2.0)),
    PlannedMetric("latency", Means(0.0, 10.0, 3.0), "guardrail", 0.5, goal="decrease"),
    PlannedMetric("ordered", Rates(0.3, 0.34)),
)


def test_the_same_seed_gives_the_same_power():
    first = power.simulated_power(Rates(0.1, 0.13), 900, 900, runs=500, seed=3)
    assert first == power.simulated_power(Rates(0.1, 0.13), 900, 900, runs=500, seed=3)
    assert first.std_error == pytest.approx(np.sqrt(first.power * (1 - first.power) / 500))


def test_each_simulated_metric_has_its_computed_power():
    found = power.simulated_tests(METRICS, [1000, 1000], correlation=0.5, runs=5000, seed=1)
    expected = [
        power.superiority_power(METRICS[0].outcome, 0.0, 1000, 1000, alpha=0.025),
        power.superiority_power(METRICS[2].outcome, 0.0, 1000, 1000, alpha=0.025),
    ]
    rates = (found.p_superior[:, 0, [0, 2]] < 0.025).mean(axis=0)
    np.testing.assert_allclose(rates, expected, atol=0.03)
    shown = (found.p_noninferior[:, 0, 1] < 0.025).mean()
    planned = power.noninferiority_power(
        METRICS[1].outcome, 0.5, 1000, 1000, goal="decrease", alpha=0.025
    )
    assert shown == pytest.approx(planned, abs=0.02)
    assert np.isnan(found.p_noninferior[:, 0, [0, 2]]).all()


def test_effects_can_be_set():
    found = power.simulated_tests(
        METRICS, [500, 500, 500], effects=np.zeros((2, 3)), runs=4000, seed=2
    )
    assert found.p_superior.shape == (4000, 2, 3)
    rates = (found.p_superior < 0.05).mean(axis=0)
    np.testing.assert_allclose(rates, 0.05, atol=0.016)


def test_bad_arguments_are_named():
    with pytest.raises(ArgumentError, match="`correlation` must be from 0 to 1, got -1"):
        power.simulated_tests(METRICS, [10, 10], correlation=-1)
    with pytest.raises(ArgumentError, match="arms must have at least 2 units, got 1"):
        power.simulated_power(Means(1.0), 1, 10)
