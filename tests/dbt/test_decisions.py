"""The table of decisions in `decisions/*.yml`, built once: inputs, verdict, reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from decision_cases import (
    FIRST,
    LAST,
    RUNS,
    RUNS_TWINS,
    TOTALS,
    TOTALS_TWINS,
    Expected,
    Twin,
    build_runs,
    build_totals,
    write_runs,
)
from project import Project
from scipy.stats import norm

from experimentos.charts.language import Language, Words, speaking
from experimentos.memo import read_memos, reasons

TWINS = {twin.name: twin for twin in TOTALS_TWINS + RUNS_TWINS}


@pytest.fixture(scope="module")
def totals(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("totals"))
    build_totals(project)
    return project


@pytest.fixture(scope="module")
def week_before(tmp_path_factory):
    """The first build of the runs, and what it decided."""
    project = Project(tmp_path_factory.mktemp("runs"))
    write_runs(project)
    build_runs(project, FIRST, edited=False)
    return project, read(project)


@pytest.fixture(scope="module")
def runs(week_before):
    """The second build, a week later, with what was edited in between."""
    project, _ = week_before
    build_runs(project, LAST, edited=True)
    return project


@pytest.fixture(scope="module")
def totals_decided(totals):
    return read(totals)


@pytest.fixture(scope="module")
def runs_decided(runs):
    return read(runs)


def read(project: Project) -> dict[str, dict[str, Any]]:
    """Decisions by experiment, each with those of its variants."""
    found = {row["experiment_id"]: row | {"variants": {}} for row in project.mart("decisions")}
    for row in project.mart("variant_decisions"):
        found[row["experiment_id"]]["variants"][row["variant"]] = row
    return found


def verdict_of(expected: Expected, labels: dict[str, str]) -> str:
    """Verdict with the labels of a twin; variants stand in the order of their labels."""
    named = ", ".join(sorted(labels[name] for name in expected.arms))
    return f"{expected.verdict.split()[0]} {named}".strip()


def compare(found: dict[str, Any], expected: Expected, twin: Twin) -> None:
    """Fail with what was expected and what came side by side."""
    labels = twin.labels
    got = {"verdict": f"{found['verdict']} {found['variant'] or ''}".strip(),
           "rule": found["rule"]}  # fmt: skip
    wanted = {"verdict": verdict_of(expected, labels), "rule": expected.rule}
    for name, rule in expected.variants.items():
        wanted[f"rule of {name}"] = rule
        got[f"rule of {name}"] = found["variants"].get(labels[name], {}).get("rule")
    if expected.nearest is not None:
        arms = [row for row in found["variants"].values() if row["rule"] == expected.rule]
        wanted["nearest rule"] = expected.nearest
        got["nearest rule"] = arms[0]["nearest_rule"] if arms else None
    missing = [] if twin.suffix else [
        words for words in expected.reason if words not in (found["reason"] or "")
    ]  # fmt: skip
    if got != wanted or missing:
        lines = [f"{'':14}{'expected':34}got"]
        lines += [f"{key:14}{wanted[key]!s:34}{got[key]}" for key in wanted]
        lines += [f"reason lacks: {missing}"] if missing else []
        lines += [f"reason: {found['reason']}", f"because {getattr(twin.case, 'why', '')}"]
        pytest.fail(f"{twin.name}\n" + "\n".join(lines), pytrace=False)


def test_the_table_is_what_it_says():
    names = [case.name for case in [*TOTALS, *RUNS]]
    assert len(names) == len(set(names))
    assert len(names) >= 60


@pytest.mark.parametrize("name", [twin.name for twin in TOTALS_TWINS])
def test_verdict_on_totals(totals_decided, name):
    compare(totals_decided[name], TWINS[name].case, TWINS[name])


@pytest.mark.parametrize("name", [twin.name for twin in RUNS_TWINS])
def test_verdict_on_a_run(runs_decided, name):
    compare(runs_decided[name], TWINS[name].case, TWINS[name])


@pytest.mark.parametrize("name", [run.name for run in RUNS if run.week_before])
def test_verdict_a_week_before(week_before, name):
    compare(week_before[1][name], TWINS[name].case.week_before, TWINS[name])


@pytest.fixture(scope="module", params=["totals", "runs"])
def project(request) -> Project:
    return request.getfixturevalue(request.param)


POLICY = [
    "health_blocked", "plan_changed", "harmed", "no_look_due", "launchable", "guardrail_unsettled",
    "looks_remain", "ruled_out", "inconclusive",
]  # fmt: skip


def test_every_variant_has_evidence_on_every_rule_and_the_first_that_fired_decides(project):
    fired: dict[tuple[str, str], dict[str, bool]] = {}
    for row in project.mart("decision_evidence"):
        rules = fired.setdefault((row["experiment_id"], row["variant"]), {})
        rules[row["rule"]] = rules.get(row["rule"], False) or row["fired"]
        assert row["message"], row
    decided = project.mart("variant_decisions")
    assert {(row["experiment_id"], row["variant"]) for row in decided} == set(fired)
    for row in decided:
        rules = fired[row["experiment_id"], row["variant"]]
        missing = set(POLICY) - set(rules)
        # An experiment whose definition is not valid has no metrics.
        assert missing <= {"harmed"}, row
        assert row["rule"] == next(rule for rule in POLICY if rules.get(rule)), row
        # What only the limits of a look can say is not said between looks.
        assert not (rules["no_look_due"] and rules.get("bounded")), row


TESTED = {
    "superior": ("p_value", "test_level"),
    "noninferior": ("p_value_noninferior", "launch_level"),
    "harmed": ("p_value_harm", "harm_level"),
}


def test_distances_are_standard_errors_and_say_what_fired(project):
    deciding = {
        (row["experiment_id"], row["variant"], row["metric"]): row
        for row in project.mart("estimate_effects", "used_for_decision and role != 'explore'")
    }
    seen = 0
    rules = "', '".join(TESTED)
    for row in project.mart("decision_evidence", f"rule in ('{rules}') and distance is not null"):
        p_value, level = (
            deciding[row["experiment_id"], row["variant"], row["metric"]][name]
            for name in TESTED[row["rule"]]
        )
        if 1e-290 < p_value < 1 - 1e-12:
            expected = norm.isf(level) - norm.isf(p_value)
            assert row["distance"] == pytest.approx(expected, abs=1e-3), row
        assert row["fired"] == (p_value <= level), row
        assert row["fired"] == (row["distance"] <= 0), row
        seen += row["fired"]
    assert seen > 20


def test_the_nearest_rule_did_not_fire_and_is_the_nearest(project):
    evidence: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in project.mart("decision_evidence", "not fired and distance > 0"):
        rules = evidence.setdefault((row["experiment_id"], row["variant"]), {})
        rules.setdefault(row["rule"], []).append(row["distance"])
    near = ("harmed", "launchable", "guardrail_unsettled", "ruled_out")
    for row in project.mart("variant_decisions"):
        rules = evidence.get((row["experiment_id"], row["variant"]), {})
        distances = {rule: min(rules[rule]) for rule in near if rule in rules}
        assert row["nearest_distance"] == min(distances.values(), default=None), row
        if distances:
            assert distances[row["nearest_rule"]] == row["nearest_distance"], row


def test_a_guardrail_without_a_margin_says_what_harm_would_have_been_found(totals):
    where = "experiment_id = 'healthy_and_better' and "
    row = totals.one("decision_evidence", where + "rule = 'not_shown_safe'")
    power = totals.one("power", where + "metric = 'errors'")
    # (1.96 + .84) * sqrt((.001 * .999 + .0015 * .9985) / 10000) / .001 = 1.4 times control
    assert row["observed"] == power["harm_found"] == pytest.approx(1.4, abs=0.05)
    assert row["message"].startswith(
        "errors is not shown safe: 80 % power would have found a harm of 1"
    )
    harmed = "experiment_id = 'better_but_crashing' and rule = 'not_shown_safe'"
    shown = totals.one("decision_evidence", harmed)
    assert (shown["fired"], shown["message"]) == (False, "crashes is shown worse")


def test_dates_that_were_changed_are_told(runs):
    rows = runs.mart("decision_evidence", "rule = 'dates_changed'")
    told = {row["experiment_id"].removesuffix("_twin"): row for row in rows}
    assert {name: row["observed"] for name, row in told.items()} == {
        "dates_changed_after_a_look": 1,
        "fixed_after_a_look": 1,
        "a_fixed_end_moved_after_its_look": 1,
        "a_fixed_end_moved_far_after_its_look": 1,
        # Its look is on a planned date still.
        "extended_by_a_week_after_a_look": 0,
        "the_last_look_is_not_undone_by_a_later_end": 1,
    }
    for name, part in (("extended_by_a_week_after_a_look", "end"),
                       ("dates_changed_after_a_look", "looks")):  # fmt: skip
        health = runs.one("health", f"check_name = 'dates_changed' and experiment_id = '{name}'")
        assert health["message"] == told[name]["message"]
        assert f"edited after a look: {part} " in health["message"]


def test_a_planned_split_is_healthy_however_unequal(totals):
    rows = totals.mart("health", "check_name = 'sample_ratio' and segment = 'all'")
    found = {row["experiment_id"]: row["status"] for row in rows}
    for name, status in (
        ("healthy_and_better", "healthy"),
        ("planned_split_of_five_to_one", "healthy"),
        ("sample_ratio_p_of_one_thousandth_only_warns", "warning"),
        ("sample_ratio_p_of_half_a_thousandth", "blocked"),
        ("planned_split_of_five_to_one_read_as_even", "blocked"),
    ):
        assert found[name] == status, name


def test_where_the_control_mean_is_zero_no_lift_is_shown(totals):
    row = totals.one("effects", "experiment_id = 'no_control_event' and metric = 'conversions'")
    assert row["lift"] is None
    assert row["estimate"] == pytest.approx(0.006, rel=1e-12)
    assert row["lower"] > 0


def test_intervals_exclude_zero_exactly_when_the_corrected_test_rejects(project):
    alphas = {row["experiment_id"]: row["alpha"] for row in project.mart("experiments")}
    rows = project.mart("effects", "role = 'success' and used_for_decision and lower is not null")
    assert len(rows) > 20
    for row in rows:
        beneficial = row["lower"] > 0 if row["goal"] == "increase" else row["upper"] < 0
        assert beneficial == (row["p_value_corrected"] <= alphas[row["experiment_id"]] / 2), row


@pytest.mark.parametrize("name", ["totals", "runs"])
def test_what_a_translation_starts_from_is_what_the_tables_say(request, name):
    """Reasons and messages are put together anew in another language, by rule and numbers."""
    project = request.getfixturevalue(name)
    texts = {text: text for text in Words.known}
    other = []
    with speaking(Language(texts=texts)):
        for memo in read_memos(project.mart):
            said = [(memo.rule, reasons.reason(memo), memo.reason)]
            said += [
                (row.rule, reasons.seen(row, memo), row.message)
                for report in memo.variants
                for row in report.fired + report.nearest
            ]
            other += [one for one in said if one[1] != one[2]]
    other = [one for one in other if not told_shorter(*one)]
    assert other == []


def told_shorter(rule: str, said: str, message: str) -> bool:
    """Whether a difference is in the form of digits, or in what no column holds."""
    plain = re.sub(r" \(first look: [^)]*\)|; allowed because: .*", "", message)
    if said.replace(" %", "%") == plain.replace(" %", "%").replace(" 00:00", ""):
        return True
    if rule == "dates_changed":  # how many looks, and what was edited
        return "stays spent" in said and "stays spent" in message
    if rule == "health_blocked":  # names of checks and methods
        parts = said.removeprefix("the data are not fit to decide on: ").split(", ")
        # A share where the table counts.
        stems = [part.split(": ")[-1].split(" (")[0] for part in parts]
        return all((stem.partition("% of the units ")[2] or stem) in message for stem in stems)
    # The day of the next look, and what the last one came to.
    told = re.split("; the (?:last of the plan|futility)", said)[0]
    is_alike = ("futility" in said) == ("futility" in message)
    return rule in {"looks_remain", "no_look_due"} and is_alike and message.startswith(told)
