"""The registry: what people read of metrics, and of what experiments set for them."""

import json
from typing import Any

import pytest
from checking import check
from project import Project
from test_definitions import write_meta
from test_definitions_parsed import ASSIGNED, FULL, ORDERS, VISITS, write

LIMITS = ("cap_text", "lower_text")
SHOWN = ("threshold", "quantile_level", "quantile_of", "steps", "from_text", "to_text")
UNITS = ("by_column", "missing", "deciding_basis")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("registry")
    write(folder)
    project = Project(
        folder,
        {
            "assignment_models": ["fct_assigned", "fct_named"],
            "fact_models": ["fct_orders", "fct_visits"],
        },
    )
    for name, meta in (
        ("fct_assigned", {"assignments": ASSIGNED}),
        ("fct_orders", ORDERS),
        ("fct_visits", VISITS),
    ):
        write_meta(project, name, meta)
    chosen = ["experimentos__metrics", "experimentos__experiment_metrics"]
    above = ["stg_experimentos__experiments", "stg_experimentos__pairs"]
    result = project.dbt("run", "--select", *above, *chosen)
    assert result.success, result.result
    return project


def shown(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """The columns that are not null."""
    return {name: row[name] for name in columns if row[name] is not None}


def test_metrics_show_every_key(project: Project):
    rows = {row["metric"]: row for row in project.mart("metrics")}
    assert {name: shown(row, SHOWN) for name, row in rows.items() if shown(row, SHOWN)} == {
        "often": {"threshold": 3},
        "spent": {"threshold": 2.5},
        "returned": {"from_text": "7 days", "to_text": "2 weeks"},
        "median": {"quantile_level": 0.5, "quantile_of": "units"},
        "slow": {"quantile_level": 0.9, "quantile_of": "events"},
        "bought": {"steps": "a > any row of fct_visits > b"},
    }
    assert {name: shown(row, LIMITS) for name, row in rows.items() if shown(row, LIMITS)} == {
        "revenue": {"cap_text": "percentile 0.999", "lower_text": "percentile 0.1"},
        "order_value": {
            "cap_text": "numerator absolute 100",
            "lower_text": "denominator percentile 0.01",
        },
    }
    assert shown(rows["often"], UNITS) == {"by_column": "product", "deciding_basis": "mature"}
    assert shown(rows["smallest"], UNITS) == {"missing": "zero", "deciding_basis": "mature"}
    assert shown(rows["last"], UNITS) == {"deciding_basis": "all"}
    assert [rows[name]["window_text"] for name in ("median", "returned", "slow")] == [
        "none",
        "7 days to 2 weeks",
        "7 days",
    ]


def test_experiments_show_the_caps_and_windows_in_use(project: Project):
    rows = {
        row["metric"]: row for row in project.mart("experiment_metrics", "experiment_id='full'")
    }
    assert set(rows) == {name for key in ("success", "explore") for name in FULL[key]}
    assert {name: shown(row, LIMITS) for name, row in rows.items() if shown(row, LIMITS)} == {
        "revenue": {"cap_text": "absolute 50", "lower_text": "percentile 0.1"},
        "last": {"lower_text": "absolute 1"},
        "order_value": {"lower_text": "denominator percentile 0.01"},
    }
    assert (rows["ordered"]["window_text"], rows["median"]["window_text"]) == ("none", "3 days")
    assert rows["last"]["deciding_basis"] == "all"


def test_the_check_lists_every_key(project: Project):
    found = check(project)
    assert found.passed
    lines = {line["metric"]: line for line in found.listing["metrics"]}
    assert lines["revenue"]["cap"] == "percentile 0.999"
    assert lines["bought"]["steps"] == "a > any row of fct_visits > b"
    assert (lines["often"]["threshold"], lines["often"]["by"]) == (3, "product")
    assert json.dumps(lines)
