"""Experiments in a table are read, checked and analysed like those in exposures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from checking import Check, check
from project import Project

if TYPE_CHECKING:
    from pathlib import Path

ASSIGNMENTS = {
    "assignments": {
        "experiment": "experiment_id",
        "variant": "variant",
        "unit": "user_id",
        "timestamp": "assigned_at",
    }
}
ORDERS = {
    "unit": "user_id",
    "timestamp": "at",
    "complete_until": "2026-10-20",
    "metrics": {
        "ordered": {"type": "proportion"},
        "revenue": {"type": "mean", "value": "amount"},
        "refunds": {"type": "mean", "aggregate": "count", "goal": "decrease"},
    },
}
DEFINITION = {
    "start": "2026-09-01",
    "end": "2026-09-29",
    "control": "control",
    "variants": {"control": 0.5, "one_page": 0.5},
    "success": ["ordered"],
}
ROW = {
    "experiment_id": "checkout",
    "starts_at": "2026-09-01",
    "ends_at": "2026-09-29",
    "control": "control",
    "variants": '{"control": 0.5, "one_page": 0.5}',
    "success": "ordered",
}
ASSIGNED = """
select u as user_id, e as experiment_id, timestamp '2026-09-02' + to_hours(u) as assigned_at,
    case when u % 2 = 0 then 'control' else 'one_page' end as variant
from range(80) as units(u), unnest(['checkout', 'by_exposure']) as tests(e)
"""
ROWS = """
select n % 60 as user_id, timestamp '2026-08-25' + to_hours((n * 37) % 700) as at,
    (n * 7919) % 101 / 10.0 as amount
from range(600) as orders(n)
"""


def shop(folder: Path, rows: list[dict[str, Any]] | str | None, **settings: Any) -> Project:
    """Make a project whose experiments stand in table `fct_experiments`."""
    project = Project(
        folder,
        {
            "assignment_models": ["fct_assigned"],
            "fact_models": ["fct_orders"],
            "experiments_from": "fct_experiments",
        }
        | settings,
    )
    project.model("fct_assigned", ASSIGNED, ASSIGNMENTS)
    project.model("fct_orders", ROWS, ORDERS)
    if rows is not None:
        project.model("fct_experiments", rows if isinstance(rows, str) else table(rows))
    return project


def table(rows: list[dict[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def checked(project: Project) -> Check:
    """Build the table alone, then check."""
    result = project.dbt("run", "--select", "fct_experiments")
    assert result.success
    return check(project)


@pytest.mark.slow
def test_a_row_gives_what_the_same_exposure_gives(tmp_path: Path):
    row = ROW | {
        "label": "One page",
        "hypothesis": "Fewer steps, more orders.",
        "owner": "Checkout team",
        "owner_email": "checkout@example.com",
        "guardrails": '{"refunds": {"margin": "2%"}}',
        "explore": '["revenue"]',
        "alpha": 0.1,
        "alpha_harm": 0.02,
        "power": 0.9,
        "mde": "3%",
        "prior": '{"lift": {"mean": 0, "sd": "5%"}}',
        "correction": "dunnett",
        "design": "fixed",
        "planned_n": 80.0,
        "status": "stopped",
        "team_channel": "#checkout",
    }
    project = shop(tmp_path, [row, ROW | {"experiment_id": "second", "id": "by_exposure,other"}])
    project.experiment(
        "by_exposure",
        DEFINITION
        | {
            "id": ["checkout", "none_such"],
            "guardrails": {"refunds": {"margin": "2%"}},
            "explore": ["revenue"],
            "alpha": 0.1,
            "alpha_harm": 0.02,
            "power": 0.9,
            "mde": "3%",
            "prior": {"lift": {"mean": 0, "sd": "5%"}},
            "correction": "dunnett",
            "monitoring": {"design": "fixed", "planned_n": 80},
            "status": "stopped",
            # The same units as in the row: the dates keep the two ids apart.
            "start": "2026-09-01",
        },
        label="One page",
        description="Fewer steps, more orders.",
        owner={"name": "Checkout team", "email": "checkout@example.com"},
    )
    said = checked(project)
    (overlap,) = said.problems
    assert "experiment checkout (table fct_experiments): id 'checkout' is also used by" in overlap

    text = (tmp_path / "experiments/by_exposure.yml").read_text()
    project.yaml("experiments/by_exposure.yml", text.replace("- checkout\n", "- by_exposure\n"))
    project.model("fct_experiments", table([row]))
    project.build()
    left, right = (
        project.one("experiments", f"experiment_id = '{name}'")
        for name in ("checkout", "by_exposure")
    )
    for key in ("experiment_id", "experiment_index", "file", "definitions_hash"):
        left.pop(key), right.pop(key)
    assert left == right
    assert (left["alpha_harm"], left["correction"]) == (0.02, "dunnett")
    grain = "order by metric, variant, basis, as_of"
    ours, theirs = (
        project.rows(
            "select metric, variant, basis, as_of, n_units, n_events, round(mean_num, 9) as mean "
            f"from main.experimentos__moments where experiment_id = '{name}' {grain}"
        )
        for name in ("checkout", "by_exposure")
    )
    assert len(ours) >= 6
    assert ours == theirs
    decisions = project.mart("decisions")
    assert sorted(row["experiment_id"] for row in decisions) == ["by_exposure", "checkout"]
    for name in ("checkout", "by_exposure"):
        believed = project.mart("posteriors", f"experiment_id = '{name}'")
        assert {row["prior_sd"] for row in believed} == {0.05}
    pair = project.one("experiment_metrics", "experiment_id = 'checkout' and metric = 'refunds'")
    assert pair["role"] == "guardrail"


TYPED = """
select 'checkout' as "Experiment_ID",
    timestamptz '2026-09-01 02:00:00+02' as starts_at,
    date '2026-09-29' as ends_at,
    cast(0.1 as decimal(5, 3)) as alpha,
    'control' as control,
    cast('{"control": 0.5, "one_page": 0.5}' as json) as variants,
    'ordered,  revenue' as success,
    cast(null as varchar) as guardrails,
    ' ' as explore,
    cast(null as varchar) as mde,
    cast(null as double) as power,
    'our own' as thresholds, 'of the admin tool' as override
