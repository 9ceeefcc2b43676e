"""Posterior densities of the effects of one metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experimentos.charts import wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

_TEXT = Words("Posterior of the change. {rows}")
_ROW = Words("{name}: credible interval {low} to {high}, probability to be better {better}")
_UNDEFINED, _NOT_COMPUTED = Words("no posterior is defined"), Words("no posterior was computed")
_MORE_THAN, _LESS_THAN = Words("more than {size}"), Words("less than {size}")


@dataclass(frozen=True, slots=True)
class PosteriorRow:
    """The posterior of one treatment's difference from control.

    Parameters
    ----------
    variant : str
        The treatment.
    effects, densities : tuple of float
        Points of its density, in metric units.
    lower, upper : float or None
        Credible interval.
    probability_better : float or None
        In the direction of the goal (fraction).
    """

    variant: str
    effects: tuple[float, ...]
    densities: tuple[float, ...]
    lower: float | None
    upper: float | None
    probability_better: float | None


def posterior(rows: Sequence[PosteriorRow], theme: Theme = LIGHT, *, unit: str = "") -> Chart:
    """Draw the posterior densities of one metric's effects.

    Parameters
    ----------
    rows : sequence of PosteriorRow
        One per treatment.
    theme : Theme
        Colours.
    unit : str
        What follows each number.

    Returns
    -------
    Chart
        Empty where no density can be drawn.
    """
    drawn = [row for row in rows if len(_points(row)) > 1]
    if not drawn:
        why = _UNDEFINED if rows else _NOT_COMPUTED
        return nothing(wording.nothing_because(why()), theme)
    names = wording.distinct(row.variant for row in drawn)
    values = [
        {"effect": effect, "density": density, "position": position} | words
        for position, row in enumerate(drawn)
        for words in [_told(row, names[row.variant], unit)]
        for effect, density in _points(row)
    ]
    return Chart(
        kind="posterior",
        values=tuple(values),
        text=_TEXT(rows=wording.listed([_words(row, unit) for row in drawn], "rows")),
        theme=theme,
        options={
            "axis": wording.change_axis(unit),
            "several": len(drawn) > 1,
        },
    )


def _told(row: PosteriorRow, name: str, unit: str) -> dict[str, Any]:
    low, high = wording.signed(row.lower, unit), wording.signed(row.upper, unit)
    return {
        "variant": name,
        "Variant": name,
        "Credible interval": wording.SPAN(low=low, high=high),
        "Probability to be better": _share(row.probability_better),
    }


def _points(row: PosteriorRow) -> list[tuple[float, float]]:
    peak = max(wording.finite(row.densities), default=0.0)
    if peak <= 0:
        return []
    known = (
        (wording.known(effect), wording.known(density / peak))
        for effect, density in zip(row.effects, row.densities, strict=True)
    )
    return [(effect, size) for effect, size in known if effect is not None and size is not None]


def _share(value: float | None) -> str:
    return wording.NOT_SHOWN() if value is None else probability(value)


def probability(value: float) -> str:
    """Write a probability as a percentage that is neither 0 nor 100 %.

    Parameters
    ----------
    value : float
        Between 0 and 1.

    Returns
    -------
    str
        At most four digits.

    Examples
    --------
    >>> probability(0.99999999)
    'more than 99.99%'
    """
    if value > 0.9999:
        return _MORE_THAN(size=wording.number(99.99, "%"))
    if value < 0.0001:
        return _LESS_THAN(size=wording.number(0.01, "%"))
    return wording.number(100 * value, "%")


def _words(row: PosteriorRow, unit: str) -> str:
    low, high = wording.signed(row.lower, unit), wording.signed(row.upper, unit)
    better = _share(row.probability_better)
    return _ROW(name=wording.label(row.variant), low=low, high=high, better=better)
