import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from reference.builders import EXPERIMENTS, moments, rates

from experimentos import estimators, frames
from experimentos.errors import ArgumentError, MomentsError, TableError
from experimentos.inference import METHODS, evaluate
from experimentos.inference.exact_rates import exact_rates
from experimentos.inference.score import score
from experimentos.inference.welch import welch
from experimentos.samples import joint_from_values

EFFECT = ("estimate", "std_error", "p_value", "lower", "upper", "lift", "lift_lower", "lift_upper")


def cookie_cats(size=4000, seed=1):
    """Units as in the file of Cookie Cats: a version, rounds played, two retentions."""
    rng = np.random.default_rng(seed)
    gate = rng.random(size) < 0.5
    return pd.DataFrame(
        {
            "userid": np.arange(size),
            "version": np.where(gate, "gate_40", "gate_30"),
            "sum_gamerounds": rng.poisson(rng.gamma(0.5, 100, size)),
            "retention_1": rng.random(size) < 0.45,
            "retention_7": rng.random(size) < np.where(gate, 0.18, 0.19),
            "country": rng.choice(["se", "us"], size),
        }
    )


def totals():
    """Two countries, three variants, in no order."""
    return pd.DataFrame(
        {
            "country": ["us", "se", "us", "se", "us", "se"],
            "variant": ["b", "a", "control", "control", "a", "b"],
            "users": [1000, 900, 1100, 950, 1050, 910],
            "buyers": [130, 85, 120, 90, 118, 99],
            "spend": [5000.0, 4000.0, 5200.0, 4100.0, 4900.0, 4600.0],
            "spend_sq": [60000.0, 45000.0, 66000.0, 47000.0, 60500.0, 61000.0],
        }
    )


FORMS = {
    "bought": {"n": "users", "events": "buyers"},
    "spend": {"n": "users", "total": "spend", "total_sq": "spend_sq"},
}


def compared(frame, **options):
    defaults = {"control": "control", "groups": ["country"], "metrics": FORMS}
    return frames.compare(frame, **(defaults | options))


def test_units_become_effects_in_two_calls():
    cats = cookie_cats()
    metrics = ["sum_gamerounds", "retention_1", "retention_7"]
    summed = frames.summarize(cats, metrics=metrics, variant="version")
    effects = frames.compare(summed, control="gate_30", variant="version", metrics=metrics)
    assert list(effects["metric"]) == metrics
    assert list(effects["method"]) == ["welch", "score", "score"]
    control, treatment = (cats[cats["version"] == v] for v in ("gate_30", "gate_40"))
    expected = welch(moments(control["sum_gamerounds"]), moments(treatment["sum_gamerounds"]))
    for name in EFFECT:
        np.testing.assert_allclose(effects[name][0], getattr(expected, name)[0], rtol=1e-9)
    for row, name in enumerate(metrics[1:], start=1):
        expected = score(*rates(
            control[name].sum(), len(control), treatment[name].sum(), len(treatment)
        ))  # fmt: skip
        np.testing.assert_allclose(effects["p_value"][row], expected.p_value[0], rtol=1e-12)


def test_published_totals_give_their_published_effects():
    cats = EXPERIMENTS["proportions"]["cookie_cats_retention_7"]
    frame = pd.DataFrame({
        "variant": ["gate_40", "gate_30"],
        "n": [cats["treatment"]["n"], cats["control"]["n"]],
        "x": [cats["treatment"]["x"], cats["control"]["x"]],
    })  # fmt: skip
    metrics = {"retention": {"n": "n", "events": "x"}}
    effects = frames.compare(frame, control="gate_30", metrics=metrics)
    np.testing.assert_allclose(effects["p_value"], cats["p_pooled_z"], rtol=1e-9)
    np.testing.assert_allclose(effects["estimate"], cats["abs_diff"], rtol=1e-12)
    np.testing.assert_allclose(effects["lift"], cats["rel_diff"], rtol=1e-12)


def test_one_row_per_treatment_and_metric_in_the_order_given():
    effects = compared(totals())
    assert list(effects.columns[:3]) == ["country", "variant", "metric"]
    rows = list(effects[["country", "variant", "metric"]].itertuples(index=False, name=None))
    assert rows == [
        (country, variant, metric)
        for country, variant in (("us", "b"), ("se", "a"), ("us", "a"), ("se", "b"))
        for metric in ("bought", "spend")
    ]
    assert list(effects.index) == list(range(8))
    assert list(effects.columns[-9:]) == [*EFFECT, "method"]


def test_the_order_of_the_rows_changes_nothing_but_the_order():
    effects = compared(totals())
    turned = compared(totals().iloc[::-1])
    keys = ["country", "variant", "metric"]
    pd.testing.assert_frame_equal(
        effects.sort_values(keys, ignore_index=True), turned.sort_values(keys, ignore_index=True)
    )


