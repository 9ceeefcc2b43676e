"""Each mistake in what stands beside assignments and facts is named, and so are columns that "
"lack."""

from pathlib import Path
from typing import Any

import pytest
from checking import Check, check
from project import Project
from test_definitions import ASSIGNMENTS, EXPERIMENT, FACT, expect, write_meta

ASSIGNED = ASSIGNMENTS["assignments"]
# name: (config.meta.experimentos of a listed model, what the report says about it)
FACTS: dict[str, tuple[Any, ...]] = {
    "fct_loaded": (
        FACT | {"metrics": {}, "loaded_at": True},
        "`loaded_at` must be a column or SQL expression, got 'True'",
    ),
    "fct_keys": (
        FACT | {"metrics": {}, "unique_key": ["order_id", "line"]},
        "`unique_key` must be a column or SQL expression, got '['order_id', 'line']'",
    ),
    "fct_lookback": (
        FACT | {"metrics": {}, "lookback": 3},
        "`lookback` must be an integer and minutes, hours, days or weeks, like '7 days', got '3'",
    ),
    "fct_timeless": (
        {"unit": "user_id", "timestamp": "none", "metrics": {}, "lookback": "3 days"},
        "`lookback` needs a time column",
    ),
    "fct_segments": (
        FACT | {"metrics": {}, "segments": ["country"]},
        "unknown key `segments`",
        "allowed: assignments, unit",
    ),
}
TABLES: dict[str, tuple[Any, ...]] = {
    "asg_segments_text": (
        {"assignments": ASSIGNED | {"segments": "country"}},
        "`segments` must list columns, or map names to SQL expressions, got 'country'",
    ),
    "asg_segments_empty": ({"assignments": ASSIGNED | {"segments": []}}, "`segments` must list"),
    "asg_segments_values": (
        {"assignments": ASSIGNED | {"segments": {"country": 3}}},
        "`segments` must be names and columns or SQL expressions as text, got 'country: 3'",
    ),
    "asg_segments_twice": (
        {"assignments": ASSIGNED | {"segments": ["country", "country"]}},
        "segment 'country' is listed twice",
    ),
    "asg_segments_reserved": (
        {"assignments": ASSIGNED | {"segments": ["all", "phase"]}},
        "`segments`: the name 'all' is taken",
        "`segments`: the name 'phase' is taken",
    ),
    "asg_loaded": (
        {"assignments": ASSIGNED | {"loaded_at": 3}},
        "`loaded_at` must be a column or SQL expression, got '3'",
    ),
    "asg_lookback": (
        {"assignments": ASSIGNED | {"lookback": "soon"}},
        "`lookback` must be an integer and minutes, hours, days or weeks",
        "got 'soon'",
    ),
}
ORDERS = FACT | {
    "loaded_at": "day",
    "unique_key": "order_key",
    "metrics": {
        "steps": {"type": "funnel", "steps": ["amount > 1", "amount", "paied"]},
        "slices": {"type": "mean", "value": "amount", "by": "prodct"},
        "slices_of_times": {"type": "mean", "value": "amount", "by": "at"},
        "latest_text": {"type": "mean", "value": "status", "aggregate": "latest"},
        "mixed": {"type": "funnel", "steps": ["amount > 1", {"model": "fct_days"}]},
        "fine": {"type": "funnel", "steps": ["amount > 1", "status = 'x'"]},
        "fine_slices": {"type": "mean", "value": "amount", "by": "upper(status)"},
    },
}
DAYS = FACT | {
    "timestamp": "day",
    "metrics": {"returned": {"type": "retention", "from": "12 hours", "to": "36 hours"}},
}
# Lines of the report on columns, in full.
SAID = [
    (
        "model fct_assignments (models/fct_assignments.yml), `assignments`: `segments: region`: "
        "the "
        "model has no column 'regin'; allowed: experiment_id, variant, user_id, assigned_at, "
        "region; "
        "did you mean 'region'?"
    ),
    (
        "model fct_assignments (models/fct_assignments.yml), `assignments`: `segments: hour`: "
        "'assigned_at' is TIMESTAMP; allowed: integer, number, text, boolean, date, uuid"
    ),
    (
        "model fct_assignments (models/fct_assignments.yml), `assignments`: `loaded_at`: "
        "'region' is "
        "VARCHAR, not a time: cast it in the model; allowed: timestamp, timestamptz"
    ),
    (
        "model fct_orders (models/fct_orders.yml): `loaded_at`: 'day' is DATE, not a time: cast "
        "it in "
        "the model; allowed: timestamp, timestamptz"
    ),
    (
        "model fct_orders (models/fct_orders.yml): `unique_key`: the model has no column "
        "'order_key'; "
        "allowed: user_id, at, day, amount, status"
    ),
    (
        "metric steps of model fct_orders (models/fct_orders.yml): `steps`: 'amount' is DOUBLE, "
        "not a "
        "condition; allowed: boolean"
    ),
    (
        "metric steps of model fct_orders (models/fct_orders.yml): `steps`: the model has no "
        "column "
        "'paied'; allowed: user_id, at, day, amount, status"
    ),
    (
        "metric slices of model fct_orders (models/fct_orders.yml): `by`: the model has no column "
        "'prodct'; allowed: user_id, at, day, amount, status"
    ),
    (
        "metric slices_of_times of model fct_orders (models/fct_orders.yml): `by`: 'at' is "
        "TIMESTAMP; "
        "allowed: integer, number, text, boolean, date, uuid"
    ),
    (
        "metric latest_text of model fct_orders (models/fct_orders.yml): `value`: 'status' is "
        "VARCHAR, "
        "which `aggregate: latest` cannot use; allowed: integer, number, boolean"
    ),
    (
        "exposure activated (experiments/activated.yml), `activation`: `where`: the model has no "
        "column 'stats'; allowed: user_id, day, status; did you mean 'status'?"
    ),
    (
        "metric mixed of model fct_orders (models/fct_orders.yml): its steps mix facts by date "
        "(fct_days) with facts by instant, so their order is not known"
    ),
    (
        "metric returned of model fct_days (models/fct_days.yml): `from: 12 hours` must be whole "
        "days, "
        "because the fact's time is a date"
    ),
    (
        "metric returned of model fct_days (models/fct_days.yml): `to: 36 hours` must be whole "
        "days, "
        "because the fact's time is a date"
    ),
    (
        "exposure activated (experiments/activated.yml), `activation`: `within: 36 hours` must be "
        "whole days, because the fact's time is a date"
    ),
    (
        "model fct_days (models/fct_days.yml): unit 'unit' is VARCHAR, but INTEGER in model "
        "fct_assignments (models/fct_assignments.yml), `assignments`: cast one of them so that "
        "both "
        "have one type"
    ),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    settings = {"assignment_models": list(TABLES), "fact_models": list(FACTS)}
    project = Project(tmp_path_factory.mktemp("models"), settings)
    for name, case in (FACTS | TABLES).items():
        project.model(name, "select 1 as user_id")
        write_meta(project, name, case[0])
    return check(project)


@pytest.mark.parametrize("name", FACTS | TABLES)
def test_a_mistake_beside_a_model_is_named(report: Check, name: str):
    expect(report.about(f"model {name} ("), f"models/{name}.yml", (FACTS | TABLES)[name][1:])


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The problems that only the warehouse knows of, as `dbt build` lists them."""
    project = Project(
        tmp_path_factory.mktemp("columns"),
        {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders", "fct_days"]},
    )
    segments = {"region": "regin", "hour": "assigned_at"}
    project.model(
        "fct_assignments",
        "select 'activated' as experiment_id, 'control' as variant, 1 as user_id, "
        "timestamp '2026-09-01' as assigned_at, 'x' as region",
        {"assignments": ASSIGNED | {"segments": segments, "loaded_at": "region"}},
    )
    project.model(
        "fct_orders",
        "select 1 as user_id, timestamp '2026-09-01' as at, date '2026-09-01' as day, "
        "1.5::double as amount, 'x' as status",
        ORDERS,
    )
    project.model(
        "fct_days", "select 'u1' as user_id, date '2026-09-01' as day, 'x' as status", DAYS
    )
    activation = {"model": "fct_days", "where": "stats", "within": "36 hours"}
    project.experiment("activated", EXPERIMENT | {"success": ["fine"], "activation": activation})
    lines = [line.strip() for line in project.fail().splitlines()]
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")]


@pytest.mark.parametrize("line", SAID)
def test_what_only_the_warehouse_knows_is_named(columns: list[str], line: str):
    assert line in columns


def test_nothing_else_is_said_of_columns(columns: list[str]):
    assert sorted(columns) == sorted(SAID)


def test_a_summary_has_no_units_to_cap_or_divide(tmp_path: Path):
    project = Project(tmp_path, {"summary_models": ["counts"]})
    project.model(
        "counts",
        "select 'a' as variant, 10 as users, 3 as conversions, 4.0::double as amount_sum, "
        "9.0::double as amount_sum_sq",
    )
    counted = {"control": "a", "variants": {"a": 0.5, "b": 0.5}, "summary": "counts"}
    ramp = [
        {"from": "2026-09-01", "split": {"a": 0.9, "b": 0.1}},
        {"from": "2026-09-08", "split": {"a": 0.5, "b": 0.5}},
    ]
    project.experiment("divided", counted | {"segments": ["country"]})
    project.experiment("activated", counted | {"activation": {"model": "fct_orders"}})
    project.experiment("ramped", counted | {"start": "2026-09-01", "variants": ramp})
    project.experiment("capped", counted | {"explore": {"amount": {"cap": {"absolute": 3}}}})
    assert project.dbt("run", "--select", "counts").success
    found = check(project)
    ends = " needs units, and a summary has only their sums"
    for name, key in {
        "divided": "segments",
        "activated": "activation",
        "ramped": "variants` as a ramp",
        "capped": "cap",
    }.items():
        (line,) = [line for line in found.about(f"exposure {name} (") if ends in line]
        assert f"`{key}" in line
