"""Boundary chart: the statistic of one hypothesis at each look, and what it had to reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from experimentos.charts import language, wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

_TEXT = Words("Statistic and boundary at each look. {rows}")
_NO_STATISTIC, _NO_LOOK = Words("no look has a statistic"), Words("no look has been taken yet")
_TO_COME, _NONE_YET = Words("still to come"), Words("none yet")
_PLANNED, _ON = Words("{look} (planned)"), Words("on {day}")
_AHEAD = Words("look {look} is planned{when} at {share} of the plan, with the boundary {boundary}")
_AHEAD_OPEN = Words("look {look} is planned{when} at {share} of the plan, with no boundary yet")
_TAKEN_OPEN = Words("look {look} at {share} of the plan: {statistic}, with no boundary yet")
_REACHES = Words("look {look} at {share} of the plan: {statistic} reaches the boundary {boundary}")
_BELOW = Words("look {look} at {share} of the plan: {statistic} is below the boundary {boundary}")


@dataclass(frozen=True, slots=True)
class LookRow:
    """One look at one hypothesis.

    Parameters
    ----------
    look : int
        Its number.
    fraction : float or None
        Share of the planned information, at most 1.
    statistic, boundary : float or None
        Standard normal units; a boundary of None is one that cannot be crossed yet.
    futility : float or None
        At or below it going on is not worth it; None where none is asked for.
    on : date or None
        End of its data.
    is_planned : bool
        Whether it is still to come; it has no statistic then.
    """

    look: int
    fraction: float | None
    statistic: float | None
    boundary: float | None
    futility: float | None = None
    on: date | None = None
    is_planned: bool = False


def boundary(rows: Sequence[LookRow], theme: Theme = LIGHT) -> Chart:
    """Draw the path of a statistic, and the boundary from the first look to the end of the plan.

    Parameters
    ----------
    rows : sequence of LookRow
        Looks of one hypothesis.
    theme : Theme
        Colours.

    Returns
    -------
    Chart
        Empty where no look has a statistic. The boundary of looks to come is dashed.
    """
    ordered = sorted(rows, key=lambda row: (row.is_planned, row.look))
    known = [row for row in ordered if wording.known(row.fraction) is not None]
    taken = [
        row for row in known if wording.known(row.statistic) is not None and not row.is_planned
    ]
    if not taken:
        why = _NO_STATISTIC if rows else _NO_LOOK
        return nothing(wording.nothing_because(why()), theme)
    ahead = [row for row in known if row.is_planned]
    drawn = taken + ahead
    # The boundary is named where it ends.
    bounded = [row for row in drawn if wording.known(row.boundary) is not None]
    return Chart(
        kind="boundary",
        values=tuple(
            {
                "fraction": wording.known(row.fraction),
                "statistic": None if row.is_planned else wording.known(row.statistic),
                "boundary": wording.known(row.boundary),
                "futility": None if row.is_planned else wording.known(row.futility),
                "is_planned": row.is_planned,
                "is_last": row is taken[-1],
                "is_end": bool(bounded) and row is bounded[-1],
                "Look": _name(row),
                "Statistic": _TO_COME() if row.is_planned else wording.signed(row.statistic),
                "Boundary": _bound(row.boundary),
                "Share of the plan": wording.number(100 * (row.fraction or 0), "%"),
            }
            for row in drawn
        ),
        text=_TEXT(rows=wording.listed([_words(row) for row in drawn], "looks")),
        theme=theme,
        options={
            "futility": any(wording.known(row.futility) is not None for row in taken),
            "planned": bool(ahead),
        },
    )


def _name(row: LookRow) -> str:
    name = f"{row.look}" if row.on is None else f"{row.look}, {language.day(row.on)}"
    return _PLANNED(look=name) if row.is_planned else name


def _bound(value: float | None) -> str:
    return _NONE_YET() if wording.known(value) is None else wording.signed(value)


def _words(row: LookRow) -> str:
    share = wording.number(100 * (row.fraction or 0), "%")
    bound, statistic = wording.known(row.boundary), wording.known(row.statistic)
    if row.is_planned:
        when = "" if row.on is None else f" {_ON(day=language.day(row.on))}"
        values = {"look": f"{row.look}", "when": when, "share": share}
        if bound is None:
            return _AHEAD_OPEN(**values)
        return _AHEAD(**values, boundary=wording.signed(bound))
    values = {"look": _name(row), "share": share, "statistic": wording.signed(row.statistic)}
    if bound is None or statistic is None:
        return _TAKEN_OPEN(**values)
    words = _REACHES if statistic >= bound else _BELOW
    return words(**values, boundary=wording.signed(bound))
