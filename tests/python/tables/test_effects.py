import datetime as dt
import json
import time

import numpy as np
import pyarrow as pa
import pytest
from reference.builders import EXPERIMENTS, arm, column_table, effects, pair
from scipy import stats

from experimentos import tables
from experimentos.errors import ArgumentError, TableError


def proportion(name, **shared):
    given = EXPERIMENTS["proportions"][name]
    counts = [
        {"n_units": given[a]["n"], "n_events": given[a]["x"]} for a in ("control", "treatment")
    ]
    return pair(*counts, **shared)


def mean(n, value, m2, **more):
    return {"metric_type": "mean", "n_units": n, "mean_num": value, "m2_num": m2} | more


def test_cookie_cats_retention_is_harmed():
    (row,) = effects(proportion("cookie_cats_retention_7"))
    np.testing.assert_allclose(row["p_value_fixed"], 0.001554249975614329, rtol=1e-10)
    np.testing.assert_allclose(row["p_value"], 1 - 0.001554249975614329 / 2, rtol=1e-12)
    # 0.8 of the harm budget is spent at the planned end, and it is beyond it.
    np.testing.assert_allclose(row["p_value_harm"], 0.001554249975614329 / 2 / 0.8, rtol=1e-10)
    assert row["p_value_harm_corrected"] <= 0.025
    assert row["p_launch_corrected"] > 0.99
    assert row["method"] == "score"
    assert row["lift_upper"] < 0


def test_udacity_and_hillstrom_agree_with_their_references():
    (row,) = effects(proportion("udacity_converted"))
    np.testing.assert_allclose(row["p_value_fixed"], 0.18988337448195103, rtol=1e-10)
    given = EXPERIMENTS["means"]["hillstrom_spend_welch_Mens E-Mail"]
    arms = [
        mean(given[a]["n"], given[a]["mean"], given[a]["sd"] ** 2 * (given[a]["n"] - 1))
        for a in ("control", "treatment")
    ]
    (row,) = effects(pair(*arms, metric="spend"))
    np.testing.assert_allclose(row["p_value_fixed"], 1.163814968225482e-07, rtol=1e-7)
    np.testing.assert_allclose(row["estimate"] / row["std_error"], 5.300140358411669, rtol=1e-9)


def test_success_intervals_exclude_zero_exactly_when_the_corrected_test_rejects():
    rng = np.random.default_rng(1)
    rows = []
    for experiment in range(60):
        for metric in range(4):
            n, rate = 5000, rng.uniform(0.05, 0.5)
            control = {"n_units": n, "n_events": int(rng.binomial(n, rate))}
            for k in range(2):
                change = rng.choice([0, 0.02, 0.05])
                treated = {"n_units": n, "n_events": int(rng.binomial(n, rate + change))}
                both = pair(control, {"variant": f"t{k}"} | treated,
                            experiment_id=str(experiment), metric=str(metric))  # fmt: skip
                rows += both if k == 0 else both[1:]
    found = effects(rows)
    assert len(found) == 480
    for row in found:
        assert (row["lower"] > 0) == (row["p_value_corrected"] <= 0.025)
        assert (row["lift_lower"] > 0) == (row["lower"] > 0)
        assert row["level"] >= 0.95
    assert 50 < sum(row["lower"] > 0 for row in found) < 450


@pytest.mark.parametrize("goal", ["increase", "decrease"])
@pytest.mark.parametrize(("margin", "kind"), [(0.03, "relative"), (0.004, "absolute")])
@pytest.mark.parametrize("n", [300, 20_000])
def test_guardrail_intervals_exclude_the_margin_exactly_when_noninferiority_is_shown(
    goal, margin, kind, n
):
    rng = np.random.default_rng(2)
    rows = []
    for i in range(25):
        events = rng.binomial(n, [0.02 if n == 300 else 0.2] * 2)
        rows += pair(
            *({"n_units": n, "n_events": int(x)} for x in events), experiment_id=str(i),
            role="guardrail", goal=goal, margin=margin, margin_kind=kind,
        )  # fmt: skip
    for row in effects(rows):
        limits = ("lift_lower", "lift_upper") if kind == "relative" else ("lower", "upper")
        if row[limits[0]] is None:
            continue
        inside = row[limits[0]] > -margin if goal == "increase" else row[limits[1]] < margin
        assert inside == (row["p_value_noninferior"] <= 0.025)


