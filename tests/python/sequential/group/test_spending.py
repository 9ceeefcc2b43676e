import numpy as np
import pytest
from scipy import stats

from experimentos.errors import ArgumentError
from experimentos.sequential.group import SPENDING, spend

TIMES = np.array([0.05, 0.3, 0.5, 0.99, 1.0])
PARAMETERS = {"hwang_shih_decani": -4.0, "kim_demets": 3.0}


@pytest.mark.parametrize("name", SPENDING)
def test_spending_rises_from_0_to_the_level(name):
    spent = spend([0.0, *TIMES, 1.2, 7.0], 0.025, spending=name, parameter=PARAMETERS.get(name))
    assert spent[0] == 0
    assert (np.diff(spent)[:5] > 0).all()
    np.testing.assert_array_equal(spent[-3:], 0.025)


def test_formulas():
    z = stats.norm.isf(0.0125)
    np.testing.assert_allclose(spend(TIMES, 0.025), 2 * stats.norm.sf(z / TIMES**0.5), rtol=1e-13)
    found = spend(TIMES, 0.025, spending="pocock")
    np.testing.assert_allclose(found, 0.025 * np.log(1 + (np.e - 1) * TIMES), rtol=1e-13)
    for gamma in (-40.0, -4.0, 1e-9, 2.0, 40.0):
        found = spend(TIMES, 0.025, spending="hwang_shih_decani", parameter=gamma)
        expected = 0.025 * np.expm1(-gamma * TIMES) / np.expm1(-gamma)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    found = spend(TIMES, 0.025, spending="kim_demets", parameter=2.5)
    np.testing.assert_allclose(found, 0.025 * TIMES**2.5, rtol=1e-13)


@pytest.mark.parametrize(("name", "parameter"), [("hwang_shih_decani", 0.0), ("kim_demets", 1.0)])
def test_special_cases_are_linear(name, parameter):
    found = spend(TIMES, 0.025, spending=name, parameter=parameter)
    np.testing.assert_allclose(found, spend(TIMES, 0.025, spending="linear"), rtol=1e-15)


def test_levels_are_rows():
    levels = np.array([1e-12, 0.01, 0.5])
    found = spend(TIMES, levels)
    for row, level in enumerate(levels):
        np.testing.assert_array_equal(found[row], spend(TIMES, level))


def test_a_missing_look_is_missing():
    found = spend([[0.5, 1.0, np.nan]], [0.025])
    np.testing.assert_array_equal(np.isnan(found), [[False, False, True]])


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((TIMES, 0.0), {}, "`level` must be between 0 and 1, got 0.0"),
        ((TIMES, np.nan), {}, "`level` must be between 0 and 1, got nan"),
        (([-0.1, 1], 0.1), {}, "`fractions` must be 0 or more, got -0.1"),
        ((TIMES, 0.1), {"spending": "obf"}, r"`spending` must be one of \['hwang.*got 'obf'"),
        ((TIMES, 0.1), {"spending": "kim_demets"}, "above 0 and at most 50, got None"),
        ((TIMES, 0.1), {"spending": "kim_demets", "parameter": 0.0}, "above 0 .* got 0.0"),
        (
            (TIMES, 0.1),
            {"spending": "hwang_shih_decani", "parameter": 41.0},
            "at least -40 .* 41.0",
        ),
        ((TIMES, 0.1), {"spending": "hwang_shih_decani", "parameter": np.nan}, "got nan"),
        (
            (TIMES, 0.1),
            {"parameter": 1.0},
            "`parameter` must be None for 'obrien_fleming', got 1.0",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, named, message):
    with pytest.raises(ArgumentError, match=message):
        spend(*arguments, **named)
