"""A/A tests on units that entered in the past: no experiment is needed for them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from experimentos.planning.population import Population, read_population
from experimentos.planning.question import Question
from experimentos.planning.rehearsal import NAME, rehearsal
from experimentos.project import Project
from experimentos.project.validation import Request, Validation, validate

PAST = "past units"
"""What stands in place of an experiment's name."""


@dataclass(frozen=True)
class PastValidation:
    """What came of the units of past weeks.

    Parameters
    ----------
    validation : Validation
        As of an experiment.
    population : Population
        Whose units.
    notes : tuple of str
        What a reader has to know of them.
    """

    validation: Validation
    population: Population
    notes: tuple[str, ...]


def validate_past(
    project: Project, question: Question, request: Request, *,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> PastValidation:  # fmt: skip
    """Deal units that entered in past weeks to two arms again and again, and test each deal.

    Parameters
    ----------
    project : Project
        The user's, its models built.
    question : Question
        Metrics, how they would be tested, and whose history.
    request : Request
        How often; its metrics and arms are not read.
    progress : callable, optional
        As that of `experimentos.project.validation.validate`.

    Returns
    -------
    PastValidation
        Nothing is written.

    Raises
    ------
    InputError
        If there are not enough units or days.
    ProjectError
        If no metric can be validated.
    """
    progress("units of the past", 0, 0)
    population = read_population(project, question)
    with rehearsal(project, question, population, is_dealt=True) as made:
        found = validate(
            made, NAME, replace(request, metrics=(), arms="all"), name=PAST, progress=progress
        )
    return PastValidation(found, population, tuple(population.notes(question)))