def test_covariates_decide_where_the_pre_check_passes():
    covariate = {
        "has_covariate": True,
        "mean_num_cov": 3.0,
        "m2_num_cov": 800.0,
        "c2_num_num_cov": 500.0,
    }
    given = mean(200, 5.0, 800.0, **covariate)
    plain, cuped = sorted(
        effects(pair(given, given | {"mean_num": 5.4, "mean_num_cov": 3.1})),
        key=lambda row: row["adjustment"], reverse=True,
    )  # fmt: skip
    assert (plain["adjustment"], cuped["adjustment"]) == ("none", "cuped")
    assert (plain["used_for_decision"], cuped["used_for_decision"]) == (False, True)
    np.testing.assert_allclose(cuped["theta"], 0.625)
    np.testing.assert_allclose(cuped["estimate"], 0.4 - 0.625 * 0.1)
    np.testing.assert_allclose(cuped["variance_reduction"], 500**2 / 800**2)
    assert plain["p_value_corrected"] is plain["lower"] is plain["level"] is None
    assert plain["p_launch"] == cuped["p_launch"]
    assert cuped["method"] == "welch, cuped"

    few = effects(pair(given, given | {"n_units": 99}))
    assert [row["adjustment"] for row in few] == ["none"]
    assert few[0]["used_for_decision"]


def test_ratios_are_tested_by_the_delta_method():
    part = {"metric_type": "ratio", "n_units": 1000, "mean_num": 4.0, "m2_num": 4000.0,
            "mean_den": 2.0, "m2_den": 1000.0, "c2_num_den": 1500.0}  # fmt: skip
    (row,) = effects(pair(part, part | {"mean_num": 4.2}))
    np.testing.assert_allclose([row["value_control"], row["value_treatment"]], [2.0, 2.1])
    variances = [(4000 - 2 * r * 1500 + r * r * 1000) / 4 / 999 / 1000 for r in (2.0, 2.1)]
    np.testing.assert_allclose(row["std_error"], np.sqrt(sum(variances)))
    assert row["method"] == "delta"


def test_nothing_is_decided_before_the_planned_end_but_harm():
    rows = proportion("cookie_cats_retention_7", is_final=False)
    (row,) = effects(rows)
    for name in ("p_value", "p_value_corrected", "p_value_noninferior", "lower", "upper", "level",
                 "p_launch", "p_launch_corrected", "p_value_worse"):  # fmt: skip
        assert row[name] is None, name
    assert row["p_value_fixed"] is not None
    assert row["lift_lower"] is not None
    (final,) = effects(proportion("cookie_cats_retention_7"))
    assert final["p_value_harm"] < row["p_value_harm"] < 1


def test_a_large_harm_is_found_before_the_end():
    (row,) = effects(
        pair({"n_units": 3000, "n_events": 900}, {"n_units": 3000, "n_events": 700},
             is_final=False, role="guardrail")
    )  # fmt: skip
    assert row["p_value_harm_corrected"] < 0.025


def test_roles_have_their_own_columns():
    counts = [{"n_units": 2000, "n_events": 200}, {"n_units": 2000, "n_events": 210}]
    rows = pair(*counts, metric="a")
    rows += pair(*counts, metric="b", role="guardrail", margin=0.1, margin_kind="relative")
    rows += pair(*counts, metric="c", role="guardrail")
    rows += pair(*counts, metric="d", role="explore")
    success, margin, plain, explore = effects(rows)
    assert success["p_value_corrected"] == success["p_value"]
    assert margin["p_value_corrected"] is plain["p_value_corrected"] is None
    assert explore["p_value_corrected"] == explore["p_value"]
    assert success["p_value_noninferior"] is plain["p_value_noninferior"] is None
    assert margin["p_value_noninferior"] is not None
    assert explore["p_value_harm"] is explore["p_value_harm_corrected"] is None
    assert margin["p_value_harm"] > plain["p_value_harm"] or margin["p_value_harm"] == 1
    np.testing.assert_allclose([r["level"] for r in (success, margin, plain, explore)], 0.95)


