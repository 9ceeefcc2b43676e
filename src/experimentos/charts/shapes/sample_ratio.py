"""Shares of variants by day."""

import altair as alt

from experimentos.charts.shapes.parts import (
    base,
    day_axis,
    finish,
    tips,
    variant_colour,
    variant_dash,
    zero_y,
)


def sample_ratio() -> alt.LayerChart:
    """Draw each variant's distance from its planned share over where chance keeps it."""
    across = day_axis("Assigned up to")
    title = "Share less planned share (pp)"
    lines = base().encode(x=across, y=alt.Y("distance:Q", title=title), color=variant_colour())
    return finish(
        base()
        .mark_area(style="accepted", fillOpacity=0.14, aria=False)
        .encode(
            x=across,
            y=alt.Y("lower:Q", title=title, stack=None),
            y2="upper:Q",
            detail="variant:N",
        ),
        zero_y(),
        lines.mark_line(strokeWidth=2, aria=False).encode(strokeDash=variant_dash()),
        lines.mark_point(filled=True, size=30, opacity=1).encode(
            tooltip=tips("Variant", "Up to", "Share", "Planned", "Units")
        ),
        height=200,
    )
