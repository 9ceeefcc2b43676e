"""A dbt project made of a few strings, which installs the package and is run in process."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import parsed_before
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from dbt.cli.main import dbtRunner, dbtRunnerResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PACKAGE = Path(__file__).resolve().parents[2]


@dataclass
class Project:
    """A project in `folder`; the package is linked into it as `dbt deps` would do."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    name: str = "shop"
    database_settings: dict[str, Any] = field(default_factory=dict)
    _reader: duckdb.DuckDBPyConnection | None = field(default=None, init=False, repr=False)
    _state: list[tuple[str, int]] = field(default_factory=list, init=False, repr=False)
    _copies: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        for part in ("models", "experiments", "dbt_packages"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "packages.yml").write_text(
            yaml.safe_dump({"packages": [{"local": str(PACKAGE)}]})
        )
        link = self.folder / "dbt_packages" / "experimentos"
        if not link.exists():
            link.symlink_to(PACKAGE)
        self.write_settings()

    @property
    def database(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def write_settings(self) -> None:
        """Write dbt_project.yml and profiles.yml from the settings as they are now."""
        project = {
            "name": self.name,
            "version": "1.0.0",
            "profile": self.name,
            "model-paths": ["models", "experiments"],
            "vars": {"experimentos": self.settings},
            "flags": {"send_anonymous_usage_stats": False},
        }
        (self.folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
        # Small projects take dbt's own work, of which it does one thing at a time: threads wait.
        output = {"type": "duckdb", "path": str(self.database), "threads": 1}
        output |= {"settings": self.database_settings} if self.database_settings else {}
        profile = {self.name: {"target": "dev", "outputs": {"dev": output}}}
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(profile))

    def model(
        self, name: str, rows: str | pa.Table | Path, meta: Mapping[str, Any] | None = None
    ) -> None:
        """Add a model: SQL text, an Arrow table (kept as Parquet) or a Parquet file."""
        if isinstance(rows, pa.Table):
            path = self.folder / f"{name}.parquet"
            pq.write_table(rows, path)
            rows = path
        sql = f"select * from read_parquet('{rows}')" if isinstance(rows, Path) else rows
        (self.folder / "models" / f"{name}.sql").write_text(
            "{{ config(materialized='table') }}\n" + sql
        )
        if meta is not None:
            properties = {
                "models": [{"name": name, "config": {"meta": {"experimentos": dict(meta)}}}]
            }
            self.yaml(f"models/{name}.yml", yaml.safe_dump(properties, sort_keys=False))

    def yaml(self, path: str, text: str) -> None:
        """Write a properties file as given."""
        (self.folder / path).write_text(text)

    def experiment(self, name: str, definition: Mapping[str, Any] | str, **properties: Any) -> None:
        """Add an experiment; a text is taken as the YAML of the definition, as people write it.

        Most tests are about one readout at the end, so the design is fixed unless they say more.
        """
        if isinstance(definition, str):
            definition = yaml.safe_load(definition)
        if isinstance(definition, dict):
            definition = {"monitoring": "fixed"} | definition
        exposure = {
            "name": name,
            "type": "analysis",
            "owner": {"name": "Test team", "email": "test@example.com"},
            "description": f"We test {name}.",
            "depends_on": ["ref('experimentos__decisions')"],
            "config": {"meta": {"experimentos": definition}},
        } | properties
        self.yaml(
            f"experiments/{name}.yml", yaml.safe_dump({"exposures": [exposure]}, sort_keys=False)
        )

    def invoke(self, *arguments: str, told: Callable[[Any], None] | None = None) -> dbtRunnerResult:
        """Run dbt in process, and let go of the database file afterwards."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        parsed_before.begin(self.folder)
        try:
            return dbtRunner(callbacks=[told] if told else []).invoke([*arguments, *folders])
        finally:
            DuckDBConnectionManager.close_all_connections()
            parsed_before.keep(self.folder)

    def dbt(self, *arguments: str) -> dbtRunnerResult:
        """Run a command of dbt that says nothing."""
        # A warning raised as an error inside one of dbt's worker threads ends the thread, and dbt
        # waits for it for ever; so warnings are kept, and those of our macros fail here.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = self.invoke(
                "--quiet", "--no-use-colors", "--log-level-file", "none", *arguments
            )
        ours = [str(each.message) for each in caught if "invalid escape" in str(each.message)]
        assert not ours, ours
        return result

    def build(self, *arguments: str) -> dbtRunnerResult:
        """Run `dbt build`; fails with dbt's own messages unless everything passed."""
        result = self.dbt("build", "--show-all-deprecations", *arguments)
        assert result.success, problems(result)
        return result

    def fail(self, *arguments: str) -> str:
        """Run `dbt build`, which has to fail; returns what it said."""
        result = self.dbt(*(arguments or ("build",)))
        assert not result.success
        return problems(result)

    def forget_looks(self) -> None:
        """Let the next build take looks as a first one does, where only what it reads is tested."""
        if self.database.exists():
            with duckdb.connect(str(self.database)) as connection:
                if "experimentos__looks" in {
                    name for (name,) in connection.sql("show tables").fetchall()
                }:
                    connection.execute("delete from experimentos__looks")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Read from the marts; names of marts may be written without their prefix as {moments}."""
        cursor = self.reader().execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Open a copy of the database as it is now, and keep it open.

        Opening one takes long, and one that stays open would keep dbt out of the database.
        """
        files = [self.database, self.database.with_name(f"{self.database.name}.wal")]
        state = [(file.name, file.stat().st_mtime_ns) for file in files if file.exists()]
        if self._reader is None or self._state != state:
            folder = self.folder / f"read_{self._copies}"
            folder.mkdir()
            for name, _ in state:
                shutil.copy(self.folder / name, folder / name)
            self._reader = duckdb.connect(str(folder / self.database.name), read_only=True)
            self._state, self._copies = state, self._copies + 1
        return self._reader

    def mart(self, name: str, where: str = "true") -> list[dict[str, Any]]:
        """Read the rows of one mart."""
        return self.rows(f"select * from main.experimentos__{name} where {where}")

    def one(self, name: str, where: str = "true") -> dict[str, Any]:
        """Read the only row of a mart that meets a condition."""
        (row,) = self.mart(name, where)
        return row


def problems(result: dbtRunnerResult) -> str:
    """Everything that dbt said about nodes that did not pass."""
    if result.exception is not None:
        return str(result.exception)
    nodes = getattr(result.result, "results", [])
    return "\n".join(
        f"{node.node.name} {node.status}: {node.message}"
        for node in nodes
        if str(node.status) not in ("success", "pass", "no-op")
    )
