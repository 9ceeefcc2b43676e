import re
import textwrap

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.waiting import waiting_times
from scipy import stats

from experimentos.errors import ArgumentError
from experimentos.estimators import quantile_inputs
from experimentos.estimators.quantile import woodruff_shares
from experimentos.estimators.quantile_inputs import quantile_inputs_of, quantiles

MOMENTS = ("n", "mean_num", "m2_num", "mean_den", "m2_den", "c2_num_den")
VALUES = ("value", "lower", "upper", "largest_gap")


def recipe(quantile):
    """The SQL of the docstring, for another quantile."""
    sql = re.search(r"q = 0\.9::\n\n(.*)", quantile_inputs.__doc__, re.DOTALL).group(1)
    return re.sub(r"\b0\.9\b", str(quantile), textwrap.dedent(sql))


def by_sql(values, unit, arm, quantile):
    with duckdb.connect() as connection:
        connection.register("given", {"value": values, "unit": unit, "arm": arm})
        connection.execute("create table observations as select * from given")
        return connection.execute(recipe(quantile)).fetchnumpy()


def brute_force(values, unit, arm, q):
    """The same one observation at a time, with NumPy's own quantile."""
    pooled = np.quantile(values, q)
    rows = []
    for a in np.unique(arm):
        x, u = values[arm == a], unit[arm == a]
        groups = [x[u == one] for one in np.unique(u)]
        num = np.array([(g <= pooled).sum() for g in groups], float)
        den = np.array([g.size for g in groups], float)
        share, m = num.sum() / den.sum(), num.size
        v = m / (m - 1) * ((num - share * den) ** 2).sum() / den.sum() ** 2
        s = np.sqrt(v * q * (1 - q) / (share * (1 - share)))
        lower, upper = np.quantile(x, [q - 1.96 * s, q + 1.96 * s])
        distinct = np.unique(x)
        step = (distinct[1:] > lower) & (distinct[:-1] < upper)
        gap = np.diff(distinct)[step].max(initial=0.0)
        rows.append((np.quantile(x, q), lower, upper, gap))
    return np.array(rows).T


def rounded(step, size=6000):
    values, unit, arm = waiting_times(size)
    return (np.round(values / step) * step if step else values), unit, arm


@pytest.mark.parametrize("quantile", [0.5, 0.9])
@pytest.mark.parametrize("step", [0.0, 10.0, 100.0])
def test_the_sql_of_the_docstring_gives_the_same(quantile, step):
    values, unit, arm = rounded(step)
    indicator, found = quantile_inputs_of(values, unit, arm, quantile=quantile)
    sql = by_sql(values, unit, arm, quantile)
    for name in MOMENTS:
        np.testing.assert_allclose(sql[name], getattr(indicator, name), rtol=1e-9, atol=1e-9)
    for name in VALUES:
        np.testing.assert_allclose(sql[name], getattr(found, name), rtol=1e-9, atol=1e-9)


def test_the_sql_of_the_docstring_is_silent_where_a_share_does_not_vary():
    values = np.r_[np.arange(50.0), 100 + np.arange(50.0)]
    sql = by_sql(values, np.arange(100), np.repeat([0, 1], 50), 0.5)
    assert sql["value"].tolist() == [24.5, 124.5]
    assert sql["lower"].mask.all()
    assert sql["upper"].mask.all()


@pytest.mark.parametrize("step", [0.0, 5.0, 60.0])
@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.9])
def test_it_is_what_numpy_gives_arm_by_arm(quantile, step):
    values, unit, arm = rounded(step, 3000)
    _, found = quantile_inputs_of(values, unit, arm, quantile=quantile)
    expected = brute_force(values, unit, arm, quantile)
    for name, theirs in zip(VALUES, expected, strict=True):
        np.testing.assert_allclose(getattr(found, name), theirs, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7), st.integers(0, 2)), min_size=1),
    st.sampled_from([0.1, 0.5, 0.75]),
)
def test_small_and_odd_samples_are_those_of_numpy_too(rows, quantile):
    values, unit, arm = (np.array(column) for column in zip(*rows, strict=True))
    indicator, found = quantile_inputs_of(values, unit, arm, quantile=quantile)
    for a in range(arm.max() + 1):
        x = values[arm == a].astype(float)
        if not x.size:
            assert np.isnan(found.value[a])
            continue
        assert indicator.n[a] == np.unique(unit[arm == a]).size
        np.testing.assert_allclose(found.value[a], np.quantile(x, quantile), rtol=1e-12)
        shares = woodruff_shares(indicator.take([a]), quantile)
        share = shares.lower[0]
        if 0 <= share <= 1:
            np.testing.assert_allclose(found.lower[a], np.quantile(x, share), atol=1e-12)
        else:
            assert np.isnan(found.lower[a])


