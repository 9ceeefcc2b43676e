"""``check --warehouse``: every expression of the definitions, asked of the warehouse by itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experimentos.errors import ProjectError
from experimentos.project.answers import ask
from experimentos.project.gateway import PACKAGE, Project

_HEADER = re.compile(r"^(Runtime|Database|Compilation) Error\b.*$")
_REPORT = re.compile(rf"^{PACKAGE}: \d+ problem\(s\) in your definitions$")
_ITEM = "  - "


@dataclass(frozen=True)
class Bindings:
    """What the warehouse says of the definitions.

    Parameters
    ----------
    asked : int
        How many expressions were asked.
    problems : tuple of str
        Models that are not there, expressions that do not bind, and types that do not fit.
    """

    asked: int
    problems: tuple[str, ...]


def read_bindings(project: Project) -> Bindings:
    """Ask the warehouse for every expression alone, so that all that fail are named.

    Parameters
    ----------
    project : Project
        Whose definitions have no other problem.

    Returns
    -------
    Bindings
        With all problems at once.
    """
    listed = ask(project, "bindings")
    expressions, unbuilt = listed["expressions"], listed["unbuilt"]
    refusals = [(one, _refusal(project, one["sql"])) for one in expressions]
    refused = [(one, reason) for one, reason in refusals if reason is not None]
    types = _type_problems(project, unbuilt, [one["asked"] for one, _ in refused])
    return Bindings(
        asked=len(expressions),
        problems=(
            *(_not_built(model) for model in unbuilt),
            *(_does_not_bind(one, reason) for one, reason in refused),
            *types,
        ),
    )


def _refusal(project: Project, sql: str) -> str | None:
    """First line of what the warehouse says against a statement; None if it accepts it."""
    try:
        project.query(sql)
    except ProjectError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        said = [line for line in lines if line and not _HEADER.match(line)]
        return said[0] if said else str(error)
    return None


def _type_problems(
    project: Project, unbuilt: Sequence[Mapping[str, Any]], unbound: Sequence[str]
) -> tuple[str, ...]:
    """Problems of what binds, as a build would list them."""
    arguments = {"unbuilt": [model["model"] for model in unbuilt], "unbound": list(unbound)}
    try:
        project.run_operation(f"{PACKAGE}.check_bound", arguments)
    except ProjectError as error:
        header, *lines = str(error).splitlines()
        if not _REPORT.match(header):
            return (str(error),)
        problems = [line.removeprefix(_ITEM) for line in lines if line.startswith(_ITEM)]
        return tuple(problem for problem in problems if _is_known(problem))
    return ()


def _is_known(problem: str) -> bool:
    """Whether the type spoken of is a type: what does not bind was given the word `unbound`."""
    return not re.search(r"\b(is|but) unbound\b", problem)


def _not_built(model: Mapping[str, Any]) -> str:
    return (
        f"{model['place']}: the model is not built yet, so its columns and expressions are not "
        f"checked: run `dbt build --select +{model['model']}`"
    )


def _does_not_bind(one: Mapping[str, Any], reason: str) -> str:
    return f"{one['place']}, `{one['key']}`: the warehouse says: {reason}"
