"""Funnel: what was left out between all assignment rows and the units that are analysed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from experimentos.charts import wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.theme import LIGHT, Theme

ROW_HEIGHT: Final = 40
NAME_LENGTH: Final = 28
"""Longest name of a variant in the words over its bar."""


@dataclass(frozen=True, slots=True)
class LossRow:
    """Rows that were left out for one reason.

    Parameters
    ----------
    reason : str
        Why.
    n_rows : int
        How many.
    n_units : int or None
        Units that they are about.
    """

    reason: str
    n_rows: int
    n_units: int | None = None


@dataclass(frozen=True, slots=True)
class AnalysedRow:
    """Units of one variant that are analysed, each by its first row."""

    variant: str
    n_units: int


def funnel(
    n_rows: int,
    losses: Sequence[LossRow],
    analysed: Sequence[AnalysedRow],
    theme: Theme = LIGHT,
) -> Chart:
    """Draw one bar for all rows, one for each reason, and one for each variant.

    Parameters
    ----------
    n_rows : int
        All assignment rows.
    losses : sequence of LossRow
        In the order in which they are taken off.
    analysed : sequence of AnalysedRow
        What is left, control first.
    theme : Theme
        Colours.

    Returns
    -------
    Chart
        Empty where there are no rows. Each bar begins where those above have brought it to.
    """
    if n_rows <= 0:
        return nothing("No chart: no assignment rows were read.", theme)
    values = [_value("All assignment rows", "all", 0, n_rows, n_rows)]
    left = n_rows
    for loss in losses:
        left -= loss.n_rows
        lost = _value(
            f"Left out, {loss.reason}", "lost", left, left + loss.n_rows, n_rows, loss.n_units
        )
        values.append(lost)
    values.append(_value("Analysed", "left", 0, left, n_rows, left))
    short = [wording.cut(row.variant, NAME_LENGTH) for row in analysed]
    names = wording.distinct(short)
    start = 0
    # Units of variants stand beside rows only where each has one.
    if sum(row.n_units for row in analysed) == left and len(analysed) > 1:
        for position, row in enumerate(analysed):
            end = start + row.n_units
            name = names[short[position]]
            values.append(
                _value(f"Analysed in {name}", "variant", start, end, n_rows, row.n_units)
                | {"variant": name, "position": position}
            )
            start = end
    return Chart(
        kind="funnel",
        values=tuple(value | {"row": place} for place, value in enumerate(values)),
        text="From assignment rows to analysed units. "
        + wording.listed([value["words"] for value in values], "steps"),
        theme=theme,
        height=ROW_HEIGHT * len(values),
    )


def _value(
    step: str, kind: str, start: int, end: int, n_rows: int, n_units: int | None = None
) -> dict[str, Any]:
    percent = 100 * (end - start) / n_rows
    share = "under 0.1%" if 0 < percent < 0.05 else f"{percent:.1f}%"
    words = f"{step}: {end - start:,}"
    if kind != "all":
        words += f" ({share})"
    return {
        "kind": kind,
        "zero": 0,
        "start": start,
        "end": end,
        "words": words,
        "Step": step,
        "Rows": f"{end - start:,}",
        "Share of all rows": share,
        "Units": "not shown" if n_units is None else f"{n_units:,}",
    }
