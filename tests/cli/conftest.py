import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbt_common.tests import enable_test_caching
from typer.testing import CliRunner

from experimentos.cli import app

# dbt's own switch for tests: a process parses the same macro once, not for each project.
enable_test_caching()


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def run():
    """Call the command line in this process; an error that isn't meant for users fails the test."""

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def project_of_strings():
    """The class of projects that are written by a test; it stands with the tests of the package."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "dbt"))
    from project import Project

    return Project
