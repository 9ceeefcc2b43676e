"""A new project begins with what dbt parsed in one before it that has the same settings.

dbt keeps what it parsed in `target/partial_parse.msgpack`, and parses what changed since. Most
of a parse is the package, which is the same in all projects: with the file of another project it
takes a third of the time. Of a project with other settings dbt does not use it, as `vars` may
change what any model refers to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.contracts.files import FileHash
from dbt.parser.manifest import ManifestLoader

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import ManifestStateCheck

KEPT = 24
_by_settings: dict[str, bytes] = {}

# dbt parses all again where the connection is another. Here it differs in the path of the database.
DuckDBCredentials._connection_keys = lambda _self: ("database", "schema")  # type: ignore[method-assign]
_state_check = ManifestLoader.build_manifest_state_check


def _without_time(loader: ManifestLoader) -> ManifestStateCheck:
    """What dbt compares before it uses a file: the time of a build is no setting that it parses."""
    found = _state_check(loader)
    project = loader.root_project
    text = (Path(project.project_root) / "dbt_project.yml").read_text(encoding="utf-8")
    found.project_hashes[project.project_name] = FileHash.from_contents(_timeless(text))
    return found


def _timeless(text: str) -> str:
    return re.sub(r"(?m)^ *as_of: .*\n", "", text)


ManifestLoader.build_manifest_state_check = _without_time  # type: ignore[method-assign]


def begin(folder: Path) -> None:
    """Put what was parsed before into a project that dbt has not seen."""
    target, settings = folder / "target", _settings(folder)
    if settings in _by_settings and not target.exists():
        target.mkdir()
        (target / "partial_parse.msgpack").write_bytes(_by_settings[settings])


def keep(folder: Path) -> None:
    """Keep what dbt parsed in a project for others with its settings."""
    path, settings = folder / "target" / "partial_parse.msgpack", _settings(folder)
    if settings is None or settings in _by_settings or not path.exists():
        return
    _by_settings[settings] = path.read_bytes()
    if len(_by_settings) > KEPT:
        del _by_settings[next(iter(_by_settings))]


def _settings(folder: Path) -> str | None:
    """Of a project; None of one with a semantic layer, of which dbt keeps metrics that are gone."""
    has_layer = any("semantic_models:" in path.read_text() for path in folder.glob("models/*.yml"))
    text = (folder / "dbt_project.yml").read_text(encoding="utf-8")
    return None if has_layer else _timeless(text)
