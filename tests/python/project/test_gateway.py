import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from experimentos.errors import ProjectError
from experimentos.project import Project
from experimentos.project.literals import to_arrow

ROWS = {
    "a": [1, 2**53 + 1, None],
    "b": [0.1, 1e-300, None],
    "s": ['it\'s \\ "q" é\n{{ x }}', "", None],
    "t": [datetime(2026, 1, 1, 1, 2, 3, 456), datetime(1969, 12, 31), None],
    "f": [True, False, None],
    "d": [date(2026, 1, 2), date(1, 1, 1), None],
}
STORE = """\
{{ config(materialized="table") }}
select 1::bigint as a, 1.5::double as b, 'x' as s, timestamp '2026-01-01' as t, true as f,
    date '2026-01-02' as d
where false
"""
CHECK = """\
{% macro check() %}
    {% if execute %}
        {% do log("a line", info=true) %}
        {{ exceptions.raise_compiler_error("experimentos: 1 problem\\n  - here") }}
    {% endif %}
{% endmacro %}
"""


@pytest.fixture
def root(tmp_path):
    # A stand-in for the package: what the gateway does doesn't depend on the models.
    files = {
        "dbt_project.yml": "name: experimentos\nversion: 0.0.1\nprofile: p\n"
        "flags: {send_anonymous_usage_stats: false}\n",
        "profiles.yml": "p: {target: dev, outputs: {dev: {type: duckdb, path: p.duckdb}}}\n",
        "models/experimentos__store.sql": STORE,
        "models/experimentos__view.sql": "select 'nan'::double as x, 1 as y",
        "models/bad.sql": "{{ config(enabled=var('bad', false)) }} select nope",
        "macros/check.sql": CHECK,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def can_be_opened_by_others(path):
    code = f"import duckdb; duckdb.connect({str(path)!r}).sql('select 1')"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rows_come_back_as_they_were_written_and_the_file_is_released(root):
    with Project(root) as project:
        seen = []
        project.progress = lambda *what: seen.append(what)
        assert project.build(select=["experimentos__store"]).passed == 1
        assert seen == [("experimentos__store", 1, 1)]
        project.replace_rows("store", pa.table(ROWS))
        project.replace_rows("store", pa.table(ROWS).select([*"dftsba"]))
        rows = project.fetch("experimentos__store")
        assert rows == [
            dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)
        ]
        table = project.fetch_table("store", pa.table(ROWS).schema.empty_table().schema)
        assert table.to_pydict() == ROWS
    assert can_be_opened_by_others(root / "p.duckdb")


def test_the_file_is_released_after_an_error_too(root):
    with pytest.raises(ProjectError, match="nope"), Project(root, variables={"bad": True}) as p:
        p.build()
    assert can_be_opened_by_others(root / "p.duckdb")


def test_a_write_that_fails_leaves_the_old_rows(root):
    with Project(root) as project:
        project.build(select=["experimentos__store"])
        project.replace_rows("store", pa.table(ROWS))
        wrong = pa.table({**ROWS, "a": ["x", "y", "z"]})
        with pytest.raises(ProjectError, match="Could not convert string"):
            project.replace_rows("store", wrong)
        assert len(project.fetch("store")) == 3


def test_a_message_of_a_macro_is_shown_alone_and_its_log_is_kept(root):
    logged = []
    with Project(root) as project, pytest.raises(ProjectError) as caught:
        project.run_operation("check", logged=logged)
    assert str(caught.value) == "experimentos: 1 problem\n  - here"
    assert logged == ["a line"]


def test_a_missing_column_of_the_table_written_is_named(root):
    with Project(root) as project:
        project.build(select=["experimentos__store"])
        with pytest.raises(ProjectError, match="No values for column s"):
            project.replace_rows("store", pa.table(ROWS).drop_columns(["s"]))


def test_a_missing_model_and_another_version_are_named(root):
    with Project(root) as project:
        with pytest.raises(ProjectError, match="has no model effects"):
            project.fetch("effects")
        with pytest.raises(ProjectError, match="is version 0.0.1, the Python package is"):
            project.check_versions()


def test_a_project_without_the_package_is_told_what_to_do(root):
    text = (root / "dbt_project.yml").read_text().replace("name: experimentos", "name: shop")
    (root / "dbt_project.yml").write_text(text)
    with Project(root) as project, pytest.raises(ProjectError, match="Run `experimentos init`"):
        project.check_versions()


def test_no_project_is_an_error(tmp_path):
    with pytest.raises(ProjectError, match="There is no dbt project in"):
        Project(tmp_path)


def test_an_error_of_the_profile_is_readable(root):
    with Project(root, target="nope") as project, pytest.raises(ProjectError) as caught:
        project.build()
    assert "nope" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_decimals_become_the_numbers_asked_for():
    schema = pa.schema([("n", pa.int64()), ("x", pa.float64())])
    rows = [{"n": Decimal(3), "x": Decimal("0.5"), "more": 1}]
    assert to_arrow(rows, schema).to_pylist() == [{"n": 3, "x": 0.5}]
    assert to_arrow([], schema).schema == schema
