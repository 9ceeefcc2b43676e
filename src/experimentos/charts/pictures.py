"""Charts as pictures, by vl-convert. Imported when a picture is first drawn."""

import re
from typing import Any

import vl_convert as vlc

_COUNTED = re.compile(r"(clip|gradient_|pattern_)\d+")


def svg(
    spec: dict[str, Any],
    *,
    formatLocale: dict[str, Any] | None = None,  # noqa: N803 -- Vega's name
    timeFormatLocale: dict[str, Any] | None = None,  # noqa: N803
) -> str:
    """Draw a specification as SVG.

    Parameters
    ----------
    spec : dict
        Vega-Lite with a width in pixels.
    formatLocale, timeFormatLocale : dict, optional
        How axes write numbers and dates, as D3 has it; default in English.

    Returns
    -------
    str
        The same for the same specification: Vega numbers its clips over all drawings of a
        process, so they are numbered anew.
    """
    drawn: str = vlc.vegalite_to_svg(
        spec, format_locale=formatLocale, time_format_locale=timeFormatLocale
    )
    numbers: dict[str, str] = {}

    def renumber(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"{match[1]}{len(numbers)}")

    return _COUNTED.sub(renumber, drawn)
