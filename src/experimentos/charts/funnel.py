"""Funnel: what was left out between all assignment rows and the units that are analysed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from experimentos.charts import language, wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

ROW_HEIGHT: Final = 40
NAME_LENGTH: Final = 28
"""Longest name of a variant in the words over its bar."""

_TEXT = Words("From assignment rows to analysed units. {rows}")
_NO_ROWS = Words("no assignment rows were read")
_ALL, _LEFT_OUT = Words("All assignment rows"), Words("Left out, {reason}")
_ANALYSED, _ANALYSED_IN = Words("Analysed"), Words("Analysed in {variant}")
_UNDER = Words("under {size}")


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
        return nothing(wording.nothing_because(_NO_ROWS()), theme)
    values = [_value(_ALL(), "all", 0, n_rows, n_rows)]
    left = n_rows
    for loss in losses:
        left -= loss.n_rows
        lost = _value(
            _LEFT_OUT(reason=loss.reason), "lost", left, left + loss.n_rows, n_rows, loss.n_units
        )
        values.append(lost)
    values.append(_value(_ANALYSED(), "left", 0, left, n_rows, left))
    short = [wording.cut(row.variant, NAME_LENGTH) for row in analysed]
    names = wording.distinct(short)
    start = 0
    # Units of variants stand beside rows only where each has one.
    if sum(row.n_units for row in analysed) == left and len(analysed) > 1:
        for position, row in enumerate(analysed):
            end = start + row.n_units
            name = names[short[position]]
            values.append(
                _value(_ANALYSED_IN(variant=name), "variant", start, end, n_rows, row.n_units)
                | {"variant": name, "position": position}
            )
            start = end
    return Chart(
        kind="funnel",
        values=tuple(value | {"row": place} for place, value in enumerate(values)),
        text=_TEXT(rows=wording.listed([value["words"] for value in values], "steps")),
        theme=theme,
        height=ROW_HEIGHT * len(values),
        options={
            "has_losses": any(value["kind"] == "lost" for value in values),
            "has_variants": any(value["kind"] == "variant" for value in values),
        },
    )


def _value(
    step: str, kind: str, start: int, end: int, n_rows: int, n_units: int | None = None
) -> dict[str, Any]:
    percent = 100 * (end - start) / n_rows
    is_little = 0 < percent < 0.05
    share = (
        _UNDER(size=language.digits("0.1%")) if is_little else language.digits(f"{percent:.1f}%")
    )
    words = f"{step}: {wording.count(end - start)}"
    if kind != "all":
        words += f" ({share})"
    return {
        "kind": kind,
        "zero": 0,
        "start": start,
        "end": end,
        "words": words,
        "Step": step,
        "Rows": wording.count(end - start),
        "Share of all rows": share,
        "Units": wording.count(n_units),
    }
