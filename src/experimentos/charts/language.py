"""The language of what is shown: a project's words in the place of ours, its digits and dates.

Every text of ours that Python puts together is a `Words`: a sentence with places for its values, so
that a translation may order them as its language does. Text of data is never looked up.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

_PLACE = re.compile(r"\{(\w+)\}")
_SIGN = re.compile("[.,%]")


@dataclass(frozen=True, slots=True)
class Formats:
    """How numbers and dates are written.

    Parameters
    ----------
    decimal, thousands : str
        What stands before decimals, and between thousands.
    percent : str
        What follows a percentage.
    date, time : str
        As ``strftime`` has them; times are UTC.
    axis_date : str
        A day on an axis, as D3 has it.
    months : tuple of str
        Their short names, from January on; empty for the English ones.
    """

    decimal: str = "."
    thousands: str = ","
    percent: str = "%"
    date: str = "%Y-%m-%d"
    time: str = "%Y-%m-%d %H:%M UTC"
    axis_date: str = "%b %d"
    months: tuple[str, ...] = ()


@dataclass(frozen=True)
class Language:
    """A language.

    Parameters
    ----------
    name : str
        As HTML names it.
    texts : mapping
        Our texts to what is shown in their place.
    formats : Formats
        Of numbers and dates.
    """

    name: str = "en"
    texts: Mapping[str, str] = field(default_factory=dict)
    formats: Formats = field(default_factory=Formats)


ENGLISH: Final = Language()
_spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


class Words(str):
    """A text of ours, with the places of its values in braces.

    Examples
    --------
    >>> Words("{low} to {high}")(low="1", high="2")
    '1 to 2'
    """

    __slots__ = ()
    known: ClassVar[set[str]] = set()

    def __new__(cls, text: str) -> Self:
        """Make the text, and remember that there is such."""
        cls.known.add(text)
        return super().__new__(cls, text)

    def __call__(self, **values: str) -> str:
        """Return the text in the language that is spoken, with values in its places."""
        return filled(spoken().texts.get(self, self), values)

    @property
    def is_translated(self) -> bool:
        """Whether the project has put another text in its place."""
        return self in spoken().texts


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in the places of a text.

    Parameters
    ----------
    text : str
        With names in braces.
    values : mapping
        Name to value, which is put in as it is.

    Returns
    -------
    str
        A name without a value stays.
    """
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def places(text: str) -> list[str]:
    """Name the places of a text.

    Parameters
    ----------
    text : str
        With names in braces.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    return sorted(_PLACE.findall(text))


def spoken() -> Language:
    """Return the language that is spoken here and now.

    Returns
    -------
    Language
        English unless within ``speaking``.
    """
    return _spoken.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language.

    Parameters
    ----------
    language : Language
        What texts, numbers and dates are written in.

    Yields
    ------
    None
        Until the end of the block.
    """
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def digits(text: str) -> str:
    """Write digits as the language does.

    Parameters
    ----------
    text : str
        A number in English, and no words.

    Returns
    -------
    str
        With the language's own signs.

    Examples
    --------
    >>> with speaking(Language(formats=Formats(decimal=",", thousands=".", percent=" %"))):
    ...     digits("1,234.5%")
    '1.234,5 %'
    """
    formats = spoken().formats
    if formats is ENGLISH.formats:
        return text
    signs = {".": formats.decimal, ",": formats.thousands, "%": formats.percent}
    return _SIGN.sub(lambda match: signs[match[0]], text)


def day(value: date) -> str:
    """Write a date as the language does; a time only where it is not midnight.

    Parameters
    ----------
    value : date
        Any date, or a time in UTC.

    Returns
    -------
    str
        Text.
    """
    formats = spoken().formats
    is_whole = not isinstance(value, datetime) or value.time() == datetime.min.time()
    return value.strftime(formats.date if is_whole else formats.time)


@lru_cache(maxsize=8)
def locales(formats: Formats) -> dict[str, dict[str, Any]]:
    """Return the formats as D3 takes them, which writes the numbers and dates of axes.

    Parameters
    ----------
    formats : Formats
        Of a language.

    Returns
    -------
    dict
        ``formatLocale`` and ``timeFormatLocale``; empty for English.
    """
    if formats == ENGLISH.formats:
        return {}
    number = {
        "decimal": formats.decimal,
        "thousands": formats.thousands,
        "grouping": [3],
        "currency": ["", ""],
        "percent": formats.percent,
    }
    found: dict[str, dict[str, Any]] = {"formatLocale": number}
    if formats.months:
        # Axes show days and months only.
        weekdays = [str(number) for number in range(7)]
        found["timeFormatLocale"] = {
            "dateTime": formats.time,
            "date": formats.date,
            "time": "%H:%M",
            "periods": ["", ""],
            "days": weekdays,
            "shortDays": weekdays,
            "months": list(formats.months),
            "shortMonths": list(formats.months),
        }
    return found
