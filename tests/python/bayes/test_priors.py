import numpy as np
import pytest
from scipy import stats

from experimentos.bayes import BetaPosterior, BetaPrior, NormalPosterior, NormalPrior, skeptical
from experimentos.errors import ArgumentError, MomentsError


def test_a_beta_prior_weighs_as_much_as_it_says():
    prior = BetaPrior.of_mean([0.02, 0.5], units=[100.0, 4.0])
    np.testing.assert_allclose(prior.events, [2, 2])
    np.testing.assert_allclose(prior.non_events, [98, 2])


def test_a_skeptical_prior_leaves_the_room_it_says():
    prior = skeptical([0.1, 0.02], exceeded=[0.05, 0.2])
    np.testing.assert_allclose(2 * stats.norm.sf([0.1, 0.02], scale=prior.sd), [0.05, 0.2])
    np.testing.assert_array_equal(prior.mean, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BetaPrior(0.0, 1.0), "`events` must be positive and finite, got 0.0"),
        (lambda: BetaPrior(1.0, np.inf), "`non_events` must be positive and finite, got inf"),
        (lambda: BetaPrior.of_mean(1.5, units=3), "`mean` must be between 0 and 1, got 1.5"),
        (lambda: BetaPrior.of_mean(0.5, units=-3), "`units` must be positive and finite, got -3.0"),
        (lambda: NormalPrior(0.0, 0.0), "`sd` must be positive, got 0.0"),
        (lambda: NormalPrior(0.0, np.nan), "`sd` must be positive, got nan"),
        (lambda: NormalPrior(np.inf, 1.0), "`mean` must be finite, got inf"),
        (lambda: skeptical(-0.1), "`largest_plausible` must be positive and finite, got -0.1"),
        (lambda: skeptical(0.1, exceeded=1.0), "`exceeded` must be between 0 and 1, got 1.0"),
        (lambda: BetaPosterior([1.0], [0.0]), "`b` must be positive and finite, got 0.0"),
        (lambda: NormalPosterior([1.0], [-1.0]), "`sd` must be 0 or more and finite, got -1.0"),
    ],
)
def test_impossible_beliefs_are_refused(build, message):
    with pytest.raises(ArgumentError) as error:
        build()
    assert str(error.value) == message


def test_shapes_that_differ_are_refused():
    with pytest.raises(MomentsError, match="one shape"):
        BetaPosterior([1.0, 2.0], [1.0])
