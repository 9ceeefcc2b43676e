"""How each kind of chart is drawn, with Altair: shapes without rows and without colours.

A shape is made once for its options. Its rows are put in later and its colours come from a
theme's ``config``, so a thousand memos cost nine drawings. Imported when a chart is first drawn.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import altair as alt

from experimentos.charts.shapes.course import by_age, by_day
from experimentos.charts.shapes.distribution import distribution
from experimentos.charts.shapes.forest import balance, forest
from experimentos.charts.shapes.funnel import funnel
from experimentos.charts.shapes.looks import boundary
from experimentos.charts.shapes.parts import ROWS
from experimentos.charts.shapes.posterior import posterior
from experimentos.charts.shapes.sample_ratio import sample_ratio

Option = str | int | bool

SHAPES: Final[dict[str, Callable[..., alt.LayerChart]]] = {
    "balance": balance,
    "boundary": boundary,
    "by_age": by_age,
    "by_day": by_day,
    "distribution": distribution,
    "forest": forest,
    "funnel": funnel,
    "posterior": posterior,
    "sample_ratio": sample_ratio,
}
"""Kinds of charts and what draws them."""

_LEFT_OUT = ("$schema", "config", "data", "datasets")


@lru_cache(maxsize=256)
def shape(kind: str, options: tuple[tuple[str, Option], ...]) -> dict[str, Any]:
    """Return the drawing of a kind of chart, without data and colours.

    Parameters
    ----------
    kind : str
        Key of ``SHAPES``.
    options : tuple of (str, value)
        Arguments of its function.

    Returns
    -------
    dict
        Vega-Lite; not to be changed, it is shared.
    """
    # Tests validate every shape; doing it again in each process costs as much as the drawing.
    drawn = SHAPES[kind](**dict(options)).to_dict(validate=False)
    layers = []
    for layer in drawn["layer"]:
        # A layer without data reads the rows of the whole chart.
        data = layer.pop("data", {"name": ROWS})
        layers.append(layer if data["name"] == ROWS else {**layer, "data": {"values": [{}]}})
    kept = {name: part for name, part in drawn.items() if name not in _LEFT_OUT}
    return {**kept, "layer": layers}
