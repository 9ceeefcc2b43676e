"""The package by itself, without a single definition."""

import pytest
from test_consumer import MARTS
from workshop import Workshop, copy_package


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory):
    """The package as a project of its own, built once."""
    root = copy_package(tmp_path_factory.mktemp("alone") / "package")
    database = root / "alone.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPERIMENTOS_DUCKDB", str(database))
        patch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        workshop = Workshop(root, database)
        workshop.dbt("build", "--show-all-deprecations", "--no-partial-parse")
        yield workshop


def test_it_builds_green_without_warning_or_deprecation(package: Workshop):
    assert package.said("warn", "error") == []
    assert package.deprecations() == []


def test_every_mart_is_there_and_empty(package: Workshop):
    for mart in MARTS:
        assert package.rows(f"select count(*) from experimentos__{mart}") == [(0,)], mart


def test_every_column_of_an_empty_mart_has_its_type(package: Workshop):
    typed = "('VARCHAR', 'BIGINT', 'INTEGER', 'DOUBLE', 'BOOLEAN', 'TIMESTAMP', 'DATE')"
    marts = ", ".join(f"'experimentos__{mart}'" for mart in MARTS)
    assert (
        package.rows(
            "select table_name, column_name, data_type from information_schema.columns "
            f"where table_name in ({marts}) and data_type not in {typed}"
        )
        == []
    )
    assert package.rows(
        "select column_name from information_schema.columns "
        "where table_name = 'experimentos__effects' and column_name in ('lift', 'p_value') "
        "and data_type = 'DOUBLE' order by 1"
    ) == [("lift",), ("p_value",)]


@pytest.mark.slow
def test_what_remembers_survives_full_refreshes(package: Workshop):
    package.do(
        "insert into experimentos__history (experiment_id, data_as_of, definitions_hash, verdict) "
        "values ('gone', timestamp '2026-01-01', 'x', 'hold')"
    )
    package.do("insert into experimentos__looks (experiment_id, look) values ('gone', 1)")
    package.do("insert into experimentos__validation (experiment_id, rate) values ('gone', 0.5)")
    package.dbt("build", "--full-refresh")
    package.dbt(
        "build", "--full-refresh", "--select", "experimentos__history", "experimentos__looks"
    )
    assert package.rows("select verdict from experimentos__history") == [("hold",)]
    assert package.rows("select look from experimentos__looks") == [(1,)]
    assert package.rows("select rate from experimentos__validation") == [(0.5,)]
