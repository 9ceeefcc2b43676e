import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from experimentos.errors import ArgumentError
from experimentos.program import wilson


def test_the_intervals_of_newcombe_1998():
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
    found = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    np.testing.assert_allclose(found.lower, [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(found.upper, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


def test_statsmodels_finds_the_same():
    trials = np.repeat(np.arange(1, 40), 40)
    events = np.minimum(np.tile(np.arange(40), 39), trials)
    for alpha in (0.05, 0.2):
        lower, upper = proportion_confint(events, trials, alpha=alpha, method="wilson")
        found = wilson(events, trials, alpha=alpha)
        np.testing.assert_allclose(found.lower, lower, atol=1e-12)
        np.testing.assert_allclose(found.upper, upper, atol=1e-12)


def test_without_trials_nothing_is_known():
    found = wilson([0], [0])
    assert np.isnan([found.rate[0], found.lower[0], found.upper[0]]).all()


def test_more_events_than_trials_are_refused():
    with pytest.raises(ArgumentError, match="`events` must be from 0 to `trials`"):
        wilson([3], [2])
