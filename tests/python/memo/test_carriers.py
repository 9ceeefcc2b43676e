"""The numbers beside a verdict are those of the rule that decided."""

import re

import pytest
from memo import examples
from memo.example_marts import (
    count_rows,
    decision_row,
    effect_row,
    evidence_row,
    power_row,
    use_row,
    variant_decision_row,
)

from experimentos.memo import render_markdown
from experimentos.memo.check_messages import CHECKS

ARMS = ("a", "b", "c")
UNITS = 20_000


def several(rule, *, unsettled=("c",), metrics=("page_load",), share=(0.121, 0.126, 0.134)):
    """Three variants of which the last by name is the best, held by a rule."""
    key = examples.LAUNCH
    marts = examples.launch()
    ordered = [
        effect_row(
            key, "ordered", arm, "success", (0.12, 0.33, UNITS), (rate, 0.33, UNITS), family=3
        )
        for arm, rate in zip(ARMS, share, strict=True)
    ]
    loads = [
        effect_row(
            key, "page_load", arm, "guardrail", (1840, 610.0, UNITS), (1865, 612.0, UNITS),
            level=0.95, margin=0.02,
        )
        for arm in ARMS
    ]  # fmt: skip
    for row in loads:
        row["p_value_noninferior"] = 0.21 if row["variant"] in unsettled else 0.0001
    refunds = [
        effect_row(
            key, "big_refunds", arm, "guardrail", (0.0041, 0.065, UNITS), (0.0043, 0.066, UNITS),
            level=0.95,
        )
        for arm in ARMS
    ]  # fmt: skip
    marts["effects"] = ordered + loads + refunds
    marts["experiment_metrics"] = [
        use_row(key, "ordered", "success", 1),
        use_row(key, "page_load", "guardrail", 1, 0.02),
        use_row(key, "big_refunds", "guardrail", 2),
    ]
    marts["variant_decisions"] = [
        variant_decision_row(key, arm, "hold", rule, f"{arm} is held") for arm in ARMS
    ]
    marts["decisions"] = [decision_row(key, "hold", rule, "c: c is held")]
    marts["decision_evidence"] = [
        evidence_row(
            key, arm, "noninferior", "page_load", metric="page_load",
            fired=not (arm in unsettled and "page_load" in metrics),
        )
        for arm in ARMS
    ] + [
        evidence_row(
            key, arm, "worse", "big_refunds", metric="big_refunds",
            fired=arm in unsettled and "big_refunds" in metrics,
        )
        for arm in ARMS
    ]  # fmt: skip
    marts["power"] = [
        power_row(key, metric, arm, test, role, 0.05) | {"n_needed": needed, "days_left": days}
        for arm in ARMS
        for metric, test, role, needed, days in (
            ("ordered", "superior", "success", 91_234.0, None),
            ("page_load", "noninferior", "guardrail", 8_737.0 + ARMS.index(arm), 0.0),
        )
    ]
    return marts


def carriers(marts):
    memo = examples.memo_of(marts)
    return [(one.effect.metric, one.effect.variant) for one in memo.carriers]


def first_page(marts):
    return render_markdown(examples.memo_of(marts)).split("## Effects on")[0]


def test_what_holds_a_launch_is_told_first_with_its_margin():
    marts = several("guardrail_unsettled")
    assert carriers(marts) == [("page_load", "c"), ("ordered", "c")]
    text = first_page(marts)
    assert re.search(
        r"- \*\*\+1\.36%\*\* page_load in c: .*: not shown non-inferior "
        r"\(accepted: at most 2% higher; p = 0\.2100\)\.",
        text,
    )
    assert "**+11.67%** ordered in c" in text
    assert "Do not launch c while these guardrails are not settled: page_load." in text


def test_a_guardrail_without_a_margin_that_is_worse_is_told():
    marts = several("guardrail_unsettled", metrics=("big_refunds",))
    assert carriers(marts) == [("big_refunds", "c"), ("ordered", "c")]


def test_where_all_guardrails_hold_what_is_better_comes_first_then_the_weakest_guardrail():
    marts = several("guardrail_unsettled", unsettled=())
    assert carriers(marts) == [("ordered", "c"), ("page_load", "c")]
    assert "see the guardrails below" in first_page(marts)


def test_what_is_better_is_told_however_many_guardrails_hold_it():
    marts = several("guardrail_unsettled", metrics=("page_load", "big_refunds"))
    assert carriers(marts) == [("page_load", "c"), ("big_refunds", "c"), ("ordered", "c")]


def test_units_are_those_of_what_is_missing():
    text = first_page(several("guardrail_unsettled"))
    assert "takes 8,739 units in control and a variant together" in text
    assert "and they are there." in text
    assert "91,234" not in text
    assert "91,234 units" in first_page(several("inconclusive"))


@pytest.mark.parametrize("rule", ["inconclusive", "ruled_out", "looks_remain", "plan_changed"])
def test_of_several_variants_the_one_that_the_reason_is_about_comes_first(rule):
    """Not the first by name; then those that came closest."""
    assert carriers(several(rule)) == [("ordered", "c"), ("ordered", "b"), ("ordered", "a")]
    other = several(rule, share=(0.121, 0.134, 0.126))
    assert carriers(other) == [("ordered", "b"), ("ordered", "c"), ("ordered", "a")]


def test_the_leading_variant_is_one_of_the_rule_that_decided():
    marts = several("looks_remain")
    marts["variant_decisions"][2]["rule"] = "inconclusive"
    assert carriers(marts)[0] == ("ordered", "b")


def test_a_blocked_split_is_told_in_numbers_of_each_population_and_without_codes():
    marts = examples.blocked()
    (analysed,) = [row for row in marts["health"] if row["check_name"] == "sample_ratio"]
    marts["health"].append(analysed | {"population": "assigned", "p_value": 0.00031})
    for row in marts["assignment_counts"]:
        row["n_units"] += 100 if row["population"] == "assigned" else 0
    text = first_page(marts)
    assert (
        "- Blocked, sample ratio of analysed units: control 40,120 (52.56%, planned 50%), semantic "
        "36,211 (47.44%, planned 50%) (p < 0.0001)." in text.replace("&lt;", "<")
    )
    assert "of assigned units: control 40,320 (52.55%, planned 50%), semantic 36,411" in text
    assert "(p = 0.0003)" in text
    # Shares of a ramp are of no one plan.
    for number, row in enumerate(marts["assignment_counts"]):
        row["planned_share"] = 0.1 * (1 + number % 2)
    assert "control 40,320 (52.55%), semantic 36,411 (47.45%)" in first_page(marts)


def test_of_many_variants_those_furthest_from_the_plan_are_told():
    marts = examples.blocked()
    units = {"control": 19_700, "a": 20_500, "b": 17_000, "c": 19_800, "d": 23_000}
    marts["assignment_counts"] = count_rows(examples.BLOCKED, units, units)
    text = first_page(marts)
    assert (
        "units: a 20,500 (20.5%, planned 20%), b 17,000 (17%, planned 20%), d 23,000 (23%, planned "
        "20%), of 5 variants those furthest from the plan (p < 0.0001)."
    ) in text.replace("&lt;", "<")


def test_no_code_of_a_check_stands_in_what_is_told():
    text = render_markdown(examples.memo_of(examples.blocked()))
    assert "the split is not the planned one" in text
    assert not re.search(rf"\b({'|'.join([*CHECKS, 'sample_ratio', 'activation_rate'])}): ", text)
