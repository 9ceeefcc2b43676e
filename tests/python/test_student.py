import numpy as np
import pytest
from scipy import integrate, special, stats

from experimentos.student import both_tails, lower_tail, upper_quantile


@pytest.mark.parametrize("df", [1.0, 3.3, 30.0, 5e4, 1e9])
@pytest.mark.parametrize("t", [-0.3, -2.0, -30.0])
def test_tails_agree_with_numerical_integration(df, t):
    def log_density(x):
        constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2)
        return constant - 0.5 * np.log(df * np.pi) - (df + 1) / 2 * np.log1p(x * x / df)

    top = log_density(t)
    area, _ = integrate.quad(lambda u: np.exp(log_density(t - u) - top), 0, np.inf, epsabs=0)
    # Rounding of the gamma functions in the density limits the comparison at many df.
    tolerance = 1e-8 if df < 1e6 else 1e-5
    np.testing.assert_allclose(lower_tail(df, t), np.exp(top) * area, rtol=tolerance)


def test_tails_reach_the_smallest_numbers():
    # Normal limit: log of the tail at -37 is log_ndtr(-37); 1 - cdf would be 0.
    np.testing.assert_allclose(lower_tail(1e20, -37.0), special.ndtr(-37.0), rtol=1e-12)
    np.testing.assert_allclose(np.log(lower_tail(1e8, -37.0)), special.log_ndtr(-37.0), rtol=1e-4)
    # Cauchy: the tail at -x is arctan(1/x)/pi.
    np.testing.assert_allclose(lower_tail(1.0, -1e15), 1e-15 / np.pi, rtol=1e-12)
    # Four degrees of freedom at -t: 3 / t^4 (1 + O(t^-2)).
    np.testing.assert_allclose(lower_tail(4.0, -1e75), 3e-300 * 2, rtol=0.5)


@pytest.mark.parametrize("df", [0.7, 1.0, 3.3, 79.0, 81.0, 300.0, 5e4, 1e9, 1e14, 1e20, np.inf])
def test_tails_agree_with_scipy(df):
    t = np.r_[-np.geomspace(1e-3, 30, 60), np.geomspace(1e-3, 30, 60)]
    lower, upper = both_tails(np.full(t.size, df), t)
    expected = stats.norm.cdf(t) if df > 1e15 else special.stdtr(df, t)
    np.testing.assert_allclose(lower, expected, rtol=4e-13)
    np.testing.assert_allclose(upper, both_tails(np.full(t.size, df), -t)[0], rtol=0)


@pytest.mark.parametrize("tail", [0.4, 0.025, 1e-3, 1e-8, 1e-100])
def test_quantiles_invert_tails(tail):
    df = np.geomspace(1, 1e17, 200)
    quantile = upper_quantile(df, np.full(df.size, tail))
    back = both_tails(df, quantile)[1]
    # A relative error e of a quantile q is one of about q * q * e in its tail.
    far = np.maximum(1.0, quantile**2 * np.minimum(1.0, df / quantile**2))
    assert (np.abs(back / tail - 1) <= 2e-14 * far).all()
    np.testing.assert_allclose(quantile[df < 1e6], stats.t.isf(tail, df[df < 1e6]), rtol=1e-12)


def test_series_and_exact_tail_meet_without_a_step():
    # Around the border between the two ways, where the series is at its worst.
    t = np.array([0.5, 2.0, 6.0, 20.0])
    border = (t**2 + 8) / 0.1
    for df in (border * 0.98, border * 1.05):
        np.testing.assert_allclose(lower_tail(df, -t), special.stdtr(df, -t), rtol=3e-13)


def test_undefined_is_nan_and_neighbours_stay():
    df = np.array([np.nan, 0.0, -1.0, 10.0, 1e5])
    t = np.array([1.0, 1.0, 1.0, -2.0, np.nan])
    lower, _ = both_tails(df, t)
    np.testing.assert_array_equal(np.isnan(lower), [True, True, True, False, True])
    assert lower[3] == lower_tail(df[3:4], t[3:4])[0]
    quantile = upper_quantile(df, np.array([0.1, 0.1, 0.1, np.nan, 0.5]))
    np.testing.assert_array_equal(np.isnan(quantile), [True, True, True, True, False])


@pytest.mark.parametrize(
    ("df", "tail", "expected"),
    [
        # mpmath 1.3, 50 digits: findroot of log(betainc(df/2, 1/2, 0, df/(df + t^2)) / 2)
        (1.5, 1e-250, 2.4226631011346149e166),
        (2.5, 1e-200, 8.765437882279992e79),
        (3, 1e-180, 1.0331108360446529e60),
        (5, 1e-290, 1.5683925590993378e58),
        (10, 1e-300, 2.5645257189481978e30),
        (20, 1e-305, 7043093111923773.5),
        (60, 1e-200, 15882.151109777812),
        (99, 1e-150, 315.23452325203876),
        (1, 1e-300, 3.1830988618379066e299),
    ],
)
def test_quantiles_of_the_tiniest_tails(df, tail, expected):
    found = upper_quantile(np.array([df]), np.array([tail]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
