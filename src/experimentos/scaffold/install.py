"""Wire an existing dbt project, so that nothing has to be looked up to begin."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

import experimentos
from experimentos.errors import ProjectError
from experimentos.project.settings import package_version, project_settings
from experimentos.resources import DBT_TREE, bundle_path
from experimentos.scaffold.files import Change, read_text, write_text
from experimentos.scaffold.yaml_edit import add_entry, append_item

PACKAGE = "experimentos"
COPY = Path("dbt_packages_local") / PACKAGE
"""Where the copy of the dbt package lives in the user's project; it belongs in their repository."""

EXAMPLE = Path("experiments") / "_experimentos_example.yml"

_VARIABLES = """\
# Models that say who was assigned to what, and models that carry metrics.
assignment_models: []
fact_models: []
"""


def wire(root: Path) -> tuple[Change, ...]:
    """Add the package to a dbt project; what is there already stays.

    Parameters
    ----------
    root : Path
        Folder with the project's ``dbt_project.yml``.

    Returns
    -------
    tuple of Change
        One per file or folder looked at. A second call changes nothing.

    Raises
    ------
    ProjectError
        If there is no dbt project, a file cannot be read or added to, or the project holds a newer
        version of the package than this.
    """
    path = root / "dbt_project.yml"
    if not path.is_file():
        msg = (
            f"There is no dbt project in {root} (no dbt_project.yml). Run `experimentos init` "
            "inside one, or name it with --project-dir; `dbt init` makes a new one and "
            "`experimentos demo` makes one to look at."
        )
        raise ProjectError(msg)
    settings = project_settings(path)
    if settings.get("name") == PACKAGE:
        msg = f"{root} is the dbt package `{PACKAGE}` itself; run this in the project that uses it."
        raise ProjectError(msg)
    _check_versions(root / COPY)
    # All edits are made in memory first: where one is refused, no file has been touched.
    edited = _project_file(read_text(path), settings)
    packages, packages_text = _packages_file(root)
    return (
        copy_package(root),
        write_text(root, packages, packages_text, f"installs {COPY.as_posix()}"),
        write_text(root, path, edited, "vars.experimentos, and experiments in model-paths"),
        _example(root),
    )


def copy_package(root: Path) -> Change:
    """Copy the dbt package into a project, replacing an older copy.

    Parameters
    ----------
    root : Path
        The project's folder.

    Returns
    -------
    Change
        What was done.
    """
    target = root / COPY
    before = dict(_files(target))
    wanted = {
        relative: file.read_bytes()
        for name in DBT_TREE
        for relative, file in _bundled(bundle_path(name))
    }
    for relative, content in wanted.items():
        if before.get(relative) is None or before[relative].read_bytes() != content:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            (target / relative).write_bytes(content)
    stale = [relative for relative in before if relative not in wanted]
    for relative in stale:
        before[relative].unlink()
    same = not stale and all(
        relative in before and before[relative].read_bytes() == content
        for relative, content in wanted.items()
    )
    action = "created" if not before else "unchanged" if same else "updated"
    return Change(COPY.as_posix(), action, f"the dbt package, version {experimentos.__version__}")


def _check_versions(copy: Path) -> None:
    own = package_version(bundle_path("dbt_project.yml").parent)
    if own != experimentos.__version__:
        msg = (
            f"This installation is broken: its dbt package is version {own}, its Python package "
            f"{experimentos.__version__}. Install experimentos again."
        )
        raise ProjectError(msg)
    if not copy.exists():
        return
    name = project_settings(copy / "dbt_project.yml").get("name") if _is_project(copy) else None
    if name != PACKAGE:
        msg = f"{copy} is there already and isn't the dbt package `{PACKAGE}`; move it away first."
        raise ProjectError(msg)
    held = package_version(copy)
    if Version(held) > Version(own):
        msg = (
            f"{copy} holds version {held} of the dbt package, but this Python package is {own}. "
            f"Run `pip install experimentos=={held}`."
        )
        raise ProjectError(msg)


def _is_project(folder: Path) -> bool:
    return (folder / "dbt_project.yml").is_file()


def _bundled(path: Path) -> Iterator[tuple[Path, Path]]:
    """Files of one bundled file or folder, with their paths in the copy."""
    if path.is_file():
        yield Path(path.name), path
        return
    for relative, file in _files(path):
        yield path.name / relative, file


def _files(folder: Path) -> Iterator[tuple[Path, Path]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(folder), file


def _project_file(text: str, settings: dict[str, Any]) -> str:
    file = "dbt_project.yml"
    text = add_entry(text, "vars", PACKAGE, _VARIABLES, file=file)
    paths = settings.get("model-paths")
    for folder in ("models", "experiments") if paths is None else ("experiments",):
        text = append_item(text, "model-paths", folder, file=file)
    return text


def _packages_file(root: Path) -> tuple[Path, str]:
    """Return the file that lists the project's packages, and its text with ours among them."""
    packages, dependencies = root / "packages.yml", root / "dependencies.yml"
    listed_there = (
        not packages.is_file()
        and dependencies.is_file()
        and "packages" in (_content(dependencies) or {})
    )
    path = dependencies if listed_there else packages
    text = read_text(path)
    if _installs_package(root, (_content(path) or {}).get("packages") or []):
        return path, text
    item = f"local: {COPY.as_posix()}"
    return path, append_item(text, "packages", item, file=path.name)


def _content(path: Path) -> dict[str, Any] | None:
    return project_settings(path) if path.is_file() else None


def _installs_package(root: Path, packages: Sequence[Any]) -> bool:
    """Tell whether the project installs a copy of the package from a folder already."""
    folders = [
        root / str(entry["local"])
        for entry in packages
        if isinstance(entry, dict) and "local" in entry
    ]
    return any(
        folder.resolve() == (root / COPY).resolve()
        or (_is_project(folder) and _name(folder) == PACKAGE)
        for folder in folders
    )


def _name(folder: Path) -> object:
    try:
        return project_settings(folder / "dbt_project.yml").get("name")
    except (ProjectError, yaml.YAMLError):
        return None


def _example(root: Path) -> Change:
    path = root / EXAMPLE
    note = "an example of each definition, all of it commented out"
    if path.exists():
        return Change(EXAMPLE.as_posix(), "unchanged", note)
    text = (Path(__file__).parent / "example.yml").read_text(encoding="utf-8")
    return write_text(root, path, text, note)
