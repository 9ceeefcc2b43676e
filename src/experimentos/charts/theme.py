"""One theme for all charts, light, dark, and as variables of a page's style sheet.

The colours of variants are from the palette of Okabe and Ito (2008, "Color Universal Design"),
which people with any kind of colour blindness can tell apart; for each background those are taken
that stand out from it by 3 to 1 and more, as WCAG 2.2 asks of graphics (1.4.11). Judgements are
told by shape and by words as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"
SHAPES: Final = {
    "good": "triangle-up",
    "bad": "triangle-down",
    "caution": "diamond",
    "neutral": "circle",
}
"""Judgement of a row to the shape of its mark."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of charts.

    Parameters
    ----------
    name : str
        'light', 'dark' or 'page'.
    page, ink, soft, line : str
        Background, text, secondary text, and lines of the grid.
    good, bad, caution, neutral : str
        Judgements of a row.
    accepted : str
        What a margin accepts, behind the marks.
    categories : tuple of str
        Variants, control first.
    """

    name: str
    page: str
    ink: str
    soft: str
    line: str
    good: str
    bad: str
    caution: str
    neutral: str
    accepted: str
    categories: tuple[str, ...]

    @property
    def config(self) -> dict[str, Any]:
        """Vega-Lite's ``config``: every colour and font of a chart comes from here."""
        text = {"labelColor": self.soft, "titleColor": self.soft, "labelFontSize": 12}
        return {
            "background": None if self.name == "page" else self.page,
            "font": FONT,
            "view": {"stroke": None},
            "axis": text
            | {
                "domainColor": self.line,
                "gridColor": self.line,
                "gridOpacity": 0.6,
                "tickColor": self.line,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "titlePadding": 8,
                "labelLimit": 220,
            },
            "legend": text | {"title": None, "orient": "top", "symbolSize": 90},
            "range": {"category": list(self.categories)},
            "style": self._styles(),
        }

    def _styles(self) -> dict[str, dict[str, Any]]:
        line = self.categories[0]
        return {
            "zero": {"color": self.ink, "strokeWidth": 1.2},
            "limit": {"color": self.bad},
            "futility": {"color": self.caution},
            "accepted": {"color": self.accepted, "fillOpacity": 0.4},
            "band": {"color": line, "fillOpacity": 0.18},
            "classical": {"color": self.soft, "strokeWidth": 1.2},
            "line": {"color": line, "strokeWidth": 2.2},
            "dots": {"color": line, "size": 50},
            "words": {"color": self.ink, "fontSize": 12},
            **{name: {"color": getattr(self, name), "shape": SHAPES[name]} for name in SHAPES},
        }

    def css(self) -> Mapping[str, str]:
        """Return the variables by which the theme ``PAGE`` is coloured.

        Returns
        -------
        mapping
            Name of the variable to colour.
        """
        named = {name: getattr(self, name) for name in _VARIABLES}
        numbered = {f"category-{i}": colour for i, colour in enumerate(self.categories, 1)}
        return {f"--chart-{name}": colour for name, colour in (named | numbered).items()}


_VARIABLES = ("ink", "soft", "line", "good", "bad", "caution", "neutral", "accepted")

LIGHT: Final = Theme(
    name="light",
    page="#ffffff",
    ink="#1b1f24",
    soft="#4d5661",
    line="#c3cad3",
    good="#00734f",
    bad="#b03a00",
    caution="#8a5a00",
    neutral="#4d5661",
    accepted="#8fbfe0",
    # Okabe and Ito's blue, vermilion, green and purple; the last two darkened to 3 to 1.
    categories=("#0072b2", "#d55e00", "#008a65", "#b5578f", "#4d5661"),
)
DARK: Final = Theme(
    name="dark",
    page="#14171b",
    ink="#e7eaee",
    soft="#a9b3be",
    line="#4a535e",
    good="#4fd0a4",
    bad="#ff9466",
    caution="#f2c26b",
    neutral="#a9b3be",
    accepted="#2a6f9c",
    categories=("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442"),
)


def _variable(name: str) -> str:
    """Name a variable of the page, with the light colour where the page sets none."""
    return f"var(--chart-{name}, {LIGHT.css()[f'--chart-{name}']})"


PAGE: Final = Theme(
    name="page",
    page="transparent",
    categories=tuple(_variable(f"category-{i}") for i in range(1, len(LIGHT.categories) + 1)),
    **{name: _variable(name) for name in _VARIABLES},
)
"""Coloured by the page's style sheet: light, dark and print without drawing anew."""

THEMES: Final = {theme.name: theme for theme in (LIGHT, DARK, PAGE)}
