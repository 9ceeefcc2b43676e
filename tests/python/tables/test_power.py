import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from reference.builders import arm, effects, pair
from scipy import stats

from experimentos import tables
from experimentos.errors import ArgumentError, TableError
from experimentos.power import (
    Means,
    PlannedMetric,
    Rates,
    always_valid_factor,
    group_factor,
    plan_experiment,
)
from experimentos.sequential.group import group_sequential

START = dt.date(2026, 9, 1)  # a Tuesday
MDE = {"mde": 0.1, "mde_kind": "relative"}


def power(rows, entered=(), **given):
    rows = [dict.fromkeys(tables.DECIDING_INPUT.names) | {"design": "fixed"} | row | given
            for row in rows]  # fmt: skip
    return tables.power(
        pa.Table.from_pylist(rows, schema=tables.DECIDING_INPUT),
        pa.Table.from_pylist(list(entered), schema=tables.ENROLMENT_INPUT),
    ).to_pylist()


def one(rows, *args, **given):
    (row,) = power(rows, *args, **given)
    return row


def counted(n, events):
    return {"n_units": n, "n_events": events}


def mean(n, value, m2):
    return {"n_units": n, "mean_num": value, "m2_num": m2}


def guardrail(name, kind="relative", margin=0.02, arms=None, **shared):
    arms = arms or (mean(1000, 4.0, 1000.0), mean(1000, 4.0, 1000.0))
    return pair(*arms, metric=name, role="guardrail", margin=margin, margin_kind=kind,
                metric_type="mean", **shared)  # fmt: skip


def test_units_for_two_rates_as_published():
    # J. L. Fleiss, B. Levin, M. C. Paik (2003), formula (4.14): n per group without continuity
    # correction, 60 % and 70 %, alpha .01 two-sided, power .95: 827 (table 4.1 with it).
    p, q = 0.6, 0.7
    z_level, z_power = stats.norm.isf(0.005), stats.norm.isf(0.05)
    middle = (p + q) / 2
    expected = (
        z_level * np.sqrt(2 * middle * (1 - middle)) + z_power * np.sqrt(p * (1 - p) + q * (1 - q))
    ) ** 2 / (q - p) ** 2
    row = one(pair(counted(100, 60), counted(100, 61), alpha=0.01, power=0.95, mde=0.1,
                   mde_kind="absolute"))  # fmt: skip
    assert row["n_needed"] == 2 * np.ceil(expected)
    np.testing.assert_allclose(row["mde_planned"], 0.1 / 0.6)


def test_units_for_two_means_as_published():
    # R, ?power.t.test: power.t.test(power = .90, delta = 1, sd = 1): n = 22.02110
    m2 = 99.0  # deviation 1 in 100 units
    row = one(pair(mean(100, 10.0, m2), mean(100, 10.1, m2), metric_type="mean", power=0.9, **MDE))
    assert row["n_needed"] == 2 * 23
    assert row["mde_planned"] == 0.1
    assert row["days_left"] == 0.0


def test_a_decrease_that_is_good_needs_what_an_increase_of_the_non_events_needs():
    down = one(pair(counted(500, 200), counted(500, 180), goal="decrease", **MDE))
    other = pair(counted(500, 300), counted(500, 320), mde=0.04, mde_kind="absolute")
    assert down["n_needed"] == one(other)["n_needed"]


