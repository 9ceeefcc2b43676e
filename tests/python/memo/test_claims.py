"""What a memo may say of a number, and what it never says."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memo import example_full, example_states, examples, foreign
from memo.example_marts import effect_row, health_row, variant_decision_row

from experimentos.charts import LIGHT
from experimentos.diff import as_markdown, compare_builds
from experimentos.memo import read_memos, readings, render_html, render_markdown
from experimentos.memo.context import Effect, Experiment
from experimentos.memo.figures import FIGURES, panels
from experimentos.memo.marts import to_records
from experimentos.site import write_site

(FINAL,) = to_records(Experiment, examples.launch()["experiments"], mart="experiments")
(EARLY,) = to_records(Experiment, examples.early()["experiments"], mart="experiments")
CLAIMS = {readings.BETTER, readings.NONINFERIOR, readings.FAVOURABLE}
NEVER = re.compile(
    r"\b(prove[sdn]?|proof|guarantee\w*|certain(ly)?|significan\w*|winner|wins?|best|confiden\w*"
    r"|accept the null|no effect|no difference|is safe\b(?! is not shown))\b",
    re.IGNORECASE,
)


EXAMPLES = (
    examples.launch, examples.rollback, examples.blocked, examples.nulls, examples.held,
    examples.early, example_full.full, *example_states.STATES,
)  # fmt: skip


def renamed(make):
    """The marts of an example, as those of an experiment of its own."""
    return {
        name: [
            row | {"experiment_id": f"{make.__name__}_one"} if "experiment_id" in row else row
            for row in rows
        ]
        for name, rows in make().items()
    }


def effect(role="success", **columns):
    row = effect_row(
        "e", "ordered", "t", role, (0.124, 0.33, 60105), (0.1321, 0.33, 60212),
        margin=columns.pop("margin", None),
    )  # fmt: skip
    (record,) = to_records(Effect, [row | columns], mart="effects")
    return record


def read(role="success", experiment=FINAL, *, blocked=False, **columns):
    return readings.read_effect(effect(role, **columns), experiment, blocked=blocked)


numbers = st.one_of(st.none(), st.floats(-1, 1))
p_values = st.one_of(st.none(), st.floats(0, 1))


@settings(deadline=None)
@given(
    role=st.sampled_from(["success", "guardrail", "explore", None]),
    goal=st.sampled_from(["increase", "decrease", None]),
    margin=st.sampled_from([None, 0.02]),
    is_final=st.booleans(),
    blocked=st.booleans(),
    bounds=st.tuples(numbers, numbers),
    p=st.tuples(p_values, p_values, p_values),
)
def test_nothing_is_claimed_inside_the_margin_of_error(
    role, goal, margin, is_final, blocked, bounds, p
):
    reading = read(
        role, FINAL if is_final else EARLY, blocked=blocked, margin=margin, goal=goal,
        lower=bounds[0], upper=bounds[1], p_value_corrected=p[0], p_value_noninferior=p[1],
        p_value_harm_corrected=p[2], level=0.95,
    )  # fmt: skip
    lower, upper = bounds
    sign_known = (lower is not None and lower > 0) or (upper is not None and upper < 0)
    if reading in {
        readings.BETTER, readings.FAVOURABLE, readings.UNFAVOURABLE, readings.WORSE_UNCORRECTED,
    }:  # fmt: skip
        assert sign_known
    if reading == readings.BETTER:
        assert role == "success"
        assert p[0] is not None
        assert p[0] <= 0.025
    if reading in {readings.NONINFERIOR, readings.NONINFERIOR_WORSE}:
        assert margin is not None
        assert p[1] is not None
        assert p[1] <= 0.025 + 1e-12
    if reading in {readings.WORSE, readings.BEYOND_MARGIN}:
        assert p[2] is not None
        assert p[2] <= 0.025
    if blocked:
        assert reading == readings.WITHHELD
    if not is_final:
        assert reading not in CLAIMS


def test_worse_is_read_at_the_error_rate_of_a_rollback():
    for rate, p, reading in (
        (0.1, 0.09, readings.WORSE), (0.1, 0.11, None), (0.005, 0.01, None),
        (0.005, 0.004, readings.WORSE),
    ):  # fmt: skip
        at = replace(FINAL, alpha_harm=rate)
        assert (read(experiment=at, p_value_harm_corrected=p) == readings.WORSE) == bool(reading)
        said = readings.read_harm(effect(p_value_harm_corrected=p), at, blocked=False)
        assert (said == readings.WORSE) == bool(reading)


def test_better_follows_the_goal():
    assert read() == readings.BETTER
    assert read(goal="decrease") == readings.WORSE_UNCORRECTED
    assert read(goal="decrease", lower=-0.01) == readings.NOT_SHOWN
    assert read(goal="decrease", lower=-0.02, upper=-0.01) == readings.BETTER


@pytest.mark.parametrize("role", ["success", "guardrail", "explore"])
@pytest.mark.parametrize("margin", [None, 0.02])
def test_a_null_is_not_shown(role, margin):
    nothing = dict.fromkeys(
        (
            "lower",
            "upper",
            "level",
            "p_value_corrected",
            "p_value_noninferior",
            "p_value_harm",
            "p_value_harm_corrected",
        )
    )
    assert read(role, margin=margin, **nothing) == readings.NOT_SHOWN


def test_a_guardrail_is_read_at_the_level_its_arm_was_tested_at():
    assert read("guardrail", margin=0.02, p_value_noninferior=0.02, level=0.95) == "noninferior"
    assert read("guardrail", margin=0.02, p_value_noninferior=0.02, level=0.975) == "not_shown"


def test_a_guardrail_may_hold_its_margin_and_be_worse():
    columns = {"goal": "increase", "lower": -0.004, "upper": -0.001, "p_value_noninferior": 1e-6}
    assert read("guardrail", margin=0.02, **columns) == readings.NONINFERIOR_WORSE


def test_what_is_worse_by_its_own_interval_is_not_called_unharmed():
    columns = {"goal": "increase", "lower": -0.004, "upper": -0.001, "p_value_harm_corrected": 0.1}
    assert read("guardrail", **columns) == readings.WORSE_UNCORRECTED
    assert read("success", p_value_corrected=1.0, **columns) == readings.WORSE_UNCORRECTED


def test_harm_may_be_said_before_the_planned_end():
    assert read("guardrail", EARLY, p_value_harm_corrected=0.001) == readings.WORSE
    assert read("guardrail", EARLY, p_value_harm_corrected=0.2) == readings.NOT_DUE
    assert read("guardrail", EARLY, margin=0.1, p_value_harm_corrected=0.01) == "beyond_margin"


def test_harm_under_a_blocked_check_is_unverified():
    harmed = effect(p_value_harm_corrected=0.001)
    assert readings.read_harm(harmed, FINAL, blocked=True) == readings.UNVERIFIED
    assert readings.read_harm(harmed, FINAL, blocked=False) == readings.WORSE
    assert readings.read_harm(effect(), FINAL, blocked=True) == readings.WITHHELD


@pytest.mark.parametrize("make", EXAMPLES, ids=lambda make: make.__name__)
def test_no_memo_says_more_than_a_test_can(make):
    memo = examples.memo_of(make())
    assert NEVER.findall(render_markdown(memo)) == []
    # Charts say no more than sections.
    words = [panel.chart.text for figure in FIGURES for panel in panels(memo, figure, LIGHT)]
    assert NEVER.findall(" ".join(words)) == []


def test_no_page_of_a_site_says_more_than_a_test_can(tmp_path):
    marts = examples.united(*(renamed(make) for make in EXAMPLES))
    write_site(lambda name, *_: marts[name], tmp_path, workers=1)
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > len(EXAMPLES)
    for page in pages:
        shown = " ".join(foreign.Page(page.read_text("utf-8")).texts)
        # Two names of the trade: the share of launches, and what choosing the largest effect does.
        said = re.sub("[Ww]in rate|winner's curse", "", shown)
        assert NEVER.findall(said) == [], page.name


def test_no_comparison_of_builds_says_more_than_a_test_can():
    builds = [
        examples.united(*(renamed(make) for make in makes))
        for makes in (EXAMPLES, [*EXAMPLES[1:], EXAMPLES[0]])
    ]
    # Each experiment takes the rows of another, so that all of them differ.
    for mart in ("decisions", "variant_decisions", "effects", "health"):
        rows = [dict(row) for row in builds[0][mart]]
        ids = [f"{make.__name__}_one" for make in EXAMPLES]
        after = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
        builds[1][mart] = [row | {"experiment_id": after[row["experiment_id"]]} for row in rows]
    head, base = ((lambda name, _, marts=marts: marts.get(name, [])) for marts in builds)
    found = compare_builds(base, head, name="production", every=True)
    assert len(found.changed) > len(EXAMPLES) / 2
    assert NEVER.findall(as_markdown(found)) == []


def steps(marts):
    text = render_markdown(examples.memo_of(marts))
    return text.split("### What to do next\n")[1].split("###")[0]


@pytest.mark.parametrize(
    "rule",
    ["plan_changed", "no_look_due", "looks_remain", "guardrail_unsettled", "ruled_out",
     "inconclusive", None],
)  # fmt: skip
def test_only_a_launch_says_to_give_a_variant_to_everyone(rule):
    marts = examples.launch()
    assert "Give one_page to everyone" in steps(marts)
    marts["decisions"][0] |= {"verdict": "hold", "variant": None, "rule": rule}
    said = steps(marts)
    assert said.strip().startswith("- ")
    assert "to everyone" not in said
    assert "Switch off" not in said


def test_a_blocked_experiment_is_told_to_mend_each_check_once():
    marts = examples.blocked()
    marts["health"].append(marts["health"][0] | {"population": "assigned"})
    said = steps(marts)
    assert said.count("units of a variant are lost or added") == 1
    assert "Read nothing from these data until then." in said
    assert "Consider stopping" in said
    assert "everyone" not in said


def test_a_rollback_names_what_to_switch_off_and_nothing_else_to_do_with_it():
    said = steps(examples.rollback())
    assert "Switch off loud" in said
    assert "Give loud" not in said


def test_a_level_of_a_segment_is_never_called_different_from_another():
    text = dict(example_full.texts())["full/segments"]
    assert "does not say that they differ" in text
    assert text.count("better after correction") == 2


def test_a_posterior_under_a_block_or_before_its_time_says_nothing():
    for change in ("blocked", "early"):
        marts = example_full.full()
        if change == "early":
            marts["experiments"][0] |= {"is_final": False, "design": "fixed"}
        else:
            marts["health"].append(health_row(examples.LAUNCH, "varies", "No.", status="blocked"))
        text = render_markdown(examples.memo_of(marts))
        part = text.split("## Posterior probabilities")[1].split("## ")[0]
        assert not re.search(r"\d", part)


def readings_of(text):
    return [
        line.split(" | ")[2]
        for line in text.splitlines()
        if re.match(r"\| [a-z_]+ \| [a-z_]+ \|", line)
    ]


def test_a_blocked_experiment_shows_no_winner():
    memo = examples.memo_of(examples.blocked())
    text = render_markdown(memo)
    assert text.count("**Hold:**") == 1
    assert "**Launch" not in text
    assert {finding.reading for finding in memo.findings} == {readings.WITHHELD}
    said = text.split("## Method")[0].replace("| Corrected p, better |", "")
    assert "better" not in said
    assert "+1.33" not in text  # its interval would have excluded 0
    assert "unverified: consider stopping" in text


def test_all_null_ends_in_hold_and_claims_nothing():
    memo = examples.memo_of(examples.nulls())
    assert memo.verdict == "hold"
    assert {finding.reading for finding in memo.findings} == {readings.NOT_SHOWN}
    assert set(readings_of(render_markdown(memo).split("## Decision")[0])) <= {
        "not shown",
        "not shown non-inferior",
    }


def test_before_the_planned_end_no_interval_and_no_classical_p_is_printed():
    text = render_markdown(examples.memo_of(examples.early()))
    assert "at 98.75%" not in text
    assert text.count("not due") > 20
    assert "the next look is on 2026-10-13" in text


def test_marts_of_two_builds_show_no_verdict():
    marts = examples.launch()
    marts["health"].append(
        health_row(examples.LAUNCH, "inference_current", "Inference is older.", status="blocked")
    )
    memo = examples.memo_of(marts)
    text = render_markdown(memo)
    assert memo.verdict == "hold"
    assert "**Launch" not in text
    assert "not of one build" in text
    assert "| Launch |" not in text


def test_a_check_on_one_metric_withholds_that_metric_only():
    marts = examples.launch()
    marts["health"].append(
        health_row(examples.LAUNCH, "varies", "No variation.", status="blocked", metric="revenue")
    )
    memo = examples.memo_of(marts)
    held = {finding.effect.metric for finding in memo.findings if finding.reading == "withheld"}
    assert held == {"revenue"}
    assert memo.verdict == "launch"


def test_a_segment_check_withholds_nothing_overall():
    marts = examples.launch()
    row = health_row(examples.LAUNCH, "sample_ratio", "One country.", status="blocked")
    marts["health"].append(row | {"segment": "country", "segment_value": "DE"})
    assert examples.memo_of(marts).verdict == "launch"


def test_a_launch_names_the_arms_to_switch_off_and_claims_nothing_among_winners():
    marts = examples.launch()
    marts["variant_decisions"][1] = variant_decision_row(
        examples.LAUNCH, "two_step", "rollback", "harmed", "revenue is shown worse."
    )
    marts["decisions"][0]["reason"] += "; switch off the harmed variant two_step"
    text = render_markdown(examples.memo_of(marts))
    assert "switch off the harmed variant two_step." in text
    assert "no test says that one_page beats another variant" in text


def test_a_summary_is_said_to_have_no_end_and_its_units_are_those_compared():
    text = render_markdown(examples.memo_of(examples.summary()))
    assert "| control | 33.33% | 60,187 | 33.36% | 60,187 | 33.36% |" in text
    assert "| Planned end | none is planned |" in text
    assert "planned end" not in text.partition("## Monitoring")[2].partition("##")[0]
    assert "these data have no times" in text
    assert "No assignment rows were read" not in text


def test_a_plan_without_an_end_is_not_said_to_have_reached_it():
    marts = examples.early()
    assert "| Planned end | not reached |" in render_markdown(examples.memo_of(marts))
    marts["experiments"][0] |= {"decides_at": None, "ends_at": None, "design": "always_valid"}
    assert "| Planned end | none is planned |" in render_markdown(examples.memo_of(marts))


def test_a_guardrail_without_a_margin_is_never_called_safe():
    text = dict(examples.expected_texts())["sections/guardrails"]
    assert "is not shown safe: the smallest harm 80% power would have found" in text
    assert "29.11%" in text


def test_an_experiment_without_any_row_but_its_own_has_a_memo():
    marts = examples.united({"experiments": examples.held()["experiments"]})
    marts["experiments"][0] |= {"definition_problems": None}
    (memo,) = read_memos(examples.fetcher(marts))
    assert "**Hold.** No decision exists for this experiment yet." in render_markdown(memo)
    assert "No check has run." in render_markdown(memo)
    assert render_html(memo).startswith("<!doctype html>")
