"""Balance of a covariate before exposure."""

import numpy as np
from scipy import stats

from experimentos.checks.balance import LEVEL, balance
from experimentos.moments import Moments


def moments(samples):
    rows = np.asarray(samples, dtype=float)
    n = np.full(len(rows), rows.shape[1], dtype=float)
    return Moments(n=n, mean=rows.mean(axis=1), m2=rows.var(axis=1) * n)


def test_sleep_data_published_by_r():
    # R, ?t.test: t.test(extra ~ group, data = sleep): p-value = 0.07939
    control = Moments(n=[10.0], mean=[0.75], m2=[28.805])
    treatment = Moments(n=[10.0], mean=[2.33], m2=[36.081])
    p_value, corrected = balance(control, treatment, np.array([0]))
    np.testing.assert_allclose(p_value, [0.07939], rtol=1e-4)
    np.testing.assert_allclose(corrected, p_value)


def test_one_call_agrees_with_scipy_row_by_row_and_holm_stays_within_families():
    rng = np.random.default_rng(1)
    before, after = rng.gamma(2, 3, (6, 40)), rng.gamma(2, 3, (6, 50))
    family = np.array([0, 0, 0, 1, 1, 2])
    p_value, corrected = balance(moments(before), moments(after), family)
    expected = [
        stats.ttest_ind(a, b, equal_var=False).pvalue for a, b in zip(before, after, strict=True)
    ]
    np.testing.assert_allclose(p_value, expected, rtol=1e-10)
    for number in np.unique(family):
        rows = family == number
        alone = balance(moments(before[rows]), moments(after[rows]), family[rows])
        np.testing.assert_allclose(corrected[rows], alone[1], rtol=1e-12)
    assert corrected[0] >= p_value[0]


def test_a_metric_without_a_covariate_is_nan_and_no_part_of_the_family():
    control = Moments(n=[10.0, 10.0, 1.0], mean=[0.75, np.nan, 1.0], m2=[28.805, np.nan, 0.0])
    treatment = Moments(n=[10.0, 10.0, 1.0], mean=[2.33, np.nan, 1.0], m2=[36.081, np.nan, 0.0])
    p_value, corrected = balance(control, treatment, np.zeros(3, dtype=int))
    np.testing.assert_array_equal(np.isnan(p_value), [False, True, True])
    np.testing.assert_allclose(corrected[0], p_value[0])


def test_a_balanced_experiment_warns_at_most_once_in_a_thousand():
    rng = np.random.default_rng(7)
    runs, covariates = 20_000, 3
    z = rng.standard_normal((2, runs * covariates))
    n = np.full(runs * covariates, 500.0)
    family = np.repeat(np.arange(runs), covariates)
    arms = [Moments(n=n, mean=row / np.sqrt(500), m2=n - 1) for row in z]
    rate = np.unique(family[balance(*arms, family)[1] < LEVEL]).size / runs
    # Three standard errors of a rate of .001 over the runs.
    assert rate <= LEVEL + 3 * np.sqrt(LEVEL / runs)
