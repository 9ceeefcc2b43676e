"""What a memo says before its time, of another design, and of data that a health check blocks."""

import json
import re
from dataclasses import replace

import pytest
from memo import example_full, example_states, examples
from memo.example_marts import health_row

from experimentos import families
from experimentos.charts import LIGHT
from experimentos.memo import filters, readings, render_html, render_markdown, templates
from experimentos.memo.document import render_json
from experimentos.memo.figures import FIGURES, panels
from experimentos.memo.pdf import render_print
from experimentos.memo.render import render_pictures
from experimentos.sequential import always_valid

STATES = {make.__name__: make for make in example_states.STATES}


def memo_of(name):
    return examples.memo_of(STATES[name]())


def section(memo, title):
    return render_markdown(memo).split(f"## {title}\n")[1].split("\n## ")[0]


def next_steps(name):
    return render_markdown(memo_of(name)).split("What to do next\n")[1].split("###")[0]


def values(memo, figure):
    return [row for panel in panels(memo, figure, LIGHT) for row in panel.chart.values]


# Between looks.


@pytest.fixture(scope="module")
def between():
    return memo_of("between")


def test_an_explored_metric_makes_nothing_else_due(between):
    assert not between.is_due
    held = {finding.effect.role: finding.held for finding in between.findings}
    assert held == {"success": "not_due", "guardrail": "not_due", "explore": None}
    assert "No look is due." in section(between, "Effects on success metrics")
    assert "No look is due." in section(between, "Guardrails")
    assert "No look is due." not in section(between, "Exploratory metrics")


@pytest.mark.parametrize(
    "render",
    [
        render_markdown,
        render_html,
        lambda memo: render_print(memo, templates()),
        lambda memo: "".join(render_pictures(memo).values()),
        lambda memo: json.dumps(json.loads(render_json(memo))["figures"], ensure_ascii=False),
    ],
    ids=["md", "html", "pdf", "svg", "json"],
)
def test_no_format_shows_between_looks_what_is_not_due(between, render):
    page = render(between)
    for effect in (finding.effect for finding in between.harm_family):
        assert filters.fixed_interval(effect) not in page
    for row in between.posteriors:
        if between.held(row.metric, row.variant):
            assert filters.credible(row, between) not in page
    assert "units by value" not in page


def test_between_looks_only_the_explored_metric_has_a_posterior_and_a_classical_p(between):
    part = section(between, "Posterior probabilities")
    assert "- **ordered** in one_page: not due." in part
    assert "- **order_value** in one_page: better than the control with probability" in part
    assert "| ordered |" not in part
    rows = [line.split(" | ") for line in section(between, "Appendix: every estimate and the "
            "moments").splitlines() if "yes |" in line]  # fmt: skip
    assert {row[0].strip("| "): row[11] == row[12] == "not due" for row in rows} == {
        "ordered": True, "revenue": True, "page_load": True, "big_refunds": True,
        "order_value": False,
    }  # fmt: skip


def test_between_looks_no_figure_draws_what_one_look_alone_would_say(between):
    assert {row["lower_fixed"] for row in values(between, "by_day")} == {None}
    assert {panel.title for panel in panels(between, "posteriors", LIGHT)} == {"order_value"}
    assert values(between, "distributions") == values(between, "by_age") == []
    assert "dashed" not in section(between, "Effect by day")


def test_harm_between_looks_is_said_without_what_one_look_alone_would_say_of_its_size():
    marts = example_states.between()
    marts["health"] = []
    for row in marts["effects"]:
        if row["metric"] == "ordered" and row["p_value_harm_corrected"] is not None:
            row |= {"p_value_harm_corrected": 0.001}
    memo = examples.memo_of(marts)
    harmed = [one for one in memo.findings if one.reading == readings.WORSE]
    assert {one.effect.metric for one in harmed} == {"ordered"}
    assert {one.held for one in harmed} == {readings.NOT_DUE}
    assert {row["Interval"] for row in values(memo, "overview")} == {"no interval"}
    assert {row.reading for row in memo.segments} == {readings.NOT_DUE}
    assert values(memo, "segments") == []


def test_at_a_look_all_of_it_is_shown():
    memo = memo_of("at_a_look")
    assert memo.is_due
    assert {finding.held for finding in memo.findings} == {None}
    assert len(values(memo, "distributions")) > 0
    assert "dashed" in section(memo, "Effect by day")


# The worse side.


def test_a_success_metric_on_the_worse_side_says_so_and_says_that_it_is_not_corrected():
    memo = memo_of("worse_uncorrected")
    found = {(f.effect.metric, f.effect.variant): f.reading for f in memo.findings}
    assert found["revenue", "one_page"] == readings.WORSE_UNCORRECTED
    assert found["revenue", "two_step"] == readings.NOT_SHOWN
    (line,) = [line for line in render_markdown(memo).splitlines() if line.startswith("- **−2.15%")]
    assert line.endswith("worse by its own interval, not after correction.")
    assert {row["state"] for row in values(memo, "success") if "one_page" in row["label"]} == {
        "neutral", "caution",
    }  # fmt: skip


