import numpy as np
import pyarrow as pa
import pytest
from reference.builders import effects, pair
from scipy import stats

from experimentos import tables
from experimentos.errors import ArgumentError, TableError


def row(age, variant="treatment", **given):
    default = dict.fromkeys(tables.EFFECTS_BY_AGE_INPUT.names) | {
        "experiment_id": "e", "metric": "m", "variant": variant, "age_days": age,
        "is_control": variant == "control", "metric_type": "mean", "alpha": 0.05,
    }  # fmt: skip
    return default | given


def ages(rows):
    table = pa.Table.from_pylist(rows, schema=tables.EFFECTS_BY_AGE_INPUT)
    return tables.effects_by_age(table).to_pylist()


def test_welch_at_each_age():
    rows = []
    for age, (control, treatment) in enumerate([(2.0, 2.6), (2.1, 2.3), (2.0, 2.0)]):
        rows += [row(age, "control", n_units=400 - age, mean_num=control, m2_num=900.0),
                 row(age, n_units=380 - age, mean_num=treatment, m2_num=800.0)]  # fmt: skip
    found = ages(rows)
    assert [one["age_days"] for one in found] == [0, 1, 2]
    for age, one in enumerate(found):
        n_c, n_t = 400 - age, 380 - age
        peer = stats.ttest_ind_from_stats(
            rows[2 * age + 1]["mean_num"], np.sqrt(800 / (n_t - 1)), n_t,
            rows[2 * age]["mean_num"], np.sqrt(900 / (n_c - 1)), n_c, equal_var=False,
        )  # fmt: skip
        v_c, v_t = 900 / (n_c - 1) / n_c, 800 / (n_t - 1) / n_t
        df = (v_c + v_t) ** 2 / (v_c**2 / (n_c - 1) + v_t**2 / (n_t - 1))
        half_width = stats.t.ppf(0.975, df) * np.sqrt(v_c + v_t)
        np.testing.assert_allclose(
            [one["lower"], one["upper"]], one["estimate"] + np.array([-1, 1]) * half_width
        )
        assert one["n_units"] == n_t
        np.testing.assert_allclose(one["estimate"] / one["std_error"], peer.statistic)


@pytest.mark.parametrize("kind", ["proportion", "retention", "funnel", "mean", "ratio"])
def test_an_age_is_what_effects_says_of_the_same_moments(kind):
    counted = kind in ("proportion", "retention", "funnel")
    arms = [
        {"n_units": n, "mean_num": value, "m2_num": n * value * (1 - value) if counted else 700.0,
         "mean_den": 2.0, "m2_den": 300.0, "c2_num_den": 100.0}
        for n, value in ((1000, 0.1), (800, 0.15))
    ]  # fmt: skip
    (expected,) = effects(pair(*arms, metric_type=kind))
    (found,) = ages([row(3, "control", metric_type=kind, **arms[0]),
                     row(3, metric_type=kind, **arms[1])])  # fmt: skip
    for name, other in (("estimate", "estimate"), ("std_error", "std_error"),
                        ("lower", "lower_fixed"), ("upper", "upper_fixed"),
                        ("n_units", "n_treatment")):  # fmt: skip
        assert found[name] == expected[other], name


def test_what_is_undefined_is_null():
    rows = [
        row(0, n_units=50, mean_num=1.0, m2_num=3.0),  # no control at this age
        row(1, "control", n_units=0), row(1, n_units=50, mean_num=1.0, m2_num=3.0),
        row(2, "control", n_units=1, mean_num=1.0, m2_num=0.0),
        row(2, n_units=50, mean_num=float("nan"), m2_num=3.0),
        row(3, "control", n_units=9, metric_type="quantile"),
        row(3, n_units=50, metric_type="quantile"),
        row(4, "control", n_units=9, mean_num=2.0, m2_num=-1.0),
        row(4, n_units=50, mean_num=2.0, m2_num=float("inf"), alpha=2.0),
    ]  # fmt: skip
    found = ages(rows)
    assert len(found) == 5
    for one in found:
        assert one["n_units"] == 50
        assert one["std_error"] is one["lower"] is one["upper"] is None


def test_one_call_over_all_equals_one_for_each():
    rng = np.random.default_rng(3)
    rows = [
        row(age, variant, metric=metric, n_units=int(rng.integers(10, 500)),
            mean_num=float(rng.normal()), m2_num=float(rng.uniform(1, 900)))
        for metric in "ab" for age in range(5) for variant in ("control", "one", "two")
    ]  # fmt: skip
    rng.shuffle(rows)
    alone = []
    for metric in "ab":
        alone += ages([one for one in rows if one["metric"] == metric])
    assert ages(rows) == alone
    assert len(alone) == 20


def test_empty_input_and_bad_input():
    empty = tables.effects_by_age(tables.EFFECTS_BY_AGE_INPUT.empty_table())
    assert empty.schema.equals(tables.EFFECTS_BY_AGE_OUTPUT)
    with pytest.raises(TableError, match="lacks the columns \\['age_days'\\]"):
        tables.effects_by_age(tables.EFFECTS_BY_AGE_INPUT.empty_table().drop_columns(["age_days"]))
    with pytest.raises(ArgumentError, match="`metric_type` must be one of"):
        ages([row(0, metric_type="median")])