def test_together_equals_each_group_and_treatment_alone():
    frame, together = totals(), compared(totals())
    for country in ("us", "se"):
        for variant in ("a", "b"):
            rows = (frame["country"] == country) & frame["variant"].isin(["control", variant])
            alone = compared(frame[rows])
            same = (together["country"] == country) & (together["variant"] == variant)
            pd.testing.assert_frame_equal(alone, together[same].reset_index(drop=True))


def test_moments_deviations_and_sums_say_the_same():
    frame = totals()
    frame["mean"] = frame["spend"] / frame["users"]
    frame["m2"] = frame["spend_sq"] - frame["spend"] * frame["mean"]
    frame["std"] = np.sqrt(frame["m2"] / (frame["users"] - 1))
    by_sums = compared(frame, metrics={"x": FORMS["spend"]})
    for part in ("m2", "std"):
        form = {"n": "users", "mean": "mean", part: part}
        found = compared(frame, metrics={"x": form})
        pd.testing.assert_frame_equal(found, by_sums, rtol=1e-12)


def test_few_events_are_tested_exactly():
    frame = pd.DataFrame({"variant": ["a", "control"], "n": [1000, 1000], "x": [8, 1]})
    effects = frames.compare(frame, control="control", metrics={"x": {"n": "n", "events": "x"}})
    assert effects["method"][0] == "conditional binomial"
    assert effects["p_value"][0] == exact_rates(*rates(1, 1000, 8, 1000)).p_value[0]


def test_a_method_may_be_chosen():
    effects = compared(totals(), method="welch", alpha=0.2)
    assert set(effects["method"]) == {"welch"}
    row = effects[(effects["variant"] == "b") & (effects["metric"] == "spend")].iloc[0]
    assert row["lower"] > compared(totals(), method="welch")["lower"].iloc[1]
    with pytest.raises(ArgumentError, match="`method` must be one of .*, got 'nope'"):
        compared(totals(), method="nope")


def test_nullable_types_categories_integers_and_decimals_are_numbers():
    expected = compared(totals())
    frame = totals().astype({"users": "Int64", "buyers": "int32", "spend": "Float64"})
    frame["country"] = frame["country"].astype("category").cat.add_categories("nowhere")
    frame["variant"] = frame["variant"].astype("category")
    frame["spend_sq"] = [Decimal(str(v)) for v in frame["spend_sq"]]
    found = compared(frame)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, check_categorical=False)
    numbered = totals().replace({"variant": {"control": 0, "a": 1, "b": 2}})
    found = compared(numbered.infer_objects(), control=0)
    pd.testing.assert_series_equal(found["p_value"], expected["p_value"])


def test_missing_numbers_are_nan_and_leave_the_other_rows_alone():
    frame, expected = totals().astype({"buyers": "Int64"}), compared(totals())
    frame.loc[0, "buyers"] = pd.NA
    frame.loc[1, "spend"] = np.nan
    found = compared(frame)
    for name in EFFECT:
        assert found[name].iloc[[0, 3]].isna().all()
        pd.testing.assert_series_equal(found[name].drop([0, 3]), expected[name].drop([0, 3]))
    assert found["n_treatment"].notna().all()


def test_a_group_without_control_keeps_its_rows_without_effects():
    frame = totals()
    found = compared(frame[~((frame["country"] == "se") & (frame["variant"] == "control"))])
    lonely = found["country"] == "se"
    assert lonely.sum() == 4
    assert found.loc[lonely, ["n_control", "mean_control", *EFFECT]].isna().all(axis=None)
    assert found.loc[lonely, ["n_treatment", "mean_treatment"]].notna().all(axis=None)
    expected = compared(totals())
    pd.testing.assert_frame_equal(found[~lonely], expected[expected["country"] == "us"])


def test_a_missing_group_is_a_group_and_a_missing_variant_is_left_out():
    frame = totals()
    frame["country"] = frame["country"].where(frame["country"] == "us", None)
    found, expected = compared(frame), compared(totals())
    pd.testing.assert_series_equal(found["p_value"], expected["p_value"])
    frame.loc[0, "variant"] = None
    assert len(compared(frame)) == 6
    cats = cookie_cats(100)
    cats["version"] = cats["version"].where(cats.index > 9, None)
    summed = frames.summarize(cats, metrics=["retention_1"], variant="version")
    assert summed["retention_1_n"].sum() == 90


