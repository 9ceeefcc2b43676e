"""The SQL that the last build ran, as dbt leaves it in the project's target folder."""

import os
import re
from collections.abc import Sequence

from experimentos.errors import ProjectError
from experimentos.project.gateway import PACKAGE, Project
from experimentos.project.settings import project_settings

# Lines that repeat whose expression stands before them: a warehouse shows one where it fails.
_PADDING = re.compile(r"^ */\* [^*\n]* \*/ +/\* [^*\n]* \*/ *\n", re.MULTILINE)


def read_compiled(project: Project, names: Sequence[str]) -> dict[str, str]:
    """Read the compiled SQL of models of the package.

    Parameters
    ----------
    project : Project
        Built in this folder.
    names : sequence of str
        Models with or without the prefix ``experimentos__``.

    Returns
    -------
    dict
        Full name of the model to its SQL, in the order given.

    Raises
    ------
    ProjectError
        If dbt has left none of a model; all of them are named.
    """
    settings = project_settings(project.root / "dbt_project.yml")
    target = os.environ.get("DBT_TARGET_PATH") or settings.get("target-path") or "target"
    folder = project.root / target / "compiled" / PACKAGE
    found, missing = {}, []
    for node in map(project.node, names):
        path = folder / node.original_file_path
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            found[str(node.name)] = _PADDING.sub("", text).strip("\n")
        else:
            missing.append(str(node.name))
    if missing:
        msg = (
            f"There is no compiled SQL of {', '.join(missing)} in {folder}. Build in this folder "
            "first (`experimentos build`), or leave out --sql."
        )
        raise ProjectError(msg)
    return found
