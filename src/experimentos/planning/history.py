"""What the warehouse knows of a population: who came when, and what metrics were of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from experimentos.planning.baselines import Baseline, read_baselines
from experimentos.planning.period import Period
from experimentos.planning.population import Population, Traffic, read_population
from experimentos.planning.question import Question
from experimentos.planning.rehearsal import deciding, rehearsal
from experimentos.project import Project

# The row by which a unit enters is in these from the start.
_COUNTS_ENTRY: Final = ("proportion", "mean", "funnel")


@dataclass(frozen=True)
class History:
    """All that a plan takes from the past.

    Parameters
    ----------
    kind : str
        Kind of unit.
    period : Period
        When its units entered.
    data_until : date
        Exclusive end of the data.
    traffic : Traffic
        Who came.
    baselines : mapping
        Metric to what it was.
    notes : tuple of str
        What a reader has to know.
    """

    kind: str
    period: Period
    data_until: date
    traffic: Traffic
    baselines: Mapping[str, Baseline]
    notes: tuple[str, ...]


def read_history(project: Project, question: Question) -> History:
    """Read a population's history, and run the metrics over it as over an experiment's units.

    Parameters
    ----------
    project : Project
        The user's, its models built.
    question : Question
        What is asked.

    Returns
    -------
    History
        With a baseline of each metric.

    Raises
    ------
    InputError
        If there are not enough units or days, or metrics of which nothing can be planned.
    """
    found = read_population(project, question)
    with rehearsal(project, question, found) as made:
        rows = {name: deciding(made, name) for name in ("inference_inputs", "moments")}
    baselines = read_baselines(rows, found.answer["metrics"])
    return History(
        kind=found.answer["kind"],
        period=found.period,
        data_until=found.bounds.data_until,
        traffic=found.traffic,
        baselines=baselines,
        notes=(*found.notes(question), *_notes(found, baselines)),
    )


def _notes(found: Population, baselines: Mapping[str, Baseline]) -> Iterator[str]:
    first, covered = found.period.first, found.bounds.covered
    for name, one in baselines.items():
        read = found.answer["metrics"][name]
        if read["covariate_text"] != "none" and not one.is_adjusted and read["type"] != "quantile":
            told = f" (rows that cover it begin on {covered})" if first < covered else ""
            yield (
                f"{name} is planned without its covariate ({read['covariate_text']}): fewer than "
                f"95% of the units have it{told}."
            )
        if found.traffic.model in read["models"] and read["type"] in _COUNTS_ENTRY:
            yield (
                f"{name} is computed from the model that brings units in: the row that does so "
                "counts, so its value may be higher than among those who will be assigned."
            )