def test_experiments_are_pooled_apart_and_one_call_equals_many():
    rng = np.random.default_rng(3)
    arm = rng.integers(0, 10, 20_000)
    unit = rng.integers(0, 900, 20_000)
    values = np.exp(rng.normal(size=20_000)) * (1 + arm)
    together = quantiles(values, unit, arm, quantile=0.5, experiment=np.arange(10) // 2)
    assert np.isfinite(together.std_error).all()
    for k in range(5):
        here = arm // 2 == k
        alone = quantiles(values[here], unit[here], arm[here] % 2, quantile=0.5)
        for name in ("n", "value", "std_error"):
            expected = getattr(together, name)[2 * k : 2 * k + 2]
            np.testing.assert_array_equal(getattr(alone, name), expected)


def test_the_order_of_observations_and_names_of_units_do_not_matter():
    values, unit, arm = rounded(1.0)
    expected = quantiles(values, unit, arm, quantile=0.9)
    shuffled = np.random.default_rng(4).permutation(values.size)
    names = np.array([f"user-{u}" for u in unit])
    found = quantiles(values[shuffled], names[shuffled], arm[shuffled], quantile=0.9)
    np.testing.assert_allclose(found.std_error, expected.std_error, rtol=1e-12)


def test_without_units_every_observation_is_one():
    values, _, arm = rounded(0.0)
    found = quantiles(values, None, arm, quantile=0.5)
    expected = quantiles(values, np.arange(values.size), arm, quantile=0.5)
    np.testing.assert_array_equal(found.std_error, expected.std_error)
    assert found.n.tolist() == [3000, 3000]


def test_undefined_values_are_left_out_and_disturb_no_other_arm():
    values, unit, arm = rounded(0.0)
    own = np.arange(2)
    expected = quantiles(values, unit, arm, quantile=0.5, experiment=own)
    broken = values.copy()
    broken[arm == 1] = np.nan
    broken[np.flatnonzero(arm == 1)[:10]] = [np.inf, -np.inf] * 5
    found = quantiles(broken, unit, arm, quantile=0.5, experiment=own)
    assert found.std_error[0] == expected.std_error[0]
    assert found.n[1] == 0
    assert np.isnan([found.value[1], found.std_error[1]]).all()


def test_the_scale_of_values_scales_everything():
    values, unit, arm = rounded(0.0)
    expected = quantiles(values, unit, arm, quantile=0.9)
    for scale in (1e-200, 1e200):
        found = quantiles(values * scale, unit, arm, quantile=0.9)
        np.testing.assert_allclose(found.std_error, expected.std_error * scale, rtol=1e-12)


def test_no_tied_quantile_has_a_standard_error():
    zeros = np.r_[np.zeros(1500), np.arange(1.0, 501.0)]
    found = quantiles(zeros, None, np.zeros(2000, int), quantile=0.5)
    assert found.value[0] == 0
    assert np.isnan(found.std_error[0])


def test_the_allowance_for_ties_is_small_where_values_are_fine():
    rng = np.random.default_rng(5)
    ratios = []
    for n in (200, 4000):
        values = rng.lognormal(size=200 * n)
        _, found = quantile_inputs_of(values, None, np.repeat(np.arange(200), n), quantile=0.5)
        plain = (found.upper - found.lower) / 3.92
        ratios.append(np.median(np.hypot(plain, found.largest_gap / 2) / plain))
    assert 1.02 < ratios[0] < 1.06
    assert 1.0 < ratios[1] < 1.006


def test_without_the_allowance_steps_would_make_false_positives():
    # Four values, the median between two of them: each arm shows one or the other at random.
    rng = np.random.default_rng(6)
    values = rng.choice([1.0, 2.0, 3.0, 5.0], p=[0.2, 0.3, 0.4, 0.1], size=400 * 1000)
    _, found = quantile_inputs_of(
        values, None, np.repeat(np.arange(400), 1000), quantile=0.5, experiment=np.arange(400) // 2
    )
    plain = (found.upper - found.lower) / 3.92
    both = [x.reshape(200, 2) for x in (found.value, plain, found.largest_gap)]
    difference = np.abs(both[0][:, 1] - both[0][:, 0])
    defined = (both[1] > 0).all(axis=1)
    naive = difference > 1.96 * np.hypot(*both[1].T)
    allowed = difference > 1.96 * np.sqrt((both[1] ** 2 + both[2] ** 2 / 4).sum(axis=1))
    assert (naive & defined).mean() > 0.3
    assert stats.binom.sf((allowed & defined).sum() - 1, 200, 0.05) > 0.001


def test_bad_arguments_are_refused():
    with pytest.raises(ArgumentError, match="`quantile` must be between 0 and 1, got 90.0"):
        quantiles([1.0], None, [0], quantile=90)
    with pytest.raises(ArgumentError, match="one length"):
        quantiles([1.0], None, [0, 1], quantile=0.5)
    with pytest.raises(ArgumentError, match="whole numbers from 0, got -1"):
        quantiles([1.0], None, [-1], quantile=0.5)
    with pytest.raises(ArgumentError, match="`experiment` must be 1 whole numbers from 0"):
        quantiles([1.0], None, [0], quantile=0.5, experiment=[0, 1])


def test_nothing_at_all_is_no_arm():
    assert quantiles([], None, [], quantile=0.5).n.shape == (0,)