def test_each_hypothesis_is_tested_at_the_level_and_power_of_the_plan():
    arms = counted(2000, 200), counted(2000, 220)
    shared = {"power": 0.8}
    rows = []
    for name in ("ordered", "signed_up"):
        both = pair(*arms, metric=name, **MDE, **shared)
        rows += [*both, both[1] | {"variant": "second"}]
    for name in ("latency", "errors"):
        both = guardrail(name, **shared)
        rows += [*both, both[1] | {"variant": "second"}]
    rows += guardrail("refunds", margin=None, **shared)
    found = {(row["metric"], row["variant"]): row for row in power(rows)}
    sd = np.sqrt(1000 / 999)
    plan = plan_experiment(
        [
            PlannedMetric("ordered", Rates(0.1, 0.11)),
            PlannedMetric("signed_up", Rates(0.1, 0.11)),
            PlannedMetric("latency", Means(0.0, 4.0, sd), "guardrail", 0.02, is_relative=True),
            PlannedMetric("errors", Means(0.0, 4.0, sd), "guardrail", 0.02, is_relative=True),
            PlannedMetric("refunds", Means(0.0, 4.0, sd), "guardrail"),
        ],
        shares=(1, 1, 1),
    )
    for metric, n in zip(plan.metrics, plan.n_control[:, 0], strict=True):
        row = found[metric, "treatment"]
        if metric == "refunds":
            assert row["n_needed"] is row["days_left"] is None
            continue
        assert row["n_needed"] == 2 * np.ceil(n)
        assert found[metric, "second"]["n_needed"] == row["n_needed"]
    assert {row["test"] for key, row in found.items() if key[0] in ("latency", "errors")} == {
        "noninferior"
    }
    assert found["latency", "second"]["mde_planned"] == 0.02
    assert len(found) == 9


@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_an_absolute_margin_is_in_metric_units(goal):
    row = power(guardrail("latency", kind="absolute", margin=0.1, goal=goal))[0]
    z = stats.norm.isf(0.025) + stats.norm.isf((1 - 0.8) / 2)
    np.testing.assert_allclose(row["n_needed"] / 2, 2 * (1000 / 999) * (z / 0.1) ** 2, rtol=2e-3)
    np.testing.assert_allclose(row["mde_planned"], 0.1 / 4)


def test_the_harm_that_would_have_been_found_has_eighty_percent_power():
    rows = guardrail("refunds", margin=None, power=0.95)
    row, (effect,) = one(rows), effects(rows)
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    np.testing.assert_allclose(row["harm_found"], z * effect["std_error"] / 4)
    loose = one(rows, alpha_harm=0.1)
    z = stats.norm.isf(0.1) + stats.norm.isf(0.2)
    np.testing.assert_allclose(loose["harm_found"], z * effect["std_error"] / 4)
    assert row["test"] == "harm"
    assert power(guardrail("latency"))[0]["harm_found"] is None
    assert one(pair(counted(500, 200), counted(500, 180)))["harm_found"] is None


def test_the_error_seen_is_what_counts():
    plain = mean(1000, 4.0, 9000.0), mean(500, 4.1, 4000.0)
    covered = [given | {"mean_num_cov": 3.0, "m2_num_cov": given["m2_num"],
                        "c2_num_num_cov": 0.6 * given["m2_num"]} for given in plain]  # fmt: skip
    rows = pair(*plain, metric_type="mean", **MDE)
    adjusted = pair(*covered, metric_type="mean", has_covariate=True, **MDE)
    assert one(rows)["n_needed"] > 1500
    # A correlation of 0.6 leaves 64 % of the variance.
    np.testing.assert_allclose(one(adjusted)["n_needed"] / one(rows)["n_needed"], 0.64, rtol=2e-3)
    quantile = pair(*({"n_units": n, "quantile_level": 0.5, "quantile_value": x,
                       "quantile_std_error": e} for n, x, e in ((1000, 4.0, 0.3), (500, 4.0, 0.4))),
                    metric_type="quantile", **MDE)  # fmt: skip
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    expected = 1500 * (z * 0.5 / 0.4) ** 2
    np.testing.assert_allclose(one(quantile)["n_needed"], expected, rtol=1e-3)


def test_units_without_a_value_are_needed_too():
    arms = [mean(800, 4.0, 8000.0) | {"n_missing": 200}, mean(800, 4.1, 8000.0)]
    rows = pair(*[{key: given[key] for key in given if key != "n_missing"} for given in arms],
                metric_type="mean", **MDE)  # fmt: skip
    without = one(rows)["n_needed"]
    rows[0]["n_missing"] = rows[1]["n_missing"] = 200
    assert one(rows)["n_needed"] == np.ceil(without / 0.8)


