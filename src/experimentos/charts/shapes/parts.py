"""What the shapes share: the named data, the line at 0, axes and tips."""

from typing import Final

import altair as alt

ROWS: Final = "rows"
ONE_ROW: Final = "one row"
HEIGHT: Final = 240
DASHES: Final = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4]]
"""Dashes of the lines of variants, so that not colour alone tells them apart."""


def base() -> alt.Chart:
    """Return a chart of the rows that are put in later."""
    return alt.Chart(alt.NamedData(ROWS))


def finish(*layers: alt.Chart, height: int = HEIGHT) -> alt.LayerChart:
    """Lay charts over one another, as wide as the page lets them be."""
    return alt.LayerChart(layer=list(layers)).properties(
        width="container",
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def tips(*fields: str) -> list[alt.Tooltip]:
    """Show fields as they are when a mark is pointed at."""
    names = {"label": "About"}
    return [
        alt.Tooltip(field=field, type="nominal", title=names.get(field, field)) for field in fields
    ]


def zero_x() -> alt.Chart:
    """Draw the vertical line of no change."""
    line: alt.Chart = _once().mark_rule(style="zero", aria=False)
    return line.encode(x=alt.datum(0, type="quantitative"))


def zero_y() -> alt.Chart:
    """Draw the horizontal line of no change."""
    line: alt.Chart = _once().mark_rule(style="zero", aria=False)
    return line.encode(y=alt.datum(0, type="quantitative"))


def _once() -> alt.Chart:
    """Return a chart of one row, for what is drawn once."""
    return alt.Chart(alt.NamedData(ONE_ROW))


def day_axis(title: str) -> alt.X:
    """Return an axis of dates, in UTC wherever the page is read."""
    return alt.X(
        "day:T",
        title=title,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%b %d", grid=False, labelOverlap="greedy", tickCount=6),
    )


def variant_colour(*, legend: bool = True) -> alt.Color:
    """Return the colour of a variant; control comes first."""
    order = alt.EncodingSortField(field="position", op="min", order="ascending")
    return alt.Color("variant:N", sort=order, legend=alt.Legend() if legend else None)


def variant_dash() -> alt.StrokeDash:
    """Return the dashes of a variant's line."""
    order = alt.EncodingSortField(field="position", op="min", order="ascending")
    return alt.StrokeDash("variant:N", sort=order, scale=alt.Scale(range=DASHES), legend=None)
