"""Courses: an effect by day of the data, and by days since exposure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from experimentos.charts import language, wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

_BY_DAY = Words(
    "Cumulative effect from {start} to {end}: first {first} ({first_interval}), last {last} "
    "({last_interval}). {clear}"
)
_BY_AGE = Words(
    "Effect within the first {least} to {most} days since exposure: {first} ({first_interval}) "
    "within {least}, {last} ({last_interval}) within {most}."
)
_NO_DAY = Words("no day has an estimate, and a course needs two days")
_ONE_DAY = Words("only one day has an estimate, and a course needs two days")
_NO_AGE = Words("no age has an estimate, and a course needs two ages")
_ONE_AGE = Words("only one age has an estimate, and a course needs two ages")
_NO_INTERVAL = Words("No day has an interval.")
_CLEAR = Words(
    "Not corrected for other metrics, the interval excludes 0 on {clear} of {days} days."
)


@dataclass(frozen=True, slots=True)
class DayRow:
    """The effect among all data before one day.

    Parameters
    ----------
    as_of : date
        Exclusive end of the data.
    estimate : float or None
        In metric units.
    lower, upper : float or None
        Limits that hold on all days together.
    lower_fixed, upper_fixed : float or None
        Classical limits, which hold on one day.
    """

    as_of: date
    estimate: float | None
    lower: float | None
    upper: float | None
    lower_fixed: float | None = None
    upper_fixed: float | None = None


@dataclass(frozen=True, slots=True)
class AgeRow:
    """The effect of what units did in so many days.

    Parameters
    ----------
    age : int
        Days since exposure, from 1.
    estimate, lower, upper : float or None
        In metric units; classical limits.
    n_units : int or None
        Units of the variant that have completed them.
    """

    age: int
    estimate: float | None
    lower: float | None
    upper: float | None
    n_units: int | None = None


def by_day(rows: Sequence[DayRow], theme: Theme = LIGHT, *, unit: str = "") -> Chart:
    """Draw a cumulative effect by day with the interval that holds on all days.

    Parameters
    ----------
    rows : sequence of DayRow
        Of one metric and variant.
    theme : Theme
        Colours.
    unit : str
        What follows each number.

    Returns
    -------
    Chart
        Empty with fewer than two days: one is no course.
    """
    drawn = [row for row in sorted(rows, key=lambda row: row.as_of) if _has(row)]
    if len(drawn) < 2:
        why = _ONE_DAY if drawn else _NO_DAY
        return nothing(wording.nothing_because(why()), theme)
    first, last = drawn[0], drawn[-1]
    text = _BY_DAY(
        start=language.day(first.as_of),
        end=language.day(last.as_of),
        clear=_clear(drawn),
        **_ends(first, last, unit),
    )
    return Chart(
        kind="by_day",
        values=tuple(
            {
                "day": wording.day(row.as_of),
                "estimate": wording.known(row.estimate),
                "lower": wording.known(row.lower),
                "upper": wording.known(row.upper),
                "lower_fixed": wording.known(row.lower_fixed),
                "upper_fixed": wording.known(row.upper_fixed),
                "Data before": language.day(row.as_of),
                "Change": wording.signed(row.estimate, unit),
                "Interval": wording.span(row, unit),
            }
            for row in drawn
        ),
        text=text,
        theme=theme,
        options={"axis": wording.change_axis(unit)},
    )


def by_age(rows: Sequence[AgeRow], theme: Theme = LIGHT, *, unit: str = "") -> Chart:
    """Draw an effect by days since exposure.

    Parameters
    ----------
    rows : sequence of AgeRow
        Of one metric and variant.
    theme : Theme
        Colours.
    unit : str
        What follows each number.

    Returns
    -------
    Chart
        Empty with fewer than two ages.
    """
    drawn = [row for row in sorted(rows, key=lambda row: row.age) if _has(row)]
    if len(drawn) < 2:
        why = _ONE_AGE if drawn else _NO_AGE
        return nothing(wording.nothing_because(why()), theme)
    first, last = drawn[0], drawn[-1]
    text = _BY_AGE(least=str(first.age), most=str(last.age), **_ends(first, last, unit))
    return Chart(
        kind="by_age",
        values=tuple(
            {
                "age": row.age,
                "estimate": wording.known(row.estimate),
                "lower": wording.known(row.lower),
                "upper": wording.known(row.upper),
                "Days since exposure": str(row.age),
                "Change": wording.signed(row.estimate, unit),
                "Interval": wording.span(row, unit),
                "Units of the variant": wording.count(row.n_units),
            }
            for row in drawn
        ),
        text=text,
        theme=theme,
        options={"axis": wording.change_axis(unit)},
    )


def _has(row: DayRow | AgeRow) -> bool:
    return wording.known(row.estimate) is not None


def _ends(first: DayRow | AgeRow, last: DayRow | AgeRow, unit: str) -> dict[str, str]:
    return {
        "first": wording.signed(first.estimate, unit),
        "first_interval": wording.span(first, unit),
        "last": wording.signed(last.estimate, unit),
        "last_interval": wording.span(last, unit),
    }


def _clear(rows: Sequence[DayRow]) -> str:
    """Say on how many days the interval lies on one side of 0."""
    sides = [_side(row) for row in rows]
    if not any(wording.known(row.lower) is not None for row in rows):
        return _NO_INTERVAL()
    clear = sum(side != 0 for side in sides)
    return _CLEAR(clear=str(clear), days=str(len(rows)))


def _side(row: DayRow) -> int:
    lower, upper = wording.known(row.lower), wording.known(row.upper)
    above, below = lower is not None and lower > 0, upper is not None and upper < 0
    return int(above) - int(below)
