"""Which days of the history are read: late enough for covariates, early enough to be through."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Final

from experimentos.errors import InputError
from experimentos.planning.question import Question

DAY_SECONDS: Final = 86_400
USUAL_WEEKS: Final = 8
_WEEK: Final = 7
# As the package's own reading: a few rows with dates long ago tell nothing of where facts begin.
_STRAY: Final = 0.01


@dataclass(frozen=True)
class Reach:
    """The days that a fact covers.

    Parameters
    ----------
    first, until : date
        Its first day, and the exclusive end of its data.
    """

    first: date
    until: date


@dataclass(frozen=True)
class Bounds:
    """Between which days units may enter.

    Parameters
    ----------
    earliest : date
        From which facts have rows.
    covered : date
        From which covariates are covered too.
    until : date
        Exclusive: units that enter later are not through.
    data_until : date
        Exclusive end of the data.
    """

    earliest: date
    covered: date
    until: date
    data_until: date


@dataclass(frozen=True)
class Period:
    """When the units of the history entered.

    Parameters
    ----------
    first, until : date
        The second exclusive.
    """

    first: date
    until: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.first).days


def reach_of(
    days: Sequence[Mapping[str, Any]], complete_until: str | None, as_of: str
) -> Reach | None:
    """Read the span of a fact from its rows per day.

    Parameters
    ----------
    days : sequence of mapping
        ``day`` and ``n_rows``; a day of None is ignored.
    complete_until : str, optional
        As its definition says.
    as_of : str
        Later rows are of the future.

    Returns
    -------
    Reach or None
        None without rows.
    """
    now = datetime.fromisoformat(as_of).date()
    counts = {_date(row["day"]): row["n_rows"] for row in days if row["day"] is not None}
    past = {day: n_rows for day, n_rows in counts.items() if day <= now}
    if not past:
        return None
    usual = median(past.values())
    first = min(day for day, n_rows in past.items() if n_rows >= _STRAY * usual)
    if complete_until is None:
        return Reach(first, max(past))
    return Reach(first, min(datetime.fromisoformat(complete_until).date(), now))


def bounds_of(
    question: Question, metrics: Mapping[str, Mapping[str, Any]], reaches: Mapping[str, Reach]
) -> Bounds:
    """Find between which days units may enter, for all metrics at once.

    Parameters
    ----------
    question : Question
        What is asked.
    metrics : mapping
        Metric to ``models``, ``horizon`` and ``covariate`` in seconds, ``window``.
    reaches : mapping
        Fact to its span, those with times.

    Returns
    -------
    Bounds
        With room for a day at least.

    Raises
    ------
    InputError
        If the history is shorter than a window; each metric is named.
    """
    reach = list(reaches.values())
    data_until = min(one.until for one in reach)
    earliest = max(one.first for one in reach)
    wait = max((_days(metric["horizon"]) for metric in metrics.values()), default=0)
    covered = earliest
    for metric in metrics.values():
        for model in metric["models"]:
            if model in reaches:
                reaching = reaches[model].first + timedelta(_days(metric["covariate"]))
                covered = max(covered, reaching)
    too_long = [
        f"metric {name!r} counts {_days(metric['horizon'])} days after a unit enters, but all "
        f"models together have rows from {earliest} to {data_until} only: shorten its window, or "
        "wait for more history"
        for name, metric in metrics.items()
        if earliest + timedelta(_days(metric["horizon"])) >= data_until
    ]
    until = data_until - timedelta(wait)
    if question.until is not None and question.until > until:
        too_long.append(
            f"--until {question.until} is too late: the data end before {data_until}, and windows "
            f"are {wait} days, so units that enter from {until} on are not through"
        )
    if question.first is not None and question.first < earliest:
        too_long.append(f"--from {question.first} is too early: rows begin on {earliest}")
    if too_long:
        raise InputError("\n".join(too_long))
    return Bounds(earliest, covered, min(until, question.until or until), data_until)


def settle(question: Question, bounds: Bounds, entered: tuple[date, date]) -> Period:
    """Choose the days on which units enter.

    Parameters
    ----------
    question : Question
        What is asked.
    bounds : Bounds
        What is possible.
    entered : tuple of date
        Days of the first and last row of the population.

    Returns
    -------
    Period
        The latest whole weeks that are possible, eight at most, unless the question says.

    Raises
    ------
    InputError
        If there is no such day, or not so many.
    """
    until = min(bounds.until, entered[1] + timedelta(1))
    earliest = max(bounds.earliest, entered[0])
    if max(earliest, question.first or earliest) >= until:
        msg = (
            f"There is no history: facts have rows from {bounds.earliest} on, units enter from "
            f"{entered[0]} to {entered[1]}, and only those before {bounds.until} are through"
        )
        raise InputError(msg)
    if question.first is not None:
        return Period(max(question.first, entered[0]), until)
    if question.history_weeks is not None:
        first = until - timedelta(_WEEK * question.history_weeks)
        if first < earliest:
            weeks = max((until - earliest).days // _WEEK, 0)
            msg = (
                f"--history {question.history_weeks} needs rows from {first} on, but they begin on "
                f"{earliest}: at most {weeks} whole weeks are there"
            )
            raise InputError(msg)
        return Period(first, until)
    covered = max(bounds.covered, earliest)
    start = covered if (until - covered).days >= _WEEK else earliest
    days = (until - start).days
    weeks = min(days // _WEEK, USUAL_WEEKS)
    return Period(until - timedelta(_WEEK * weeks if weeks else days), until)


def _days(seconds: float) -> int:
    return math.ceil(seconds / DAY_SECONDS)


def _date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
