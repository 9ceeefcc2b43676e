import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from reference.builders import arm, effects, pair
from scipy import stats

from experimentos import tables
from experimentos.bayes import BetaPosterior, NormalPosterior, best_of
from experimentos.errors import ArgumentError, TableError

REFERENCE = Path(__file__).parents[2] / "reference"
EXACT = json.loads((REFERENCE / "bayes_exact.json").read_text(encoding="utf-8"))
GBSTATS = json.loads((REFERENCE / "bayes_peers.json").read_text(encoding="utf-8"))
NUMBERS = ("probability_better", "probability_best", "expected_loss", "lower", "upper")
FLAT, LIFT = {"prior_kind": "flat"}, {"prior_kind": "lift", "prior_mean": 0.0}


def posteriors(rows, **prior):
    rows = [dict.fromkeys(tables.DECIDING_INPUT.names) | row | prior for row in rows]
    table = pa.Table.from_pylist(rows, schema=tables.DECIDING_INPUT)
    return tables.posteriors(table).to_pylist()


def one(rows, **prior):
    (row,) = posteriors(rows, **prior)
    return row


def mean(n, value, m2):
    return {"n_units": n, "mean_num": value, "m2_num": m2}


def counted(n, events):
    return {"n_units": n, "n_events": events}


def three(control, *treatments, **shared):
    rows = pair(control, treatments[0], **shared)
    return rows + [
        arm(**({"variant": f"more {i}"} | shared | given)) for i, given in enumerate(treatments[1:])
    ]


@pytest.mark.parametrize("goal", ["increase", "decrease"])
@pytest.mark.parametrize("case", EXACT, ids=[case["name"] for case in EXACT])
def test_rates_under_a_flat_prior_in_exact_arithmetic(case, goal):
    # tests/reference/bayes_exact.py: sums of fractions.
    arms = [counted(case[f"a_{x}"] + case[f"b_{x}"] - 2, case[f"a_{x}"] - 1) for x in ("c", "t")]
    row = one(pair(*arms, goal=goal))
    if not all(given["n_units"] for given in arms):
        assert {row[name] for name in NUMBERS} == {None}
        return
    wins, loses = ("better", "treatment") if goal == "increase" else ("worse", "control")
    for name in ("probability_better", "probability_best"):
        np.testing.assert_allclose(row[name], case[wins], rtol=1e-9)
    np.testing.assert_allclose(row["expected_loss"], case[f"loss_{loses}"], rtol=1e-8)
    assert (row["method"], row["prior_kind"]) == ("beta-binomial", "beta")
    assert (row["prior_alpha"], row["prior_beta"]) == (1.0, 1.0)
    assert row["prior_mean"] is row["prior_sd"] is None


def test_a_published_beta_prior():
    # D. Robinson (2016), Introduction to Empirical Bayes: batting averages, from a million draws.
    rows = pair(counted(12364, 3771), counted(6911, 2127))
    row = one(rows, prior_kind="beta", prior_alpha=76.451, prior_beta=218.639)
    assert round(row["probability_better"], 3) == 0.607
    assert (row["prior_alpha"], row["prior_beta"]) == (76.451, 218.639)
    assert row["probability_better"] != one(rows)["probability_better"]


@pytest.mark.parametrize(
    "case",
    [one for one in GBSTATS if one["kind"] == "absolute"],
    ids=lambda case: f"{case['name']}, {case['prior']}, {case['inverse']}",
)
def test_means_as_gbstats_has_them(case):
    # tests/reference/bayes_peers.py: gbstats 0.8.0, priors in metric units; ours is a fraction.
    arms = [mean(n, total / n, squares - total**2 / n)
            for n, total, squares in (case["control"], case["treatment"])]  # fmt: skip
    size, flat = abs(arms[0]["mean_num"]), case["prior"] == "flat"
    prior = FLAT if flat else {
        "prior_kind": "lift", "prior_mean": case["prior_mean"] / size,
        "prior_sd": case["prior_sd"] / size,
    }  # fmt: skip
    goal = "decrease" if case["inverse"] else "increase"
    row = one(pair(*arms, metric_type="mean", goal=goal), **prior)
    if not flat and "2.4 deviations" in case["name"]:  # too near 0 to be the scale of a lift
        assert {row[name] for name in NUMBERS} == {None}
        return
    for name in ("probability_better", "probability_best"):
        np.testing.assert_allclose(row[name], case["chance_to_win"], rtol=1e-9)
    np.testing.assert_allclose(row["expected_loss"], case["risk_treatment"], rtol=1e-9)
    np.testing.assert_allclose([row["lower"], row["upper"]], [case["lower"], case["upper"]])
    assert (row["method"], row["prior_kind"]) == ("normal", "flat" if flat else "lift")


