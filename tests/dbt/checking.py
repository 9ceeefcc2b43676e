"""Runs `dbt run-operation experimentos.check` in process, and keeps what it said."""

import json
from dataclasses import dataclass
from typing import Any

from project import Project

MARK = "experimentos_check "


@dataclass(frozen=True)
class Check:
    """What the check said: whether it passed, its whole text, and its one line of JSON."""

    passed: bool
    text: str
    listing: dict[str, Any]

    @property
    def problems(self) -> list[str]:
        """The lines of the report, which is the same in `dbt build`."""
        lines = self.text.partition("experimentos: ")[2].splitlines()
        return [line.strip().removeprefix("- ") for line in lines if line.startswith("    - ")]

    def about(self, name: str) -> list[str]:
        """The problems that name something."""
        return [line for line in self.listing["problems"] if name in line]


def check(project: Project, *arguments: str) -> Check:
    """Check the definitions of a project."""
    events: list[Any] = []
    operation = ("--quiet", "run-operation", "experimentos.check")
    result = project.invoke(*operation, *arguments, told=events.append)
    text = "\n".join(event.info.msg for event in events if event.info.level in ("warn", "error"))
    if result.exception is not None:
        text += str(result.exception)
    logged = [event.info.msg for event in events if event.info.msg.startswith(MARK)]
    listing = json.loads(logged[0].removeprefix(MARK)) if logged else {}
    return Check(result.success, text, listing)
