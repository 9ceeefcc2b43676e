"""Builds to compare with: the tables of another schema, or those in another DuckDB file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from experimentos.errors import ProjectError
from experimentos.project.answers import ask
from experimentos.project.gateway import PACKAGE, Project

Rows = Callable[[str, str], list[dict[str, Any]]]
"""Takes the name of a mart without its prefix, and a condition in SQL or nothing; returns rows."""

_FILES = frozenset({".duckdb", ".db", ".ddb"})
_MARK = f"{PACKAGE}__decisions"


@contextmanager
def opened_base(project: Project, base: str) -> Iterator[Rows]:
    """Give the rows of another build.

    Parameters
    ----------
    project : Project
        Whose tables it is compared with.
    base : str
        A schema of the same warehouse, or the path of a DuckDB file.

    Yields
    ------
    callable
        Takes the name of a mart and a condition, and returns its rows.

    Raises
    ------
    ProjectError
        If the base has no tables of the package, or is what the project builds itself.
    """
    path = Path(base)
    if path.is_file():
        with _opened_file(path, project) as rows:
            yield rows
    elif path.suffix in _FILES or len(path.parts) > 1:
        msg = f"`--base` must be a schema, or a DuckDB file that exists; there is no file {base}"
        raise ProjectError(msg)
    else:
        tables = ask(project, "tables_of", {"schema": base})["tables"]
        yield lambda name, condition: project.query(_select(name, tables, base, condition))


def read_build(project: Project) -> Rows:
    """Give the rows of the build of a project's own target.

    Parameters
    ----------
    project : Project
        With the package installed.

    Returns
    -------
    callable
        As `opened_base` gives for another build.
    """

    def rows(name: str, condition: str) -> list[dict[str, Any]]:
        where = f" where {condition}" if condition else ""
        return project.query(f"select * from {project.relation_name(name)}{where}")  # noqa: S608

    return rows


def read_memory(project: Project, name: str) -> list[dict[str, Any]]:
    """Return the rows that ``vars.experimentos.memory_schema`` has of a mart.

    Parameters
    ----------
    project : Project
        With the package installed.
    name : str
        The mart, without its prefix.

    Returns
    -------
    list of dict
        Empty without that setting, and where the mart is not there.
    """
    tables = ask(project, "tables_of")["tables"]
    full = f"{PACKAGE}__{name}"
    return project.query(f"select * from {tables[full]}") if full in tables else []  # noqa: S608


@contextmanager
def _opened_file(path: Path, project: Project) -> Iterator[Rows]:
    usual = str(project.node(_MARK).schema)
    # The project's own database is opened first, so that it is the base that cannot be opened.
    project.query("select 1")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        msg = (
            f"`--base` must be a DuckDB file that can be read and is not the project's own, got "
            f"{path}: {error}"
        )
        raise ProjectError(msg) from error
    try:
        schema = _schema_in(connection, path, usual)
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [schema]
        ).fetchall()
        quoted = schema.replace('"', '""')
        tables = {name: f'"{quoted}"."{name}"' for (name,) in names}

        def rows(name: str, condition: str) -> list[dict[str, Any]]:
            cursor = connection.execute(_select(name, tables, str(path), condition))
            columns = [column[0] for column in cursor.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

        yield rows
    finally:
        connection.close()


def _schema_in(connection: duckdb.DuckDBPyConnection, path: Path, usual: str) -> str:
    """Find the schema with the package's tables: the project's, or the only one."""
    found: Sequence[str] = [
        schema
        for (schema,) in connection.execute(
            "select distinct table_schema from information_schema.tables where table_name = ?",
            [_MARK],
        ).fetchall()
    ]
    if usual in found:
        return usual
    if len(found) == 1:
        return found[0]
    what = f"it has them in {', '.join(sorted(found))}" if found else f"it has no table {_MARK}"
    msg = (
        f"`--base` must be a file with the package's tables in schema {usual}, or in one schema; "
        f"{path}: {what}"
    )
    raise ProjectError(msg)


def _select(name: str, tables: dict[str, str], base: str, condition: str) -> str:
    full = f"{PACKAGE}__{name}"
    if full not in tables:
        msg = f"`--base` {base} has no table {full}: build it with the same version of the package"
        raise ProjectError(msg)
    where = f" where {condition}" if condition else ""
    return f"select * from {tables[full]}{where}"  # noqa: S608
