"""Who came in past weeks, by the rows of which model, and on which days they are read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from experimentos.errors import InputError, ProjectError
from experimentos.planning.period import Bounds, Period, Reach, bounds_of, reach_of, settle
from experimentos.planning.question import Question
from experimentos.project import Project
from experimentos.project.answers import ask

LEAST_UNITS: Final = 100
TRIED: Final = ("duckdb",)
"""Warehouses that the queries about the past have been run on."""
_WEEK: Final = 7


@dataclass(frozen=True)
class Traffic:
    """Who came.

    Parameters
    ----------
    model : str
        Whose rows bring units in.
    where : str or None
        Which of its rows.
    others : mapping
        Units of the other models that were looked at, in the same days.
    entered : sequence of int
        Units by day that came for the first time in the period.
    active : sequence of int
        Units by week, those that had come before too.
    """

    model: str
    where: str | None
    others: Mapping[str, int]
    entered: Sequence[int]
    active: Sequence[int]

    @property
    def units(self) -> int:
        """All units of the period."""
        return sum(self.entered)

    @property
    def weekly(self) -> list[int]:
        """Units that came for the first time, by week; the last may be short."""
        return [sum(self.entered[day : day + _WEEK]) for day in range(0, len(self.entered), _WEEK)]

    @property
    def trend(self) -> float | None:
        """Change of the active units per week, as a share of their mean; None under three weeks."""
        whole = np.array(self.active[: len(self.entered) // _WEEK], dtype=np.float64)
        if whole.size < 3 or whole.mean() == 0:
            return None
        return float(np.polyfit(np.arange(whole.size), whole, 1)[0] / whole.mean())


@dataclass(frozen=True)
class Population:
    """Units of the past, and what the macro ``history`` says of the metrics.

    Parameters
    ----------
    answer : mapping
        Of the macro.
    bounds : Bounds
        Between which days units could enter.
    period : Period
        When they entered.
    traffic : Traffic
        Who came.
    warehouse : str
        Its kind.
    """

    answer: Mapping[str, Any]
    bounds: Bounds
    period: Period
    traffic: Traffic
    warehouse: str

    @property
    def rows(self) -> str:
        """The query of ``unit`` and ``entered_at``."""
        return str(self.answer["populations"][self.traffic.model]["rows"])

    def notes(self, question: Question) -> Iterator[str]:
        """Say what a reader has to know of the units.

        Parameters
        ----------
        question : Question
            What was asked.

        Yields
        ------
        str
            A sentence or two.
        """
        if self.warehouse not in TRIED:
            yield (
                f"This has been run on {' and '.join(TRIED)} only. Your warehouse is "
                f"{self.warehouse}: compare a metric's value with one that you know."
            )
        if question.on is None and self.traffic.others:
            others = ", ".join(f"{name} ({n:,})" for name, n in self.traffic.others.items())
            yield (
                f"{self.traffic.model} was taken since it brings the most units; others: {others}. "
                "Name the one whose rows decide who is assigned with --on."
            )
        if self.period.days < _WEEK:
            yield f"{self.period.days} days are less than a week: days of the week may differ."


def read_population(project: Project, question: Question) -> Population:
    """Find the units of the past.

    Parameters
    ----------
    project : Project
        The user's, its models built.
    question : Question
        What is asked.

    Returns
    -------
    Population
        With a hundred units at least.

    Raises
    ------
    InputError
        If there are not enough units or days.
    """
    asked = {"metrics": question.metrics, "on": question.on, "unit": question.unit}
    answer = ask(project, "history", {**asked, "where": question.where})
    _check_maturity(question, answer["metrics"])
    reaches = _reaches(project, answer)
    present = _present(project, question, answer)
    bounds = bounds_of(question, answer["metrics"], reaches or _whole(present))
    model, period, counts = _choose(project, question, answer, bounds, present)
    traffic = _traffic(project, question, model, period, counts, answer)
    _check_units(traffic, period, answer["names"])
    return Population(answer, bounds, period, traffic, project.warehouse)


def entries_sql(rows: str, period: Period) -> str:
    """Select each unit with its first row in a period.

    Parameters
    ----------
    rows : str
        A query of ``unit`` and ``entered_at``.
    period : Period
        Which rows count.

    Returns
    -------
    str
        A query of ``unit`` and ``entered_at``.
    """
    return (
        f"select unit, min(entered_at) as entered_at\nfrom (\n{rows}\n) as seen\n"
        f"where entered_at >= cast('{period.first}' as timestamp)\n"
        f"    and entered_at < cast('{period.until}' as timestamp)\ngroup by unit"
    )


def _reaches(project: Project, answer: Mapping[str, Any]) -> dict[str, Reach]:
    """Read the days that each fact with times covers."""
    reaches, empty = {}, []
    for name, fact in answer["facts"].items():
        if fact["days"] is None:
            continue
        until = fact["given"].get("complete_until")
        found = reach_of(project.query(fact["days"]), until, answer["as_of"])
        if found is None:
            empty.append(f"model {name} has no rows with a time before {answer['as_of']}")
        else:
            reaches[name] = found
    if empty:
        raise InputError("\n".join(empty))
    return reaches


def _present(
    project: Project, question: Question, answer: Mapping[str, Any]
) -> dict[str, tuple[date, date]]:
    """Read the days of the first and last row of each population that has any."""
    entered = {
        name: _entered(project, question, population["rows"], answer["as_of"])
        for name, population in answer["populations"].items()
    }
    present = {name: span for name, span in entered.items() if span is not None}
    if not present:
        looked = ", ".join(answer["populations"]) or "no model"
        where = f" where {question.where}" if question.where else ""
        msg = f"No unit ever came: {looked} has no rows{where}. Models to name with --on: "
        raise InputError(msg + ", ".join(answer["names"]))
    return present


def _check_units(traffic: Traffic, period: Period, names: Sequence[str]) -> None:
    if traffic.units < LEAST_UNITS:
        msg = (
            f"Only {traffic.units} units entered by a row of {traffic.model} from "
            f"{period.first} to {period.until}; a plan needs {LEAST_UNITS} at least: name a "
            f"broader population with --on ({', '.join(names)}), drop --where, or read more days "
            "with --from"
        )
        raise InputError(msg)


def _check_maturity(question: Question, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what the definition of the experiment would refuse."""
    open_ended = [name for name, read in metrics.items() if not read["is_mature"]]
    if open_ended and question.design != "fixed":
        msg = (
            f"{', '.join(open_ended)}: `mature: false` counts units whose windows are open, which "
            f"--monitoring {question.design} cannot decide on; leave it out, or use "
            "--monitoring fixed"
        )
        raise InputError(msg)


