"""Histogram and empirical distribution function."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, variant_colour, variant_dash


def distribution(*, unit: str, cumulative: bool, without_zero: bool) -> alt.LayerChart:
    """Draw shares of units by bin, or up to each bin."""
    across = alt.X(
        "bin:N",
        title=f"Value of a unit ({unit})" if unit else "Value of a unit",
        sort=alt.EncodingSortField(field="place", op="min", order="ascending"),
        axis=alt.Axis(
            grid=False, labelAngle=0, labelOverlap="greedy", labelSeparation=12, labelBound=True
        ),
        scale=alt.Scale(type="band", paddingInner=0, paddingOuter=0.2),
    )
    shown = tips("Variant", "Values", "Share", "Units")
    rows = base()
    if cumulative:
        title = "Share of units up to it (%)"
        height = alt.Y("share:Q", title=title, stack=None, scale=alt.Scale(zero=False))
    else:
        title = "Share of units (%)" + (", without zeros" if without_zero else "")
        height = alt.Y("share:Q", title=title, stack=None)
        # Bars over bars mix their colours: those of control stand behind the lines of the others.
        rows = base().transform_filter("datum.position > 0")
    lines = rows.encode(x=across, y=height, color=variant_colour())
    layers = [
        lines.mark_line(interpolate="step", strokeWidth=2, aria=False).encode(
            strokeDash=variant_dash()
        ),
        lines.mark_point(filled=True, size=16, opacity=1).encode(tooltip=shown),
    ]
    if not cumulative:
        control = base().transform_filter("datum.position == 0")
        bars = control.encode(x=across, y=height, color=variant_colour(), tooltip=shown)
        layers.insert(0, bars.mark_bar(fillOpacity=0.35, binSpacing=0))
    return finish(*layers)
