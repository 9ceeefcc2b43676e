import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.sequential.group import (
    SPENDING,
    design_from_bounds,
    exits,
    group_sequential,
    power,
    spend,
    spending_bounds,
)

QUARTERS = np.arange(1, 5) / 4
PARAMETERS = {"hwang_shih_decani": -4.0, "kim_demets": 3.0}


@pytest.mark.parametrize("sides", ["one", "two"])
def test_a_design_has_the_boundaries_of_its_spending(sides):
    design = group_sequential(QUARTERS, alpha=0.05, sides=sides, spending="pocock")
    expected = spending_bounds(QUARTERS, 0.05, sides=sides, spending="pocock")
    np.testing.assert_array_equal(design.efficacy, expected)
    np.testing.assert_allclose(design.alpha_spent, spend(QUARTERS, 0.05, spending="pocock"))
    assert design.looks == 4
    np.testing.assert_array_equal(design.lower, -expected if sides == "two" else -np.inf)


def test_a_level_of_ones_own_spending():
    own = [0.001, 0.001, 0.02, 0.025]
    design = group_sequential(QUARTERS, spending=own)
    np.testing.assert_allclose(design.alpha_spent, own, rtol=1e-10)
    assert design.efficacy[1] == np.inf
    both = group_sequential(QUARTERS, spending=np.multiply(own, 2), alpha=0.05, sides="two")
    np.testing.assert_allclose(both.alpha_spent, np.multiply(own, 2), rtol=1e-10)


@pytest.mark.parametrize("binding", [True, False])
@pytest.mark.parametrize("name", SPENDING)
def test_a_design_with_futility_spends_both_error_rates(name, binding):
    chosen = {"beta_spending": name, "beta_parameter": PARAMETERS.get(name)}
    times = [0.2, 0.55, 0.7, 1.0]
    design = group_sequential(times, beta=0.15, binding=binding, **chosen)
    assert design.futility[-1] == design.efficacy[-1]
    assert power(design, design.drift) == pytest.approx(0.85, abs=1e-9)
    expected = spend(times, 0.15, spending=name, parameter=PARAMETERS.get(name))
    np.testing.assert_allclose(design.beta_spent, expected, rtol=1e-6)
    np.testing.assert_allclose(design.alpha_spent, spend(times, 0.025), rtol=1e-8)
    error = power(design, 0.0, heed_futility=binding)
    assert error == pytest.approx(0.025, abs=1e-10)
    if not binding:
        np.testing.assert_array_equal(design.efficacy, spending_bounds(times, 0.025))
        assert power(design, 0.0) < 0.025


@pytest.mark.parametrize("binding", [True, False])
def test_fixed_futility_boundaries(binding):
    design = group_sequential([0.5, 0.75, 1.0], futility=[0.0, 0.5], binding=binding)
    np.testing.assert_array_equal(design.futility[:2], [0, 0.5])
    free = spending_bounds([0.5, 0.75, 1.0], 0.025)
    assert (design.efficacy[1:] < free[1:]).all() == binding
    assert power(design, 0.0, heed_futility=binding) == pytest.approx(0.025, abs=1e-12)


def test_the_drift_is_at_information_1_though_the_last_look_is_earlier():
    whole = group_sequential([0.5, 1.0], beta=0.2, spending="linear", beta_spending="linear")
    early = group_sequential(
        [0.4, 0.8], beta=0.2, spending=[0.0125, 0.025], beta_spending=[0.1, 0.2]
    )
    np.testing.assert_allclose(early.efficacy, whole.efficacy, rtol=1e-10)
    np.testing.assert_allclose(early.futility, whole.futility, rtol=1e-9)
    assert early.drift == pytest.approx(whole.drift / 0.8**0.5)


def test_equal_requests_are_computed_once_and_cannot_be_changed():
    design = group_sequential(QUARTERS)
    assert group_sequential(list(QUARTERS)) is design
    with pytest.raises(ValueError, match="read-only"):
        design.efficacy[0] = 0.0


