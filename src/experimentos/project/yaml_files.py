"""What dbt hides in YAML files, or stops at without saying where.

A key given twice, of which the last one silently wins, and a key that YAML reads as something that
dbt cannot keep, like a date.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from experimentos.project.settings import project_settings

_SUFFIXES = frozenset({".yml", ".yaml"})
_ROOT_FILES = ("dbt_project.yml", "packages.yml", "dependencies.yml")
_MISREAD = {"tag:yaml.org,2002:timestamp": "a date", "tag:yaml.org,2002:binary": "binary data"}
"""Kinds of keys that JSON, and so dbt, cannot hold. Numbers, booleans and nothing it can."""


@dataclass(frozen=True)
class DuplicateKey:
    """A key that a mapping has twice.

    Parameters
    ----------
    file : str
        Path from the project's folder.
    key : str
        The key.
    line, first_line : int
        Where it stands again, and where it stood first; from 1.
    """

    file: str
    key: str
    line: int
    first_line: int

    def __str__(self) -> str:
        return (
            f"{self.file}, line {self.line}: key '{self.key}' is given twice (first on line "
            f"{self.first_line}). dbt would silently use the second; remove one."
        )


@dataclass(frozen=True)
class MisreadKey:
    """A key that YAML does not read as the text that was written.

    Parameters
    ----------
    file : str
        Path from the project's folder.
    key : str
        The key as written.
    line : int
        Where it stands; from 1.
    kind : str
        What it was read as.
    """

    file: str
    key: str
    line: int
    kind: str

    def __str__(self) -> str:
        return (
            f"{self.file}, line {self.line}: the key {self.key} was read by YAML as {self.kind}, "
            "not as text: quote it"
        )


def find_duplicate_keys(root: Path) -> tuple[DuplicateKey, ...]:
    """Return the keys given twice in the YAML files of a dbt project.

    Parameters
    ----------
    root : Path
        The project's folder. Files are looked for where dbt looks: in the folder itself and under
        the model, seed, snapshot, macro, analysis and test paths.

    Returns
    -------
    tuple of DuplicateKey
        By file and line. Files that aren't YAML are left to dbt's own message.
    """
    found = [repeat for file, mapping in _mappings(root) for repeat in _repeats(file, mapping)]
    return tuple(sorted(found, key=lambda duplicate: (duplicate.file, duplicate.line)))


def find_misread_keys(root: Path) -> tuple[MisreadKey, ...]:
    """Return the keys in the YAML files of a dbt project that dbt cannot keep.

    Parameters
    ----------
    root : Path
        The project's folder; the files are those of `find_duplicate_keys`.

    Returns
    -------
    tuple of MisreadKey
        By file and line.
    """
    found = [
        MisreadKey(file, key.value, key.start_mark.line + 1, _MISREAD[key.tag])
        for file, mapping in _mappings(root)
        for key, _ in mapping.value
        if key.tag in _MISREAD
    ]
    return tuple(sorted(found, key=lambda misread: (misread.file, misread.line)))


def _yaml_files(root: Path) -> Iterator[Path]:
    settings = project_settings(root / "dbt_project.yml")
    yield from (root / name for name in _ROOT_FILES if (root / name).is_file())
    folders = {
        str(folder)
        for kind in ("model", "seed", "snapshot", "macro", "analysis", "test")
        for folder in settings.get(f"{kind}-paths") or [_default_folder(kind)]
    }
    for folder in sorted(folders):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path


def _default_folder(kind: str) -> str:
    return "analyses" if kind == "analysis" else f"{kind}s"


def _mappings(root: Path) -> Iterator[tuple[str, yaml.MappingNode]]:
    """Yield every mapping of every file, each once, also where an alias names it again."""
    for path in _yaml_files(root):
        file = path.relative_to(root).as_posix()
        seen: set[int] = set()
        waiting: list[Any] = [_document(path)]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting.extend(node.value)
            elif isinstance(node, yaml.MappingNode):
                waiting.extend(value for _, value in node.value)
                yield file, node


def _document(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None


def _repeats(file: str, mapping: yaml.MappingNode) -> Iterator[DuplicateKey]:
    seen: dict[str, int] = {}
    for key, _ in mapping.value:
        # A merge (`<<`) may stand several times by design.
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        line = key.start_mark.line + 1
        if key.value in seen:
            yield DuplicateKey(file, key.value, line, seen[key.value])
        else:
            seen[key.value] = line
