"""What stands in vars.experimentos, and what the warehouse knows of the definitions."""

from pathlib import Path
from typing import Any

import pytest
from checking import check
from project import Project
from test_definitions import ASSIGNMENTS, EXPERIMENT, ORDERS

WHERE = "vars.experimentos (dbt_project.yml): "
WRONG: dict[str, Any] = {
    "assignment_models": 3,
    "fact_models": "fct_orders",
    "summary_models": [None, "", {"a": 1}],
    "as_of": "soon",
    "invalid_experiments": "hodl",
    "inference": ["client"],
    "experiments_from": ["registry"],
    "memory_schema": "",
    "lookback": 3,
    "daily": "no",
    "distributions": 1,
    "segment_levels": 0,
    "fact_model": [],
}
SAID = [
    "`assignment_models` must be a list of names of models, each once, got '3'",
    "`fact_models` must be a list of names of models, each once, got 'fct_orders'",
    "`summary_models` must be a list of names of models, each once",
    "`as_of` must be a date or a timestamp, got 'soon'",
    "`invalid_experiments` is 'hodl'; allowed: fail, hold; did you mean 'hold'?",
    "`inference` is '['client']'; allowed: python_model, client",
    "`experiments_from` must name a model, got '['registry']'",
    "`memory_schema` must name a schema, got ''",
    "`lookback` must be an integer and minutes, hours, days or weeks, like '7 days', got '3'",
    "`daily` must be true or false, got 'no'",
    "`distributions` must be true or false, got '1'",
    "`segment_levels` must be a whole number from 1, got '0'",
    "unknown key `fact_model`; allowed: assignment_models",
]
COLUMNS: dict[str, tuple[dict[str, Any], str]] = {
    "missing_value": (
        {"type": "mean", "value": "amont"},
        (
            "`value`: the model has no column 'amont'; allowed: user_id, at, amount, status; "
            "did you mean 'amount'?"
        ),
    ),
    "missing_where": ({"type": "proportion", "where": "paid"}, "`where`: the model has no column"),
    "text_summed": (
        {"type": "mean", "value": "status"},
        "`value`: 'status' is VARCHAR, which `aggregate: sum` cannot use",
    ),
    "time_averaged": (
        {"type": "mean", "value": "at", "aggregate": "avg"},
        "`value`: 'at' is TIMESTAMP, which `aggregate: avg` cannot use",
    ),
    "text_proportion": ({"type": "proportion", "value": "status"}, "'status' is VARCHAR"),
    "where_number": (
        {"type": "proportion", "where": "amount + 1"},
        "`where`: 'amount + 1' is DOUBLE, not a condition",
    ),
    "ratio_part": (
        {
            "type": "ratio",
            "numerator": {"value": "amount"},
            "denominator": {"model": "fct_visits", "value": "page"},
        },
        "`value`: the model has no column 'page'; allowed: user_id, at",
    ),
}
DAYS: dict[str, Any] = {
    "metrics": {
        "whole": {"type": "proportion", "window": "48 hours"},
        "hours": {"type": "proportion", "window": "12 hours", "delay": "30 minutes"},
        "before": {"type": "mean", "aggregate": "count", "covariate": "36 hours"},
        "both": {
            "type": "ratio",
            "window": "1 hour",
            "numerator": {"aggregate": "count"},
            "denominator": {"model": "fct_visits", "aggregate": "count"},
        },
    }
}
OVERRIDES = {"guardrails": {"before": {"window": "25 hours"}}, "explore": ["both"]}


def test_every_wrong_setting_is_named_in_one_report(tmp_path: Path):
    found = check(Project(tmp_path, WRONG))
    assert not found.passed
    for text in SAID:
        assert any(line.startswith(WHERE + text) for line in found.listing["problems"]), text
    assert len(found.problems) == len(SAID)


@pytest.mark.parametrize("settings", ["models", ["fct_orders"]])
def test_settings_that_are_no_map_are_named(tmp_path: Path, settings: Any):
    found = check(Project(tmp_path, settings))
    assert found.problems == [f"{WHERE}must be a map, got '{settings}'"]


