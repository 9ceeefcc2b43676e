"""Two builds compared: what is told, what is not, and that it stays inert Markdown."""

import copy
import json
import re
from datetime import datetime

import pytest
from memo import examples
from memo.example_marts import HOSTILE, health_row

from experimentos.cli.output import json_text
from experimentos.diff import as_json, as_markdown, compare_builds


def running():
    """The launch and the rollback, as if they still ran."""
    marts = examples.united(examples.launch(), examples.rollback())
    for row in marts["experiments"]:
        row |= {"status": "running", "is_final": False}
    return marts


def rows_of(marts):
    return lambda name, _condition: marts.get(name, [])


def compared(edit=lambda _marts: None, **options):
    head = copy.deepcopy(running())
    edit(head)
    return compare_builds(rows_of(running()), rows_of(head), name="production", **options)


def first(marts, mart, **columns):
    return next(
        row for row in marts[mart] if all(row.get(name) == value for name, value in columns.items())
    )


def test_equal_builds_do_not_differ():
    found = compared()
    assert found.is_empty
    assert found.n_compared == 2
    assert "Nothing differs from production in 2 experiments." in as_markdown(found)


def test_the_last_bits_of_a_sum_are_no_difference():
    def shake(marts):
        for row in marts["effects"]:
            for column, value in row.items():
                if isinstance(value, float):
                    row[column] = value * (1 + 1e-13)

    assert compared(shake).is_empty


def test_an_effect_that_moved_is_told_with_its_interval_and_by_how_much():
    def edit(marts):
        row = first(marts, "effects", metric="ordered", variant="two_step")
        row["estimate"] += 2 * row["std_error"]
        row["lower"] += 1e-9

    (change,) = compared(edit).changed
    (effect,) = change.effects
    assert (effect.metric, effect.variant) == ("ordered", "two_step")
    assert effect.moved == pytest.approx(2)
    assert not change.verdict_changed
    text = as_markdown(compared(edit))
    assert "**1 of 2 experiments differ, 0 verdicts change**" in text
    assert "| ordered | two_step | " in text
    assert "| ordered | one_page | " not in text


@pytest.mark.parametrize("is_in_base", [False, True])
def test_an_edit_is_told_although_the_look_keeps_its_numbers(is_in_base):
    """A recorded look shows the same in both builds: compared is what they make of it today."""
    marts = running()
    row = first(marts, "effects", metric="ordered", variant="two_step")
    if is_in_base:
        row["restated_by"] = 0.0
    head = copy.deepcopy(marts)
    edited = first(head, "effects", metric="ordered", variant="two_step")
    error = row["std_error"]
    edited["restated_by"] = 3 * error
    edited["lower_fixed"] += 3 * error
    edited["upper_fixed"] += 3 * error

    (change,) = compare_builds(rows_of(marts), rows_of(head), name="production").changed
    (effect,) = change.effects
    assert (effect.metric, effect.variant) == ("ordered", "two_step")
    assert effect.moved == pytest.approx(3)
    assert effect.before.effect.estimate == row["estimate"]
    assert effect.after.effect.estimate == pytest.approx(row["estimate"] + 3 * error)
    now = (effect.after.effect.lower, effect.after.effect.upper, effect.after.effect.level)
    assert now == (edited["lower_fixed"], edited["upper_fixed"], 0.95)
    assert effect.after.effect.lift == pytest.approx(
        (row["estimate"] + 3 * error) / row["value_control"]
    )
    assert effect.recorded.effect.lower == row["lower"]

    found = compare_builds(rows_of(marts), rows_of(head), name="production")
    text = as_markdown(found)
    assert "Looks that were recorded keep their numbers." in text
    assert text.count("- ordered, two_step: ") == 1
    (told,) = as_json(found)["experiments"][0]["effects"]
    assert told["recorded"]["estimate"] == row["estimate"]


def test_recorded_looks_that_nothing_was_edited_in_do_not_differ():
    def remember(marts):
        for row in marts["effects"]:
            row["restated_by"] = 1e-17

    assert compared(remember).is_empty


def test_a_verdict_that_changes_comes_first_with_its_reason():
    def edit(marts):
        row = first(marts, "decisions", experiment_id="one_page_checkout")
        row |= {"verdict": "hold", "variant": None, "rule": "inconclusive", "reason": "not shown"}

    found = compared(edit)
    assert [change.experiment_id for change in found.verdicts] == ["one_page_checkout"]
    text = as_markdown(found)
    assert "| One-page checkout | Launch one_page | Hold | not shown. |" in text
    assert text.index("### Verdicts that change") < text.index("### One-page checkout")


def test_another_reason_for_the_same_verdict_is_told():
    def edit(marts):
        first(marts, "decisions", experiment_id="louder_banner")["rule"] = "worse"

    (change,) = compared(edit).changed
    assert change.rule_changed
    assert "as before, for another reason: a guardrail worse, before correction" in as_markdown(
        compared(edit)
    )


