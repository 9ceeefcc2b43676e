"""Rows that decide, the series around them, segments, and types of metrics."""

import datetime as dt
import time

import numpy as np
import pytest
from reference.builders import column_table, effects, pair
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experimentos import tables
from experimentos.errors import TableError
from experimentos.estimators.quantile import Quantile
from experimentos.inference.quantile_effect import quantile_difference, quantile_ratio
from experimentos.tables.deciding import DECIDED

CLASSICAL = ["p_value_fixed", "lower_fixed", "upper_fixed", "estimate", "std_error", "lift",
             "lift_lower", "lift_upper", "value_control", "method"]  # fmt: skip
COUNTS = {"n_units": 2000, "n_events": 200}, {"n_units": 2000, "n_events": 240}


def day(number):
    return dt.datetime(2026, 9, number)


def test_only_the_readout_that_decides_has_the_deciding_columns():
    rows = []
    for basis in ("mature", "all"):
        for number in (1, 2):
            for population in ("assigned", "activated"):
                chosen = (basis, number, population) == ("mature", 2, "assigned")
                rows += pair(*COUNTS, basis=basis, as_of=day(number), population=population,
                             is_deciding=chosen, role="guardrail", margin=0.1,
                             margin_kind="relative")  # fmt: skip
    found = effects(rows)
    assert len(found) == 8
    (decides,) = [row for row in found if row["used_for_decision"]]
    assert (decides["basis"], decides["as_of"], decides["is_latest"]) == ("mature", day(2), True)
    for row in found:
        for name in CLASSICAL:
            np.testing.assert_equal(row[name], decides[name])
        if row is not decides:
            kept = {"lift", "lift_lower", "lift_upper"}
            assert {row[name] for name in set(DECIDED) - kept} == {None}
    assert decides["p_value_noninferior"] is not None


def test_exactly_one_row_of_a_comparison_decides_with_a_covariate_too():
    covariate = {"metric_type": "mean", "n_units": 500, "m2_num": 900.0, "has_covariate": True,
                 "mean_num_cov": 3.0, "m2_num_cov": 800.0, "c2_num_num_cov": 500.0}  # fmt: skip
    rows = []
    for number in (1, 2):
        rows += pair(covariate | {"mean_num": 5.0}, covariate | {"mean_num": 5.2},
                     as_of=day(number), is_deciding=number == 2)  # fmt: skip
    found = effects(rows)
    assert len(found) == 4
    decides = [row for row in found if row["used_for_decision"]]
    assert [(row["as_of"], row["adjustment"]) for row in decides] == [(day(2), "cuped")]
    for row in found:
        assert row["p_value_balance"] is None or row in decides


def test_a_family_spans_the_bases_on_which_its_metrics_decide():
    rows = pair(*COUNTS, metric="a", basis="mature")
    rows += pair(*COUNTS, metric="b", basis="all")
    rows += pair(*COUNTS, metric="c", basis="all", role="guardrail", margin=0.01,
                 margin_kind="absolute")  # fmt: skip
    a, b, c = sorted(effects(rows), key=lambda row: row["metric"])
    # Two success metrics, one p-value: Holm doubles it; the Launch p-value is that of both.
    np.testing.assert_allclose(a["p_value_corrected"], 2 * a["p_value"])
    assert a["p_value_corrected"] == b["p_value_corrected"]
    expected = max(2 * a["p_value"], c["p_value_noninferior"])
    np.testing.assert_allclose([r["p_launch"] for r in (a, b, c)], expected)
    harm = min(1.0, 3 * min(r["p_value_harm"] for r in (a, b, c)))
    np.testing.assert_allclose(min(r["p_value_harm_corrected"] for r in (a, b, c)), harm)


def test_a_metric_that_decides_twice_is_refused():
    rows = pair(*COUNTS, basis="mature") + pair(*COUNTS, basis="all")
    with pytest.raises(TableError, match="of two of .*'metric': 'ordered', 'variant': 'treatment'"):
        effects(rows)


def test_history_alone_has_no_decision():
    (row,) = effects(pair(*COUNTS, is_deciding=False))
    assert not row["used_for_decision"]
    assert row["p_value_fixed"] is not None
    assert row["p_value"] is row["p_value_harm"] is row["p_launch"] is None


@pytest.mark.parametrize("kind", ["retention", "funnel"])
def test_retention_and_funnels_are_counted_like_proportions(kind):
    (expected,) = effects(pair(*COUNTS))
    (row,) = effects(pair(*COUNTS, metric_type=kind))
    assert row == expected
    assert row["method"] == "score"