def _entered(
    project: Project, question: Question, rows: str, as_of: str
) -> tuple[date, date] | None:
    """Read the days of the first and last row of a population."""
    sql = (
        f"select min(entered_at) as first_at, max(entered_at) as last_at from ({rows}) as seen "  # noqa: S608
        f"where entered_at <= cast('{as_of}' as timestamp)"
    )
    try:
        (row,) = project.query(sql)
    except ProjectError as error:
        if question.where is None:
            raise
        msg = f"--where {question.where!r} was refused. The warehouse says: {error}"
        raise InputError(msg) from error
    if row["first_at"] is None:
        return None
    return row["first_at"].date(), row["last_at"].date()


def _whole(entered: Mapping[str, tuple[date, date]]) -> dict[str, Reach]:
    """Take the span of the population where no metric has times."""
    return {name: Reach(first, last) for name, (first, last) in entered.items()}


def _choose(
    project: Project, question: Question, answer: Mapping[str, Any], bounds: Bounds,
    entered: Mapping[str, tuple[date, date]],
) -> tuple[str, Period, dict[str, int]]:  # fmt: skip
    """Take the model that was named, or else the one that brings the most units."""
    periods, refused = {}, []
    for name, span in entered.items():
        try:
            periods[name] = settle(question, bounds, span)
        except InputError as error:
            refused.append(error)
    if not periods:
        raise refused[0]
    counts = {
        name: _count(project, answer["populations"][name]["rows"], period)
        for name, period in periods.items()
    }
    chosen = max(counts, key=lambda name: counts[name])
    return chosen, periods[chosen], counts


def _count(project: Project, rows: str, period: Period) -> int:
    sql = f"select count(*) as n_units from ({entries_sql(rows, period)}) as entries"  # noqa: S608
    return int(project.query(sql)[0]["n_units"])


def _traffic(
    project: Project, question: Question, model: str, period: Period, counts: Mapping[str, int],
    answer: Mapping[str, Any],
) -> Traffic:  # fmt: skip
    rows = answer["populations"][model]["rows"]
    by_day = project.query(
        "select cast(entered_at as date) as day, count(*) as n_units "  # noqa: S608
        f"from ({entries_sql(rows, period)}) as entries group by cast(entered_at as date)"
    )
    days = {_date(row["day"]): int(row["n_units"]) for row in by_day}
    return Traffic(
        model=model,
        where=question.where,
        others={name: count for name, count in counts.items() if name != model},
        entered=[days.get(period.first + timedelta(day), 0) for day in range(period.days)],
        active=_active(project, rows, period),
    )


def _active(project: Project, rows: str, period: Period) -> list[int]:
    """Count the units of each week; those that had come before too."""
    ends = [period.first + timedelta(day + _WEEK) for day in range(0, period.days, _WEEK)]
    cases = " ".join(
        f"when entered_at < cast('{end}' as timestamp) then {week}" for week, end in enumerate(ends)
    )
    found = project.query(
        f"select week, count(distinct unit) as n_units from (select unit, case {cases} end as week "  # noqa: S608
        f"from ({rows}) as seen where entered_at >= cast('{period.first}' as timestamp) "
        f"and entered_at < cast('{period.until}' as timestamp)) as weeks group by week"
    )
    counts = {row["week"]: int(row["n_units"]) for row in found}
    return [counts.get(week, 0) for week in range(len(ends))]


def _date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
