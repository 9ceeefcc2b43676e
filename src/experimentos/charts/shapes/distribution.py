"""Histogram and empirical distribution function."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, variant_colour, variant_dash


def distribution(*, unit: str, cumulative: bool) -> alt.LayerChart:
    """Draw shares of units by value, or up to each value."""
    title = f"Value of a unit ({unit})" if unit else "Value of a unit"
    shown = tips("Variant", "Values", "Share", "Units")
    if cumulative:
        steps = base().encode(
            x=alt.X("upper:Q", title=title, axis=alt.Axis(grid=False)),
            y=alt.Y("share:Q", title="Share of units up to it (%)", stack=None),
            color=variant_colour(),
        )
        return finish(
            steps.mark_line(interpolate="step-after", strokeWidth=2, aria=False).encode(
                strokeDash=variant_dash()
            ),
            steps.mark_point(filled=True, size=16, opacity=1).encode(tooltip=shown),
        )
    bars = base().encode(
        x=alt.X("lower:Q", bin="binned", title=title, axis=alt.Axis(grid=False)),
        x2="upper:Q",
        y=alt.Y("share:Q", title="Share of units (%)", stack=None),
        color=variant_colour(),
        tooltip=shown,
    )
    return finish(bars.mark_bar(fillOpacity=0.35, strokeWidth=1.4))
