"""Funnel of assignment rows."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, variant_colour

HEIGHT = 14
"""Of a bar, in pixels."""


def funnel(*, has_losses: bool, has_variants: bool) -> alt.LayerChart:
    """Draw the steps under one another, each with its words over its bar."""
    down = alt.Y("row:O", title=None, axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0.05))
    # the words have the numbers
    across = alt.X("start:Q", axis=None, scale=alt.Scale(nice=False))
    shown = tips("Step", "Rows", "Share of all rows", "Units")
    layers = []
    if has_losses:
        # what is left, behind what goes
        rest = _of("lost").mark_bar(style="accepted", aria=False, yOffset=8, height=HEIGHT)
        layers.append(rest.encode(y=down, x=alt.X("zero:Q", axis=None), x2="start:Q"))
    # A layer without rows would be a mark without a name.
    styles = {"all": "neutral", "lost": "limit", "left": "line"}
    for kind, style in styles.items():
        if kind != "lost" or has_losses:
            drawn = _of(kind).encode(y=down, x=across, x2="end:Q", tooltip=shown)
            layers.append(drawn.mark_bar(style=style, yOffset=8, height=HEIGHT))
    if has_losses:
        # a loss too small for a bar
        tick = _of("lost").mark_tick(
            style="limit", thickness=2, aria=False, yOffset=8, height=HEIGHT
        )
        layers.append(tick.encode(y=down, x=across))
    if has_variants:
        parts = _of("variant").mark_bar(yOffset=8, height=HEIGHT)
        colour = variant_colour(legend=False)
        layers.append(parts.encode(y=down, x=across, x2="end:Q", tooltip=shown, color=colour))
    words = base().mark_text(
        style="words", align="left", baseline="middle", dy=-10, limit=alt.ExprRef("width"),
        aria=False,
    )  # fmt: skip
    layers.append(words.encode(y=down, x=alt.value(0), text="words:N"))
    return finish(*layers)


def _of(kind: str) -> alt.Chart:
    return base().transform_filter(f"datum.kind == '{kind}'")
