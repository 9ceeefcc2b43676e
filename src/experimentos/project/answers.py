"""What a macro of the package answers: one line of JSON that it logs."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from experimentos.errors import ProjectError, RefusedError
from experimentos.project.gateway import PACKAGE, Project


def ask(project: Project, macro: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run a macro of the package and return what it answers.

    Parameters
    ----------
    project : Project
        With the package installed.
    macro : str
        Its name; it logs ``experimentos_<name>`` and one JSON object.
    arguments : mapping, optional
        The macro's, by name.

    Returns
    -------
    dict
        The answer.

    Raises
    ------
    ProjectError
        If the macro fails or answers nothing.
    RefusedError
        If it answers that the question has a ``problem``.
    """
    logged: list[str] = []
    project.run_operation(f"{PACKAGE}.{macro}", arguments, logged=logged)
    answer = find_answer(logged, macro)
    if not answer:
        msg = f"The macro {PACKAGE}.{macro} said nothing. Run `experimentos init` and `dbt deps`."
        raise ProjectError(msg)
    if answer.get("problem"):
        raise RefusedError(str(answer["problem"]))
    return answer


def find_answer(logged: Iterable[str], macro: str) -> dict[str, Any]:
    """Find a macro's answer among the lines that were logged.

    Parameters
    ----------
    logged : iterable of str
        What the macro logged.
    macro : str
        Its name.

    Returns
    -------
    dict
        Empty if there is none.
    """
    mark = f"{PACKAGE}_{macro} "
    for line in logged:
        if line.startswith(mark):
            content = json.loads(line.removeprefix(mark))
            return content if isinstance(content, dict) else {}
    return {}