def test_what_is_said_of_the_intervals_of_success_metrics_holds_on_both_sides():
    part = section(memo_of("worse_uncorrected"), "Effects on success metrics")
    assert "excludes 0 exactly when" not in part
    assert "is on the better side of 0 exactly when the corrected test shows better" in part
    assert 'its p is under "Evidence of harm"' in part
    assert "| Corrected p, better |" in part


# What to do next.


@pytest.mark.parametrize(
    ("name", "said", "unsaid"),
    [
        ("draft", "set `status: running` in experiments/one_page_checkout.yml", "Keep it running"),
        ("to_start", "- Wait: it starts at 2026-09-01.", "Keep it running"),
        ("endless", "- Set `end` in experiments/one_page_checkout.yml", "Keep it running"),
        ("between", "The next look is on data before 2026-10-06.", "every build looks"),
        ("at_a_look", "no more units are assigned", "Keep it running"),
        ("futile", "- Consider stopping: ", "Keep it running"),
        ("always_valid", "stopping at any time costs no error", "only harm"),
        ("beginning", "Its tests hold at every build, so each may be read.", "only harm"),
        ("unsettled", "- Do not launch ", "Keep it running"),
    ],
)
def test_what_to_do_next_is_true_of_the_state(name, said, unsaid):
    steps = next_steps(name)
    assert said in steps.replace("&#96;", "`")
    assert unsaid not in steps
    assert all(line.startswith("- ") for line in steps.strip().splitlines())


def test_a_fixed_design_waits_for_its_end():
    text = render_markdown(examples.memo_of(examples.early()))
    assert "- Keep it running as planned." in text
    assert "before the planned end, on data until 2026-10-13." in text


def test_one_futile_variant_stops_nothing():
    marts = example_states.futile()
    for row in marts["looks"]:
        if row["variant"] == "one_page":
            row["outcome"] = "not crossed"
    memo = examples.memo_of(marts)
    assert memo.futile_variants == ("two_step",)
    text = render_markdown(memo)
    assert "Consider stopping" not in text
    assert "- A launch of two_step has become unlikely" in text


def test_a_variant_is_futile_on_every_success_metric_or_not_at_all():
    marts = example_states.futile()
    marts["looks"] = [row for row in marts["looks"] if row["metric"] == "ordered"]
    assert examples.memo_of(marts).futile_variants == ()


def test_an_always_valid_experiment_that_is_stopped_is_not_kept_running():
    marts = example_states.always_valid()
    marts["experiments"][0]["status"] = "stopped"
    text = render_markdown(examples.memo_of(marts))
    assert "Wait until the windows of its last units have closed." in text
    assert "- Keep it running" not in text


# The method of each design.


@pytest.mark.parametrize(
    ("design", "said", "unsaid"),
    [
        ("fixed", "the p-value of the planned end", "Between looks"),
        ("group_sequential", "the repeated p-value of the look", "Before the planned end"),
        ("always_valid", "with the whole error rate of a rollback", "over 0.2"),
    ],
)
def test_the_method_says_what_harm_is_tested_by_in_this_design(design, said, unsaid):
    memo = examples.memo_of(examples.launch())
    memo = replace(memo, experiment=replace(memo.experiment, design=design))
    text = dict(templates().render_sections(memo))["method"]
    (line,) = [line for line in text.splitlines() if line.startswith("- Harm p:")]
    assert said in line
    assert unsaid not in line
    shares = (families.HARM_ANY_SHARE, families.HARM_PLANNED_SHARE)
    assert all((f"over {share:g}" in line) == (design != "always_valid") for share in shares)


def test_the_band_by_day_is_said_to_decide_nothing_under_every_design():
    for design in ("fixed", "group_sequential", "always_valid"):
        memo = examples.memo_of(example_full.full())
        memo = replace(memo, experiment=replace(memo.experiment, design=design))
        part = section(memo, "Effect by day")
        assert "not corrected for the others" in part
        assert "it decides nothing" in part
        assert "decides only where" not in render_markdown(memo)


def test_an_always_valid_design_says_what_its_tests_start_with(monkeypatch):
    monkeypatch.setattr(always_valid, "MINIMUM_UNITS", 1234)
    monkeypatch.setattr(always_valid, "MINIMUM_EVENTS", 56)
    memo = memo_of("beginning")
    for title in ("Effects on success metrics", "Guardrails", "Exploratory metrics"):
        part = section(memo, title)
        assert "start with 1,234 units in each variant and, for shares, 56 events" in part
        assert "planned end" not in part
    assert "starts with 1,234 units" in section(memo, "Method and definitions")


