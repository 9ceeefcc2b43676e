"""Moments of random experiments against the brute force: counts exactly, moments to 1e-12."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from brute_force import Population, moments, population
from project import Project
from random_shop import RandomShop, arrow_table

ROLES = ("success", "guardrails", "explore")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((1, "UTC"), marks=pytest.mark.slow, id="UTC"),
        pytest.param((2, "America/New_York"), id="America/New_York"),
    ],
)
def built(request, tmp_path_factory):
    """A random shop and its project; the second one in a session that is not UTC."""
    seed, zone = request.param
    drawn = RandomShop(seed)
    shop = drawn.shop()
    settings = {
        "assignment_models": [table.name for table in shop.assignments],
        "fact_models": [table.name for table in shop.facts],
        "as_of": shop.as_of.isoformat(" "),
    }
    project = Project(
        tmp_path_factory.mktemp("shop"), settings, database_settings={"TimeZone": zone}
    )
    for table in (*shop.assignments, *shop.facts):
        project.model(table.name, arrow_table(table), table.meta)
    for name, definition in drawn.experiments.items():
        project.experiment(name, definition)
    marts = ("moments", "exclusions", "assignment_counts")
    project.build("--select", *(f"+experimentos__{mart}" for mart in marts))
    people = {
        name: population(shop, name, definition) for name, definition in drawn.experiments.items()
    }
    return project, shop, drawn.experiments, people


def read(project: Project, mart: str, *keys: str) -> dict:
    return {tuple(row[key] for key in keys): row for row in project.mart(mart)}


def test_exclusions_name_what_became_of_every_assignment_row(built):
    project, _, experiments, people = built
    found = read(project, "exclusions", "experiment_id", "reason")
    expected = {
        (name, reason): (rows, len(people[name].units[reason]))
        for name in experiments
        for reason, rows in people[name].rows.items()
    }
    shown = {key: (row["n_rows"], row["n_units"]) for key, row in found.items()}
    nobody = shown.pop(("(not defined)", "experiment_not_defined"))
    assert shown == expected
    assert nobody == (len(experiments), 1)


def test_exclusions_add_up_to_all_rows(built):
    project, _, experiments, people = built
    for name in experiments:
        rows = project.mart("exclusions", f"experiment_id = '{name}'")
        assert sum(row["n_rows"] for row in rows) == people[name].n_rows > 0


def first_counts(people: Population) -> dict:
    counts: dict = {}
    for kind, units in (("assigned", people.first), ("analysed", people.analysed)):
        for variant, at in units.values():
            key = (kind, variant, at.date())
            counts[key] = counts.get(key, 0) + 1
    return counts


def test_assignment_counts_by_day_before_and_after_crossovers_are_removed(built):
    project, _, experiments, people = built
    found: dict = {}
    for row in project.mart("assignment_counts"):
        key = (row["population"], row["variant"], row["assigned_on"])
        found.setdefault(row["experiment_id"], {})[key] = row["n_units"]
    for name in experiments:
        assert found[name] == first_counts(people[name]), name


def latest_moments(project: Project) -> dict:
    """The rows of all assigned units whose windows have closed, on the latest day."""
    where = "population = 'assigned' and segment = 'all' and basis = 'mature'"
    rows = sorted(project.mart("moments", where), key=lambda row: row["as_of"] or dt.datetime.min)
    return {(row["experiment_id"], row["metric"], row["variant"]): row for row in rows}


def test_moments_equal_the_brute_force(built):
    project, shop, experiments, people = built
    found = latest_moments(project)
    n_compared = 0
    for name, definition in experiments.items():
        for metric, settings in (pair for role in ROLES for pair in definition[role].items()):
            expected = moments(shop, definition, people[name], metric, settings.get("window"))
            for variant, row in expected.items():
                same_moments(found.pop((name, metric, variant)), row)
                n_compared += row["n_units"] > 1
    assert not found
    assert n_compared > 400


def same_moments(found: dict, expected: dict) -> None:
    where = (found["experiment_id"], found["metric"], found["variant"])
    for column, value in found.items():
        if not column.startswith(("n_", "mean_", "m2_", "c2_")):
            continue
        wanted = expected.get(column)
        if isinstance(wanted, float):
            assert value is not None, (where, column, wanted)
            assert math.isclose(value, wanted, rel_tol=1e-12, abs_tol=scale(expected, column)), (
                where, column, value, wanted,
            )  # fmt: skip
        else:
            assert value == wanted, (where, column, value, wanted)


def scale(expected: dict, column: str) -> float:
    """A co-moment is a sum of terms that cancel: it is exact relative to the spreads."""
    if not column.startswith("c2_"):
        return 1e-300 if column.startswith("mean_") else 1e-14
    sides = [name for name in ("num_cov", "den_cov") if name in column]
    rest = column
    for name in sides:
        rest = rest.replace(name, "")
    sides += [name for name in ("num", "den") if name in rest]
    first, second = sides
    return 1e-12 * math.sqrt(expected[f"m2_{first}"] * expected[f"m2_{second}"])
