"""Definitions that change: what counts as an edit, and that no build forgets or repeats one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from project import Project, problems

ASSIGNED = """
select unit, 'started' as experiment, variant, moment from (
    select u as unit, case when u % 2 = 0 then 'a' else 'b' end as variant,
        timestamp '2026-09-01' + to_hours(u) as moment
    from range(100) as units(u)
) as rows_of_all
"""
ORDERS = """
select u as unit, timestamp '2026-08-20' + to_hours(u * 8) as moment, u % 7 as amount
from range(100) as units(u)
"""
BASE: dict[str, Any] = {
    "start": "2026-09-01", "end": "2026-09-29", "control": "a", "variants": {"a": 0.5, "b": 0.5},
    "success": ["ordered"], "guardrails": {"spent": {"margin": "2%"}},
}  # fmt: skip
METRICS: dict[str, dict[str, Any]] = {
    "ordered": {"type": "proportion", "window": "2 days"},
    "spent": {"type": "mean", "value": "amount", "window": "2 days", "covariate": "none"},
    "amounts": {"type": "mean", "value": "amount", "window": "2 days", "covariate": "none"},
}


class Shop:
    """Definitions as they are edited from build to build."""

    def __init__(self, project: Project) -> None:
        self.project, self.metrics = project, {name: dict(each) for name, each in METRICS.items()}
        self.experiments: dict[str, dict[str, Any]] = {}

    def build(self, as_of: str, *arguments: str) -> None:
        self.project.settings |= {
            "assignment_models": ["assigned"], "fact_models": ["orders"], "as_of": as_of,
            "invalid_experiments": "hold", "archive": False,
        }  # fmt: skip
        self.project.write_settings()
        self.project.model("assigned", ASSIGNED, {"assignments": {
            "experiment": "experiment", "variant": "variant", "unit": "unit",
            "timestamp": "moment"}})  # fmt: skip
        self.project.model("orders", ORDERS, {"unit": "unit", "timestamp": "moment",
                                              "metrics": self.metrics})  # fmt: skip
        for name, definition in self.experiments.items():
            self.project.experiment(name, BASE | definition)
        result = self.project.dbt("run", *arguments)
        assert result.success, problems(result)

    def edits(self, experiment: str = "started") -> list[str]:
        rows = self.project.mart("edits", f"experiment_id = '{experiment}'")
        return sorted(row["change"] for row in rows)

    def history(self, experiment: str = "started") -> list[dict[str, Any]]:
        return self.project.rows(
            f"select * from main.experimentos__history where experiment_id = '{experiment}' "
            "order by decided_at, definition_number"
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    """Three builds: two before the start, and a full refresh after it."""
    shop = Shop(Project(tmp_path_factory.mktemp("edits")))
    shop.experiments = {
        "started": {},
        "drafted": {"id": "none", "start": "2026-08-01", "status": "draft"},
        "left_alone": {"id": "none_either"},
        "broken": {"id": "nor_this"},
    }
    shop.build("2026-08-25 07:00:00")
    shop.experiments["started"] = {"alpha": 0.1}
    shop.experiments["drafted"] |= {"alpha": 0.2}
    shop.build("2026-08-26 07:00:00")
    shop.experiments["started"] = {
        "alpha": 0.2, "alpha_harm": 0.05, "end": "2026-10-06", "success": ["ordered", "amounts"],
        "guardrails": {"spent": {"margin": {"absolute": 0.5}, "window": "3 days"}},
        "status": "stopped", "health": {"crossovers": {"warn": "0.5%", "block": "3%"}},
    }  # fmt: skip
    shop.experiments["drafted"] = {"id": "none", "start": "2026-08-01", "alpha": 0.3}
    shop.experiments["broken"] |= {"success": ["orders"]}
    shop.metrics["ordered"] |= {"where": "amount > 1", "label": "Ordered at all"}
    shop.build("2026-09-14 07:00:00", "--full-refresh")
    return shop


def test_edits_after_the_start_are_listed_with_what_was_before(shop: Shop):
    seen = "(first seen 2026-09-14)"
    assert shop.edits() == [
        f"alpha 0.1 -> 0.2 {seen}",
        f"alpha_harm not set -> 0.05 {seen}",
        f"end 2026-09-29 00:00:00 -> 2026-10-06 00:00:00 {seen}",
        f"health, crossovers, block not set -> 3% {seen}",
        f"ordered, where not set -> amount > 1 {seen}",
        f"spent, margin 2% -> {{absolute: 0.5}} {seen}",
        f"spent, window 2 days -> 3 days {seen}",
        f"success ordered -> ordered, amounts {seen}",
    ]
    rows = shop.project.mart("edits", "experiment_id = 'started'")
    assert {row["part"] for row in rows if not row["is_plan"]} == {
        "end", "health, crossovers, block"
    }  # fmt: skip
    assert {row["definition_number"] for row in rows} == {3}


def test_edits_before_the_start_and_those_of_drafts_do_not_count(shop: Shop):
    assert [row["definition_number"] for row in shop.history()] == [1, 2, 3]
    assert [row["n_edits"] for row in shop.history()] == [0, 0, 8]
    assert [row["definition_number"] for row in shop.history("drafted")] == [1, 2, 3]
    assert [row["status"] for row in shop.history("drafted")] == ["draft", "draft", "running"]
    assert shop.edits("drafted") == []


def test_an_edit_of_a_metric_is_one_of_every_experiment_that_uses_it(shop: Shop):
    assert shop.edits("left_alone") == [
        "ordered, where not set -> amount > 1 (first seen 2026-09-14)"
    ]


def test_the_history_keeps_each_version_of_a_definition_once(shop: Shop):
    first, second, third = shop.history()
    assert first["definitions_hash"] != second["definitions_hash"] != third["definitions_hash"]
    texts = [json.loads(row["definition"])["experiment"]["alpha"] for row in (first, second, third)]
    assert texts == ["0.05", "0.1", "0.2"]
    assert (first["edits"], second["edits"]) == (None, None)
    assert third["edits"].count("first seen 2026-09-14") == 8


def test_a_definition_with_problems_is_no_version(shop: Shop):
    assert [row["definition_number"] for row in shop.history("broken")] == [1, 1, 1]
    assert shop.edits("broken") == []


@pytest.mark.slow
def test_a_later_build_repeats_no_edit_and_undoing_one_is_another(shop: Shop):
    before = shop.edits()
    shop.build("2026-09-15 07:00:00")
    assert shop.edits() == before
    last = shop.history()[-1]
    assert (last["n_edits"], last["definition_number"], last["definition"]) == (8, 3, None)
    assert shop.history()[-1]["edits"] == shop.history()[-2]["edits"]
    # The problem is mended: the definition is the one that was there before, but for the metric.
    shop.experiments["broken"].pop("success")
    shop.experiments["started"] |= {"alpha": 0.1}
    shop.build("2026-09-15 07:00:00")
    assert shop.edits("broken") == ["ordered, where not set -> amount > 1 (first seen 2026-09-15)"]
    assert set(shop.edits()) - set(before) == {"alpha 0.2 -> 0.1 (first seen 2026-09-15)"}
    assert [row["definition_number"] for row in shop.history()] == [1, 2, 3, 3, 4]