KINDS = {
    "mean": (mean(900, 4.0, 9000.0), mean(950, 4.3, 9900.0)),
    "ratio": tuple(mean(n, x, 900.0) | {"mean_den": 2.0, "m2_den": 300.0, "c2_num_den": 100.0}
                   for n, x in ((900, 4.0), (950, 4.3))),
    "quantile": tuple({"n_units": n, "quantile_level": 0.9, "quantile_value": x,
                       "quantile_std_error": 0.2} for n, x in ((900, 4.0), (950, 4.3))),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_others_are_normal_around_the_estimate_that_decides(kind):
    rows = pair(*KINDS[kind], metric_type=kind, alpha=0.1)
    (effect,), row = effects(rows), one(rows)
    law = stats.norm(effect["estimate"], effect["std_error"])
    np.testing.assert_allclose(row["probability_better"], law.sf(0))
    np.testing.assert_allclose([row["lower"], row["upper"]], law.interval(0.9))


COVARIATE = {"mean_num_cov": 3.0, "m2_num_cov": 900.0, "c2_num_num_cov": 700.0}


@pytest.mark.parametrize("kind", ["mean", "proportion"])
def test_the_adjusted_estimate_is_used_where_it_decides(kind):
    values = (mean(900, 0.40, 216.0), mean(950, 0.44, 234.08))
    covered = [given | COVARIATE | {"mean_num_cov": x, "c2_num_num_cov": 200.0}
               for given, x in zip(values, (3.0, 3.1), strict=True)]  # fmt: skip
    rows = pair(*covered, metric_type=kind, has_covariate=True)
    (adjusted,) = [each for each in effects(rows) if each["used_for_decision"]]
    assert adjusted["adjustment"] == "cuped"
    row = one(rows, prior_kind="beta", prior_alpha=2.0, prior_beta=2.0)
    law = stats.norm(adjusted["estimate"], adjusted["std_error"])
    np.testing.assert_allclose(row["probability_better"], law.sf(0), rtol=1e-12)
    # A beta prior needs counts.
    assert (row["method"], row["prior_kind"], row["prior_alpha"]) == ("normal", "flat", None)


@pytest.mark.parametrize("is_adjusted", [False, True])
def test_several_treatments_are_compared_with_each_other(is_adjusted):
    arms = [mean(900 + 50 * i, 4.0 + 0.1 * i, 9000.0) | COVARIATE
            | {"mean_num_cov": 3.0 + 0.05 * i} for i in range(4)]  # fmt: skip
    rows = three(*arms, metric_type="mean", has_covariate=is_adjusted)
    chosen = [each for each in effects(rows) if each["used_for_decision"]]
    estimate = np.array([each["estimate"] for each in chosen])
    # Of an adjusted arm: the mean of what the covariate leaves, theta 7/9.
    left = [given["m2_num"] - is_adjusted * 700.0 * 700.0 / 900.0 for given in arms]
    sd = [np.sqrt(m2 / (given["n_units"] - 1) / given["n_units"])
          for m2, given in zip(left, arms, strict=True)]  # fmt: skip
    # "treatment" comes after "more 0" and "more 1".
    best = best_of(NormalPosterior([[0.0, *estimate]], [[sd[i] for i in (0, 2, 3, 1)]]))
    found = posteriors(rows)
    for name, values in (("probability_best", best.probability), ("expected_loss", best.loss)):
        np.testing.assert_allclose([row[name] for row in found], values[0, 1:], rtol=1e-9)
    better = stats.norm.sf(0, estimate, [each["std_error"] for each in chosen])
    np.testing.assert_allclose([row["probability_better"] for row in found], better)


@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_several_rates_are_compared_with_each_other(goal):
    found = posteriors(three(counted(1000, 100), counted(1000, 120), counted(900, 118), goal=goal))
    assert [row["variant"] for row in found] == ["more 0", "treatment"]
    best = best_of(BetaPosterior([[101.0, 119.0, 121.0]], [[901.0, 783.0, 881.0]]), goal=goal)
    np.testing.assert_allclose(
        [row["probability_best"] for row in found], best.probability[0, 1:], rtol=1e-9
    )
    np.testing.assert_allclose([row["expected_loss"] for row in found], best.loss[0, 1:], rtol=1e-9)


def test_a_prior_on_the_lift_joins_the_treatments_of_a_metric():
    arms = [mean(900, 4.0 + 0.1 * i, 9000.0) for i in range(3)]
    found = posteriors(three(*arms, metric_type="mean"), **LIFT, prior_sd=0.05)
    v = 9000 / 899 / 900
    data, prior = np.linalg.inv(v + v * np.eye(2)), np.eye(2) / (0.05 * 4.0) ** 2
    covariance = np.linalg.inv(data + prior)
    centre = covariance @ data @ [0.2, 0.1]  # "more 0" comes first
    for row, m, s in zip(found, centre, np.sqrt(np.diag(covariance)), strict=True):
        np.testing.assert_allclose(row["probability_better"], stats.norm.sf(0, m, s), rtol=1e-9)
        np.testing.assert_allclose([row["lower"], row["upper"]], stats.norm.interval(0.95, m, s))
    orthant = stats.multivariate_normal(
        -np.array([[1, 0], [1, -1]]) @ centre,
        np.array([[1, 0], [1, -1]]) @ covariance @ np.array([[1, 1], [0, -1]]),
        abseps=1e-12, releps=1e-12,
    ).cdf([0, 0])  # fmt: skip
    np.testing.assert_allclose(found[0]["probability_best"], orthant, atol=1e-9)


def test_a_wide_prior_on_the_lift_is_flat_and_a_narrow_one_leaves_nothing():
    rows = pair(*KINDS["mean"], metric_type="mean")
    flat, wide = one(rows), one(rows, **LIFT, prior_sd=1e6)
    np.testing.assert_allclose([wide[name] for name in NUMBERS], [flat[name] for name in NUMBERS])
    narrow = one(rows, prior_kind="lift", prior_mean=0.1, prior_sd=1e-6)
    np.testing.assert_allclose([narrow["lower"], narrow["upper"]], 0.4, rtol=1e-4)


def test_a_prior_on_the_lift_of_rates_is_normal():
    rows = pair(counted(1000, 100), counted(1000, 130))
    row = one(rows, **LIFT, prior_sd=0.1)
    assert (row["method"], row["prior_kind"], row["prior_sd"]) == ("normal", "lift", 0.1)
    assert row["probability_better"] < one(rows)["probability_better"]


def ramp(phases, **shared):
    """Rows of all units and of the phases, each with control and treatments."""
    rows = three(*phases[0], n_phases=len(phases), **shared)
    for label, arms in enumerate(phases):
        own = {"segment": "phase", "segment_value": str(label), "is_deciding": False}
        rows += three(*arms, n_phases=len(phases), **shared | own)
    return rows


def test_a_ramp_uses_the_combined_estimate():
    phases = [(counted(900, 90), counted(100, 12)), (counted(500, 60), counted(500, 70))]
    rows = ramp(phases)
    (effect,) = [each for each in effects(rows) if each["used_for_decision"]]
    row = one(rows, prior_kind="beta", prior_alpha=9.0, prior_beta=9.0)
    law = stats.norm(effect["estimate"], effect["std_error"])
    np.testing.assert_allclose([row["lower"], row["upper"]], law.interval(0.95))
    assert (row["method"], row["prior_kind"]) == ("normal", "flat")


@pytest.mark.parametrize("has_covariate", [False, True])
def test_arms_of_a_ramp_with_the_same_shares_are_compared_and_others_are_not(has_covariate):
    def arms(*units):
        return [mean(n, 4.0 + 0.1 * i, 10.0 * n) | COVARIATE | {
            "m2_num_cov": 1.0 * n, "c2_num_num_cov": 2.0 * n,
        } for i, n in enumerate(units)]  # fmt: skip

    shared = {"metric_type": "mean", "has_covariate": has_covariate}
    same = posteriors(ramp([arms(8000, 1000, 1000), arms(4000, 4000, 4000)], **shared))
    other = posteriors(ramp([arms(8000, 3000, 200), arms(4000, 200, 6000)], **shared))
    for row in same:
        assert 0 < row["probability_best"] < row["probability_better"]
    # The weights of the phases are in proportion to 1 / (1/n_c + 1/n_t).
    w = np.array([1 / (1 / 8000 + 1 / 1000), 2000.0])
    w, unit = w / w.sum(), 10.0 - 4.0 * has_covariate
    sd = np.sqrt([unit * (w**2 @ [1 / n, 1 / 4000]) for n in (8000, 1000, 1000)])
    best = best_of(NormalPosterior([[0.0, 0.2, 0.1]], [sd]))
    np.testing.assert_allclose([row["probability_best"] for row in same],
                               best.probability[0, 1:], rtol=5e-3)  # fmt: skip
    for row in other:
        assert row["probability_better"] > 0
        assert row["probability_best"] is row["expected_loss"] is None


def test_what_is_undefined_is_null():
    cases = [
        pair(counted(0, 0), counted(10, 1)),
        [arm(**counted(10, 1))],  # no control
        pair(mean(1, 1.0, 0.0), mean(9, 1.0, 4.0), metric_type="mean"),
        pair(mean(9, 1.0, 0.0), mean(9, 1.0, 0.0), metric_type="mean"),
        pair(mean(9, float("nan"), 3.0), mean(9, 1.0, 4.0), metric_type="mean"),
        pair({"n_units": 9}, {"n_units": 9}, metric_type="quantile"),
        ramp([KINDS["mean"], KINDS["mean"]], metric_type="mean")[:2],  # phases are not there
    ]
    for rows in cases:
        row = one(rows)
        assert {row[name] for name in NUMBERS} == {None}
    wild = pair(*KINDS["mean"], metric_type="mean")
    for prior in ({"prior_sd": -1.0}, {"prior_sd": None}, {"prior_sd": float("nan")}):
        assert {one(wild, **LIFT | prior)[name] for name in NUMBERS} == {None}
    # A fraction of a control value that may be 0 is no scale.
    near = pair(mean(100, 0.3, 900.0), mean(100, 0.9, 900.0), metric_type="mean")
    assert one(near, **LIFT, prior_sd=0.1)["lower"] is None
    assert one(near)["lower"] is not None
    assert one(pair(counted(50, 5), counted(50, 9), alpha=2.0))["lower"] is None
    negative = pair(counted(50, 5), counted(50, 9))
    row = one(negative, prior_kind="beta", prior_alpha=-1.0, prior_beta=1.0)
    assert {row[name] for name in NUMBERS} == {None}


def random_rows(seed=3):
    rng = np.random.default_rng(seed)
    rows = []
    for metric in "abcdef":
        kind = rng.choice(["proportion", "mean", "ratio", "quantile"])
        n = rng.integers(300, 900, 3)
        arms = [mean(int(k), float(rng.uniform(0.2, 0.6)), float(0.3 * k)) | {
            "mean_den": 2.0, "m2_den": 30.0, "c2_num_den": 5.0, "quantile_level": 0.5,
            "quantile_value": float(rng.normal(9)), "quantile_std_error": 0.3,
        } for k in n]  # fmt: skip
        shared = {"metric": metric, "metric_type": str(kind),
                  "goal": str(rng.choice(["increase", "decrease"]))}  # fmt: skip
        prior = LIFT | {"prior_sd": 0.05} if rng.random() < 0.5 else FLAT
        rows += [row | prior for row in three(*arms[: rng.integers(2, 4)], **shared)]
    return rows


def test_one_call_over_all_metrics_equals_one_for_each():
    rows = random_rows()
    alone = []
    for metric in "abcdef":
        alone += posteriors([row for row in rows if row["metric"] == metric])
    found = posteriors(list(np.random.default_rng(1).permutation(np.array(rows, dtype=object))))
    assert found == alone
    assert len(found) > 8
    assert all(row["probability_best"] is not None for row in found)


def test_only_the_readout_that_decides_has_a_posterior():
    rows = pair(counted(1000, 100), counted(1000, 130))
    others = pair(counted(500, 50), counted(500, 90), basis="mature", is_deciding=False)
    level = pair(counted(500, 50), counted(500, 90), segment="country", segment_value="de",
                 is_deciding=False)  # fmt: skip
    assert posteriors(rows + others + level) == posteriors(rows)


def test_empty_input_and_bad_input():
    empty = tables.posteriors(tables.DECIDING_INPUT.empty_table())
    assert empty.schema.equals(tables.POSTERIORS_OUTPUT)
    with pytest.raises(TableError, match="lacks the columns \\['prior_sd'\\]"):
        tables.posteriors(tables.DECIDING_INPUT.empty_table().drop_columns(["prior_sd"]))
    with pytest.raises(ArgumentError, match="`prior_kind` must be one of"):
        one(pair(counted(9, 1), counted(9, 2)), prior_kind="gamma")
