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
    taken_on : date or None
        End of its data.
    """

    look: int
    fraction: float | None
    statistic: float | None
    boundary: float | None
    futility: float | None = None
    taken_on: date | None = None


def boundary(rows: Sequence[LookRow], theme: Theme = LIGHT) -> Chart:
    """Draw the path of a statistic and its boundary over the looks taken so far.

    Parameters
    ----------
    rows : sequence of LookRow
        Looks of one hypothesis.
    theme : Theme
        Colours.

    Returns
    -------
    Chart
        Empty where no look has a statistic.
    """
    ordered = sorted(rows, key=lambda row: row.look)
    drawn = [
        row
        for row in ordered
        if wording.known(row.fraction) is not None and wording.known(row.statistic) is not None
    ]
    if not drawn:
        why = "no look has a statistic" if rows else "no look has been taken yet"
        return nothing(f"No chart: {why}.", theme)
    return Chart(
        kind="boundary",
        values=tuple(
            {
                "fraction": wording.known(row.fraction),
                "statistic": wording.known(row.statistic),
                "boundary": wording.known(row.boundary),
                "futility": wording.known(row.futility),
                "is_last": row is drawn[-1],
                "Look": _name(row),
                "Statistic": wording.signed(row.statistic),
                "Boundary": _bound(row.boundary),
                "Share of the plan": wording.number(100 * (row.fraction or 0), "%"),
            }
            for row in drawn
        ),
        text="Statistic and boundary at each look. "
        + wording.listed([_words(row) for row in drawn], "looks"),
        theme=theme,
        options={"futility": any(wording.known(row.futility) is not None for row in drawn)},
    )


def _name(row: LookRow) -> str:
    return f"{row.look}" if row.taken_on is None else f"{row.look}, {wording.day(row.taken_on)}"


def _bound(value: float | None) -> str:
    return "none yet" if wording.known(value) is None else wording.signed(value)


def _words(row: LookRow) -> str:
    share = wording.number(100 * (row.fraction or 0), "%")
    where = f"look {_name(row)} at {share} of the plan: {wording.signed(row.statistic)}"
    bound, statistic = wording.known(row.boundary), wording.known(row.statistic)
    if bound is None or statistic is None:
        return f"{where}, with no boundary yet"
    side = "reaches" if statistic >= bound else "is below"
    return f"{where} {side} the boundary {wording.signed(bound)}"
