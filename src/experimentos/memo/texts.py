"""A project's ``texts.yml``: its language, its texts in the place of ours, its formats."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

from experimentos.charts.language import ENGLISH, Formats, Language, places
from experimentos.errors import ArgumentError

TEXTS: Final = "texts.yml"
_KEYS: Final = ("language", "texts", "formats")
# The months that axes show come with the language.
_FORMATS: Final = tuple(part.name for part in fields(Formats) if part.name != "months")


def read_language(folder: Path | None) -> Language:
    """Read the language of a folder of templates.

    Parameters
    ----------
    folder : Path or None
        With or without ``texts.yml``.

    Returns
    -------
    Language
        English where nothing else is said.

    Raises
    ------
    ArgumentError
        If the file is not of the form that it must have.
    """
    path = None if folder is None else folder / TEXTS
    if path is None or not path.is_file():
        return ENGLISH
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        msg = f"{path} must be YAML: {error}"
        raise ArgumentError(msg) from None
    parts = [content.get(key, {}) for key in _KEYS[1:]] if isinstance(content, dict) else [None]
    if not all(isinstance(part, dict) for part in parts) or set(content) - set(_KEYS):
        msg = (
            f"{path} must have the keys `language`, and `texts` and `formats`, which are "
            f"mappings, got {content!r:.200}"
        )
        raise ArgumentError(msg)
    texts, formats = parts
    name = str(content.get("language", ENGLISH.name))
    shown = {" ".join(str(key).split()): str(value) for key, value in texts.items()}
    return Language(name, shown, replace(formats_of(name), **_checked(path, formats)))


def _checked(path: Path, formats: Mapping[str, Any]) -> dict[str, Any]:
    wrong = [
        f"{key}: {value!r}"
        for key, value in formats.items()
        if key not in _FORMATS or not isinstance(value, str)
    ]
    if wrong:
        msg = (
            f"`formats` in {path} must be texts named {', '.join(_FORMATS)}, got {', '.join(wrong)}"
        )
        raise ArgumentError(msg)
    return dict(formats)


def formats_of(name: str) -> Formats:
    """Return how a language writes numbers and dates, by Unicode's CLDR.

    Parameters
    ----------
    name : str
        As HTML names it, such as ``de`` or ``pt-BR``.

    Returns
    -------
    Formats
        The English ones, with dates of ISO 8601, for English and what CLDR does not know.
    """
    if name.partition("-")[0].lower() == ENGLISH.name:
        return ENGLISH.formats
    # Only what isn't written in English pays for reading the tables of a language.
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415

    try:
        locale = Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError):
        return ENGLISH.formats
    signs = locale.number_symbols.get("latn", {})
    date = _pattern(locale.datetime_skeletons["yMd"].pattern)
    months = locale.months["format"]["abbreviated"]
    return Formats(
        decimal=signs.get("decimal", "."),
        thousands=signs.get("group", ","),
        percent=locale.percent_formats[None].suffix[0],
        date=date,
        time=f"{date} %H:%M UTC",
        axis_date=_pattern(locale.datetime_skeletons["MMMd"].pattern, months=True),
        months=tuple(months[number] for number in range(1, 13)),
    )


def _pattern(pattern: str, *, months: bool = False) -> str:
    """Turn a pattern of CLDR for numbers of days, months and years into one of ``strftime``."""
    signs = {"y": "%Y", "d": "%-d" if months else "%d", "M": "%b" if months else "%m", "L": "%b"}
    shown, last, is_quoted = "", "", False
    for sign in pattern:
        if sign == "'":
            is_quoted = not is_quoted
        elif is_quoted or sign not in signs:
            shown += sign.replace("%", "%%")
        elif sign != last:
            shown += signs[sign]
        last = sign
    return shown


def check_texts(language: Language, known: Iterable[str], path: Path) -> None:
    """Raise if texts stand for none of ours, or have other places than those they stand for.

    Parameters
    ----------
    language : Language
        Of a project.
    known : iterable of str
        Our texts.
    path : Path
        Where the project's stand.

    Raises
    ------
    ArgumentError
        With all of them, and the nearest text of each that is not known.
    """
    ours = set(known)
    problems = []
    for text, other in language.texts.items():
        if text not in ours:
            near = get_close_matches(text, ours, n=1)
            problems.append(f"{text!r}" + (f" (nearest: {near[0]!r})" if near else ""))
        elif set(places(text)) != set(places(other)):
            problems.append(
                f"{other!r} for {text!r} (places: {', '.join(sorted(set(places(text)))) or 'none'})"
            )
    if problems:
        msg = (
            f"{path} must name texts of the templates, with the same places in braces, got "
            f"{', '.join(problems)}. `experimentos memo --texts` lists them."
        )
        raise ArgumentError(msg)