def quantile(value, error, **more):
    return {"metric_type": "quantile", "n_units": 9000, "quantile_level": 0.9,
            "quantile_value": value, "quantile_std_error": error} | more  # fmt: skip


def test_quantiles_have_the_normal_statistic_of_their_difference():
    arms = [Quantile([9000.0], [value], [error]) for value, error in ((480.0, 6.0), (500.0, 8.0))]
    (row,) = effects(pair(quantile(480.0, 6.0), quantile(500.0, 8.0)))
    difference, ratio = quantile_difference(*arms), quantile_ratio(*arms)
    assert (row["estimate"], row["std_error"], row["method"]) == (20.0, 10.0, "quantile")
    np.testing.assert_allclose(row["p_value_fixed"], 2 * stats.norm.sf(2.0))
    np.testing.assert_allclose(row["p_value"], stats.norm.sf(2.0))
    np.testing.assert_allclose(row["lower_fixed"], difference.lower[0])
    np.testing.assert_allclose(row["lift_lower"], ratio.lift_lower[0])
    np.testing.assert_allclose(row["lift"], 20 / 480)


def test_relative_margins_of_quantiles_are_tested_on_the_log_ratio():
    (row,) = effects(pair(quantile(480.0, 6.0), quantile(500.0, 8.0), goal="decrease",
                          role="guardrail", margin=0.08, margin_kind="relative"))  # fmt: skip
    error = np.hypot(6 / 480, 8 / 500)
    z = (np.log(500 / 480) - np.log(1.08)) / error
    np.testing.assert_allclose(row["p_value_noninferior"], stats.norm.cdf(z))
    assert (row["lift_upper"] < 0.08) == (row["p_value_noninferior"] < 0.025)
    np.testing.assert_allclose(row["p_value_worse"], stats.norm.sf(2.0))


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (quantile(480.0, None), quantile(500.0, 8.0)),
        (quantile(480.0, 0.0), quantile(500.0, 8.0)),
        (quantile(None, 6.0), quantile(500.0, 8.0)),
        (quantile(480.0, 6.0, quantile_level=None), quantile(500.0, 8.0)),
        (quantile(480.0, 6.0, n_units=None), quantile(500.0, 8.0, quantile_std_error=-1.0)),
    ],
)
def test_a_quantile_without_an_error_has_no_test(control, treatment):
    (row,) = effects(pair(control, treatment, has_covariate=True))
    for name in ("std_error", "p_value", "p_value_fixed", "lower", "lift", "lift_lower", "level",
                 "p_value_harm", "mde_reached"):  # fmt: skip
        assert row[name] is None, name
    assert row["value_treatment"] == 500.0


def segment_rows(levels, segment="country", seed=2, **shared):
    rng = np.random.default_rng(seed)
    rows = []
    for level in levels:
        counts = [{"n_units": 1000, "n_events": int(x)} for x in rng.binomial(1000, [0.2, 0.25])]
        rows += pair(*counts, segment=segment, segment_value=level, is_deciding=False, **shared)
    return rows


def test_segments_are_corrected_over_their_levels_and_decide_nothing():
    rows = segment_rows("abcde") + segment_rows("xy", segment="device", seed=3)
    rows += segment_rows("abcde", metric="other", seed=4) + pair(*COUNTS)
    found = effects(rows)
    for metric, segment, size in (
        ("ordered", "country", 5), ("ordered", "device", 2), ("other", "country", 5),
    ):  # fmt: skip
        own = [row for row in found if (row["metric"], row["segment"]) == (metric, segment)]
        assert len(own) == size
        plain = [row["p_value_fixed"] for row in own]
        _, expected, *_ = multipletests(plain, method="fdr_bh")
        np.testing.assert_allclose([row["p_value_corrected"] for row in own], expected)
        for row in own:
            assert not row["used_for_decision"]
            assert row["p_value"] is row["p_value_harm"] is row["p_launch"] is row["lower"] is None
    (whole,) = [row for row in found if row["used_for_decision"]]
    assert whole == effects(pair(*COUNTS))[0]


def test_a_segment_marked_as_deciding_still_decides_nothing():
    rows = segment_rows("ab")
    for row in rows:
        row["is_deciding"] = True
    assert not any(row["used_for_decision"] for row in effects(rows))