def test_a_design_from_boundaries_knows_what_they_spend():
    design = design_from_bounds([0.5, 1.0], [2.797, 1.977], sides="two")
    assert design.alpha == pytest.approx(0.05, abs=5e-5)
    bounded = design_from_bounds([0.5, 1.0], [2.5, 2.0], futility=[0.3], binding=True)
    assert bounded.alpha == pytest.approx(exits(bounded, 0.0).above.sum())
    assert bounded.futility[1] == 2.0


def test_one_look_is_the_fixed_test():
    design = group_sequential([1.0], alpha=0.025, beta=0.1)
    assert design.efficacy[0] == pytest.approx(1.959963984540054)
    assert design.drift == pytest.approx(1.959963984540054 + 1.2815515655446004)


@pytest.mark.parametrize("beta", [1e-9, 0.5, 0.97])
def test_strange_powers_have_a_drift(beta):
    for binding in (True, False):
        design = group_sequential(QUARTERS, beta=beta, binding=binding)
        assert power(design, design.drift) == pytest.approx(1 - beta, abs=1e-9)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"fractions": [0.5, 0.5]}, "`fractions` must increase strictly"),
        ({"fractions": [0.5, 1.1]}, "above 0 and at most 1, got"),
        ({"fractions": []}, "`fractions` must be a sequence"),
        ({"alpha": 0.0}, "`alpha` must be between 0 and 1, got 0.0"),
        ({"beta": 1.0}, "`beta` must be between 0 and 1, got 1.0"),
        ({"sides": "upper"}, r"`sides` must be one of \['one', 'two'\], got 'upper'"),
        ({"spending": "obf"}, "`spending` must be one of .* got 'obf'"),
        ({"spending": "kim_demets"}, "`parameter` of 'kim_demets' must be above 0"),
        ({"parameter": 3.0}, "`parameter` must be None for 'obrien_fleming', got 3.0"),
        ({"beta": 0.2, "beta_spending": "x"}, "`beta_spending` must be one of"),
        ({"spending": [0.01, 0.02, 0.03, 0.02]}, "`spending` must be 4 error rates"),
        ({"spending": [0.01, 0.02, 0.02, 0.03]}, "the last 0.025, got"),
        ({"spending": [0.01, 0.025]}, "`spending` must be 4 error rates"),
        ({"spending": [0.01, np.nan, 0.02, 0.025]}, "`spending` must be 4 error rates"),
        ({"sides": "two", "beta": 0.2}, "`sides` must be 'one' with `beta` or `futility`"),
        ({"beta": 0.2, "futility": [0.0] * 3}, "give `beta` or `futility`, got both"),
        ({"futility": [0.0]}, "`futility` must be 3 numbers, one for each look but the last"),
        ({"futility": [0.0, np.nan, 1.0]}, "`futility` must be 3 numbers"),
    ],
)
def test_wrong_arguments_are_named(named, message):
    with pytest.raises(ArgumentError, match=message):
        group_sequential(**({"fractions": QUARTERS} | named))


def test_a_last_look_without_alpha_leaves_no_place_for_beta():
    with pytest.raises(ArgumentError, match="`beta` cannot be spent where the last look"):
        group_sequential([0.5, 1.0], spending=[0.025, 0.025], beta=0.2)


def test_wrong_boundaries_are_named():
    with pytest.raises(ArgumentError, match="`efficacy` must be 2 numbers, got"):
        design_from_bounds([0.5, 1.0], [2.0])
    with pytest.raises(ArgumentError, match="`efficacy` must be 2 numbers, got"):
        design_from_bounds([0.5, 1.0], [2.0, np.nan])
    with pytest.raises(ArgumentError, match="`sides` must be 'one' with `futility`"):
        design_from_bounds([0.5, 1.0], [2.0, 2.0], futility=[0.0], sides="two")