def test_bad_rows_become_null_and_leave_the_others_as_they_are():
    good = proportion("cookie_cats_retention_7", metric="good", experiment_id="good")
    alone = effects(good)[0]
    bad = []
    cases = [
        (mean(0, None, None), mean(10, 1.0, 5.0)),
        (mean(None, None, None), mean(None, None, None)),
        (mean(1, 2.0, 0.0), mean(1, 3.0, 0.0)),
        (mean(100, 2.0, 0.0), mean(100, 3.0, 0.0)),
        (mean(100, float("nan"), 3.0), mean(100, 3.0, 3.0)),
        (mean(100, float("inf"), 3.0), mean(100, 3.0, float("inf"))),
        (mean(-5, 1.0, 3.0), mean(100, 3.0, -3.0)),
        ({"n_units": 100, "n_events": 120}, {"n_units": 100, "n_events": 10}),
        ({"n_units": 0, "n_events": 0}, {"n_units": 0, "n_events": 0}),
        (mean(100, 1.0, 3.0, has_covariate=True), mean(100, 3.0, 3.0, has_covariate=True)),
    ]
    for i, (control, treatment) in enumerate(cases):
        bad += pair(control, treatment, metric=f"bad{i}", experiment_id=f"bad{i}")
    found = {row["metric"]: row for row in effects(bad + good)}
    assert found["good"] == alone
    for i in range(9):
        for name in ("p_value", "lower", "lift_lower", "std_error", "p_value_harm", "level"):
            assert found[f"bad{i}"][name] is None, (i, name)
    assert found["bad9"]["adjustment"] == "none"
    assert found["bad9"]["p_value"] is not None
    numbers = [v for row in found.values() for v in row.values() if isinstance(v, float)]
    assert np.isfinite(numbers).all()


def test_a_metric_without_control_has_no_statistics():
    rows = [arm(n_units=100, n_events=10)]
    rows += [arm(n_units=100, n_events=10, metric="two", variant=v, is_control=c)
             for v, c in (("a", True), ("b", True), ("c", False))]  # fmt: skip
    for row in effects(rows):
        assert row["n_treatment"] == 100
        assert row["value_treatment"] == 0.1
        for name in ("n_control", "value_control", "estimate", "p_value", "p_value_fixed", "lower",
                     "lift", "p_value_harm", "level", "control_inputs_hash"):  # fmt: skip
            assert row[name] is None, name


def test_no_events_at_all_and_none_in_control():
    rows = pair({"n_units": 500, "n_events": 0}, {"n_units": 400, "n_events": 0}, metric="none")
    rows += pair({"n_units": 500, "n_events": 0}, {"n_units": 500, "n_events": 14}, metric="some",
                 role="guardrail", margin=0.05, margin_kind="relative")  # fmt: skip
    none, some = effects(rows)
    assert none["p_value_fixed"] == 1
    assert none["method"] == "conditional binomial"
    assert none["lift"] is some["lift"] is None
    np.testing.assert_allclose(some["p_value"], 0.5**14)
    assert some["p_value_noninferior"] == 1


def test_one_unit_per_arm_of_a_proportion_shows_nothing():
    (row,) = effects(pair({"n_units": 1, "n_events": 0}, {"n_units": 1, "n_events": 1}))
    assert row["p_value_fixed"] == 1
    assert row["lower_fixed"] <= 0 <= row["upper_fixed"]


def test_values_of_1e15_with_a_spread_of_one():
    (row,) = effects(pair(mean(1000, 1e15, 999.0), mean(1000, 1e15 + 1, 999.0)))
    np.testing.assert_allclose(row["estimate"], 1.0)
    np.testing.assert_allclose(row["std_error"], np.sqrt(2 / 1000))


def test_empty_input_gives_an_empty_typed_table():
    for function, given, schema in (
        (tables.effects, tables.EFFECTS_INPUT, tables.EFFECTS_OUTPUT),
        (tables.sample_ratio, tables.SAMPLE_RATIO_INPUT, tables.SAMPLE_RATIO_OUTPUT),
    ):
        found = function(given.empty_table())
        assert found.num_rows == 0
        assert found.schema.equals(schema)


