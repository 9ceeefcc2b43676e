"""Each number of a check or rule stands in its unit, or not at all."""

import re
from pathlib import Path

import pytest
from memo import examples
from memo.example_marts import evidence_row, health_row

from experimentos.memo import quantities, render_markdown
from experimentos.memo.context import Evidence, HealthCheck
from experimentos.memo.marts import to_records

MEMO = examples.memo_of(examples.launch())


def written(row):
    return (quantities.observed(row, MEMO), quantities.threshold(row, MEMO))


def check(name, observed=None, threshold=None, p_value=None):
    row = health_row("e", name, "", observed=observed, threshold=threshold, p_value=p_value)
    return to_records(HealthCheck, [row], mart="health")[0]


def rule(name, observed, threshold, metric="ordered"):
    row = evidence_row("e", "one_page", name, "", metric=metric, observed=observed,
                       threshold=threshold)  # fmt: skip
    return to_records(Evidence, [row], mart="decision_evidence")[0]


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (check("sample_ratio", 19577.0, 0.001, 5e-7), ("p < 0.0001", "0.001")),
        (check("sample_ratio", 19577.0, 0.001), ("–", "0.001")),
        (check("covariate_balance", 0.02, 0.001, 0.3), ("p = 0.3000", "0.001")),
        (check("crossovers", 0.0039, 0.001), ("0.39%", "0.1%")),
        (check("freshness", 3.0, 2.0), ("3 days", "2 days")),
        (check("late_changes", 1.0, 0.0), ("1 day", "0 days")),
        (check("skewness", 10137.0, 39625.2), ("10,137 units", "39,625 units")),
        (check("enough_units", 1.0, 2.0), ("1 unit", "2 units")),
        (check("variant_has_units", 0.0), ("0 units", "–")),
        (check("future_rows", 12.0, 0.0), ("12 rows", "0 rows")),
        (check("look_restated", 0.25, 0.1), ("0.25 standard errors", "0.1 standard errors")),
        (check("precision", 2e8, 1e8), ("200,000,000 standard deviations",
                                        "100,000,000 standard deviations")),
        (check("units_for_skewness", 0.7), ("0.7", "–")),
        (check("varies", 107.0), ("–", "–")),
        (check("of_a_later_version", 1.5, 2.0), ("1.5", "2")),
        (rule("superior", 1e-9, 0.025), ("p < 0.0001", "0.025")),
        (rule("harmed", 1.0, 0.025), ("p = 1", "0.025")),
        (rule("bounded", 0.147, 0.1), ("14.7%", "10%")),
        (rule("power_reached", 0.158, 0.1), ("15.8%", "10%")),
        (rule("not_shown_safe", 0.494, None), ("49.4%", "–")),
        (rule("ruled_out", 0.0, 0.0, "all"), ("–", "–")),
        (rule("guardrail_unsettled", 0.0, 0.0, "all"), ("–", "–")),
        (rule("health_blocked", 0.0, 0.001, "all"), ("–", "–")),
    ],
    ids=lambda value: getattr(value, "check_name", getattr(value, "rule", None)),
)  # fmt: skip
def test_a_number_stands_in_its_unit(row, shown):
    assert written(row) == shown


def test_a_size_in_metric_units_is_no_share():
    marts = examples.launch()
    for row in marts["experiment_metrics"]:
        row["mde_kind"] = "absolute"
    memo = examples.memo_of(marts)
    assert quantities.observed(rule("bounded", 0.147, 0.1), memo) == "0.147"


def test_every_documented_check_has_its_unit():
    table = (Path(__file__).parents[3] / "docs" / "health.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))
    assert documented == quantities.TESTED | set(quantities.CHECKED)


def test_units_are_not_held_against_a_p_value_on_the_page():
    marts = examples.blocked()
    marts["health"][0]["observed"] = 76331.0
    part = render_markdown(examples.memo_of(marts)).split("## Sample ratio and health")[1]
    assert "| blocked | p < 0.0001 | 0.001 |" in part
    assert "76,331 |" not in part.split("| Check |")[1].split("## ")[0]
