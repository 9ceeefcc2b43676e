"""A whole translation that no word of ours survives: every Latin letter becomes a Cyrillic one."""

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from html.parser import HTMLParser

from experimentos.memo import templates

LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = "абцдефгхийклмнопярстувшжыз"
OTHER = str.maketrans(LATIN + LATIN.upper(), CYRILLIC + CYRILLIC.upper())
_PLACE = re.compile(r"(\{\w+\})")
_WORD = re.compile(r"[A-Za-z]{2,}")
READ = {"aria-label", "alt", "title", "placeholder"}
NAMES = {
    "experiment_id", "label", "owner", "owner_email", "hypothesis", "file", "definitions_hash",
    "definition_problems", "metric", "variant", "segment", "segment_value", "model", "value",
    "where_clause", "denominator", "part", "old_value", "new_value", "control", "description",
}  # fmt: skip
"""Columns whose texts are a project's own: names, expressions and what it wrote."""
COMMON = {"UTC"}
"""What no language changes."""


def foreign(text: str) -> str:
    """Translate a text, but not its places."""
    return "".join(
        part if part.startswith("{") else part.translate(OTHER) for part in _PLACE.split(text)
    )


def texts() -> dict[str, str]:
    """Every text of ours, and what stands in its place."""
    return {text: foreign(text) for text in templates().all_texts()}


def names(marts: dict[str, list[dict[str, object]]]) -> set[str]:
    """Words that come from data, and may be shown."""
    values = (
        str(value)
        for rows in marts.values()
        for row in rows
        for column, value in row.items()
        if column in NAMES
    )
    return {word for value in values for word in _WORD.findall(value)} | COMMON


def leaks(texts: Iterable[str], allowed: set[str]) -> list[str]:
    """Words of Latin letters that are no data."""
    shown = map(unescape, texts)
    found = (
        f"{word} in {text[max(0, match.start() - 40) : match.end() + 40]!r}"
        for text in shown
        for match in _WORD.finditer(text)
        if (word := match[0]) not in allowed
    )
    return list(dict.fromkeys(found))


class Page(HTMLParser):
    """Texts and attributes of a page that somebody reads, and what its scripts draw."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside = ""
        self.data: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.texts += [value for name, value in attrs if name in READ and value]
        if tag == "script" and ("type", "application/json") in attrs:
            self.inside = "data"

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "data":
            self.data.append(data)
        elif self.inside not in {"style", "script"}:
            self.texts.append(data)


def drawn(html: str) -> Iterator[str]:
    """Texts that the charts of a page show: titles, words, and columns that tips show."""
    for content in Page(html).data:
        for chart in json.loads(content).get("charts", []):
            yield from titles({name: part for name, part in chart.items() if name != "data"})
            for row in chart["data"]["values"]:
                shown = (str(row[name]) for name in row if name[0].isupper() or name == "label")
                yield from shown


def titles(part: object, key: str = "") -> Iterator[str]:
    """Texts of a drawing that are not of its rows."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from titles(inner, f"{key}.{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from titles(inner, key)
    elif isinstance(part, str) and key.endswith((".title", ".text.value")):
        yield part
