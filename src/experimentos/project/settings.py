"""What a dbt project's own files say before dbt reads them."""

from pathlib import Path
from typing import Any

import yaml

import experimentos
from experimentos.errors import ProjectError


def project_settings(path: Path) -> dict[str, Any]:
    """Read a ``dbt_project.yml``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its content; empty for an empty file.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as YAML: {error}"
        raise ProjectError(msg) from error
    if content is not None and not isinstance(content, dict):
        msg = f"{path} must be a mapping of keys to values, got {type(content).__name__}"
        raise ProjectError(msg)
    return content or {}


def package_version(folder: Path) -> str:
    """Return the version of the dbt package in a folder.

    Parameters
    ----------
    folder : Path
        With a ``dbt_project.yml``.

    Returns
    -------
    str
        Its ``version``.
    """
    return str(project_settings(folder / "dbt_project.yml").get("version", "unknown"))


def package_folder(root: Path, package: str) -> Path | None:
    """Return where a package is installed in a project, if it is.

    Parameters
    ----------
    root : Path
        The project's folder.
    package : str
        The package's project name.

    Returns
    -------
    Path or None
        The project itself where it is that package.
    """
    settings = project_settings(root / "dbt_project.yml")
    if settings.get("name") == package:
        return root
    installed = root / str(settings.get("packages-install-path", "dbt_packages")) / package
    return installed if (installed / "dbt_project.yml").is_file() else None


def require_same_version(root: Path, package: str) -> None:
    """Raise unless the dbt package installed in a project is of the Python package's version.

    Parameters
    ----------
    root : Path
        The project's folder.
    package : str
        The package's project name.

    Raises
    ------
    ProjectError
        If it is not installed, or of another version.
    """
    folder = package_folder(root, package)
    if folder is None:
        msg = (
            f"The dbt package `experimentos` is not installed in {root}. "
            "Run `experimentos init`, then `dbt deps`."
        )
        raise ProjectError(msg)
    version = package_version(folder)
    if version != experimentos.__version__:
        msg = (
            f"The dbt package `experimentos` in {folder} is version {version}, the Python "
            f"package is {experimentos.__version__}. Run `experimentos init` and `dbt deps` "
            f"to bring the project to {experimentos.__version__}, or "
            f"`pip install experimentos=={version}`."
        )
        raise ProjectError(msg)