union all
select 'in_draft', timestamptz '2026-09-01 02:00:00.25+02', null, null, 'control',
    cast('{"control": 0.5, "one_page": 0.5}' as json), '["ordered"]', null, null, null, 0.9,
    null, null
"""


def test_columns_may_have_their_own_types_null_is_not_given_and_others_are_ignored(tmp_path: Path):
    said = checked(shop(tmp_path, TYPED))
    assert said.passed, said.text
    first, second = said.listing["experiments"]
    assert first["experiment_id"] == "checkout"
    assert first["file"] == "table fct_experiments"
    assert first["start"] == "2026-09-01 00:00:00"
    assert first["end"] == "2026-09-29 00:00:00"
    assert first["success"] == ["ordered", "revenue"]
    assert first["guardrails"] == first["explore"] == []
    assert second["start"] == "2026-09-01 00:00:00.250000"
    assert second["end"] is None


# name: (what the row has, what the report says about it)
ROWS_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "bad_json": ({"variants": "{control: 0.5}"}, "`variants` is not JSON, got '{control: 0.5}'"),
    "bad_guardrails": ({"guardrails": '{"refunds"'}, "`guardrails` is not JSON"),
    "bad_split": (
        {"variants": '{"control": 0.5, "one_page": 0.4}'},
        "the planned shares of `variants` add up to 0.9",
    ),
    "bad_control": ({"control": "contrl"}, "did you mean 'control'?"),
    "no_control": ({"control": None}, "`control` is missing"),
    "no_start": ({"starts_at": None}, "`start` is missing"),
    "bad_start": ({"starts_at": "soon"}, "`start` must be a date or a timestamp, got 'soon'"),
    "end_before_start": ({"ends_at": "2026-08-01"}, "must be after `start`"),
    "no_success": ({"success": ""}, "`success` needs at least one metric"),
    "bad_metric": ({"success": "orderd"}, "did you mean 'ordered'?"),
    "named_twice": ({"success": "ordered, ordered"}, "metric 'ordered' is named twice"),
    "bad_alpha": ({"alpha": "5"}, "`alpha` must be a number between 0 and 0.5, got '5'"),
    "alpha_text": ({"alpha": "5 percent"}, "got '5 percent'"),
    "mde_number": ({"mde": "0.02"}, "`mde` must be a percentage"),
    "prior_word": ({"prior": "wide"}, "`prior` must be `flat`"),
    "bad_status": ({"status": "runing"}, "did you mean 'running'?"),
    "bad_unit": ({"unit": "device"}, "`unit` is 'device'"),
    "two_designs": (
        {"design": "fixed", "monitoring": '{"design": "always_valid"}'},
        "`monitoring` has design 'always_valid', but column `design` has 'fixed'",
    ),
    "bad_monitoring": ({"monitoring": '{"desing": "fixed"}'}, "unknown key `desing`"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Check:
    rows = [
        ROW | {"experiment_id": name, "alpha": None} | change
        for name, (change, _) in ROWS_REFUSED.items()
    ]
    return checked(shop(tmp_path_factory.mktemp("refused"), rows))


@pytest.mark.parametrize("name", ROWS_REFUSED)
def test_each_mistake_of_a_row_is_named(refused: Check, name: str):
    place = f"experiment {name} (table fct_experiments)"
    assert any(place in text and ROWS_REFUSED[name][1] in text for text in refused.problems), [
        text for text in refused.problems if name in text
    ]


TABLES_REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "misspelt": ([ROW | {"guardrial": "refunds"}], "unknown column `guardrial`"),
    "misspelt_needed": (
        [{key: value for key, value in ROW.items() if key != "variants"} | {"varients": "{}"}],
        "unknown column `varients`; did you mean 'variants'?",
    ),
    "yaml_key": (
        [{key: value for key, value in ROW.items() if key != "starts_at"} | {"start": "2026"}],
        "unknown column `start`; did you mean 'starts_at'?",
    ),
    "without_control": (
        [{key: value for key, value in ROW.items() if key != "control"}],
        "column `control` is missing",
    ),
    "twice": ([ROW, ROW], "experiment_id 'checkout' is also that of another row"),
    "nameless": ([ROW, ROW | {"experiment_id": None}], "1 row(s) without `experiment_id`"),
    "in_both": (
        [ROW | {"experiment_id": "by_exposure"}],
        "is also that of exposure by_exposure (experiments/by_exposure.yml)",
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if number else [])
        for number, name in enumerate(TABLES_REFUSED)
    ],
)
def test_each_mistake_of_the_table_is_named_once(tmp_path: Path, name: str):
    rows, expected = TABLES_REFUSED[name]
    project = shop(tmp_path, rows)
    project.experiment("by_exposure", DEFINITION)
    (problem,) = checked(project).problems
    assert problem.startswith("table fct_experiments (vars.experimentos.experiments_from): ")
    assert expected in problem


def test_columns_of_the_users_own_are_left_alone(tmp_path: Path):
    own = dict.fromkeys(["pk", "uid", "url", "team", "created_at", "updated_at", "title"], "x")
    marts = dict.fromkeys(["observe_until", "decides_at", "data_as_of", "definitions_hash"], "x")
    said = checked(shop(tmp_path, [ROW | own | marts]))
    assert said.passed, said.text


@pytest.mark.slow
def test_a_table_that_is_not_built_is_said_and_a_build_builds_it_first(tmp_path: Path):
    project = shop(tmp_path, [ROW])
    said = check(project)
    assert said.passed, said.text
    assert said.listing["experiments"] == []
    project.build()
    assert [row["experiment_id"] for row in project.mart("decisions")] == ["checkout"]
    # A model that does not depend on the table reads the definitions too when it is built alone.
    project.build("--select", "experimentos__moments+")
    assert len(project.mart("decisions")) == 1


def test_a_table_that_is_missing_stops_a_build_of_the_experiments_alone(tmp_path: Path):
    project = shop(tmp_path, [ROW])
    said = project.fail("run", "--select", "stg_experimentos__experiments")
    assert "table fct_experiments (vars.experimentos.experiments_from): is not built" in said


def test_an_ephemeral_model_is_refused(tmp_path: Path):
    project = shop(tmp_path, None)
    project.yaml("models/fct_experiments.sql", "{{ config(materialized='ephemeral') }} select 1")
    (problem,) = check(project).problems
    assert "is ephemeral: make it a table or a view" in problem


def test_the_setting_must_be_a_name(tmp_path: Path):
    (problem,) = check(shop(tmp_path, None, experiments_from=["fct_experiments"])).problems
    assert "`experiments_from` must name a model" in problem


def test_a_wrong_row_is_held_while_others_go_on(tmp_path: Path):
    rows = [ROW, ROW | {"experiment_id": "by_exposure", "status": "runing"}]
    project = shop(tmp_path, rows, invalid_experiments="hold")
    project.build()
    health = project.mart("health", "experiment_id = 'by_exposure' and status = 'blocked'")
    assert any("`status` is 'runing'" in row["message"] for row in health)
    assert project.one("experiments", "experiment_id = 'checkout'")["definition_problems"] is None


def cpu_seconds_of_check(project: Project) -> float:
    project.dbt("run", "--select", "fct_experiments")
    before = time.process_time()
    said = check(project)
    assert said.passed, said.text
    return time.process_time() - before


@pytest.mark.slow
def test_a_thousand_rows_are_read_and_checked_in_seconds(tmp_path: Path):
    full = ROW | {"guardrails": '{"refunds": {"margin": "2%"}}', "explore": "revenue", "alpha": 0.1}
    full |= {"hypothesis": "Fewer steps.", "owner": "team", "label": "One page", "status": "draft"}
    project = shop(tmp_path, [full])
    one = cpu_seconds_of_check(project)
    rows = [full | {"experiment_id": f"exp_{index}"} for index in range(1000)]
    project.model("fct_experiments", table(rows))
    # Reading is about a tenth of it; the rest is every check of a definition, a thousand times.
    assert cpu_seconds_of_check(project) - one < 10