def test_only_controls_give_no_rows():
    assert effects([arm(is_control=True, n_units=10, n_events=1)]) == []


def test_missing_columns_are_named():
    table = tables.EFFECTS_INPUT.empty_table().drop_columns(["margin", "n_units"])
    with pytest.raises(TableError, match="lacks the columns \\['n_units', 'margin'\\]"):
        tables.effects(table)


def test_columns_of_the_wrong_type_are_named():
    table = column_table({"n_units": [1]})
    table = table.set_column(table.column_names.index("alpha"), "alpha", pa.array(["much"]))
    with pytest.raises(TableError, match="alpha: double expected, got string"):
        tables.effects(table)


def test_unknown_words_are_refused():
    with pytest.raises(ArgumentError, match="`metric_type` must be one of .* got \\['median'\\]"):
        effects(pair({"n_units": 10}, {"n_units": 10}, metric_type="median"))
    with pytest.raises(ArgumentError, match="`correction` must be one of"):
        effects(pair({"n_units": 10}, {"n_units": 10}, correction="by"))


def test_decimals_and_dates_of_a_warehouse_are_read():
    import decimal

    rows = proportion("udacity_converted")
    table = pa.Table.from_pylist(rows, schema=tables.EFFECTS_INPUT)
    names = table.column_names
    table = table.set_column(names.index("alpha"), "alpha", pa.array([decimal.Decimal("0.05")] * 2))
    table = table.set_column(names.index("as_of"), "as_of", pa.array([dt.date(2026, 9, 1)] * 2))
    table = table.set_column(names.index("margin"), "margin", pa.nulls(2))
    (row,) = tables.effects(table).to_pylist()
    np.testing.assert_allclose(row["p_value_fixed"], 0.18988337448195103)
    assert row["as_of"] == dt.datetime(2026, 9, 1)


def test_the_latest_day_is_marked_and_every_day_is_a_family_of_its_own():
    days = [dt.datetime(2026, 9, d) for d in (1, 2)]
    rows = []
    for day in days:
        rows += proportion("cookie_cats_retention_7", as_of=day)
    found = effects(rows)
    assert [row["is_latest"] for row in found] == [False, True]
    assert found[0]["p_value_corrected"] == found[0]["p_value"]


def test_rows_in_any_order_give_the_same_table():
    rows = []
    for name in EXPERIMENTS["proportions"]:
        rows += proportion(name, experiment_id=name)
    assert effects(rows) == effects(rows[::-1])


def test_output_is_plain_json():
    json.dumps(effects(proportion("udacity_converted")), allow_nan=False)


def many(experiments, seed=5):
    """Inputs of many experiments with four metrics and two treatments, as columns."""
    rng = np.random.default_rng(seed)
    metric, variant = (v.ravel() for v in np.meshgrid(np.arange(10), np.arange(3), indexing="ij"))
    size = experiments * 30
    metric, variant = np.tile(metric, experiments), np.tile(variant, experiments)
    kind = np.array(["proportion", "mean", "ratio"])[metric % 3]
    n = rng.integers(500, 100_000, size)
    rate = rng.uniform(0.01, 0.3, size)
    return column_table(
        {
            "experiment_id": np.repeat(np.arange(experiments), 30).astype(str),
            "metric": metric.astype(str), "variant": variant.astype(str),
            "is_control": variant == 0, "metric_type": kind,
            "role": np.where(metric < 2, "success", np.where(metric < 6, "guardrail", "explore")),
            "margin": np.where(metric == 3, 0.02, np.nan), "margin_kind": np.full(size, "relative"),
            "n_units": n,
            "mean_num": np.where(kind == "proportion", rate, rng.normal(5, 0.05, size)),
            "m2_num": n * 4.0, "mean_den": np.full(size, 2.0), "m2_den": n * 1.0,
            "c2_num_den": n * 0.5, "has_covariate": kind == "mean",
            "mean_num_cov": rng.normal(5, 0.05, size), "m2_num_cov": n * 4.0,
            "c2_num_num_cov": n * 2.0,
        }
    )  # fmt: skip


