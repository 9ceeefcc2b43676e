"""Markdown of the sections to HTML.

The parser knows headings, paragraphs, lists, tables and emphasis and nothing else: no raw HTML, no
link, no image. What the sections don't escape, it cannot turn into markup.
"""

from collections.abc import Callable
from functools import lru_cache
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.tables import TableExtension
from markdown.treeprocessors import Treeprocessor

_PREPROCESSORS = ("html_block",)
_BLOCKS = ("code", "indent", "quote", "reference", "setextheader", "hr", "olist")
_INLINE = (
    "backtick",
    "reference",
    "link",
    "image_link",
    "image_reference",
    "short_reference",
    "short_image_ref",
    "autolink",
    "automail",
    "html",
)

STATES = {
    "better": "good",
    "shown non-inferior": "good",
    "healthy": "good",
    "Launch": "good",
    "worse": "bad",
    "shown worse": "bad",
    "worse than its margin": "bad",
    "blocked": "bad",
    "Roll back": "bad",
    "unverified: consider stopping": "bad",
    "warning": "caution",
    "withheld": "caution",
    "non-inferior, but worse inside the margin": "caution",
    "worse by its own interval, not after correction": "caution",
}
"""Cells with exactly these words are marked; the words alone carry the meaning."""

JUDGED = ("Reading", "Status", "Decision")
"""Columns whose cells may be marked."""


def to_html(text: str, *, translate: Callable[[str], str] | None = None) -> str:
    """Turn the Markdown of a section into HTML.

    Parameters
    ----------
    text : str
        A rendered section.
    translate : callable, optional
        Says what stands in the place of one of our texts, so that judgements are found.

    Returns
    -------
    str
        Headings, paragraphs, lists and tables. Each table can be scrolled by itself, and its
        header cells say whether they head a column or a row.
    """
    return _parser(translate or str).reset().convert(text)


@lru_cache(maxsize=8)
def _parser(translate: Callable[[str], str]) -> Markdown:
    parser = Markdown(extensions=[TableExtension(), _Accessible(translate)], output_format="html")
    for name in _PREPROCESSORS:
        parser.preprocessors.deregister(name)
    for name in _BLOCKS:
        parser.parser.blockprocessors.deregister(name)
    for name in _INLINE:
        parser.inlinePatterns.deregister(name)
    return parser


class _Accessible(Extension):
    """Registers the treatment of tables."""

    def __init__(self, translate: Callable[[str], str]) -> None:
        super().__init__()
        self.translate = translate

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 -- the library's name
        # After `inline` (20), so that a cell's words are there to read.
        md.treeprocessors.register(_Tables(md, self.translate), "accessible_tables", 15)


class _Tables(Treeprocessor):
    """Wrap tables, head rows and columns, name the alignment by class."""

    def __init__(self, md: Markdown, translate: Callable[[str], str]) -> None:
        super().__init__(md)
        self.states = {translate(words).lower(): state for words, state in STATES.items()}
        self.judged = {translate(header) for header in JUDGED}

    def run(self, root: Element) -> None:
        heading = "Table"
        for position, child in enumerate(list(root)):
            if child.tag in {"h1", "h2", "h3", "h4"}:
                heading = "".join(child.itertext())
            if child.tag == "table":
                root[position] = self._wrapped(child, heading)

    def _wrapped(self, table: Element, label: str) -> Element:
        headers = ["".join(cell.itertext()) for cell in table.iter("th")]
        for cell in table.iter("th"):
            cell.set("scope", "col")
        for row in table.iterfind("tbody/tr"):
            row[0].tag = "th"
            row[0].set("scope", "row")
            for header, cell in zip(headers, row, strict=False):
                state = self.states.get("".join(cell.itertext()).lower())
                if header in self.judged and state is not None:
                    cell.set("class", state)
        for cell in table.iter():
            if "right" in cell.attrib.pop("style", ""):
                cell.set("class", "number")
        frame = Element("div", {"class": "table", "role": "group", "tabindex": "0"})
        frame.set("aria-label", label)
        frame.append(table)
        frame.tail = "\n"
        return frame
