"""Statistics by `experimentos build` instead of dbt's Python models: the marts are the same."""

from pathlib import Path

import pytest
from mart_rows import different, read
from test_consumer import MARTS
from workshop import Workshop, copy_package

from experimentos.project import gateway
from experimentos.project.build import build


def copy_shop(root: Path, *, inference: str) -> Workshop:
    """The consumer project with another switch and a database of its own.

    Its experiments are over, and what is archived would not see that a fact has changed.
    """
    copy_package(root, "tests/projects/consumer")
    folder = root / "tests/projects/consumer"
    project = folder / "dbt_project.yml"
    text = project.read_text().replace(
        "  experimentos:\n    assignment_models",
        f"  experimentos:\n    inference: {inference}\n    archive: false\n    assignment_models",
    )
    project.write_text(text)
    profiles = folder / "profiles.yml"
    database = root / "corner_shop.duckdb"
    profiles.write_text(
        "corner_shop: {target: dev, outputs: {dev: {type: duckdb, threads: 2, "
        f"path: '{database}'}}}}}}\n"
    )
    workshop = Workshop(folder, database)
    workshop.dbt("deps")
    return workshop


def build_by_client(shop: Workshop) -> None:
    with gateway.Project(shop.folder) as project:
        build(project, full=True)


@pytest.fixture(scope="module")
def by_dbt(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    shop = copy_shop(tmp_path_factory.mktemp("by_dbt") / "package", inference="python_model")
    shop.dbt("run")
    return shop


@pytest.fixture(scope="module")
def by_client(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    shop = copy_shop(tmp_path_factory.mktemp("by_client") / "package", inference="client")
    build_by_client(shop)
    return shop


@pytest.mark.parametrize("mart", sorted(MARTS))
def test_every_mart_is_the_same_row_for_row(by_dbt: Workshop, by_client: Workshop, mart: str):
    expected, found = read(by_dbt, mart), read(by_client, mart)
    assert [list(row) for row in found] == [list(row) for row in expected]
    assert different(mart, expected, found) == []


def test_the_client_needs_no_python_model(by_client: Workshop):
    names = by_client.rows("select table_name from information_schema.tables")
    assert ("experimentos__effects_store",) in names
    assert ("experimentos__estimate_effects",) not in names


@pytest.mark.slow
def test_old_statistics_block_until_the_client_step_runs_again(by_client: Workshop):
    shown = {mart: read(by_client, mart) for mart in ("posteriors", "power")}
    assert all(shown.values())
    model = by_client.folder / "models/marts/purchases.sql"
    model.write_text(model.read_text().replace("visitor % 10 = 0", "visitor % 12 = 0"))
    by_client.dbt("build")
    stale = by_client.rows(
        "select distinct status, message from main_analytics.experimentos__health "
        "where check_name = 'inference_current' and status != 'healthy'"
    )
    assert {status for status, _ in stale} == {"blocked"}
    assert all("inference is older than the data" in message.lower() for _, message in stale)
    verdicts = "select distinct verdict, rule from main_analytics.experimentos__decisions"
    assert by_client.rows(verdicts) == [("hold", "health_blocked")]
    # What was computed from other moments is not shown.
    for mart, rows in shown.items():
        assert len(read(by_client, mart)) < len(rows)
    build_by_client(by_client)
    for mart, rows in shown.items():
        assert len(read(by_client, mart)) == len(rows)
    assert ("launch",) in by_client.rows(
        "select verdict from main_analytics.experimentos__decisions"
    )


@pytest.mark.slow
def test_a_removed_experiment_disappears(by_client: Workshop):
    (by_client.folder / "experiments/trust_badge.yml").unlink()
    build_by_client(by_client)
    marts = ("experiments", "effects", "effects_store", "effects_by_age", "ages_store", "health",
             "decisions", "power", "power_store", "posteriors", "posteriors_store")  # fmt: skip
    for mart in marts:
        found = by_client.rows(
            f"select distinct experiment_id from main_analytics.experimentos__{mart}"
        )
        assert found == [("one_page_checkout",)], mart
