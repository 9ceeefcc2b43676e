"""Every row of the moments of random shops against the brute force, on DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from brute_force import Shop, series
from brute_force.definitions import entries
from hypothesis import HealthCheck, Phase, given, settings
from project import Project
from random_shop_compare import differences, report
from random_shop_every import LEAP_DAY, YEAR_END, EveryShop, typed_table
from random_shop_small import SmallShop, small_shops

Experiments = Mapping[str, Mapping[str, Any]]


def project_of(
    folder: Path,
    shop: Shop,
    experiments: Experiments,
    zone: str,
    *,
    daily: bool = True,
    distributions: bool | None = None,
) -> Project:
    """A built project of all tables of a shop."""
    named = {
        "daily": daily,
        "distributions": daily if distributions is None else distributions,
        "assignment_models": [table.name for table in shop.assignments],
        "fact_models": [table.name for table in shop.facts],
        "as_of": shop.as_of.isoformat(" "),
    }
    project = Project(folder, named, database_settings={"TimeZone": zone})
    for table in (*shop.assignments, *shop.facts):
        project.model(table.name, typed_table(table), table.meta)
    for name, definition in experiments.items():
        project.experiment(name, definition)
    project.build("--select", "+experimentos__moments")
    return project


def truth(shop: Shop, experiments: Experiments) -> Iterator[dict[str, Any]]:
    for name, experiment in experiments.items():
        for metric, entry in entries(experiment):
            yield from series(shop, name, experiment, metric, entry).values()


@pytest.fixture(
    scope="module",
    params=[(1, LEAP_DAY, "UTC"), (2, YEAR_END, "America/New_York")],
    ids=lambda p: p[2],
)
def built(request, tmp_path_factory):
    """Rows of the mart and of the brute force; the second shop in a session that is not UTC."""
    seed, start, zone = request.param
    drawn = EveryShop(seed, start)
    shop = drawn.shop()
    project = project_of(tmp_path_factory.mktemp("every"), shop, drawn.experiments, zone)
    return project.mart("moments"), list(truth(shop, drawn.experiments)), drawn


def of_kind(rows: list[dict[str, Any]], drawn: EveryShop, kind: str) -> list[dict[str, Any]]:
    types = {name: each["type"] for fact in drawn.metrics.values() for name, each in fact.items()}
    return [row for row in rows if types[row["metric"]] == kind]


@pytest.mark.slow
@pytest.mark.parametrize("segments", ["all", "phase", "others"])
@pytest.mark.parametrize("kind", ["mean", "ratio", "proportion", "retention", "funnel", "quantile"])
def test_every_row_of_every_metric(built, kind, segments):
    found, expected, drawn = built
    found, expected = (
        [
            row
            for row in of_kind(rows, drawn, kind)
            if (row["segment"] if row["segment"] in ("all", "phase") else "others") == segments
        ]
        for rows in (found, expected)
    )
    assert expected
    lines = differences(found, expected)
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("is_plain", [True, False], ids=["plain", "all"])
@pytest.mark.parametrize("daily", [True, False], ids=["daily", "single"])
def test_every_way_to_the_moments(tmp_path, daily, is_plain):
    """What needs no numbers of single units is computed at once, and so is a single readout."""
    drawn = EveryShop(1)
    shop = drawn.shop()
    if is_plain:
        drawn.keep_plain()
        end_at_midnight(shop)
    # Distributions need single units, whatever the metrics are.
    project = project_of(
        tmp_path, shop, drawn.experiments, "UTC", daily=daily, distributions=not is_plain and daily
    )
    (n_units,) = project.rows("select count(*) as n from main.experimentos__unit_events")
    assert (n_units["n"] == 0) == is_plain
    expected = list(truth(shop, drawn.experiments))
    lines = differences(project.mart("moments"), expected if daily else latest_days(expected))
    assert not lines, report(lines)


def end_at_midnight(shop: Shop) -> None:
    """Data that end within a day need the numbers of single units."""
    for table in shop.facts:
        if "complete_until" in table.meta:
            table.meta["complete_until"] = table.meta["complete_until"][:10]


def latest_days(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    latest: dict[str, Any] = {}
    for row in rows:
        latest[row["experiment_id"]] = max(
            row["as_of"], latest.get(row["experiment_id"], row["as_of"])
        )
    return [row for row in rows if row["as_of"] == latest[row["experiment_id"]]]


def test_ratios_of_two_classes(tmp_path):
    """Numerators and denominators of one class each are joined, not put together by unit."""
    drawn = EveryShop(1)
    drawn.keep_words()
    shop = drawn.shop()
    end_at_midnight(shop)
    project = project_of(tmp_path, shop, drawn.experiments, "UTC", daily=False)
    expected = latest_days(list(truth(shop, drawn.experiments)))
    lines = differences(project.mart("moments"), expected)
    assert not lines, report(lines)
    compiled = project.folder / "target" / "compiled"
    (kept,) = compiled.rglob("experimentos__kept_moments.sql")
    assert kept.read_text().count("from pair_events") > 3


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a build is too slow to shrink by default
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=small_shops())
def test_small_shops_of_drawn_definitions(drawn: SmallShop):
    experiments = {drawn.name: drawn.experiment}
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder), drawn.shop, experiments, "Asia/Tokyo")
        lines = differences(project.mart("moments"), truth(drawn.shop, experiments))
    assert not lines, report(lines)
