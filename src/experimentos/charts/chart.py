"""A chart: what it says in words, the rows it draws, and how it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from experimentos.charts.language import locales, spoken
from experimentos.charts.theme import LIGHT, Theme
from experimentos.charts.titles import title, titled

WIDTH = 640
"""Width of a chart that doesn't fit itself to a page, in pixels."""

Values = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Chart:
    """A chart of Vega-Lite, or the reason why there is none.

    Parameters
    ----------
    kind : str
        Module of ``charts.shapes`` that draws it.
    values : tuple of dict
        Rows of its data; numbers have at most six significant digits.
    text : str
        What it shows, in words made from the numbers; or why nothing is drawn.
    theme : Theme
        Its colours.
    options : mapping
        Arguments of the shape: texts of ours, never text of data.
    height : int or None
        Pixels, where it hangs on the number of rows.
    """

    kind: str
    values: Values
    text: str
    theme: Theme = LIGHT
    options: Mapping[str, str | int | bool] = field(default_factory=dict)
    height: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be drawn; ``text`` says why."""
        return not self.values

    @property
    def shape(self) -> dict[str, Any]:
        """The chart without colours: ``config`` is the page's. Empty where nothing is drawn."""
        if self.is_empty:
            return {}
        # Altair takes half a second to import: only what draws a chart pays for it.
        drawn = import_module("experimentos.charts.shapes").shape(
            self.kind, tuple(sorted(self.options.items()))
        )
        height = {} if self.height is None else {"height": self.height}
        return {
            **titled(drawn),
            **height,
            "description": self.text,
            "data": {"values": list(self.values)},
        }

    @property
    def spec(self) -> dict[str, Any]:
        """The whole specification with the theme's colours. Empty where nothing is drawn."""
        return {**self.shape, "config": self.theme.config} if self.values else {}

    @property
    def table(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Names of columns and rows of texts: the numbers behind the chart, for reading."""
        names = [name for name in _named(self.values) if name[0].isupper() or name == "label"]
        names.sort(key=lambda name: name != "label")
        rows = dict.fromkeys(
            tuple(str(value.get(name, "")) for name in names) for value in self.values
        )
        return tuple(title("About" if name == "label" else name) for name in names), tuple(rows)

    def svg(self, width: int = WIDTH) -> str:
        """Draw the chart as an image that needs nothing else.

        Parameters
        ----------
        width : int
            Pixels.

        Returns
        -------
        str
            SVG, the same for the same rows; empty where nothing is drawn.
        """
        if self.is_empty:
            return ""
        drawn: str = import_module("experimentos.charts.shapes").svg(
            {**self.spec, "width": width}, **locales(spoken().formats)
        )
        return drawn


def _named(values: Values) -> dict[str, None]:
    """Names of all columns, in the order they come."""
    return dict.fromkeys(name for value in values for name in value)


def nothing(why: str, theme: Theme) -> Chart:
    """Return the chart of data that cannot be drawn.

    Parameters
    ----------
    why : str
        A sentence.
    theme : Theme
        As asked for.

    Returns
    -------
    Chart
        Empty.
    """
    return Chart("nothing", (), why, theme)
