"""Boundary chart: the statistic of one hypothesis at each look, and what it had to reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from experimentos.charts import wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.theme import LIGHT, Theme


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
        why = "no look has a statistic" if rows else "no look has been taken yet"
        return nothing(f"No chart: {why}.", theme)
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
                "Statistic": "still to come" if row.is_planned else wording.signed(row.statistic),
                "Boundary": _bound(row.boundary),
                "Share of the plan": wording.number(100 * (row.fraction or 0), "%"),
            }
            for row in drawn
        ),
        text="Statistic and boundary at each look. "
        + wording.listed([_words(row) for row in drawn], "looks"),
        theme=theme,
        options={
            "futility": any(wording.known(row.futility) is not None for row in taken),
            "planned": bool(ahead),
        },
    )


def _name(row: LookRow) -> str:
    name = f"{row.look}" if row.on is None else f"{row.look}, {wording.day(row.on)}"
    return f"{name} (planned)" if row.is_planned else name


def _bound(value: float | None) -> str:
    return "none yet" if wording.known(value) is None else wording.signed(value)


def _words(row: LookRow) -> str:
    share = wording.number(100 * (row.fraction or 0), "%")
    bound, statistic = wording.known(row.boundary), wording.known(row.statistic)
    if row.is_planned:
        when = "" if row.on is None else f" on {wording.day(row.on)}"
        reach = "no boundary yet" if bound is None else f"the boundary {wording.signed(bound)}"
        return f"look {row.look} is planned{when} at {share} of the plan, with {reach}"
    where = f"look {_name(row)} at {share} of the plan: {wording.signed(row.statistic)}"
    if bound is None or statistic is None:
        return f"{where}, with no boundary yet"
    side = "reaches" if statistic >= bound else "is below"
    return f"{where} {side} the boundary {wording.signed(bound)}"