def test_units_are_summed_up_by_group_and_variant():
    cats = cookie_cats(500)
    cats.loc[3, "sum_gamerounds"] = np.nan
    cats["retention_1"] = cats["retention_1"].astype("boolean")
    cats.loc[4, "retention_1"] = pd.NA
    found = frames.summarize(
        cats, metrics={"rounds": "sum_gamerounds", "stayed": "retention_1"}, variant="version",
        groups=["country"],
    )  # fmt: skip
    assert list(found[["country", "version"]].itertuples(index=False, name=None)) == [
        (country, version) for country in ("se", "us") for version in ("gate_30", "gate_40")
    ]
    for _, row in found.iterrows():
        same = (cats["country"] == row["country"]) & (cats["version"] == row["version"])
        rounds = cats.loc[same, "sum_gamerounds"].dropna()
        assert row["rounds_n"] == len(rounds)
        np.testing.assert_allclose(row["rounds_mean"], rounds.mean(), rtol=1e-12)
        np.testing.assert_allclose(row["rounds_m2"], rounds.var() * (len(rounds) - 1), rtol=1e-10)
        stayed = cats.loc[same, "retention_1"].dropna()
        assert (row["stayed_n"], row["stayed_events"]) == (len(stayed), stayed.sum())


def test_a_pair_of_columns_is_a_ratio():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({
        "variant": np.repeat(["control", "a"], 300),
        "revenue": rng.gamma(2, 10, 600), "orders": rng.poisson(3, 600) + 1,
    })  # fmt: skip
    metrics = {"revenue per order": ("revenue", "orders")}
    summed = frames.summarize(frame, metrics=metrics)
    effects = frames.compare(summed, control="control", metrics=list(metrics))
    arms = [
        estimators.ratio(joint_from_values(one["revenue"], one["orders"]))
        for one in (frame[:300], frame[300:])
    ]
    expected = evaluate(METHODS["delta"], estimators.compare(*arms))
    for name in EFFECT:
        np.testing.assert_allclose(effects[name][0], getattr(expected, name)[0], rtol=1e-9)


def test_the_frame_given_is_not_changed():
    frame, cats = totals(), cookie_cats(50)
    compared(frame)
    frames.summarize(cats, metrics=["retention_1"], variant="version")
    pd.testing.assert_frame_equal(frame, totals())
    pd.testing.assert_frame_equal(cats, cookie_cats(50))


def test_control_alone_has_nothing_to_compare():
    frame = totals()
    found = compared(frame[frame["variant"] == "control"])
    assert len(found) == 0
    assert set(EFFECT) <= set(found.columns)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"control": "c"}, ArgumentError,
            r"`control` must be one of \['b', 'a', 'control'\], .* 'variant', got 'c'",
        ),
        ({"variant": "arm"}, TableError, r"must have the columns \['arm'\], has \['country', "),
        ({"groups": ["region"]}, TableError, r"must have the columns \['region'\]"),
        ({"groups": "country"}, ArgumentError, "must be lists of names, got 'country'"),
        ({"groups": []}, TableError, "one row per group and variant, has two of {'variant': "),
        ({"metrics": ["spent"]}, TableError, r"columns \['spent_m2', 'spent_mean', 'spent_n'\]"),
        ({"metrics": {}}, ArgumentError, "`metrics` must name at least one metric, got {}"),
        (
            {"metrics": {"x": {"n": "users", "sum": "spend"}}}, ArgumentError,
            r"columns of 'x' must be one of .*'events'.*, got \('n', 'sum'\)",
        ),
        (
            {"metrics": {"x": {"n": "users", "events": "variant"}}}, TableError,
            "column 'variant' must be numeric, has dtype (str|object)",
        ),
        (
            {"metrics": {"x": {"n": "buyers", "events": "users"}}}, MomentsError,
            "metric 'x': `n - events` must be 0 or more, got -",
        ),
        (
            {"metrics": {"x": {"n": "users", "total": "spend", "total_sq": "buyers"}}},
            MomentsError, "metric 'x': from_sums: `total_sq` must be at least",
        ),
        ({"alpha": 2.0}, ArgumentError, "`alpha` must be between 0 and 1, got 2.0"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(options, error, message):
    with pytest.raises(error, match=message):
        compared(totals(), **options)


@pytest.mark.parametrize("values", [["1", "2"], pd.to_datetime(["2024-01-01", "2024-01-02"])])
def test_columns_that_are_not_numbers_are_named(values):
    frame = pd.DataFrame({"variant": ["a", "control"], "x": values})
    with pytest.raises(TableError, match="column 'x' must be numeric, has dtype"):
        frames.summarize(frame, metrics=["x"])
    with pytest.raises(TableError, match=r"must have the columns \['y'\]"):
        frames.summarize(frame, metrics=["y"])


def test_the_module_does_not_import_pandas():
    code = "import sys, experimentos.frames; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
