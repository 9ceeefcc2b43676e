"""Effects by day and by days since exposure."""

import altair as alt

from experimentos.charts.shapes.parts import base, day_axis, finish, tips, zero_y


def by_day(*, axis: str) -> alt.LayerChart:
    """Draw the estimate in the band that holds on all days, and the classical limits in it."""
    across = day_axis("Data before")
    height = alt.Y("estimate:Q", title=axis)
    classical = [
        base()
        .mark_line(style="classical", strokeDash=[3, 3], aria=False)
        .encode(x=across, y=alt.Y(f"{side}_fixed:Q", title=axis))
        for side in ("lower", "upper")
    ]
    return finish(
        base()
        .mark_area(style="band", aria=False)
        .encode(x=across, y=alt.Y("lower:Q", title=axis), y2="upper:Q"),
        *classical,
        zero_y(),
        base().mark_line(style="line", aria=False).encode(x=across, y=height),
        base()
        .mark_point(style="dots", filled=True, opacity=1, size=26)
        .encode(x=across, y=height, tooltip=tips("Data before", "Change", "Interval")),
    )


def by_age(*, axis: str) -> alt.LayerChart:
    """Draw the estimate and its interval at each age."""
    across = alt.X(
        "age:Q",
        title="Days since exposure",
        axis=alt.Axis(grid=False, tickMinStep=1, format="d"),
        scale=alt.Scale(zero=False, nice=False, padding=14),
    )
    height = alt.Y("estimate:Q", title=axis)
    shown = tips("Days since exposure", "Change", "Interval", "Units of the variant")
    return finish(
        zero_y(),
        base()
        .mark_rule(style="line", aria=False)
        .encode(x=across, y=alt.Y("lower:Q", title=axis), y2="upper:Q"),
        base()
        .mark_line(style="classical", strokeDash=[3, 3], aria=False)
        .encode(x=across, y=height),
        base()
        .mark_point(style="dots", filled=True, opacity=1)
        .encode(x=across, y=height, tooltip=shown),
    )
