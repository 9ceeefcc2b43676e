import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, ndtri

from experimentos.errors import ArgumentError
from experimentos.estimators import compare
from experimentos.inference.welch import METHOD
from experimentos.moments import Moments
from experimentos.multiplicity import (
    bonferroni,
    control_loading,
    dunnett,
    dunnett_critical_value,
    holm,
    step_down_dunnett,
)

both = pytest.mark.parametrize("correction", [dunnett, step_down_dunnett])
# Dunnett (1955), table 1: control, drug A, drug B.
BLOOD = (
    np.array([7.40, 8.50, 7.20, 8.24, 9.84, 8.32]),
    np.array([9.76, 8.80, 7.68, 9.36]),
    np.array([12.80, 9.68, 12.16, 9.20, 10.55]),
)


def alone(correction, p, **options):
    p = np.asarray(p, dtype=float)
    return correction(p, np.zeros(p.size, dtype=int), level=0.05, **options)


def pooled(samples):
    """Statistics, loadings and degrees of freedom of the classical test."""
    n = np.array([sample.size for sample in samples])
    mean = np.array([sample.mean() for sample in samples])
    df = n.sum() - n.size
    variance = sum(((sample - sample.mean()) ** 2).sum() for sample in samples) / df
    error = np.sqrt(variance * (1 / n[1:] + 1 / n[0]))
    return (mean[1:] - mean[0]) / error, np.sqrt(n[1:] / (n[1:] + n[0])), float(df), error


def test_scipys_simulation_agrees_on_dunnetts_data():
    t, loading, df, error = pooled(BLOOD)
    found = stats.dunnett(*BLOOD[1:], control=BLOOD[0], rng=np.random.default_rng(1))
    p = 2 * stats.t.sf(np.abs(t), df)
    ours = alone(dunnett, p, loading=loading, df=df, two_sided=True)
    np.testing.assert_allclose(ours.p_value, found.pvalue, atol=1e-3)
    critical = stats.t.isf(ours.level / 2, df)
    limits = found.confidence_interval(0.95)
    np.testing.assert_allclose(t * error - critical * error, limits.low, atol=5e-3)
    np.testing.assert_allclose(t * error + critical * error, limits.high, atol=5e-3)


def test_the_level_is_the_tail_at_the_critical_value():
    _, loading, df, _ = pooled(BLOOD)
    for two_sided in (False, True):
        options = {"df": df, "two_sided": two_sided}
        critical = dunnett_critical_value(loading[None], level=0.05, **options)[0]
        found = alone(dunnett, [0.3, 0.01], loading=loading, **options)
        tail = stats.t.sf(critical, df) * (2 if two_sided else 1)
        np.testing.assert_allclose(found.level, tail, rtol=1e-10)


def test_welch_intervals_at_the_level_exclude_no_effect_exactly_where_rejected():
    rng = np.random.default_rng(2)
    families, arms = 40, 3
    n = rng.integers(20, 400, (families, arms + 1)).astype(float)
    mean = rng.normal(0, 0.15, n.shape)
    m2 = (n - 1) * rng.uniform(0.5, 2, n.shape)
    control = Moments(*(np.repeat(v[:, :1], arms, axis=1).ravel() for v in (n, mean, m2)))
    treatment = Moments(*(v[:, 1:].ravel() for v in (n, mean, m2)))
    comparison = compare(control, treatment)
    p = stats.t.sf(comparison.estimate / comparison.std_error, comparison.df)
    family = np.repeat(np.arange(families), arms)
    for correction in (dunnett, step_down_dunnett):
        found = correction(
            p, family, level=0.2, loading=control_loading(comparison), df=comparison.df
        )
        assert 5 < found.rejected.sum() < 100
        lower = METHOD.interval(comparison, found.level).lower
        np.testing.assert_array_equal(lower >= 0, found.rejected)


@both
def test_more_is_rejected_than_by_bonferroni_and_holm(correction):
    p = np.random.default_rng(3).beta(0.3, 1, 400)
    family, loading = np.repeat(np.arange(100), 4), np.tile([0.9, 0.7, 0.7, 0.3], 100)
    ours = correction(p, family, level=0.05, loading=loading)
    theirs = (bonferroni if correction is dunnett else holm)(p, family, level=0.05)
    assert (ours.p_value <= theirs.p_value * (1 + 1e-12)).all()
    assert (ours.level >= theirs.level * (1 - 1e-12)).all()


@both
def test_arms_whose_loading_is_unknown_are_paid_for_as_by_bonferroni(correction):
    p = [0.01, 0.02, 0.04]
    nothing = alone(correction, p, loading=np.full(3, np.nan))
    theirs = alone(bonferroni if correction is dunnett else holm, p)
    np.testing.assert_allclose(nothing.p_value, theirs.p_value, rtol=1e-14)
    np.testing.assert_allclose(nothing.level, theirs.level, rtol=1e-12)
    two = alone(dunnett, p[:2], loading=np.full(2, 0.7)).p_value
    one_unknown = alone(dunnett, p, loading=np.array([0.7, 0.7, np.nan]))
    np.testing.assert_allclose(one_unknown.p_value[:2], two + p[:2], rtol=1e-12)


