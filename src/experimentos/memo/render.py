"""Memos to Markdown and HTML through the section templates under ``reports/``."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from experimentos.errors import ArgumentError
from experimentos.memo.escaping import finalize
from experimentos.memo.filters import FILTERS
from experimentos.memo.html import to_html
from experimentos.memo.report import Memo
from experimentos.resources import bundle_path

_SECTION = re.compile(r"sections/(\d+)_(\w+)\.md\.j2")
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_NO_NAVIGATION = Markup()
_PLAIN_ID = re.compile(r"[a-z0-9_][a-z0-9_-]{0,99}")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def render_markdown(memo: Memo) -> str:
    """Render a memo as Markdown.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.

    Returns
    -------
    str
        GitHub-flavoured Markdown without raw HTML, ending in a newline.
    """
    template = _environment().get_template("memo.md.j2")
    bodies = [body for _, body in render_sections(memo)]
    return tidy(template.render(memo=memo, sections=[Markup(body) for body in bodies]))  # noqa: S704


def render_html(memo: Memo, *, navigation: Markup = _NO_NAVIGATION) -> str:
    """Render a memo as one HTML page that needs nothing else.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    navigation : Markup
        Put before the title: links to other pages of a site, escaped already.

    Returns
    -------
    str
        The page: its own style sheet, no script, nothing loaded from elsewhere.
    """
    template = _environment().get_template("memo.html.j2")
    sections = [_page_section(name, body) for name, body in render_sections(memo)]
    return template.render(
        memo=memo, sections=sections, stylesheet=_stylesheet(), navigation=navigation
    )


def render_sections(memo: Memo) -> tuple[tuple[str, str], ...]:
    """Render each section as Markdown.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.

    Returns
    -------
    tuple of (str, str)
        Name and text, in the order of the numbers in the file names.
    """
    environment = _environment()
    return tuple(
        (name, tidy(environment.get_template(path).render(memo=memo)))
        for name, path in section_templates()
    )


@lru_cache(maxsize=1)
def section_templates() -> tuple[tuple[str, str], ...]:
    """Find the sections by file name.

    Returns
    -------
    tuple of (str, str)
        Name and template of each, in the order of the numbers in the file names.
    """
    found = [
        (int(match[1]), match[2], path)
        for path in _environment().list_templates()
        if (match := _SECTION.fullmatch(path))
    ]
    return tuple((name, path) for _, name, path in sorted(found))


FORMATS: dict[str, Callable[[Memo], str]] = {"md": render_markdown, "html": render_html}
"""File endings and what renders them."""


def write(
    memos: Iterable[Memo], folder: Path, formats: Sequence[str] = ("md", "html")
) -> list[Path]:
    """Write each memo to a folder, one file per format, each swapped in whole.

    Parameters
    ----------
    memos : iterable of Memo
        From ``read_memos``.
    folder : Path
        Made if it does not exist.
    formats : sequence of str
        Keys of ``FORMATS``.

    Returns
    -------
    list of Path
        Files written. The same rows give the same bytes.

    Raises
    ------
    ArgumentError
        If a format is unknown.
    """
    unknown = [ending for ending in formats if ending not in FORMATS]
    if unknown:
        msg = f"`formats` must be among {sorted(FORMATS)}, got {unknown[0]!r}"
        raise ArgumentError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for memo in memos:
        for ending in formats:
            path = folder / f"{file_stem(memo.experiment.experiment_id)}.{ending}"
            _replace(path, FORMATS[ending](memo))
            paths.append(path)
    return paths


def file_stem(experiment_id: str) -> str:
    """Return the name of an experiment's files, without the ending.

    Parameters
    ----------
    experiment_id : str
        Anything.

    Returns
    -------
    str
        The id itself if it is lower-case letters, digits, ``_`` and ``-``. Otherwise its readable
        part, a dot and a hash, so that no two ids share a file, not even where names differ in
        case only.

    Examples
    --------
    >>> file_stem("one_page_checkout")
    'one_page_checkout'
    >>> file_stem("../etc/passwd")
    'etc-passwd.7fef78f53440346c'
    """
    if _PLAIN_ID.fullmatch(experiment_id) and not _RESERVED.fullmatch(experiment_id):
        return experiment_id
    readable = re.sub(r"[^a-z0-9_]+", "-", experiment_id.lower()).strip("-")[:60] or "experiment"
    digest = sha256(experiment_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable}.{digest}"


def _replace(path: Path, content: str) -> None:
    """Write beside the file and swap, so that a reader never meets half a memo."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content.encode("utf-8"))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _page_section(name: str, body: str) -> dict[str, Markup]:
    page = to_html(body)
    heading = _HEADING.search(page)
    title = heading[1] if heading else name
    return {"name": Markup(name), "title": Markup(title), "body": Markup(page)}  # noqa: S704


def tidy(rendered: str) -> str:
    """Drop trailing spaces and repeated blank lines.

    Parameters
    ----------
    rendered : str
        What a template gave.

    Returns
    -------
    str
        Ending in one newline.
    """
    lines = "\n".join(line.rstrip() for line in rendered.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """One environment for all memos: every expression is escaped by ``finalize``."""
    environment = Environment(
        loader=FileSystemLoader(bundle_path("reports")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        # Only what a filter or `finalize` marked as safe passes this second net unchanged.
        autoescape=True,
        finalize=finalize,
    )
    environment.filters.update(FILTERS)
    return environment


@lru_cache(maxsize=1)
def _stylesheet() -> Markup:
    content = (bundle_path("reports") / "memo.css").read_text(encoding="utf-8")
    return Markup(content)  # noqa: S704 -- ours
