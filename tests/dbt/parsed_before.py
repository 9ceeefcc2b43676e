"""A new project begins with what dbt parsed in one before it that has the same settings.

dbt keeps what it parsed in `target/partial_parse.msgpack`, and parses what changed since. Most
of a parse is the package, which is the same in all projects: with the file of another project it
takes a third of the time. Of a project with other settings dbt does not use it, as `vars` may
change what any model refers to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbt.adapters.duckdb.credentials import DuckDBCredentials

if TYPE_CHECKING:
    from pathlib import Path

KEPT = 24
_by_settings: dict[str, bytes] = {}

# dbt parses all again where the connection is another. Here it differs in the path of the database.
DuckDBCredentials._connection_keys = lambda _self: ("database", "schema")  # type: ignore[method-assign]


def begin(folder: Path) -> None:
    """Put what was parsed before into a project that dbt has not seen."""
    target, known = folder / "target", _by_settings.get(_settings(folder))
    if known is not None and not target.exists() and not _has_layer(folder):
        target.mkdir()
        (target / "partial_parse.msgpack").write_bytes(known)


def keep(folder: Path) -> None:
    """Keep what dbt parsed in a project for others with its settings."""
    path, settings = folder / "target" / "partial_parse.msgpack", _settings(folder)
    if settings not in _by_settings and path.exists() and not _has_layer(folder):
        _by_settings[settings] = path.read_bytes()
    while len(_by_settings) > KEPT:
        del _by_settings[next(iter(_by_settings))]


def _has_layer(folder: Path) -> bool:
    """Whether a project has a semantic layer, of which dbt also keeps metrics that are gone."""
    return any("semantic_models:" in path.read_text() for path in folder.glob("models/*.yml"))


def _settings(folder: Path) -> str:
    return (folder / "dbt_project.yml").read_text(encoding="utf-8")
