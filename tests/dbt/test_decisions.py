"""Verdicts of many summary experiments, built once, against statistics.md "The decision"."""

from __future__ import annotations

import pyarrow as pa
import pytest
from project import Project

HALF = {"a": 0.5, "b": 0.5}
THIRDS = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}
N = 10_000


def two(control: dict, treatment: dict, n: int = N) -> list[dict]:
    return [{"variant": "a", "users": n} | control, {"variant": "b", "users": n} | treatment]


def three(*arms: dict) -> list[dict]:
    return [{"variant": v, "users": N} | arm for v, arm in zip("abc", arms, strict=True)]


def sums(mean: float, deviation: float, n: int = N) -> dict:
    """Value columns of a variant with a given mean and standard deviation."""
    return {
        "conversions": n // 10,
        "value_sum": mean * n,
        "value_sum_sq": deviation**2 * (n - 1) + mean**2 * n,
    }


VALUE = {"success": ["value"], "guardrails": {}, "explore": []}
CLICKS = {"success": ["conversions"], "guardrails": {}}

# name: (rows, what the experiment sets, verdict, variant, rule)
CASES = {
    "better_errors_flat": (
        two({"conversions": 1000, "errors": 10}, {"conversions": 1200, "errors": 15}),
        {}, "launch", "b", "launchable",
    ),
    "better_but_crashing": (
        two({"conversions": 1000, "errors": 10}, {"conversions": 1200, "errors": 50}),
        {}, "rollback", "b", "harmed",
    ),
    "small_lift": (two({"conversions": 1000}, {"conversions": 1050}), {}, "hold", None,
     "inconclusive"),
    "wrong_direction": (two({"conversions": 1200}, {"conversions": 1000}), {}, "rollback", "b",
     "harmed"),
    "flat_with_guardrail_fifty_times_worse": (
        two({"conversions": 1000, "errors": 4}, {"conversions": 1000, "errors": 200}),
        {}, "rollback", "b", "harmed",
    ),
    "flat_guardrail_may_improve": (
        two({"conversions": 1000, "errors": 200}, {"conversions": 1000, "errors": 4}),
        {}, "hold", None, "inconclusive",
    ),
    "goal_decrease_falls": (
        two({"conversions": 1200}, {"conversions": 1000}),
        {"success": {"conversions": {"goal": "decrease"}}}, "launch", "b", "launchable",
    ),
    "goal_decrease_rises": (
        two({"conversions": 1000}, {"conversions": 1200}),
        {"success": {"conversions": {"goal": "decrease"}}}, "rollback", "b", "harmed",
    ),
    "guardrail_goal_increase": (
        two({"conversions": 1000, "kept": 5000}, {"conversions": 1200, "kept": 4000}),
        {"guardrails": {"kept": {"goal": "increase"}}}, "rollback", "b", "harmed",
    ),
    "within_relative_margin": (
        two({"conversions": 1000, "errors": 5000}, {"conversions": 1200, "errors": 5000}),
        {"guardrails": {"errors": {"margin": "5%"}}}, "launch", "b", "launchable",
    ),
    "relative_margin_not_shown": (
        two({"conversions": 1000, "errors": 1000}, {"conversions": 1200, "errors": 1000}),
        {"guardrails": {"errors": {"margin": "2%"}}}, "hold", None, "guardrail_unsettled",
    ),
    "within_absolute_margin": (
        two({"conversions": 1000, "errors": 10}, {"conversions": 1200, "errors": 10}),
        {"guardrails": {"errors": {"margin": {"absolute": 0.01}}}}, "launch", "b", "launchable",
    ),
    "absolute_margin_not_shown": (
        two({"conversions": 1000, "errors": 100}, {"conversions": 1200, "errors": 100}),
        {"guardrails": {"errors": {"margin": {"absolute": 0.001}}}}, "hold", None,
         "guardrail_unsettled",
    ),
    "beyond_the_margin": (
        two({"conversions": 1000, "errors": 1000}, {"conversions": 1200, "errors": 1400}),
        {"guardrails": {"errors": {"margin": "2%"}}}, "rollback", "b", "harmed",
    ),
    "shown_worse_inside_its_margin": (
        two({"conversions": 1000, "errors": 1000}, {"conversions": 1200, "errors": 1100}),
        {"guardrails": {"errors": {"margin": "50%"}}}, "hold", None, "guardrail_unsettled",
    ),
    "relative_margin_of_nothing": (
        two({"conversions": 1000, "errors": 0}, {"conversions": 1200, "errors": 0}),
        {"guardrails": {"errors": {"margin": "10%"}}}, "hold", None, "guardrail_unsettled",
    ),
    "absolute_margin_of_nothing": (
        two({"conversions": 1000, "errors": 0}, {"conversions": 1200, "errors": 0}),
        {"guardrails": {"errors": {"margin": {"absolute": 0.01}}}}, "launch", "b", "launchable",
    ),
    "no_event_at_all": (two({"conversions": 0}, {"conversions": 0}), {}, "hold", None,
     "inconclusive"),
    "no_control_event": (two({"conversions": 0}, {"conversions": 60}), {}, "launch", "b",
     "launchable"),
    "every_unit_converts": (
        two({"conversions": N}, {"conversions": N}), {}, "hold", None, "inconclusive",
    ),
    "sample_ratio_beats_significance": (
        [{"variant": "a", "users": 10_000, "conversions": 1000},
         {"variant": "b", "users": 11_000, "conversions": 1900}],
        {}, "hold", None, "health_blocked",
    ),
    "sample_ratio_and_harm": (
        [{"variant": "a", "users": 11_000, "conversions": 1900},
         {"variant": "b", "users": 10_000, "conversions": 1000}],
        {}, "hold", None, "health_blocked",
    ),
    "ruled_out": (
        two({"conversions": 5000}, {"conversions": 5000}), {"mde": "20%"}, "hold", None,
         "ruled_out",
    ),
    "not_ruled_out": (
        two({"conversions": 5000}, {"conversions": 5000}), {"mde": "1%"}, "hold", None,
         "inconclusive",
    ),
    "ruled_out_absolute": (
        two({"conversions": 5000}, {"conversions": 5000}),
        {"mde": {"absolute": 0.1}}, "hold", None, "ruled_out",
    ),
    "mean_better": (two(sums(10, 5), sums(11, 5)), VALUE, "launch", "b", "launchable"),
    "mean_flat": (two(sums(10, 5), sums(10, 5)), VALUE, "hold", None, "inconclusive"),
    "mean_at_1e15": (two(sums(1e15, 1e14), sums(1.1e15, 1e14)), VALUE, "launch", "b", "launchable"),
    "negative_mean_better": (two(sums(-10, 5), sums(-9, 5)), VALUE, "launch", "b", "launchable"),
    "alpha_ten_percent": (
        two({"conversions": 1000}, {"conversions": 1080}), {"alpha": 0.1}, "launch", "b",
         "launchable",
    ),
    "alpha_five_percent": (
        two({"conversions": 1000}, {"conversions": 1080}), {}, "hold", None, "inconclusive",
    ),
    "control_listed_last": (
        two({"conversions": 1200}, {"conversions": 1000}), {"control": "b"}, "launch", "a",
         "launchable",
    ),
    "four_arms_unequal": (
        [{"variant": v, "users": n, "conversions": n // 10}
         for v, n in {"a": 50_000, "b": 10_020, "c": 9_990, "d": 9_990}.items()],
        {"variants": {"a": 0.625, "b": 0.125, "c": 0.125, "d": 0.125}}, "hold", None,
         "inconclusive",
    ),
    "best_arm_harmed": (
        three({"conversions": 1000, "errors": 10}, {"conversions": 1500, "errors": 90},
              {"conversions": 1250, "errors": 11}),
        {"variants": THIRDS}, "launch", "c", "launchable",
    ),
    "larger_benefit_wins": (
        three({"conversions": 1000}, {"conversions": 1300}, {"conversions": 1250}),
        {"variants": THIRDS}, "launch", "b", "launchable",
    ),
    "larger_fall_wins": (
        three({"conversions": 1300}, {"conversions": 1100}, {"conversions": 1000}),
        {"variants": THIRDS, "success": {"conversions": {"goal": "decrease"}}},
        "launch", "c", "launchable",
    ),
    "two_harmed": (
        three({"conversions": 1500, "errors": 10}, {"conversions": 1000, "errors": 10},
              {"conversions": 1500, "errors": 90}),
        {"variants": THIRDS}, "rollback", "b, c", "harmed",
    ),
    "one_harmed_one_flat": (
        three({"conversions": 1500}, {"conversions": 1000}, {"conversions": 1500}),
        {"variants": THIRDS}, "rollback", "b", "harmed",
    ),
    # c passes alone, but Holm over arms starts at the arm whose guardrail fails.
    "held_by_all_guardrails_together": (
        three({"conversions": 1000, "errors": 5000}, {"conversions": 1200, "errors": 5200},
              {"conversions": 1088, "errors": 5000}),
        {"variants": THIRDS, "guardrails": {"errors": {"margin": "4%"}}},
        "hold", None, "guardrail_unsettled",
    ),
    # One-sided p .0206: enough for one arm, not for two.
    "corrected_over_arms": (
        three({"conversions": 1000}, {"conversions": 1088}, {"conversions": 1000}),
        {"variants": THIRDS}, "hold", None, "inconclusive",
    ),
    "one_of_two_metrics": (
        two({"conversions": 1000, "trials": 3000}, {"conversions": 1200, "trials": 3000}),
        {"success": ["trials", "conversions"], "guardrails": {}}, "launch", "b", "launchable",
    ),
    "corrected_over_metrics": (
        two({"conversions": 1000, "trials": 3000}, {"conversions": 1088, "trials": 3000}),
        {"success": ["trials", "conversions"], "guardrails": {}}, "hold", None, "inconclusive",
    ),
    "a_success_metric_falls": (
        two({"conversions": 1000, "trials": 3000}, {"conversions": 1200, "trials": 2500}),
        {"success": ["trials", "conversions"], "guardrails": {}}, "rollback", "b", "harmed",
    ),
    "explored_metrics_do_not_decide": (
        two({"conversions": 1000, "clicks": 3000}, {"conversions": 1000, "clicks": 2000}),
        {"guardrails": {}, "explore": ["clicks"]}, "hold", None, "inconclusive",
    ),
}  # fmt: skip
COLUMNS = ["users", "conversions", "errors", "kept", "trials", "clicks"]
FLOATS = ["value_sum", "value_sum_sq"]


def summary_table(cases: dict, label: dict[str, str]) -> dict[frozenset[str], list[dict]]:
    """Rows by the set of columns that their experiment uses."""
    tables: dict[frozenset[str], list[dict]] = {}
    for name, (rows, *_) in cases.items():
        for row in rows:
            full = row | {"experiment": name, "variant": label[row["variant"]]}
            tables.setdefault(frozenset(rows[0]) - {"variant", "users"}, []).append(full)
    return tables


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Every case twice: as written, and with the labels the other way round in order."""
    project = Project(tmp_path_factory.mktemp("decisions"))
    names: dict[str, str] = {}
    models: list[str] = []
    for suffix, label in (
        ("", {v: v for v in "abcd"}),
        ("_swapped", dict(zip("abcd", "zyxw", strict=True))),
    ):
        cases = CASES if not suffix else {
            key: CASES[key] for key in ("better_errors_flat", "better_but_crashing", "small_lift",
             "best_arm_harmed")
        }  # fmt: skip
        for rows in summary_table(cases, label).values():
            model = f"summary_{len(models)}"
            models.append(model)
            project.model(model, pa.Table.from_pylist(rows), {})
            for row in rows:
                names[row["experiment"] + suffix] = model
        for name, (_, settings, *_) in cases.items():
            definition = {
                "control": "a",
                "variants": HALF,
                "id": name,
                "summary": names[name + suffix],
            }
            definition |= settings
            definition["control"] = label[definition["control"]]
            definition["variants"] = {label[v]: s for v, s in definition["variants"].items()}
            project.experiment(name + suffix, definition)
    project.settings["summary_models"] = models
    project.write_settings()
    project.build()
    return project


@pytest.mark.parametrize("name", CASES)
def test_verdict(built, name):
    *_, verdict, variant, rule = CASES[name]
    found = built.one("decisions", f"experiment_id = '{name}'")
    assert (found["verdict"], found["variant"], found["rule"]) == (verdict, variant, rule), found
    assert found["reason"]


@pytest.mark.parametrize(
    "name", ["better_errors_flat", "better_but_crashing", "small_lift", "best_arm_harmed"]
)
def test_labels_do_not_change_the_verdict(built, name):
    *_, verdict, variant, rule = CASES[name]
    found = built.one("decisions", f"experiment_id = '{name}_swapped'")
    swapped = variant and dict(zip("abcd", "zyxw", strict=True))[variant]
    assert (found["verdict"], found["variant"], found["rule"]) == (verdict, swapped, rule)


def test_each_treatment_variant_has_one_verdict_and_its_evidence(built):
    rows = built.mart("variant_decisions")
    arms = sum(len(CASES[name][0]) - 1 for name in CASES)
    assert len([row for row in rows if not row["experiment_id"].endswith("_swapped")]) == arms
    evidence = {
        (row["experiment_id"], row["variant"], row["rule"])
        for row in built.mart("decision_evidence", "fired")
    }
    for row in rows:
        key = (row["experiment_id"], row["variant"], row["rule"])
        assert row["rule"] == "inconclusive" or key in evidence, row


def reason(built, name: str) -> str:
    return built.one("decisions", f"experiment_id = '{name}'")["reason"]


def test_a_launch_names_the_harmed_arm_to_switch_off(built):
    assert reason(built, "best_arm_harmed").endswith("switch off the harmed variant b")


def test_a_rollback_names_every_harmed_arm_and_metric(built):
    assert reason(built, "two_harmed") == (
        "b: conversions is worse than control, c: errors is worse than control"
    )
    assert reason(built, "beyond_the_margin") == "errors is worse than its margin allows"


def test_an_unsettled_guardrail_is_named(built):
    assert reason(built, "relative_margin_not_shown") == (
        "better than control on conversions, but errors: not shown to stay within its margin"
    )
    assert reason(built, "shown_worse_inside_its_margin") == (
        "better than control on conversions, but errors is worse than control"
    )


def test_a_winner_held_by_the_guardrails_of_all_arms_is_not_called_inconclusive(built):
    rows = built.mart("variant_decisions", "experiment_id = 'held_by_all_guardrails_together'")
    assert {row["rule"] for row in rows} == {"guardrail_unsettled"}
    (c,) = (row for row in rows if row["variant"] == "c")
    assert c["reason"] == (
        "better than control on conversions, but the guardrails of all variants together are not "
        "shown within their margins"
    )


def test_a_blocked_sample_ratio_shows_harm_as_unverified(built):
    text = reason(built, "sample_ratio_and_harm")
    assert "missing treatment units may themselves be harm" in text
    assert "unverified: consider stopping, because conversions is worse than control" in text
    assert "unverified" not in reason(built, "sample_ratio_beats_significance")


def test_an_inconclusive_end_says_what_could_have_been_found(built):
    # (1.96 + 0.84) * sqrt(2 * .1 * .9 / 10000) / .1 = 11.9 %
    assert "would have found a change of conversions by 1" in reason(built, "small_lift")


def test_planned_unequal_split_is_healthy(built):
    rows = built.mart(
        "health", "experiment_id = 'four_arms_unequal' and check_name = 'sample_ratio'"
    )
    assert [row["status"] for row in rows] == ["healthy"]


def test_where_the_control_mean_is_zero_no_lift_is_shown(built):
    row = built.one("effects", "experiment_id = 'no_control_event' and metric = 'conversions'")
    assert row["lift"] is None
    assert row["estimate"] == pytest.approx(0.006, rel=1e-12)
    assert row["lower"] > 0


def test_intervals_exclude_zero_exactly_when_the_corrected_test_rejects(built):
    rows = built.mart("effects", "role = 'success' and used_for_decision and lower is not null")
    assert len(rows) > 40
    for row in rows:
        beneficial = row["lower"] > 0 if row["goal"] == "increase" else row["upper"] < 0
        alpha = 0.1 if row["experiment_id"] == "alpha_ten_percent" else 0.05
        assert beneficial == (row["p_value_corrected"] <= alpha / 2), row
