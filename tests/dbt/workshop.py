"""Runs dbt in process on projects that lie on disk, and keeps every event."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.deprecations import reset_deprecations
from dbt_common.tests import disable_test_caching, enable_test_caching

PACKAGE = Path(__file__).resolve().parents[2]
PARTS = ("dbt_project.yml", "profiles.yml", "macros", "models")


def copy_package(folder: Path, *more: str) -> Path:
    """Make a package folder that shares its files with this one, and no target or database."""
    folder.mkdir(parents=True)
    for part in PARTS:
        (folder / part).symlink_to(PACKAGE / part)
    for part in more:
        shutil.copytree(PACKAGE / part, folder / part)
    return folder


@dataclass
class Workshop:
    """A dbt project on disk, its database, and what dbt said so far."""

    folder: Path
    database: Path
    events: list[Any] = field(default_factory=list, repr=False)

    def dbt(self, *arguments: str) -> Any:
        """Run dbt; fails with its messages unless it succeeds."""
        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        self.events.clear()
        # dbt counts them for the whole process, other tests' projects included; and what it parsed
        # before, it does not warn of again.
        reset_deprecations()
        if "--show-all-deprecations" in arguments:
            disable_test_caching()
        try:
            result = dbtRunner(callbacks=[self.events.append]).invoke(
                ["--quiet", *arguments, *folders]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()
            enable_test_caching()
        assert result.success, result.exception or "\n".join(self.said("error"))
        return result.result

    def said(self, *levels: str) -> list[str]:
        """The messages of these levels."""
        return [event.info.msg for event in self.events if event.info.level in levels]

    def deprecations(self) -> list[str]:
        """The deprecations that dbt met."""
        return [event.info.msg for event in self.events if "Deprecat" in event.info.name]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read from the database."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def do(self, statement: str) -> None:
        """Write to the database."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(statement)
