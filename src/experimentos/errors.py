"""Errors that ExperimentOS raises on purpose.

The tree::

    ExperimentosError
    ├── DefinitionError      the user's dbt properties or vars are wrong
    ├── ProjectError         the dbt project cannot be found, parsed or run
    │   └── RefusedError     a question about the project has no answer
    └── InputError           what a function or a command was given is wrong
        ├── ArgumentError    an argument is outside what is allowed
        ├── MomentsError     moments that no data could have produced
        └── TableError       a table lacks columns or has columns of the wrong type

Bad *configuration* raises one of these; bad *data* becomes NaN and a health row.
"""

from __future__ import annotations


class ExperimentosError(Exception):
    """Base of every error the package raises on purpose."""


class DefinitionError(ExperimentosError):
    """The definitions of metrics or experiments are wrong."""


class ProjectError(ExperimentosError):
    """The dbt project cannot be found, parsed or run."""


class RefusedError(ProjectError):
    """A question about the project has no answer; the message says why."""


class InputError(ExperimentosError, ValueError):
    """What a function or a command was given is wrong."""


class ArgumentError(InputError):
    """An argument is outside what is allowed."""


class MomentsError(InputError):
    """Moments that no data could have produced."""


class TableError(InputError):
    """A table lacks columns or has columns of the wrong type."""
