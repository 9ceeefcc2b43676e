"""What a project defines and what is wrong with it, as the dbt macros and the YAML files say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experimentos.errors import ProjectError
from experimentos.project.answers import find_answer
from experimentos.project.gateway import PACKAGE, Project
from experimentos.project.messages import KEY_HELP
from experimentos.project.yaml_files import find_duplicate_keys, find_misread_keys


@dataclass(frozen=True)
class Definitions:
    """What ``experimentos check`` found.

    Parameters
    ----------
    experiments, metrics : tuple of mapping
        What is defined, one mapping each, defaults filled in.
    problems : tuple of str
        What stops a build.
    held : tuple of str
        What is wrong with experiments that ``invalid_experiments: hold`` keeps back.
    warnings : tuple of str
        What stops nothing but is seldom meant: guardrails that see harm late.
    """

    experiments: tuple[Mapping[str, Any], ...] = ()
    metrics: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_definitions(project: Project) -> Definitions:
    """Check a project's definitions without building anything.

    Parameters
    ----------
    project : Project
        With the package installed.

    Returns
    -------
    Definitions
        With the problems of all definitions at once, the keys that its files give twice, and those
        that stop dbt because YAML does not read them as text.
    """
    duplicates = tuple(map(str, find_duplicate_keys(project.root)))
    logged: list[str] = []
    failure: tuple[str, ...] = ()
    try:
        project.check_versions()
        project.run_operation(f"{PACKAGE}.check", logged=logged)
    except ProjectError as error:
        failure = (str(error),)
        if KEY_HELP in str(error):
            # dbt names neither the file nor the line.
            failure = tuple(map(str, find_misread_keys(project.root))) or failure
    listing = find_answer(logged, "check")
    return Definitions(
        experiments=tuple(listing.get("experiments", ())),
        metrics=tuple(listing.get("metrics", ())),
        # Where the macro got as far as listing its problems, dbt's error only repeats them.
        problems=duplicates + (tuple(listing.get("problems", ())) or failure),
        held=tuple(listing.get("held", ())),
        warnings=tuple(listing.get("warnings", ())),
    )
