"""What stands at axes, in tips and above the numbers of charts, in the language that is spoken.

The drawings of ``shapes`` are shared by all languages; their titles are put in when one is used.
"""

from typing import Any, Final

from experimentos.charts.language import Words, spoken

TITLES: Final = {
    text: Words(text)
    for text in (
        "About", "Assigned up to", "Boundary", "By chance in 19 of 20 up to", "Change",
        "Credible interval", "Data before", "Days since exposure", "Interval", "Look", "Margin",
        "Planned", "Probability to be better", "Reading", "Share", "Share less planned share (pp)",
        "Share of the plan", "Share of the planned information", "Share of units (%)",
        "Share of units up to it (%)", "Standardised difference",
        "Standardised difference before exposure", "Statistic", "Statistic (z), towards the goal",
        "Units", "Units of the variant", "Up to", "Value of a unit", "Values", "Variant",
        "Step", "Rows", "Share of all rows",
        "Share of units (%), without zeros",
        "boundary", "futility", "statistic",
    )
}  # fmt: skip
"""Titles that the drawings have; what is drawn names its rows by them too."""


def title(text: str) -> str:
    """Return a title in the language that is spoken.

    Parameters
    ----------
    text : str
        Key of ``TITLES``, or a text that is in that language already.

    Returns
    -------
    str
        The same text where it is not one of ours.
    """
    return TITLES[text]() if text in TITLES else text


def titled(drawing: dict[str, Any]) -> dict[str, Any]:
    """Put titles, and the form of days on an axis, into a drawing.

    Parameters
    ----------
    drawing : dict
        Vega-Lite, as drawn.

    Returns
    -------
    dict
        The drawing itself where English is spoken, else another one.
    """
    return drawing if spoken().name == "en" and not spoken().texts else _put(drawing, "")


def _put(part: Any, key: str) -> Any:  # noqa: ANN401 -- whatever Vega-Lite holds
    if isinstance(part, dict):
        return {name: _put(inner, f"{key}.{name}") for name, inner in part.items()}
    if isinstance(part, list):
        return [_put(inner, key) for inner in part]
    if not isinstance(part, str):
        return part
    if key.endswith(".axis.format") and "%b" in part:
        return spoken().formats.axis_date
    return title(part) if key.endswith((".title", ".text.value")) else part
