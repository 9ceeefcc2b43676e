import numpy as np
import pytest
from scipy import integrate, stats

from experimentos.errors import ArgumentError
from experimentos.sequential import always_valid
from experimentos.sequential.normal_mixture import critical_value, log_e_value, nominal_level

SIDES = ("two-sided", "greater", "less")


@pytest.mark.parametrize("information", [0.01, 1.0, 8.2, 900.0])
@pytest.mark.parametrize("z", [-3.0, 0.0, 1.5, 6.0])
def test_the_two_sided_e_value_is_the_normal_mixture_of_likelihood_ratios(z, information):
    scale = np.sqrt(information)
    mixture, _ = integrate.quad(
        lambda theta: stats.norm.pdf(theta, scale=scale) * np.exp(theta * z - theta**2 / 2),
        -np.inf, np.inf,
    )  # fmt: skip
    found = np.exp(log_e_value(np.array([z]), np.array([information])))
    np.testing.assert_allclose(found, mixture, rtol=1e-9)


def test_the_one_sided_e_value_is_that_of_the_deciding_test_and_less_mirrors_greater():
    z, r = np.array([-2.0, 0.5, 4.0]), np.array([3.0, 8.0, 0.2])
    greater = log_e_value(z, r, side="greater")
    np.testing.assert_array_equal(greater, always_valid.log_e_value(z, r))
    np.testing.assert_array_equal(log_e_value(-z, r, side="less"), greater)


def test_the_two_sided_e_value_is_the_mean_of_the_one_sided_ones():
    z, r = np.linspace(-6, 6, 25), np.geomspace(0.01, 1e4, 25)
    mean = np.exp(log_e_value(z, r, side="greater")) + np.exp(log_e_value(z, r, side="less"))
    np.testing.assert_allclose(np.exp(log_e_value(z, r)), mean / 2, rtol=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_the_e_value_is_one_over_alpha_exactly_at_the_critical_value(side):
    r, alpha = np.meshgrid(np.geomspace(1e-6, 1e9, 40), [0.9, 0.05, 1e-3, 1e-12, 1e-300])
    edge = critical_value(r, alpha=alpha, side=side)
    signed = -edge if side == "less" else edge
    np.testing.assert_allclose(log_e_value(signed, r, side=side), -np.log(alpha), rtol=1e-11)


def test_the_boundary_of_the_deciding_test_agrees_with_its_bisection():
    r = np.geomspace(0.01, 1e5, 30)
    for alpha in (0.005, 0.05):
        np.testing.assert_allclose(
            critical_value(r, alpha=alpha, side="greater"), always_valid.boundary(alpha, r),
            rtol=1e-13,
        )  # fmt: skip


def test_robbins_published_boundary():
    # H. Robbins (1970), equation 17: |S_n| >= sqrt((n + m) (a^2 + log(n/m + 1))) for some n has
    # probability at most exp(-a^2/2); m = 1 and a^2 = 9 give 0.011.
    n, a_squared = np.array([1.0, 100.0, 1e6]), 9.0
    robbins = np.sqrt((n + 1) * (a_squared + np.log(n + 1)))
    alpha = np.exp(-a_squared / 2)
    assert round(alpha, 3) == 0.011
    np.testing.assert_allclose(np.sqrt(n) * critical_value(n, alpha=alpha), robbins, rtol=1e-14)


def test_the_one_sided_boundary_is_near_the_two_sided_one_at_twice_alpha_and_above_it():
    r = np.geomspace(0.1, 1e6, 30)
    one, two = critical_value(r, alpha=0.025, side="greater"), critical_value(r, alpha=0.05)
    assert (one >= two).all()
    assert (one <= two * 1.002).all()


def test_nominal_levels_are_the_tails_of_the_boundary():
    r = np.array([0.5, 8.0, 200.0])
    np.testing.assert_allclose(nominal_level(r), stats.norm.sf(critical_value(r)), rtol=1e-12)
    assert 0 < nominal_level(r[1:], alpha=1e-250, side="less").min() < 1e-250


def test_without_information_nothing_is_rejected_and_the_boundary_is_infinite():
    nothing = np.zeros(2)
    for side in SIDES:
        np.testing.assert_array_equal(log_e_value(np.array([3.0, -3.0]), nothing, side=side), 0)
        np.testing.assert_array_equal(critical_value(nothing, side=side), np.inf)


def test_one_call_equals_many_and_nan_stays_alone():
    rng = np.random.default_rng(1)
    z, r = rng.normal(0, 4, 40), np.geomspace(1e-3, 1e6, 40)
    r[7], z[9] = np.nan, np.nan
    for side in SIDES:
        evidence, edge = log_e_value(z, r, side=side), critical_value(r, side=side)
        for i in range(40):
            one = slice(i, i + 1)
            np.testing.assert_array_equal(evidence[one], log_e_value(z[one], r[one], side=side))
            np.testing.assert_array_equal(edge[one], critical_value(r[one], side=side))
        assert np.isnan(edge).sum() == 1
        assert np.isnan(evidence).sum() == 2


def test_statistics_beyond_any_double_are_certain():
    found = log_e_value(np.array([1e200, 1e200]), np.array([1.0, 1e12]))
    np.testing.assert_array_equal(found, np.inf)


def test_wrong_options_are_refused():
    one = np.ones(1)
    with pytest.raises(ArgumentError, match="`side` must be one of"):
        log_e_value(one, one, side="both")
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1, got 0.0"):
        critical_value(one, alpha=0.0)
    with pytest.raises(ArgumentError, match="`side`"):
        nominal_level(one, side="up")