def test_metrics_have_controls_of_their_own():
    p = np.array([0.004, 0.03, 0.02, 0.5])
    loading = np.full(4, np.sqrt(0.5))
    found = alone(dunnett, p, loading=loading, control=np.array([0, 0, 7, 7]))
    pair = np.array([alone(dunnett, [one, 1.0], loading=loading[:2]).p_value[0] for one in p])
    np.testing.assert_allclose(found.p_value, np.minimum(1, 2 * pair), rtol=1e-12)
    single = alone(dunnett, p, loading=loading, control=np.arange(4))
    np.testing.assert_allclose(single.p_value, np.minimum(1, 4 * p), rtol=1e-14)


def test_a_step_counts_only_what_is_left():
    p, loading = np.array([0.0001, 0.03, 0.02]), np.sqrt([0.5, 0.6, 0.4])
    found = alone(step_down_dunnett, p, loading=loading)
    left = alone(dunnett, p[1:], loading=loading[1:])
    np.testing.assert_allclose(found.p_value[2], left.p_value[1], rtol=1e-13)
    np.testing.assert_allclose(found.p_value[1], max(left.p_value[1], p[1]), rtol=1e-13)
    whole = alone(dunnett, p, loading=loading)
    np.testing.assert_allclose(found.p_value[0], whole.p_value[0], rtol=1e-13)
    np.testing.assert_allclose(found.level[0], whole.level[0], rtol=1e-12)


@both
def test_an_undefined_comparison_disturbs_nobody(correction):
    p, loading, df = np.array([0.01, 0.02, 0.03]), np.full(3, 0.7), np.array([40.0, np.nan, 40.0])
    found = alone(correction, p, loading=loading, df=df)
    filled = alone(correction, [0.01, 1.0, 0.03], loading=loading, df=40.0)
    np.testing.assert_array_equal(found.p_value[[0, 2]], filled.p_value[[0, 2]])
    assert np.isnan(found.p_value[1])
    assert not found.rejected[1]


def test_extreme_input():
    huge = alone(dunnett, [1e-300, 1e-17], loading=np.full(2, 0.7), df=1e9)
    np.testing.assert_allclose(huge.p_value, [2e-300, 2e-17], rtol=1e-3)
    few = alone(dunnett, [1e-300, 0.3], loading=np.full(2, 0.7), df=1.0)
    assert 1e-300 < few.p_value[0] < 2e-300
    lopsided = alone(dunnett, [0.01, 0.02], loading=np.full(2, 1.0))
    assert (lopsided.p_value < 0.025).all()


def test_the_critical_value_grows_with_the_arms_from_that_of_one():
    values = [
        dunnett_critical_value(np.full((1, arms), np.sqrt(0.5)), level=0.025)[0]
        for arms in (1, 2, 5, 20, 100)
    ]
    np.testing.assert_allclose(values[0], -ndtri(0.025), rtol=1e-12)
    assert (np.diff(values) > 0).all()
    assert values[-1] < -ndtri(0.025 / 100)
    padded = dunnett_critical_value([[0.6, 0.7, np.nan]], level=0.025)
    np.testing.assert_array_equal(padded, dunnett_critical_value([[0.6, 0.7]], level=0.025))


def test_the_loading_follows_from_the_variances():
    n = np.array([100.0, 100.0, 100.0])
    treatment = np.array([100.0, 300.0, 25.0])
    comparison = compare(Moments(n, n * 0, n - 1), Moments(treatment, n * 0, treatment - 1))
    expected = np.sqrt(treatment / (treatment + n))
    np.testing.assert_allclose(control_loading(comparison), expected, rtol=1e-14)
    nothing = compare(Moments([10.0], [0.0], [0.0]), Moments([10.0], [0.0], [0.0]))
    assert np.isnan(control_loading(nothing)).all()


@both
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "`loading` must be given for Dunnett's correction: .* got None"),
        ({"loading": np.array([0.5, 1.5])}, "`loading` must be between 0 and 1 or NaN, got 1.5"),
        ({"loading": np.ones(3)}, r"`loading` must be one number or of shape \(2,\)"),
        ({"loading": 0.5, "df": np.array([3.0, 0.0])}, "`df` must be above 0 or NaN, got 0.0"),
        ({"loading": 0.5, "control": np.array([0.5, 1])}, "`control` must be whole numbers"),
        ({"loading": 0.5, "control": np.arange(3)}, r"`control` must be whole numbers of shape"),
    ],
)
def test_wrong_arguments_are_typed_errors(correction, options, message):
    with pytest.raises(ArgumentError, match=message):
        alone(correction, [0.01, 0.2], **options)


def test_critical_values_refuse_wrong_arguments():
    with pytest.raises(ArgumentError, match=r"`loading` must be of shape \(k, m\)"):
        dunnett_critical_value([0.5, 0.5], level=0.05)
    with pytest.raises(ArgumentError, match="`level` must be between 0 and 1, got 2.0"):
        dunnett_critical_value([[0.5, 0.5]], level=2)


def test_family_wise_error_with_unequal_arms():
    rng = np.random.default_rng(4)
    n, runs = np.array([50.0, 20.0, 100.0]), 4000
    mean = rng.normal(size=(runs, 3)) / np.sqrt(n)
    z = (mean[:, 1:] - mean[:, :1]) / np.sqrt(1 / n[1:] + 1 / n[0])
    family, loading = np.repeat(np.arange(runs), 2), np.tile(np.sqrt(n[1:] / (n[1:] + n[0])), runs)
    found = dunnett(ndtr(-z).ravel(), family, level=0.05, loading=loading)
    errors = found.rejected.reshape(runs, 2).any(axis=1).sum()
    assert stats.binom.ppf(0.0005, runs, 0.05) <= errors <= stats.binom.ppf(0.9995, runs, 0.05)
