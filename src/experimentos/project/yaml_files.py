"""What dbt hides in YAML files: a key given twice, of which the last one silently wins."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from experimentos.project.settings import project_settings

_SUFFIXES = frozenset({".yml", ".yaml"})
_ROOT_FILES = ("dbt_project.yml", "packages.yml", "dependencies.yml")


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
    found = [duplicate for path in _yaml_files(root) for duplicate in _duplicates(root, path)]
    return tuple(sorted(found, key=lambda duplicate: (duplicate.file, duplicate.line)))


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


def _duplicates(root: Path, path: Path) -> Iterator[DuplicateKey]:
    try:
        document = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return
    file = path.relative_to(root).as_posix()
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            waiting.extend(value for _, value in node.value)
            yield from _repeats(file, node)


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
