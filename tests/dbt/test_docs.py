"""`dbt docs`: what a reader of the site finds about experiments, marts and their lineage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from project import Project
from test_consumer import MARTS
from test_experiments_from import ASSIGNED, ASSIGNMENTS, DEFINITION, ORDERS, ROWS

if TYPE_CHECKING:
    from pathlib import Path

EXPOSURE = "exposure.shop.by_exposure"


@dataclass(frozen=True)
class Site:
    """What the pages are made of."""

    manifest: dict[str, Any]
    catalog: dict[str, Any]

    def ours(self) -> dict[str, dict[str, Any]]:
        """The package's models by name."""
        nodes = self.manifest["nodes"].values()
        return {
            node["name"]: node
            for node in nodes
            if node["package_name"] == "experimentos" and node["resource_type"] == "model"
        }

    def upstream(self, node: str) -> set[str]:
        """Everything that leads to a node."""
        found: set[str] = set()
        waiting = [node]
        while waiting:
            name = waiting.pop()
            waiting += set(self.manifest["parent_map"].get(name, [])) - found
            found.add(name)
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder: Path = tmp_path_factory.mktemp("site")
    settings = {"assignment_models": ["fct_assigned"], "fact_models": ["fct_orders"]}
    project = Project(folder, settings)
    project.model("raw_orders", ROWS)
    project.model("fct_assigned", ASSIGNED, ASSIGNMENTS)
    project.model("fct_orders", "select * from {{ ref('raw_orders') }}", ORDERS)
    project.experiment("by_exposure", DEFINITION)
    assert project.dbt("run").success
    assert project.dbt("docs", "generate", "--static").success
    files = (folder / "target" / f"{name}.json" for name in ("manifest", "catalog"))
    return Site(*(json.loads(file.read_text()) for file in files))


def test_the_lineage_of_an_experiment_leads_from_raw_rows_to_the_verdict(site: Site):
    upstream = site.upstream(EXPOSURE)
    assert "model.shop.raw_orders" in upstream
    assert "model.shop.fct_assigned" in upstream
    stages = {
        site.manifest["nodes"][name]["fqn"][1]
        for name in upstream
        if name.startswith("model.experimentos.")
    }
    assert stages == {"1_staging", "2_units", "3_moments", "4_inference", "5_decisions"}


def test_an_experiment_shows_its_owner_hypothesis_and_definition(site: Site):
    exposure = site.manifest["exposures"][EXPOSURE]
    assert exposure["owner"]["name"] == "Test team"
    assert exposure["description"] == "We test by_exposure."
    assert exposure["meta"]["experimentos"]["success"] == ["ordered"]


def test_every_column_of_a_mart_is_described(site: Site):
    for mart in MARTS:
        node = site.ours()[f"experimentos__{mart}"]
        assert node["description"].strip(), mart
        described = {name.lower() for name, each in node["columns"].items() if each["description"]}
        built = site.catalog["nodes"][node["unique_id"]]["columns"]
        assert {name.lower() for name in built} == described, mart


def test_internal_models_are_described_and_hidden_and_marts_are_not(site: Site):
    for name, node in site.ours().items():
        is_mart = name.removeprefix("experimentos__") in MARTS
        assert node["docs"]["show"] == is_mart, name
        assert node["description"].strip(), name
        assert node["docs"]["node_color"], name


def test_the_package_has_a_page_of_its_own_that_names_every_mart(site: Site):
    page = site.manifest["docs"]["doc.experimentos.__experimentos__"]["block_contents"]
    assert {mart for mart in MARTS if f"`experimentos__{mart}`" not in page} == set()
    # The front page is the user's.
    assert "doc.experimentos.__overview__" not in site.manifest["docs"]
