"""Text and numbers of charts: plain, short, and the same for the same numbers."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256
from math import floor, isfinite, log10
from typing import Final, Protocol

from experimentos.charts import language
from experimentos.charts.language import Words

LABEL_LENGTH: Final = 48
"""Longest name beside an axis."""
LISTED: Final = 8
"""Most rows that a chart's words list."""
# Embedding, override and isolate controls turn the text around them; marks of direction do not.
_INVISIBLE: Final = {"Cc", "Cs", "Co", "Cn"}
_TURNING: Final = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"

NOT_SHOWN: Final = Words("not shown")
NO_INTERVAL: Final = Words("no interval")
NO_BOUND: Final = Words("no bound")
SPAN: Final = Words("{low} to {high}")
CHANGE: Final = Words("Change")
CHANGE_IN: Final = Words("Change ({unit})")
POINTS: Final = Words("pp")
_NONE: Final = Words("(none)")
_NO_CHART: Final = Words("No chart: {why}.")
_MORE: Final = Words("{count} more {what} in the table")
# What a chart may list.
_LISTED: Final = {
    noun: Words(noun) for noun in ("looks", "variants", "rows", "covariates", "steps")
}


class Interval(Protocol):
    """What has an estimate and limits."""

    @property
    def estimate(self) -> float | None:
        """Treatment less control."""

    @property
    def lower(self) -> float | None:
        """Lower limit."""

    @property
    def upper(self) -> float | None:
        """Upper limit."""


def cut(line: str, length: int) -> str:
    """Shorten a line to a length; a hash tells apart lines that begin alike.

    Parameters
    ----------
    line : str
        Any text.
    length : int
        Most characters to keep.

    Returns
    -------
    str
        The line itself if it is short enough.
    """
    if len(line) <= length:
        return line
    digest = sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{line[:length]}… ({digest})"


def hides(character: str) -> bool:
    """Tell whether a character is not for reading: a control, or one that turns what follows.

    Parameters
    ----------
    character : str
        One character.

    Returns
    -------
    bool
        True where it is not to be printed.
    """
    return (
        unicodedata.category(character) in _INVISIBLE
        or unicodedata.bidirectional(character) in _TURNING
    )


def label(text: str | None) -> str:
    """Make a name of data fit for a chart.

    Parameters
    ----------
    text : str or None
        Anything.

    Returns
    -------
    str
        One line of at most ``LABEL_LENGTH`` characters (and a hash) without controls. Text that
        is written from right to left keeps to itself.

    Examples
    --------
    >>> label("one_page   <b>new</b>")
    'one_page <b>new</b>'
    """
    line = cut(" ".join((text or "").split()), LABEL_LENGTH)
    line = "".join("\ufffd" if hides(character) else character for character in line)
    if any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in line):
        return f"{_FIRST_STRONG_ISOLATE}{line}{_POP_ISOLATE}"
    return line or _NONE()


def known(value: float | None) -> float | None:
    """Keep a number that can be drawn, rounded to six significant digits.

    Parameters
    ----------
    value : float or None
        Any number.

    Returns
    -------
    float or None
        None for NaN and infinity. The last bits of a parallel sum are gone.
    """
    if value is None or not isfinite(value):
        return None
    rounded = float(f"{value:.6g}")
    return rounded or 0.0


def number(value: float | None, unit: str = "") -> str:
    """Write a number with four significant digits and a typographic minus sign.

    Parameters
    ----------
    value : float or None
        Any number.
    unit : str
        What follows it.

    Returns
    -------
    str
        'not shown' for None.

    Examples
    --------
    >>> number(-12.34567, "%")
    '−12.35%'
    """
    shown = known(value)
    if shown is None:
        return NOT_SHOWN()
    size = abs(shown)
    if size and not 1e-4 <= size < 1e9:
        text = f"{size:.3e}"
    else:
        decimals = 0 if size == 0 else min(6, max(0, 3 - floor(log10(size))))
        text = f"{size:,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    shown_unit = language.digits(unit) if unit == "%" else unit
    return f"{'−' if shown < 0 else ''}{language.digits(text)}{shown_unit}"


def count(value: int | None) -> str:
    """Write a count with its thousands separated.

    Parameters
    ----------
    value : int or None
        Any count.

    Returns
    -------
    str
        'not shown' for None.
    """
    return NOT_SHOWN() if value is None else language.digits(f"{value:,}")


def signed(value: float | None, unit: str = "") -> str:
    """Write a number with its sign.

    Parameters
    ----------
    value : float or None
        Any number.
    unit : str
        What follows it.

    Returns
    -------
    str
        'not shown' for None.
    """
    text = number(value, unit)
    return f"+{text}" if value is not None and (known(value) or 0) > 0 else text


def span(row: Interval, unit: str = "") -> str:
    """Write an interval.

    Parameters
    ----------
    row : Interval
        With limits.
    unit : str
        What follows each number.

    Returns
    -------
    str
        'no interval' where there is none; a side without a limit says so.
    """
    lower, upper = known(row.lower), known(row.upper)
    if lower is None and upper is None:
        return NO_INTERVAL()
    low = NO_BOUND() if lower is None else signed(lower, unit)
    high = NO_BOUND() if upper is None else signed(upper, unit)
    return SPAN(low=low, high=high)


def change_axis(unit: str) -> str:
    """Name the axis of a change.

    Parameters
    ----------
    unit : str
        What follows its numbers.

    Returns
    -------
    str
        With the unit in brackets, where there is one.
    """
    return CHANGE_IN(unit=unit.strip()) if unit.strip() else CHANGE()


def listed(sentences: Sequence[str], what: str) -> str:
    """Join what a chart shows, at most ``LISTED`` of them.

    Parameters
    ----------
    sentences : sequence of str
        One per row, without full stops.
    what : str
        What the others are.

    Returns
    -------
    str
        Text with an end.
    """
    shown = list(sentences[:LISTED])
    if len(sentences) > LISTED:
        noun = _LISTED[what]() if what in _LISTED else what
        shown.append(_MORE(count=count(len(sentences) - LISTED), what=noun))
    return "; ".join(shown) + "."


def day(value: date) -> str:
    """Write a date as ISO 8601, for the data of a chart.

    Parameters
    ----------
    value : date
        Any date.

    Returns
    -------
    str
        Year, month and day.
    """
    return f"{value:%Y-%m-%d}"


def nothing_because(why: str) -> str:
    """Say why there is no chart.

    Parameters
    ----------
    why : str
        Part of a sentence, in the language that is spoken.

    Returns
    -------
    str
        A sentence.
    """
    return _NO_CHART(why=why)


def finite(rows: Iterable[float | None]) -> list[float]:
    """Keep the numbers that can be drawn.

    Parameters
    ----------
    rows : iterable of float or None
        Any numbers.

    Returns
    -------
    list of float
        In their order.
    """
    return [value for value in map(known, rows) if value is not None]


def distinct(texts: Iterable[str]) -> dict[str, str]:
    """Give each name a label of its own.

    Parameters
    ----------
    texts : iterable of str
        Names, which may look alike once they are made fit for a chart.

    Returns
    -------
    dict
        Name to label.

    Examples
    --------
    >>> distinct(["a", "b", "a "])
    {'a': 'a', 'b': 'b', 'a ': 'a (2)'}
    """
    labels: dict[str, str] = {}
    for text in texts:
        if text not in labels:
            plain = label(text)
            taken, number = set(labels.values()), 2
            shown = plain
            while shown in taken:
                shown, number = f"{plain} ({number})", number + 1
            labels[text] = shown
    return labels