def of_looks(spending, looks, parameter=None):
    fractions = np.arange(1, looks + 1) / looks
    plan = group_sequential(fractions, alpha=0.025, spending=spending, parameter=parameter)
    return group_factor(plan, power=0.8)


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        ({"spending": "pocock", "n_looks": 5}, of_looks("pocock", 5)),
        ({"spending": "obrien_fleming", "n_looks": 2}, of_looks("obrien_fleming", 2)),
        (
            {"spending": "hwang_shih_decani", "spending_parameter": 1.0, "n_looks": 3},
            of_looks("hwang_shih_decani", 3, 1.0),
        ),
        ({}, of_looks("obrien_fleming", 4)),
        ({"design": "always_valid"}, always_valid_factor(alpha=0.025, side="greater")),
    ],
)
def test_the_design_inflates(schedule, factor):
    rows = pair(mean(1000, 4.0, 90000.0), mean(1000, 4.1, 90000.0), metric_type="mean", **MDE)
    found = one(rows, **{"design": "group_sequential"} | schedule)["n_needed"]
    np.testing.assert_allclose(found / one(rows)["n_needed"], factor, rtol=1e-4)


def enrolment(days, *, variants=("control", "treatment"), **given):
    """Rows of units by day, one list of each variant."""
    last = START + dt.timedelta(days=len(days))
    return [
        {"experiment_id": "experiment", "variant": variant,
         "assigned_on": START + dt.timedelta(days=day), "observed_on": last, "n_units": units,
         "is_assigning": True, "wait_days": 7.0} | given
        for variant in variants for day, units in enumerate(days) if units
    ]  # fmt: skip


ROWS = pair(mean(100, 4.0, 400.0), mean(100, 4.1, 400.0), metric_type="mean", **MDE)
NEEDED = 796.0


def test_days_at_the_rate_of_the_last_fourteen_days():
    assert one(ROWS)["n_needed"] == NEEDED
    # 20 days of 15 in each arm have brought 600 units; 196 more take 7 days, then the window.
    assert one(ROWS, enrolment([15] * 20))["days_left"] == 7 + 7
    # What came before the last 14 days is no part of the rate.
    assert one(ROWS, enrolment([45] * 6 + [0] * 14))["days_left"] is None
    assert one(ROWS, enrolment([35] * 6 + [1] * 14))["days_left"] == (NEEDED - 448) / 2 + 7


def test_the_days_of_the_week_differ():
    # From Tuesday on; 14 days bring 580, and the 216 missing ones come on the next Tuesday to
    # Friday (200) and Monday (the weekend has none).
    week = [25, 25, 25, 25, 0, 0, 45]
    assert one(ROWS, enrolment(week * 2))["days_left"] == 7 + 7
    # One day later the next one is a Wednesday.
    assert one(ROWS, enrolment([*week * 2, 25]))["days_left"] == 6 + 7


def test_fewer_than_seven_days_have_one_rate():
    assert one(ROWS, enrolment([20, 40, 60]))["days_left"] == np.ceil((NEEDED - 240) / 80) + 7


def test_units_that_have_entered_wait_for_their_windows():
    # The 796th came on the 8th of 10 days: its window is over 8 + 7 days after the start.
    assert one(ROWS, enrolment([50] * 10))["days_left"] == 8 + 7 - 10
    closed = enrolment([50] * 10, is_assigning=False)
    assert one(ROWS, closed)["days_left"] == 8 + 7 - 10
    assert one(ROWS, enrolment([50] * 10, wait_days=0.0))["days_left"] == 0.0


def test_days_are_null_where_nobody_knows():
    for entered in (
        [],
        enrolment([15] * 20, is_assigning=False),  # enrolment is over, and too few came
        enrolment([50] * 10, assigned_on=None),
        enrolment([50] * 10, variants=("other",)),
    ):
        assert one(ROWS, entered)["days_left"] is None
    assert one(pair(counted(100, 10), counted(100, 12)), enrolment([50] * 10))["days_left"] is None


def test_only_the_two_arms_of_the_hypothesis_count():
    others = enrolment([900] * 20, variants=("other",))
    foreign = enrolment([900] * 20, experiment_id="another")
    assert one(ROWS, [*others, *enrolment([15] * 20), *foreign])["days_left"] == 7 + 7