@pytest.mark.parametrize("name", ["at_a_look", "always_valid", "between"])
def test_what_is_too_skewed_waits_for_units_and_for_no_look(name):
    marts = STATES[name]()
    for row in marts["effects"]:
        if row["role"] == "success" and row["used_for_decision"]:
            row.update(dict.fromkeys(examples.NOT_DUE))
            about = {"metric": row["metric"], "variant": row["variant"]}
            check = health_row(examples.LAUNCH, "units_for_skewness", "Few.", status="warning")
            marts["health"].append(check | about)
    part = section(examples.memo_of(marts), "Effects on success metrics")
    is_between = name == "between"
    assert ("too few units for the skewness of these values" in part) != is_between
    assert ("No look is due." in part) == is_between
    assert "have not started" not in part


# Data that a check blocks.


def test_of_blocked_data_nothing_is_printed_that_compares_the_variants():
    memo = examples.memo_of(examples.blocked())
    free = [replace(one, reading=readings.NOT_SHOWN) for one in memo.findings]
    before, appendix = render_markdown(memo).split("## Appendix")
    for one in free:
        for show in (filters.change, filters.lift):
            assert show(one) not in before
        assert filters.number(one.effect.estimate) not in appendix.split(" | ")
        assert filters.number(one.effect.std_error) not in appendix.split(" | ")
    assert "nothing is read from these data: what they compare is withheld" in before
    assert "numbers of each variant are unverified" in appendix


def test_of_blocked_data_harm_is_shown_where_it_is_seen_and_its_absence_is_not():
    memo = examples.memo_of(examples.blocked())
    harm = section(memo, "Evidence of harm")
    assert "| ordered | semantic | withheld | the control | withheld | withheld |" in harm
    assert re.search(r"\| page_load .*unverified: consider stopping .*\| < 0.0001 \|", harm)
    marts = examples.blocked()
    for row in marts["effects"]:
        if row["role"] != "explore":
            row |= {"p_value_harm": 1.0, "p_value_harm_corrected": 1.0}
    marts["decision_evidence"] = marts["decision_evidence"][:1]
    marts["variant_decisions"][0]["p_harm"] = 1.0
    memo = examples.memo_of(marts)
    assert "| 1 |" not in section(memo, "Evidence of harm")
    assert "| withheld | withheld |" in section(memo, "Decision per variant")


def test_a_guardrail_without_a_margin_has_its_harm_withheld_with_the_rest():
    marts = examples.rollback()
    marts["health"].append(health_row(examples.ROLLBACK, "crossovers", "No.", status="blocked"))
    part = section(examples.memo_of(marts), "Guardrails")
    (line,) = [line for line in part.splitlines() if line.startswith("| big_refunds")]
    assert not re.search(r"\d", line.replace("big_refunds", ""))


def test_a_metric_that_a_check_blocks_is_withheld_wherever_it_stands():
    marts = example_full.full()
    marts["health"].append(
        health_row(examples.LAUNCH, "varies", "No.", status="blocked", metric="revenue")
    )
    memo = examples.memo_of(marts)
    assert memo.held("revenue", "one_page") == "withheld"
    assert memo.held("ordered", "one_page") is None
    for name in FIGURES:
        for panel in panels(memo, name, LIGHT):
            assert "revenue" not in panel.title or panel.chart.is_empty
    assert "- **revenue** in one_page: withheld." in section(memo, "Posterior probabilities")
    (card, *_) = [one for one in memo.findings if one.held == readings.WITHHELD]
    text = render_markdown(replace(memo, carriers=(card,)))
    assert "- **withheld** revenue in one_page: a health check of it is blocked" in text


# What stands beside a probability.


def test_being_ahead_in_belief_is_no_test_between_variants():
    text = render_markdown(examples.memo_of(example_full.full()))
    assert "no test says that one_page beats another variant" in text
    assert "a belief from the same data, and no test between variants" in text


# What a machine reads.


@pytest.mark.parametrize("name", STATES)
def test_the_json_says_what_may_be_read(name):
    memo = memo_of(name)
    content = json.loads(render_json(memo))
    assert content["standing"]["is_due"] == memo.is_due
    assert [row["held"] for row in content["memo"]["findings"]] == [
        finding.held for finding in memo.findings
    ]
    assert content["standing"]["futile_variants"] == list(memo.futile_variants)


def test_the_json_names_what_to_switch_off_and_what_is_needed():
    standing = json.loads(render_json(examples.memo_of(examples.rollback())))["standing"]
    assert standing["harmed_variants"] == ["loud"]
    assert standing["units_needed"] == 88214
    blocked = json.loads(render_json(examples.memo_of(examples.blocked())))
    assert blocked["standing"]["indicates_harm"] is True
    assert {row["held"] for row in blocked["memo"]["findings"]} == {"withheld"}
