"""Boundary chart."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, zero_y


def boundary(*, futility: bool, planned: bool) -> alt.LayerChart:
    """Draw the statistic's path and the boundaries it met, and dashed those that are to come."""
    across = alt.X(
        "fraction:Q",
        title="Share of the planned information",
        scale=alt.Scale(domain=[0, 1.04], nice=False),
        axis=alt.Axis(format="%", grid=False, values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
    )
    title = "Statistic (z), towards the goal"
    met = "!datum.is_planned"
    layers = [zero_y(), *_limit("boundary", "limit", across, title, met)]
    if planned:
        layers.append(
            _known("boundary", "datum.is_planned || datum.is_last")
            .mark_line(style="limit", strokeDash=[6, 4], aria=False)
            .encode(x=across, y=alt.Y("boundary:Q", title=title))
        )
        layers.append(
            _known("boundary", "datum.is_planned")
            .mark_point(style="limit", shape="stroke", size=260, strokeWidth=1.5)
            .encode(
                x=across,
                y=alt.Y("boundary:Q", title=title),
                tooltip=tips("Look", "Share of the plan", "Boundary"),
            )
        )
    layers.append(_named("boundary", "is_end", across, title, below=True))
    if futility:
        layers += _limit("futility", "futility", across, title, met)
        layers.append(_named("futility", "is_last", across, title, below=False))
    path = _known("statistic", met).encode(x=across, y=alt.Y("statistic:Q", title=title))
    layers += [
        path.mark_line(style="line", aria=False),
        path.mark_point(style="dots", filled=True, opacity=1).encode(
            tooltip=tips("Look", "Share of the plan", "Statistic", "Boundary")
        ),
        _named("statistic", "is_last", across, title, below=False),
    ]
    return finish(*layers)


def _known(field: str, condition: str) -> alt.Chart:
    """Return a chart of the rows in which a field has a number."""
    return base().transform_filter(f"isValid(datum.{field}) && ({condition})")


def _limit(field: str, style: str, across: alt.X, title: str, condition: str) -> list[alt.Chart]:
    limit = _known(field, condition).encode(x=across, y=alt.Y(f"{field}:Q", title=title))
    return [
        limit.mark_line(style=style, aria=False),
        limit.mark_point(style=style, shape="stroke", size=260, strokeWidth=3, aria=False),
    ]


def _named(field: str, place: str, across: alt.X, title: str, *, below: bool) -> alt.Chart:
    """Write beside the point that a flag marks what its line is, inside the axes."""
    is_early = "datum.fraction < 0.3"
    words = _known(field, f"datum.{place}").mark_text(
        style="words",
        align=alt.ExprRef(f"{is_early} ? 'left' : 'right'"),
        dx=alt.ExprRef(f"{is_early} ? 8 : -8"),
        dy=16 if below else -12,
        aria=False,
    )
    height = alt.Y(f"{field}:Q", title=title)
    drawn: alt.Chart = words.encode(x=across, y=height, text=alt.value(field))
    return drawn
