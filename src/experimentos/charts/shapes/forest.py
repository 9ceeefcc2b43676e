"""Forest plot, and the balance plot, which is one without intervals."""

import altair as alt

from experimentos.charts.shapes.parts import base, finish, tips, zero_x


def _rows() -> alt.Y:
    """Return the axis of names, in the order of the rows."""
    return alt.Y(
        "label:N",
        title=None,
        sort=alt.EncodingSortField(field="row", op="min", order="ascending"),
        axis=alt.Axis(grid=False, ticks=False, domain=False, labelPadding=10, labelLimit=210),
        scale=alt.Scale(paddingInner=0.35, paddingOuter=0.25),
    )


def forest(*, axis: str, margins: bool, states: str) -> alt.LayerChart:
    """Draw intervals with their estimates over what the margins accept."""
    across = alt.X("lower:Q", title=axis, axis=alt.Axis(tickCount=6))
    shown = ["label", "Change", "Interval", *(["Margin"] if margins else []), "Reading"]
    layers = [zero_x()]
    if margins:
        with_margin = base().transform_filter("isValid(datum.margin)")
        layers += [
            with_margin.mark_bar(style="accepted", aria=False).encode(
                y=_rows(), x=alt.X("zero:Q", title=axis), x2="margin:Q"
            ),
            with_margin.mark_tick(style="limit", thickness=3, aria=False).encode(
                y=_rows(), x=alt.X("margin:Q", title=axis)
            ),
        ]
    for state in states.split():
        judged = base().transform_filter(f"datum.state == '{state}'")
        layers += [
            judged.mark_rule(style=state, strokeWidth=2.2, aria=False).encode(
                y=_rows(), x=across, x2="upper:Q"
            ),
            judged.mark_point(style=state, size=90, filled=True, opacity=1).encode(
                y=_rows(), x=alt.X("estimate:Q", title=axis), tooltip=tips(*shown)
            ),
        ]
    return finish(*layers)


def balance() -> alt.LayerChart:
    """Draw standardised differences over what chance does."""
    title = "Standardised difference before exposure"
    chance = base().transform_filter("isValid(datum.chance)")
    return finish(
        chance.mark_bar(style="accepted", aria=False).encode(
            y=_rows(),
            x=alt.X("chance_low:Q", title=title, axis=alt.Axis(tickCount=5)),
            x2="chance:Q",
        ),
        zero_x(),
        base()
        .mark_point(style="neutral", size=90, filled=True, opacity=1)
        .encode(
            y=_rows(),
            x=alt.X("difference:Q", title=title),
            tooltip=tips("label", "Standardised difference", "By chance in 19 of 20 up to"),
        ),
    )