def test_the_adjustment_that_would_decide_is_the_one_corrected():
    covariate = {"metric_type": "mean", "m2_num": 900.0, "has_covariate": True,
                 "mean_num_cov": 3.0, "m2_num_cov": 800.0, "c2_num_num_cov": 500.0}  # fmt: skip
    rows = []
    for level, n in (("large", 500), ("small", 90)):
        rows += pair(covariate | {"mean_num": 5.0, "n_units": n},
                     covariate | {"mean_num": 5.2, "n_units": n},
                     segment="plan", segment_value=level, is_deciding=False)  # fmt: skip
    corrected = [(row["segment_value"], row["adjustment"]) for row in effects(rows)
                 if row["p_value_corrected"] is not None]  # fmt: skip
    assert corrected == [("large", "cuped"), ("small", "none")]


def test_a_level_without_units_is_null_and_counts():
    rows = segment_rows("ab")
    rows += pair({"n_units": 0}, {"n_units": 0}, segment="country", segment_value="c",
                 is_deciding=False)  # fmt: skip
    a, b, c = effects(rows)
    assert c["p_value_corrected"] is None
    _, expected, *_ = multipletests([a["p_value_fixed"], b["p_value_fixed"], 1], method="fdr_bh")
    np.testing.assert_allclose([a["p_value_corrected"], b["p_value_corrected"]], expected[:2])


def history(rows, *, ramps=False, seed=1):
    """Inputs of a project: ten metrics of all types by basis and day, or by phase of ramps."""
    rng = np.random.default_rng(seed)
    shape = (max(1, rows // 2000), 10, 2, 2, 50)
    experiment, metric, variant, basis, number = np.indices(shape).reshape(5, -1)
    size = experiment.size
    kind = np.array(["proportion", "mean", "ratio", "retention", "funnel", "mean", "ratio",
                     "proportion", "mean", "quantile"])[metric]  # fmt: skip
    n = rng.integers(50, 2000, size) * (number + 1)
    counted = np.isin(kind, ["proportion", "retention", "funnel"])
    rate = np.where(rng.random(size) < 0.2, 3 / n, rng.uniform(0.01, 0.3, size))
    days = np.array([day(1) + dt.timedelta(days=i) for i in range(50)])
    columns = {
        "experiment_id": experiment.astype(str), "metric": metric.astype(str),
        "variant": variant.astype(str), "basis": np.array(["all", "mature"])[basis],
        "as_of": days[number], "is_control": variant == 0, "metric_type": kind,
        "role": np.where(metric < 2, "success", np.where(metric < 6, "guardrail", "explore")),
        "margin": np.where(metric == 3, 0.02, np.nan), "margin_kind": np.full(size, "absolute"),
        "n_units": n,
        "mean_num": np.where(counted, np.rint(rate * n) / n, rng.normal(5, 0.1, size)),
        "m2_num": n * 4.0, "mean_den": np.full(size, 2.0), "m2_den": n * 1.0,
        "c2_num_den": n * 0.5, "has_covariate": kind == "mean",
        "mean_num_cov": rng.normal(5, 0.05, size), "m2_num_cov": n * 4.0, "c2_num_num_cov": n * 2.0,
        "quantile_level": np.full(size, 0.9), "quantile_value": rng.normal(5, 0.05, size),
        "quantile_std_error": 2 / np.sqrt(n), "is_deciding": (number == 49) & (basis == 1),
        "is_final": number == 49, "n_phases": np.full(size, 1),
    }  # fmt: skip
    if ramps:
        # Days 0, 3, 6, ... are readouts of all units, the two after each its phases.
        phase = number % 3
        columns |= {
            "as_of": days[number - phase], "n_phases": np.full(size, 2),
            "segment": np.where(phase == 0, "all", "phase"),
            "segment_value": np.array(["all", "2026-09-01", "2026-09-02"])[phase],
            "is_deciding": np.zeros(size, dtype=bool),
        }  # fmt: skip
    return column_table(columns)


@pytest.mark.parametrize("ramps", [False, True])
def test_a_hundred_thousand_comparisons_take_less_than_three_seconds(ramps):
    table = history(160_000, ramps=ramps)
    start = time.process_time()
    found = tables.effects(table)
    assert found.num_rows > 100_000
    assert time.process_time() - start < 3


@pytest.mark.parametrize("ramps", [False, True])
def test_one_call_over_experiments_equals_one_call_each(ramps):
    table = history(6000, ramps=ramps)
    together = tables.effects(table).to_pylist()
    alone = [
        row for i in range(3) for row in tables.effects(table.slice(2000 * i, 2000)).to_pylist()
    ]
    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        for name, value in one.items():
            if isinstance(value, float):
                np.testing.assert_allclose(value, other[name], rtol=1e-9, err_msg=name)
            else:
                assert value == other[name], name
