"""The queries for dashboards, on tables that have the columns of the contracts and nothing else."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import duckdb
import pytest
import yaml
from jinja2 import Template

from experimentos.resources import bundle_path

QUERIES = sorted((bundle_path("reports") / "dashboards").glob("*.sql"))


def contracts(warehouse):
    """Statements that make the public tables, empty."""
    target = {"type": warehouse}
    for path in sorted(bundle_path("models").rglob("experimentos__*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            columns = ", ".join(
                f"{column['name']} {_type(column['data_type'], target, warehouse)}"
                for column in model.get("columns", [])
                if "data_type" in column
            )
            if columns:
                yield f"create table {model['name']} ({columns});"


def _type(written, target, warehouse):
    rendered = Template(written).render(target=target)
    return "text" if warehouse == "postgres" and rendered == "string" else rendered


@pytest.fixture
def database():
    with duckdb.connect() as connection:
        for statement in contracts("duckdb"):
            connection.execute(statement)
        yield connection


def query(name):
    return (bundle_path("reports") / "dashboards" / f"{name}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_asks_only_for_columns_that_contracts_promise(database, path):
    assert database.execute(path.read_text(encoding="utf-8")).fetchall() == []


def test_another_variant_launched_counts_as_decided_otherwise(database):
    """The verdict stays a launch, and what is launched is another variant."""
    for key, verdict, variant, past in (
        ("moved", "launch", "new", [("launch", "old"), ("launch", "new"), ("hold", None)]),
        ("kept", "launch", "new", [("launch", "new"), ("launch", "new")]),
        ("held", "hold", None, [("hold", None), ("rollback", "new")]),
    ):
        database.execute("insert into experimentos__experiments (experiment_id) values (?)", [key])
        database.execute(
            "insert into experimentos__decisions (experiment_id, verdict, variant) "
            "values (?, ?, ?)",
            [key, verdict, variant],
        )
        for was in past:
            database.execute(
                "insert into experimentos__history (experiment_id, verdict, variant) "
                "values (?, ?, ?)",
                [key, *was],
            )
    rows = database.execute(query("verdicts")).fetchall()
    names = [column[0] for column in database.description]
    found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    assert {key: row["n_otherwise"] for key, row in found.items()} == {
        "moved": 2, "kept": 0, "held": 1,
    }  # fmt: skip
    assert found["moved"]["n_recorded"] == 3


def programs():
    """Folder of PostgreSQL's programs: Debian keeps them off the path."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    on_path = shutil.which("initdb")
    found = [place for place in places if (place / "initdb").is_file()]
    return found[0] if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="module")
def psql():
    """A PostgreSQL server of its own, reached through a socket in its folder."""
    folder = programs()
    client = shutil.which("psql")
    if folder is None or client is None:
        pytest.skip("PostgreSQL's initdb, pg_ctl and psql are not installed")
    # It does not serve root, and the path of a socket has to be short.
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(home, user)
    data = home / "data"

    def call(*arguments):
        subprocess.run(
            [*map(str, arguments)], check=True, cwd=home, user=user, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    call(folder / "initdb", "-D", data, "-U", "dashboards", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
    call(folder / "pg_ctl", "-D", data, "-l", home / "log", "-o", options, "-w", "start")
    address = [client, "-h", str(home), "-U", "dashboards", "-d", "postgres"]
    asked = [*address, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]

    def ask(text):
        return subprocess.run(asked, input=text, check=False, capture_output=True, text=True)

    try:
        made = ask("\n".join(contracts("postgres")))
        assert made.returncode == 0, made.stderr
        yield ask
    finally:
        call(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.mark.slow
@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_runs_on_postgresql(psql, path):
    answer = psql(path.read_text(encoding="utf-8"))
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr


@pytest.mark.slow
def test_postgresql_refuses_what_only_duckdb_has(psql):
    answer = psql(
        "select experiment_id, any_value(verdict) from experimentos__decisions group by all"
    )
    assert answer.returncode != 0
