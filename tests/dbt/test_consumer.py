"""A shop that installs the package: its own names, schemas and models stay as they are."""

import json

import pytest
from mart_rows import different, read
from workshop import Workshop, copy_package

MARTS = {
    "assignment_counts",
    "decision_evidence",
    "decisions",
    "distributions",
    "edits",
    "effects",
    "effects_by_age",
    "exclusions",
    "experiment_metrics",
    "experiments",
    "health",
    "history",
    "looks",
    "metrics",
    "moments",
    "planned_looks",
    "posteriors",
    "power",
    "validation",
    "variant_decisions",
}


# The first build takes looks; the second shows them, and what their rows have become since.
SINCE_THE_LOOK = [
    ("effects", "restated_by", None, 0.0),
    (
        "decision_evidence",
        "message",
        "no look has been taken that a plan has to be kept for",
        "the plan is that of the first look",
    ),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory):
    """The project in tests/projects/consumer, after `dbt deps` and `dbt build`."""
    root = copy_package(tmp_path_factory.mktemp("shop") / "package", "tests/projects/consumer")
    database = root / "corner_shop.duckdb"
    workshop = Workshop(root / "tests/projects/consumer", database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORNER_SHOP_DUCKDB", str(database))
        workshop.dbt("deps")
        yield workshop


@pytest.fixture(scope="module")
def built(shop: Workshop) -> Workshop:
    shop.dbt("build", "--show-all-deprecations", "--no-partial-parse")
    return shop


def test_the_build_is_green_and_says_nothing(built: Workshop):
    assert built.said("warn", "error") == []
    assert built.deprecations() == []


def test_nothing_but_models_and_generic_tests_of_the_package_enters(shop: Workshop):
    keys = ["resource_type", "package_name", "test_metadata", "config"]
    result = shop.dbt("ls", "--output", "json", "--output-keys", *keys)
    ours = [row for row in map(json.loads, result) if row["package_name"] == "experimentos"]
    assert {row["resource_type"] for row in ours} == {"model", "test"}
    tests = [row for row in ours if row["resource_type"] == "test"]
    assert all(row["test_metadata"]["namespace"] == "experimentos" for row in tests)
    assert {row["config"]["severity"].lower() for row in tests} == {"warn"}
    assert all(row["config"]["store_failures"] for row in tests)


def test_marts_land_in_the_schema_the_shop_configured(built: Workshop):
    found = built.rows(
        "select table_name from information_schema.tables where table_schema = 'main_analytics'"
    )
    names = {name.removeprefix("experimentos__") for (name,) in found}
    assert names >= MARTS
    assert all("experimentos__" in name for (name,) in found)


def test_the_shops_own_units_and_effects_are_left_alone(built: Workshop):
    assert built.rows("select count(*), sum(units_sold) from main_shop.units") == [(5, 100)]
    assert built.rows("select * from main_shop.effects") == [("spring", "more visitors")]


def test_both_experiments_have_a_verdict(built: Workshop):
    rows = built.rows(
        "select experiment_id, verdict, variant from main_analytics.experimentos__decisions "
        "order by experiment_id"
    )
    assert rows == [("one_page_checkout", "launch", "one page"), ("trust_badge", "hold", None)]


@pytest.mark.slow
def test_a_second_build_shows_what_the_first_archived(built: Workshop):
    archived = built.rows(
        "select experiment_id from main_analytics.experimentos__archive order by 1"
    )
    assert archived == [("one_page_checkout",), ("trust_badge",)]
    before = {mart: read(built, mart) for mart in MARTS}
    built.dbt("build")
    # Rows of units are not read any more.
    assert built.rows("select count(*) from main_analytics.experimentos__units") == [(0,)]
    for mart, expected in before.items():
        found = read(built, mart)
        assert [list(row) for row in found] == [list(row) for row in expected]
        changed = different(mart, expected, found)
        assert [row for row in changed if row not in SINCE_THE_LOOK] == []
    assert built.rows("select count(*) from main_analytics.experimentos__history") == [(2,)]