def test_one_call_over_experiments_equals_one_call_each():
    table = many(5)
    together = tables.effects(table).to_pylist()
    alone = []
    for i in range(5):
        alone += tables.effects(table.slice(30 * i, 30)).to_pylist()
    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        for name, value in one.items():
            if isinstance(value, float):
                np.testing.assert_allclose(value, other[name], rtol=1e-10, err_msg=name)
            else:
                assert value == other[name]


def test_twenty_thousand_pairs_take_well_under_two_seconds():
    table = many(1000)
    start = time.process_time()
    found = tables.effects(table)
    assert found.num_rows > 20_000
    assert time.process_time() - start < 2  # a fifth of it on a quiet machine


# Sample ratio ---------------------------------------------------------------------------------


def ratio_rows(counts, shares, day=None, **more):
    default = {"experiment_id": "e", "population": "assigned", "segment": "all",
               "segment_value": "all", "is_assigning": False}  # fmt: skip
    return [
        default | more | {"variant": str(i), "assigned_on": day, "n_units": n, "planned_share": s}
        for i, (n, s) in enumerate(zip(counts, shares, strict=True))
    ]


def ratio_checks(rows):
    return tables.sample_ratio(
        pa.Table.from_pylist(rows, schema=tables.SAMPLE_RATIO_INPUT)
    ).to_pylist()


def test_sample_ratios_of_real_experiments():
    rows = []
    for name, given in EXPERIMENTS["sample_ratios"].items():
        rows += ratio_rows(given["counts"].values(), given["expected_ratio"], experiment_id=name)
    for row in ratio_checks(rows):
        given = EXPERIMENTS["sample_ratios"][row["experiment_id"]]
        np.testing.assert_allclose(row["p_value"], given["p"], rtol=1e-8, atol=1e-300)
        assert row["n_units"] == sum(given["counts"].values())
        assert row["method"] == "chi-square"


def test_days_are_cumulated_and_the_smallest_p_is_kept():
    from experimentos.checks.sample_ratio import log_bayes_factor

    days = [dt.date(2026, 9, d) for d in (2, 1, 3)]
    rows = []
    for day, counts in zip(days, [(4000, 4000), (3500, 2500), (3000, 4000)], strict=True):
        rows += ratio_rows(counts, (0.5, 0.5), day, is_assigning=True)
    (row,) = ratio_checks(rows)
    at_each = np.array([[3500.0, 2500.0], [7500.0, 6500.0], [10500.0, 10500.0]])
    factors = log_bayes_factor(at_each, np.full((3, 2), 0.5))
    np.testing.assert_allclose(row["p_value"], np.exp(-factors.max()), rtol=1e-9)
    assert row["p_value_fixed"] == 1
    assert row["n_units"] == 21_000
    assert row["method"] == "anytime Dirichlet-multinomial"


def test_a_variant_without_units_counts():
    (row,) = ratio_checks(ratio_rows((0, 40), (0.5, 0.5)))
    assert row["p_value"] < 1e-9
    (row,) = ratio_checks(ratio_rows((0, 4), (0.5, 0.5)))
    assert row["method"] == "exact multinomial"
    np.testing.assert_allclose(row["p_value"], stats.binomtest(0, 4).pvalue)


def test_bad_checks_become_null_and_leave_others():
    rows = ratio_rows((None, 40), (0.5, 0.5), experiment_id="null")
    rows += ratio_rows((-3, 40), (0.5, 0.5), experiment_id="negative")
    rows += ratio_rows((0, 0), (0.5, 0.5), experiment_id="empty")
    rows += ratio_rows((40,), (1.0,), experiment_id="alone")
    rows += ratio_rows((40, 50), (0.5, None), experiment_id="no share")
    rows += ratio_rows((40, 50, 60), (0.3, 0.3, 0.4), experiment_id="good")
    found = {row["experiment_id"]: row for row in ratio_checks(rows)}
    expected = stats.chisquare([40, 50, 60], [45, 45, 60]).pvalue
    np.testing.assert_allclose(found.pop("good")["p_value"], expected)
    for row in found.values():
        assert row["p_value"] is None, row
