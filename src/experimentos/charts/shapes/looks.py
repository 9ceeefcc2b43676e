"""Boundary chart."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, zero_y


def boundary(*, futility: bool) -> alt.LayerChart:
    """Draw the statistic's path and the boundaries it met."""
    across = alt.X(
        "fraction:Q",
        title="Share of the planned information",
        scale=alt.Scale(domain=[0, 1.04], nice=False),
        axis=alt.Axis(format="%", grid=False, values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
    )
    title = "Statistic (z), towards the goal"
    layers = [zero_y(), *_limit("boundary", "limit", across, title)]
    if futility:
        layers += _limit("futility", "futility", across, title)
    path = base().encode(x=across, y=alt.Y("statistic:Q", title=title))
    layers += [
        path.mark_line(style="line", aria=False),
        path.mark_point(style="dots", filled=True, opacity=1).encode(
            tooltip=tips("Look", "Share of the plan", "Statistic", "Boundary")
        ),
        _named("statistic", "statistic", across, title),
    ]
    return finish(*layers)


def _limit(field: str, style: str, across: alt.X, title: str) -> list[alt.Chart]:
    known = base().transform_filter(f"isValid(datum.{field})")
    limit = known.encode(x=across, y=alt.Y(f"{field}:Q", title=title))
    return [
        limit.mark_line(style=style, strokeDash=[6, 3], aria=False),
        limit.mark_point(style=style, shape="stroke", size=260, strokeWidth=3, aria=False),
        _named(field, field, across, title),
    ]


def _named(field: str, text: str, across: alt.X, title: str) -> alt.Chart:
    """Write beside its last point what a line is."""
    last = base().transform_filter(f"datum.is_last && isValid(datum.{field})")
    words: alt.Chart = last.mark_text(style="words", align="right", dx=-8, dy=-12, aria=False)
    return words.encode(x=across, y=alt.Y(f"{field}:Q", title=title), text=alt.value(text))
