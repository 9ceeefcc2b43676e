import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from experimentos.sequential.group import SPENDING, spending_bounds
from experimentos.sequential.group.least_level import least_levels

PARAMETERS = {"hwang_shih_decani": -4.0, "kim_demets": 3.0}


def rows_of_looks(rows, looks, seed):
    rng = np.random.default_rng(seed)
    fractions = np.cumsum(rng.uniform(0.02, 0.9 / looks, (rows, looks)), axis=1)
    information = 1000 * fractions * rng.uniform(0.9, 1.1, fractions.shape)
    return rng.uniform(-1.0, 6.0, rows), fractions, information, rng.random(rows) < 0.5


@pytest.mark.parametrize("sides", ["one", "two"])
@pytest.mark.parametrize("name", SPENDING)
@pytest.mark.parametrize("looks", [1, 2, 5])
def test_a_search_by_bisection_finds_the_same(name, looks, sides):
    how = {"spending": name, "parameter": PARAMETERS.get(name), "sides": sides}
    statistic, fractions, information, final = rows_of_looks(8, looks, seed=looks)
    found = least_levels(statistic, fractions, information, final, **how)
    for row, level in enumerate(found):
        if level == 1:
            continue

        def excess(normal, row=row):
            bounds = spending_bounds(
                fractions[row], ndtr(normal), information=information[row], final=final[row], **how
            )
            return statistic[row] - bounds[-1]

        near = ndtri(level)
        expected = ndtr(brentq(excess, near - 0.01, near + 0.01, xtol=1e-13))
        assert level == pytest.approx(expected, rel=1e-9)


def test_one_call_over_rows_equals_calls_row_by_row():
    statistic, fractions, information, final = rows_of_looks(40, 4, seed=1)
    how = {"spending": "obrien_fleming", "parameter": None, "sides": "one"}
    together = least_levels(statistic, fractions, information, final, **how)
    for row in range(40):
        one = slice(row, row + 1)
        alone = least_levels(statistic[one], fractions[one], information[one], final[one], **how)
        np.testing.assert_array_equal(alone, together[one])


def test_extreme_statistics_have_levels_at_the_ends():
    statistic = np.array([-37.0, -8.0, 20.0, 37.0])
    quarters = np.tile([0.25, 0.5, 0.75, 1.0], (4, 1))
    found = least_levels(
        statistic, quarters, quarters, np.full(4, True),
        spending="obrien_fleming", parameter=None, sides="one",
    )  # fmt: skip
    np.testing.assert_array_equal(found[:2], 1.0)
    # So far out nothing was spent before: the last look is alone.
    np.testing.assert_allclose(found[2:], ndtr(-statistic[2:]), rtol=1e-6)


def test_undefined_information_is_nan_and_the_others_stay():
    statistic, fractions, information, final = rows_of_looks(4, 3, seed=2)
    how = {"spending": "pocock", "parameter": None, "sides": "one"}
    whole = least_levels(statistic, fractions, information, final, **how)
    information[1, 1], information[2, 0], fractions[3, 2] = np.nan, -1.0, np.nan
    found = least_levels(statistic, fractions, information, final, **how)
    assert found[0] == whole[0]
    assert np.isnan(found[1:]).all()
