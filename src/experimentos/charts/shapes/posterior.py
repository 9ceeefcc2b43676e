"""Posterior densities."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, variant_colour, zero_x


def posterior(*, axis: str, several: bool) -> alt.LayerChart:
    """Draw the density of each treatment's effect."""
    densities = base().encode(
        x=alt.X("effect:Q", title=axis, axis=alt.Axis(grid=False, tickCount=6)),
        y=alt.Y("density:Q", title=None, axis=None, stack=None),
        color=variant_colour(legend=several),
        tooltip=tips("Variant", "Credible interval", "Probability to be better"),
    )
    return finish(
        densities.mark_area(fillOpacity=0.2, aria=False),
        densities.mark_line(strokeWidth=2, aria=False),
        zero_x(),
        height=180,
    )
