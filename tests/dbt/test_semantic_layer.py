"""Metrics of a dbt semantic layer: imported, they give the moments of the same metric by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from checking import Check, check
from dbt.deprecations import reset_deprecations
from semantic_shop import EXPERIMENT, EXTRA, IMPORTED, REFUSED, add_layer, set_here, shop, simple

if TYPE_CHECKING:
    from pathlib import Path

    from project import Project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    by_hand = {f"{name}_by_hand": metric for name, (_, metric) in IMPORTED.items()}
    project = shop(tmp_path_factory.mktemp("shop"), by_hand)
    add_layer(project, {name: metric for name, (metric, _) in IMPORTED.items()})
    project.experiment("checkout", EXPERIMENT | {"explore": [*IMPORTED, *by_hand]})
    project.build("--select", "+experimentos__moments", "experimentos__metrics")
    return project


def moments_of(project: Project, metric: str) -> tuple[list[list[Any]], list[list[float]]]:
    """The keys and dates of a metric's moments, and the numbers beside them."""
    grain = ("variant", "population", "segment", "segment_value", "as_of", "basis")
    rows = project.mart("moments", f"metric = '{metric}' order by {', '.join(grain)}")
    counts = [
        [value for key, value in row.items() if key != "metric" and not isinstance(value, float)]
        for row in rows
    ]
    return counts, [[value for value in row.values() if isinstance(value, float)] for row in rows]


@pytest.mark.parametrize("name", IMPORTED)
def test_an_imported_metric_has_the_moments_of_the_same_one_by_hand(built: Project, name: str):
    counts, numbers = moments_of(built, name)
    counts_by_hand, numbers_by_hand = moments_of(built, f"{name}_by_hand")
    assert len(counts) >= 2
    assert counts == counts_by_hand
    for ours, theirs in zip(numbers, numbers_by_hand, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


def test_a_unit_is_one_buyer_however_many_orders_it_has(built: Project):
    where = "{} and basis = 'all' order by variant, as_of"
    buyers = built.mart("moments", where.format("metric = 'distinct_units'"))
    ratios = built.mart("moments", where.format("metric = 'per_buyer'"))
    assert [row["mean_den"] for row in ratios] == [row["mean_num"] for row in buyers]
    assert any(row["mean_num"] > row["mean_den"] > 0 for row in ratios)


@pytest.mark.parametrize("name", IMPORTED)
def test_an_imported_metric_varies(built: Project, name: str):
    (row,) = built.rows(
        "select sum(m2_num) as spread, sum(n_units) as n from main.experimentos__moments "
        f"where metric = '{name}'"
    )
    assert row["spread"] > 0
    assert row["n"] >= 80


def test_an_imported_metric_stands_in_the_registry(built: Project):
    row = built.one("metrics", "metric = 'with_keys'")
    assert row["model"] == "fct_orders"
    assert row["goal"] == "decrease"
    assert row["file"] == "models/semantic.yml"
    assert built.one("metrics", "metric = 'average'")["metric_type"] == "ratio"


def test_a_semantic_layer_makes_dbt_say_nothing(built: Project):
    events: list[Any] = []
    from dbt.cli.main import dbtRunner

    reset_deprecations()
    folders = ["--project-dir", str(built.folder), "--profiles-dir", str(built.folder)]
    dbtRunner(callbacks=[events.append]).invoke(
        ["--quiet", "parse", "--no-partial-parse", "--show-all-deprecations", *folders]
    )
    said = [event.info.msg for event in events if event.info.level in ("warn", "error")]
    assert said == []


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Check:
    project = shop(tmp_path_factory.mktemp("refused"), {})
    usable = {name: metric for name, (metric, _) in IMPORTED.items()}
    add_layer(project, usable | EXTRA | {name: metric for name, (metric, _) in REFUSED.items()})
    for name in REFUSED:
        project.experiment(f"uses_{name}", EXPERIMENT | {"explore": [name]})
    return check(project)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_metric_is_named_with_the_reason(refused: Check, name: str):
    (problem,) = refused.about(f"exposure uses_{name} ")
    start = f"`explore`: metric {name} of the semantic layer (models/semantic.yml) cannot be used: "
    assert start in problem
    assert REFUSED[name][1] in problem


def test_metrics_that_cannot_be_used_are_no_problem_until_one_is_named(tmp_path: Path):
    project = shop(tmp_path, {})
    usable = {name: metric for name, (metric, _) in IMPORTED.items()}
    add_layer(project, usable | EXTRA | {name: metric for name, (metric, _) in REFUSED.items()})
    project.experiment("checkout", EXPERIMENT)
    said = check(project)
    assert said.passed, said.text
    assert {row["metric"] for row in said.listing["metrics"]} == {"ordered", *usable, *EXTRA}


def test_a_name_in_both_places_and_keys_that_cannot_be_set_are_problems(tmp_path: Path):
    project = shop(tmp_path, {"orders_count": {"type": "mean", "aggregate": "count"}})
    metrics = {
        "orders_count": simple("orders"),
        "broken": simple("orders", **set_here(window="soon", value="amount", golo="increase")),
        "not_a_map": simple("orders", config={"meta": {"experimentos": "yes"}}),
    }
    add_layer(project, metrics)
    project.experiment("checkout", EXPERIMENT | {"explore": ["orders_count", "not_a_map"]})
    said = check(project)
    layer = "of the semantic layer (models/semantic.yml)"
    for text in (
        f"metric orders_count {layer}: the name is taken by metric orders_count of model fct_order",
        f"metric broken {layer}: `value` is what the semantic layer says",
        f"metric broken {layer}: unknown key `golo`",
        f"metric broken {layer}: `window` must be an integer",
        f"metric not_a_map {layer}: `experimentos` must be a map, got 'yes'",
    ):
        assert any(text in problem for problem in said.problems), (text, said.problems)
    assert not said.about("exposure checkout")
