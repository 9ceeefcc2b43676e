from decimal import Decimal, localcontext
from math import comb

import numpy as np
import pytest
from scipy import stats

from experimentos.inference.binomial import binomial_mass, binomial_tail


def exact(events, units, rate):
    with localcontext() as context:
        context.prec = 60
        p = Decimal(rate)
        return float(comb(units, events) * p**events * (1 - p) ** (units - events))


@pytest.mark.parametrize(
    ("units", "rate"), [(1, 0.5), (12, 0.3), (1000, 0.4), (10**6, 9e-6), (10**9, 1e-7)]
)
def test_probabilities_are_right_to_rounding(units, rate):
    deviation = np.sqrt(units * rate * (1 - rate))
    counts = np.unique(np.clip(np.rint(units * rate + deviation * np.arange(-6, 9, 3)), 0, units))
    found = binomial_mass(counts, float(units), np.array([rate])).ravel()
    expected = [exact(int(count), units, rate) for count in counts]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_several_rates_give_what_each_gives():
    counts, rates = np.arange(31.0), np.linspace(0, 1, 13)
    together = binomial_mass(counts, 30.0, rates)
    np.testing.assert_allclose(
        together, stats.binom.pmf(counts[:, None], 30, rates), rtol=1e-11, atol=1e-250
    )


def test_tails_beyond_the_ends_are_certain():
    edges = np.array([-1.0, 0.0, 3.0, 10.0, 11.0])
    law = stats.binom(10, 0.3)
    np.testing.assert_allclose(
        binomial_tail(edges, 10.0, np.array(0.3), upper=True), law.sf(edges - 1)
    )
    np.testing.assert_allclose(
        binomial_tail(edges, 10.0, np.array(0.3), upper=False), law.cdf(edges)
    )
