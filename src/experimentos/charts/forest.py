"""Forest plot: estimates with their intervals, and the margins that guardrails must keep to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experimentos.charts import wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, SHAPES, Theme

ROW_HEIGHT = 30

RELATIVE = Words("Relative change to control")
COMPARISONS = Words("comparisons")
_AXIS = Words("{axis} ({unit})")
_TEXT = Words("{axis} with intervals. {rows}")
_MISSING = Words("Without an estimate: {names}.")
_ROW = Words("{name} {change} ({interval})")
_ROW_MARGIN = Words("{name} {change} ({interval}) against a margin of {margin}")
_ROW_READING = Words("{row}, {reading}")
_NO_ESTIMATE, _NO_ROW = Words("none of the {what} has an estimate"), Words("no {what}")


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One estimate with its interval.

    Parameters
    ----------
    label : str
        What it is of.
    estimate, lower, upper : float or None
        In the unit of the chart; a limit of None is no bound.
    state : str
        'good', 'bad', 'caution' or 'neutral': how it reads. Told by shape and colour.
    reading : str
        The same in words.
    margin : float or None
        Largest change that is accepted, with its sign: negative where lower is worse.
    group : str
        Rows of a group stand together, such as the levels of a segment.
    """

    label: str
    estimate: float | None
    lower: float | None
    upper: float | None
    state: str = "neutral"
    reading: str = ""
    margin: float | None = None
    group: str = ""


def forest(
    rows: Sequence[ForestRow], theme: Theme = LIGHT, *, unit: str = "%",
    axis: str | None = None, what: str | None = None,
) -> Chart:  # fmt: skip
    """Draw a forest plot.

    Parameters
    ----------
    rows : sequence of ForestRow
        From top to bottom.
    theme : Theme
        Colours.
    unit : str
        What follows each number.
    axis : str, optional
        What the numbers are; default the relative change to control.
    what : str, optional
        What the rows are, in the plural; default comparisons.

    Returns
    -------
    Chart
        Empty where no row has an estimate.
    """
    axis, what = axis or RELATIVE(), what or COMPARISONS()
    drawn = [row for row in rows if wording.known(row.estimate) is not None]
    if not drawn:
        why = _NO_ESTIMATE if rows else _NO_ROW
        return nothing(wording.nothing_because(why(what=what)), theme)
    missing = [wording.label(row.label) for row in rows if wording.known(row.estimate) is None]
    text = _TEXT(axis=axis, rows=wording.listed([_words(row, unit) for row in drawn], what))
    if missing:
        text += " " + _MISSING(names=", ".join(missing[: wording.LISTED]))
    return Chart(
        kind="forest",
        values=tuple(
            _value(position, row, label, unit)
            for position, (row, label) in enumerate(zip(drawn, _labels(drawn), strict=True))
        ),
        text=text,
        theme=theme,
        options={
            "axis": _AXIS(axis=axis, unit=unit.strip()) if unit.strip() else axis,
            "margins": any(wording.known(row.margin) is not None for row in drawn),
            "states": " ".join(sorted({_state(row) for row in drawn})),
        },
        height=ROW_HEIGHT * len(drawn) + ROW_HEIGHT // 2,
    )


def _state(row: ForestRow) -> str:
    return row.state if row.state in SHAPES else "neutral"


def _labels(rows: Sequence[ForestRow]) -> list[str]:
    """Name the rows; those that would look alike are numbered."""
    names = [_name(row) for row in rows]
    before = [names[:position].count(name) for position, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, before, strict=True)]


def _name(row: ForestRow) -> str:
    name = wording.label(row.label)
    return f"{wording.label(row.group)}: {name}" if row.group else name


def _value(position: int, row: ForestRow, label: str, unit: str) -> dict[str, Any]:
    estimate, margin = wording.known(row.estimate), wording.known(row.margin)
    lower, upper = wording.known(row.lower), wording.known(row.upper)
    value = {
        "row": position,
        "label": label,
        "estimate": estimate,
        # A side without a bound isn't drawn; `Interval` says so.
        "lower": estimate if lower is None else lower,
        "upper": estimate if upper is None else upper,
        "state": _state(row),
        "Change": wording.signed(row.estimate, unit),
        "Interval": wording.span(row, unit),
        "Reading": row.reading,
    }
    if margin is not None:
        value |= {"margin": margin, "zero": 0, "Margin": wording.signed(margin, unit)}
    return value


def _words(row: ForestRow, unit: str) -> str:
    values = {
        "name": _name(row),
        "change": wording.signed(row.estimate, unit),
        "interval": wording.span(row, unit),
    }
    if wording.known(row.margin) is None:
        words = _ROW(**values)
    else:
        words = _ROW_MARGIN(**values, margin=wording.signed(row.margin, unit))
    return _ROW_READING(row=words, reading=row.reading) if row.reading else words