def test_an_edited_metric_is_told_once_and_an_edited_use_by_itself():
    def edit(marts):
        first(marts, "metrics", metric="ordered")["window_text"] = "7 days"
        for row in marts["experiment_metrics"]:
            if row["metric"] == "ordered":
                row["window_text"] = "7 days"
        first(marts, "experiment_metrics", metric="page_load")["margin"] = 0.05

    fields = {(f.kind, f.name, f.key): (f.before, f.after) for f in compared(edit).fields}
    assert fields == {
        ("metric", "ordered", "window_text"): ("14 days", "7 days"),
        ("metric in", "one_page_checkout: page_load", "margin"): ("0.02", "0.05"),
    }


def test_new_and_removed_experiments_and_metrics_are_named():
    def edit(marts):
        for mart in list(marts):
            marts[mart] = [
                row for row in marts[mart] if row.get("experiment_id") != "louder_banner"
            ]
        marts["metrics"] = [
            {**row, "metric": "visits"} if row["metric"] == "page_load" else row
            for row in marts["metrics"]
        ]

    found = compared(edit)
    assert (found.metrics_new, found.metrics_removed) == (("visits",), ("page_load",))
    (change,) = found.changed
    assert change.is_removed
    assert "Removed. Its verdict was: Roll back loud." in as_markdown(found)
    turned = compare_builds(
        rows_of({**running(), "experiments": []}), rows_of(running()), name="empty"
    )
    assert all(change.is_new for change in turned.changed)
    assert "New. Verdict: Launch one_page." in as_markdown(turned)


def test_health_counts_and_data_that_changed_are_told():
    def edit(marts):
        marts["health"].append(
            health_row(
                "louder_banner", "skewness", "Too skewed.", status="warning", metric="ordered"
            )
        )
        # One that was not there and is healthy asks for nothing.
        marts["health"].append(health_row("louder_banner", "varies", "It varies."))
        first(marts, "exclusions", experiment_id="louder_banner", reason="analysed")["n_units"] = 5
        later = datetime.fromisoformat("2026-10-20")
        first(marts, "experiments", experiment_id="louder_banner")["data_as_of"] = later

    (change,) = compared(edit).changed
    assert [check.check_name for check in change.health] == ["skewness"]
    assert change.units == (40176, 5)
    assert change.data_moved
    text = as_markdown(compared(edit))
    assert "| skewness of the metric | ordered | did not run | warning | Too skewed. |" in text
    assert "Units analysed: 40,176, now 5." in text
    assert "part of what moved is due to new data" in text


def test_numbers_under_a_blocked_check_are_not_compared():
    def both(edit):
        marts = examples.united(examples.blocked())
        marts["experiments"][0] |= {"status": "running", "is_final": False}
        edit(marts)
        return rows_of(marts)

    def move(marts):
        for row in marts["effects"]:
            row["estimate"] += 1

    assert compare_builds(both(lambda _: None), both(move), name="base").is_empty

    def mend(marts):
        marts["health"] = [row for row in marts["health"] if row["status"] != "blocked"]
        marts["decisions"][0]["rule"] = "inconclusive"
        marts["variant_decisions"][0]["rule"] = "inconclusive"

    (change,) = compare_builds(both(lambda _: None), both(mend), name="base").changed
    assert {effect.before.reading for effect in change.effects} == {"withheld"}
    assert [effect.moved for effect in change.effects] == [None] * len(change.effects)


def test_what_does_not_run_is_counted_and_told_on_request():
    def edit(marts):
        for row in marts["effects"]:
            row["estimate"] += 1

    ended = {**running(), "experiments": examples.united(examples.launch())["experiments"]}
    head = copy.deepcopy(ended)
    edit(head)
    few = compare_builds(rows_of(ended), rows_of(head), name="base")
    assert (few.shown, few.n_other) == ((), 1)
    assert "Not shown: 1 that differs and does not run (`--all`)." in as_markdown(few)
    every = compare_builds(rows_of(ended), rows_of(head), name="base", every=True)
    assert len(every.changed) == 1


def test_json_has_the_numbers_and_can_be_read():
    def edit(marts):
        first(marts, "effects", metric="ordered", variant="loud")["estimate"] += 0.01

    content = json.loads(json_text(as_json(compared(edit))))
    (experiment,) = content["experiments"]
    (effect,) = experiment["effects"]
    assert effect["after"]["estimate"] - effect["before"]["estimate"] == pytest.approx(0.01)
    assert experiment["after"]["verdict"] == "rollback"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_break_no_table(text):
    def edit(marts):
        for row in marts["experiments"]:
            row |= {"label": text, "hypothesis": f"{text} new"}
        for row in marts["decisions"]:
            row |= {"verdict": "hold", "reason": text}
        for row in marts["effects"]:
            row["estimate"] += 1

    report = as_markdown(compare_builds(
        rows_of(running()), rows_of(edited(edit)), name=text, every=True
    ))  # fmt: skip
    for table in re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "<script" not in report
    assert "](" not in report


def edited(edit):
    marts = copy.deepcopy(running())
    edit(marts)
    return marts