def test_a_ramp_needs_what_its_combined_error_says():
    phases = [(mean(900, 4.0, 9000.0), mean(100, 4.1, 900.0)),
              (mean(500, 4.2, 5000.0), mean(500, 4.3, 5000.0))]  # fmt: skip
    rows = pair(mean(1400, 4.0, 1.0), mean(600, 4.2, 1.0), n_phases=2, metric_type="mean", **MDE)
    for label, arms in enumerate(phases):
        rows += pair(*arms, n_phases=2, metric_type="mean", segment="phase", is_deciding=False,
                     segment_value=str(label), **MDE)  # fmt: skip
    (effect,) = [row for row in effects(rows) if row["used_for_decision"]]
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    expected = 2000 * (z * effect["std_error"] / (0.1 * effect["value_control"])) ** 2
    np.testing.assert_allclose(one(rows)["n_needed"], expected, rtol=2e-3)


def test_what_is_undefined_is_null():
    wild = [
        pair(counted(0, 0), counted(10, 1), **MDE),
        [arm(**counted(10, 1), **MDE)],  # no control
        pair(counted(100, 0), counted(100, 1), **MDE),  # a tenth of nothing
        pair(counted(100, 95), counted(100, 96), **MDE),  # more than all
        pair(mean(1, 1.0, 0.0), mean(9, 1.0, 4.0), metric_type="mean", **MDE),
        pair(mean(9, 1.0, 0.0), mean(9, 1.0, 0.0), metric_type="mean", **MDE),
        pair(mean(9, float("nan"), 3.0), mean(9, 1.0, 4.0), metric_type="mean", **MDE),
        pair({"n_units": 9}, {"n_units": 9}, metric_type="quantile", **MDE),
        pair(counted(100, 10), counted(100, 12), mde=float("inf"), mde_kind="absolute"),
        pair(counted(100, 10), counted(100, 12), alpha=2.0, **MDE),
        pair(counted(100, 10), counted(100, 12), power=1.0, **MDE),
        guardrail("latency", margin=-1.0),
    ]
    for rows in wild:
        for row in power(rows, enrolment([15] * 20)):
            assert row["n_needed"] is row["days_left"] is None


def test_one_call_over_all_experiments_equals_one_for_each():
    rng = np.random.default_rng(4)
    rows, entered = [], []
    for name in "abcd":
        own = {"experiment_id": name}
        rows += pair(counted(500, int(rng.integers(50, 90))), counted(480, 70), **MDE, **own)
        rows += pair(mean(500, 4.0, float(rng.uniform(900, 9000))), mean(470, 4.0, 5000.0),
                     metric="spent", metric_type="mean", goal="decrease", **MDE, **own)  # fmt: skip
        rows += guardrail("latency", margin=float(rng.uniform(0.01, 0.05)), **own)
        entered += enrolment(rng.integers(5, 40, 20).tolist(), **own)
    alone = []
    for name in "abcd":
        alone += power([row for row in rows if row["experiment_id"] == name], entered)
    found = power(rng.permutation(np.array(rows, dtype=object)).tolist(), entered)
    assert found == alone
    assert len({row["days_left"] for row in found}) > 6


def test_metrics_to_explore_and_other_readouts_have_no_row():
    rows = pair(counted(100, 10), counted(100, 12), **MDE)
    explored = pair(counted(100, 10), counted(100, 12), metric="other", role="explore")
    daily = pair(counted(50, 5), counted(50, 6), basis="mature", is_deciding=False)
    assert power(rows + explored + daily) == power(rows)


def test_empty_input_and_bad_input():
    nobody = tables.ENROLMENT_INPUT.empty_table()
    empty = tables.power(tables.DECIDING_INPUT.empty_table(), nobody)
    assert empty.schema.equals(tables.POWER_OUTPUT)
    with pytest.raises(TableError, match="lacks the columns \\['n_looks'\\]"):
        tables.power(tables.DECIDING_INPUT.empty_table().drop_columns(["n_looks"]), nobody)
    with pytest.raises(TableError, match="lacks the columns \\['wait_days'\\]"):
        tables.power(
            pa.Table.from_pylist([dict.fromkeys(tables.DECIDING_INPUT.names) | row for row in ROWS],
                                 schema=tables.DECIDING_INPUT),
            nobody.drop_columns(["wait_days"]),
        )  # fmt: skip
    with pytest.raises(ArgumentError, match="`design` must be one of"):
        power(ROWS, design="sometimes")
