"""Reads what the macros make of a project's definitions, as plain maps and lists."""

import json
from typing import Any

from project import Project

MARK = "parsed_definitions "
MACRO = (
    "{% macro show_definitions() %}\n"
    f'{{% do log("{MARK}" ~ tojson(experimentos.read_definitions()), info=true) %}}\n'
    "{% endmacro %}\n"
)


def parsed(project: Project) -> dict[str, Any]:
    """Return experiments and metrics by name, facts by name, assignments as a list."""
    (project.folder / "macros").mkdir(exist_ok=True)
    (project.folder / "macros" / "show_definitions.sql").write_text(MACRO)
    lines: list[str] = []
    result = project.invoke(
        "--quiet", "run-operation", "show_definitions",
        told=lambda event: lines.append(event.info.msg),
    )  # fmt: skip
    assert result.success, result.exception
    (line,) = [line for line in lines if line.startswith(MARK)]
    found: dict[str, Any] = json.loads(line.removeprefix(MARK))
    assert found["problems"] == []
    found["experiments"] = {each["name"]: each for each in found["experiments"]}
    assert all(each["problems"] == [] for each in found["experiments"].values())
    return found
