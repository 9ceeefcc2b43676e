"""Balance (love) plot: how alike the variants were before they saw anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from experimentos.charts import wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.forest import ROW_HEIGHT
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

USUAL = 0.1
"""Standardised differences up to this are commonly called small (Austin 2009, Statistics in
Medicine 28, 3083-3107)."""

_TEXT = Words("Standardised differences before exposure. {rows}")
_VARIES, _COVARIATE = Words("no covariate varies"), Words("no metric has a covariate")


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One covariate in one variant.

    Parameters
    ----------
    label : str
        The covariate and variant.
    difference : float or None
        Standardised: variant less control over the root of their mean variance.
    chance : float or None
        Size that chance exceeds in one of twenty, at these numbers of units.
    """

    label: str
    difference: float | None
    chance: float | None = None


def balance(rows: Sequence[BalanceRow], theme: Theme = LIGHT) -> Chart:
    """Draw standardised differences before exposure.

    Parameters
    ----------
    rows : sequence of BalanceRow
        From top to bottom.
    theme : Theme
        Colours.

    Returns
    -------
    Chart
        Empty where no covariate has a difference.
    """
    drawn = [row for row in rows if wording.known(row.difference) is not None]
    if not drawn:
        why = _VARIES if rows else _COVARIATE
        return nothing(wording.nothing_because(why()), theme)
    names = [wording.label(row.label) for row in drawn]
    return Chart(
        kind="balance",
        values=tuple(
            {
                "row": position,
                "label": f"{names[position]} ({seen + 1})" if seen else names[position],
                "difference": wording.known(row.difference),
                "chance_low": None if row.chance is None else wording.known(-row.chance),
                "chance": wording.known(row.chance),
                "Standardised difference": wording.signed(row.difference),
                "By chance in 19 of 20 up to": wording.number(row.chance),
            }
            for position, row in enumerate(drawn)
            for seen in [names[:position].count(names[position])]
        ),
        text=_TEXT(
            rows=wording.listed(
                [f"{wording.label(row.label)} {wording.signed(row.difference)}" for row in drawn],
                "covariates",
            )
        ),
        theme=theme,
        height=ROW_HEIGHT * len(drawn) + ROW_HEIGHT // 2,
    )