def test_no_settings_and_no_definitions_are_no_problem(tmp_path: Path):
    found = check(Project(tmp_path, {}))
    assert found.passed, found.text
    names = ("experiments", "metrics", "problems", "held", "warnings")
    assert found.listing == {name: [] for name in names}


def test_a_listed_model_that_does_not_exist_is_named_by_dbt(tmp_path: Path):
    project = Project(tmp_path, {"fact_models": ["fct_ordrs"]})
    found = check(project)
    assert not found.passed
    assert "depends on a node named 'fct_ordrs'" in found.text


def test_the_metrics_of_a_dropped_model_are_unknown_where_they_are_used(tmp_path: Path):
    project = Project(
        tmp_path, {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders"]}
    )
    project.model("fct_assignments", "select 1 as user_id", ASSIGNMENTS)
    project.model("fct_orders", "select 1 as user_id", ORDERS)
    project.experiment("one", EXPERIMENT | {"explore": ["page_views"]})
    found = check(project)
    assert found.problems == [
        (
            "exposure one (experiments/one.yml), `explore`: metric 'page_views' is not defined; "
            "allowed: ordered, revenue, refunds"
        )
    ]


def test_units_of_several_kinds_are_told_apart(tmp_path: Path):
    project = Project(tmp_path, {"assignment_models": ["by_user", "by_device"]})
    assigned = ASSIGNMENTS["assignments"]
    project.model("by_user", "select 1 as a", {"assignments": assigned | {"unit": {"user": "u"}}})
    project.model(
        "by_device", "select 1 as a", {"assignments": assigned | {"unit": {"device": "d"}}}
    )
    project.model("fct_orders", "select 1 as a", ORDERS | {"unit": {"user": "u"}})
    project.settings["fact_models"] = ["fct_orders"]
    project.write_settings()
    project.experiment("unsaid", EXPERIMENT)
    project.experiment("lacking", EXPERIMENT | {"unit": "device"})
    project.experiment("right", EXPERIMENT | {"unit": "user", "id": "lacking"})
    found = check(project)
    assert found.problems == [
        (
            "exposure lacking (experiments/lacking.yml), `success`: metric 'ordered' needs units "
            "of kind 'device', but model fct_orders (models/fct_orders.yml) has only user"
        ),
        (
            "exposure unsaid (experiments/unsaid.yml): `unit` must say which kind of unit is "
            "assigned; allowed: user, device"
        ),
    ]


def test_the_window_of_an_experiment_is_whole_days_where_facts_are_by_date(tmp_path: Path):
    project = Project(
        tmp_path, {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders"]}
    )
    project.model("fct_assignments", "select 1 as user_id", ASSIGNMENTS)
    project.model("fct_orders", "select 1 as user_id", ORDERS | {"timestamp_is_date": True})
    project.experiment("fine", EXPERIMENT | {"success": {"ordered": {"window": "2 days"}}})
    project.experiment("wrong", EXPERIMENT | {"success": {"ordered": {"window": "36 hours"}}})
    assert check(project).about("exposure wrong (") == [
        (
            "exposure wrong (experiments/wrong.yml), `success`, metric ordered: `window: 36 hours`"
            " must be whole days, because the fact's time is a date"
        ),
    ]


def test_segments_by_day_have_no_effect_where_only_the_latest_day_is_kept(tmp_path: Path):
    project = Project(
        tmp_path,
        {"assignment_models": ["assigned"], "fact_models": ["fct_orders"], "daily": False},
    )
    assigned = ASSIGNMENTS["assignments"] | {"segments": ["country"]}
    project.model("assigned", "select 1 as user_id", {"assignments": assigned})
    project.model("fct_orders", "select 1 as user_id", ORDERS)
    for name, daily in (("by_day", True), ("latest", False)):
        segments = {"segments": ["country"], "segments_daily": daily}
        project.experiment(name, EXPERIMENT | segments | {"success": ["ordered"]})
    found = check(project)
    assert found.passed, found.text
    (warning,) = [text for text in found.listing["warnings"] if "segments_daily" in text]
    assert warning == (
        "exposure by_day (experiments/by_day.yml): `segments_daily` has no effect, because "
        "vars.experimentos (dbt_project.yml) says `daily: false`, which keeps the latest day only"
    )


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `dbt build` says where only the warehouse can know what is wrong."""
    project = Project(
        tmp_path_factory.mktemp("columns"),
        {
            "assignment_models": ["fct_assignments"],
            "fact_models": ["fct_orders", "fct_visits", "fct_texts", "fct_days"],
            "summary_models": ["counts"],
        },
    )
    fact = {"unit": "user_id", "timestamp": "at"}
    project.model(
        "fct_assignments",
        "select 1 as user_id, 'a' as variant, timestamp '2026-09-01' as assigned_at",
        {"assignments": ASSIGNMENTS["assignments"] | {"variant": "varant"}},
    )
    project.model(
        "fct_orders",
        "select 1 as user_id, timestamp '2026-09-01' as at, 1.5::double as amount, 'x' as status",
        fact | {"metrics": {name: case[0] for name, case in COLUMNS.items()}},
    )
    project.model("fct_visits", "select 1 as user_id, timestamp '2026-09-01' as at", fact)
    project.model("fct_texts", "select '1' as user_id, '2026-09-01' as at", fact)
    project.model("fct_days", "select 1 as user_id, date '2026-09-01' as at", fact | DAYS)
    project.experiment("by_day", EXPERIMENT | {"success": ["whole", "hours"]} | OVERRIDES)
    # Of a summary whatever is used is a number; a label may be of any type.
    project.model(
        "counts",
        "select 1 as variant, '10' as users, 1.5::decimal(9, 2) as conversions, true as refunds, "
        "'2' as amount_sum, current_date as amount_sum_sq, 'x' as notes",
    )
    counted = {"control": 1, "variants": {"1": 0.5, "2": 0.5}, "summary": "counts"}
    project.experiment("counted", counted | {"guardrails": ["refunds"]})
    project.experiment("counted_again", counted | {"guardrails": ["refunds"]})
    return project.fail()


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_does_not_fit_is_named(columns: str, name: str):
    lines = [line for line in columns.splitlines() if f"metric {name} of model fct_orders" in line]
    assert len(lines) == 1
    assert COLUMNS[name][1] in lines[0]


def test_columns_of_assignments_and_facts_are_checked_in_the_same_report(columns: str):
    assert columns.count("problem(s) in your definitions") == 1
    for text in (
        (
            "model fct_assignments (models/fct_assignments.yml), `assignments`: `experiment`: the "
            "model has no column 'experiment_id'"
        ),
        (
            "`variant`: the model has no column 'varant'; allowed: user_id, variant, assigned_at; "
            "did you mean 'variant'?"
        ),
        (
            "model fct_texts (models/fct_texts.yml): `timestamp`: 'at' is VARCHAR, not a time: "
            "cast it in the model"
        ),
        (
            "model fct_texts (models/fct_texts.yml): unit 'unit' is VARCHAR, but INTEGER in model "
            "fct_assignments (models/fct_assignments.yml), `assignments`: cast one of them"
        ),
    ):
        assert text in columns


def test_spans_over_facts_that_turn_out_to_be_by_date_are_whole_days(columns: str):
    said = [line.strip() for line in columns.splitlines() if "must be whole days" in line]
    ends = " must be whole days, because the fact's time is a date"
    model = "of model fct_days (models/fct_days.yml)"
    assert said == [
        f"- metric hours {model}: `window: 12 hours`{ends}",
        f"- metric hours {model}: `delay: 30 minutes`{ends}",
        f"- metric before {model}: `covariate: 36 hours`{ends}",
        f"- metric both {model}: `window: 1 hour`{ends}",
        (
            "- exposure by_day (experiments/by_day.yml), `guardrails`, metric before: "
            f"`window: 25 hours`{ends}"
        ),
    ]


def test_columns_of_summaries_are_numbers_where_they_are_used(columns: str):
    said = [line.strip() for line in columns.splitlines() if "summary model counts" in line]
    where = "- exposure counted (experiments/counted.yml), summary model counts: column "
    ends = ", not a number: cast it in the model, or leave it out"
    assert said == [
        f"{where}`users` is VARCHAR{ends}",
        f"{where}`refunds` is BOOLEAN{ends}",
        f"{where}`amount_sum` is VARCHAR{ends}",
        f"{where}`amount_sum_sq` is DATE{ends}",
    ]
