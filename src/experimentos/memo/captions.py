"""What the lines, bands and marks of a figure mean, in a sentence above its charts."""

from collections.abc import Sequence
from typing import Final

from experimentos.charts import Chart
from experimentos.charts.language import Words

CAPTIONS: Final = {
    "forest": Words("Lines are the intervals of the relative change to control."),
    "by_age": Words("Lines are classical intervals, each for its day alone."),
    "posterior": Words(
        "The higher the curve, the more probable the change. The vertical line is no change."
    ),
    "sample_ratio": Words(
        "Each variant's share of the units so far, less the share that was planned. The band is "
        "where chance keeps 999 of 1,000 experiments on one day."
    ),
    "balance": Words(
        "Difference of variant and control before exposure, in standard deviations. Chance alone "
        "stays inside the band 19 times of 20."
    ),
}
"""Kind of chart to what it needs to be read."""
MARGINS: Final = Words(
    "Lines are the intervals of the relative change to control; what a margin accepts is shaded, "
    "up to the mark."
)
NAMES: Final = {
    "overview": Words("Overview"),
    "success": Words("Effects on success metrics"),
    "guardrails": Words("Guardrails"),
    "exploratory": Words("Exploratory metrics"),
    "monitoring": Words("Monitoring"),
    "by_day": Words("Effect by day"),
    "by_age": Words("Days since exposure"),
    "segments": Words("Segments"),
    "posteriors": Words("Posterior probabilities"),
    "sample_ratio": Words("Shares by day"),
    "distributions": Words("Distributions"),
    "exclusions": Words("From assignment rows to analysed units"),
    "balance": Words("Balance before exposure"),
}
"""Figures by name."""


def caption(charts: Sequence[Chart]) -> str:
    """Say how the charts of a figure are read.

    Parameters
    ----------
    charts : sequence of Chart
        Of one figure.

    Returns
    -------
    str
        Empty where nothing is drawn, or nothing needs to be said.
    """
    drawn = next((chart for chart in charts if not chart.is_empty), None)
    if drawn is None:
        return ""
    if drawn.kind == "forest" and drawn.options.get("margins"):
        return MARGINS()
    return CAPTIONS[drawn.kind]() if drawn.kind in CAPTIONS else ""


def figure_name(figure: str, about: str) -> str:
    """Name a picture.

    Parameters
    ----------
    figure : str
        Name of its figure in templates.
    about : str
        What its panel is about, empty where there is one panel.

    Returns
    -------
    str
        In the language that is spoken.
    """
    name = NAMES[figure]() if figure in NAMES else figure.replace("_", " ")
    return f"{name}: {about}" if about else name
