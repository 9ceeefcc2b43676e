"""Memos to Markdown, HTML, PDF and JSON."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from experimentos.charts import LIGHT, wording
from experimentos.errors import ArgumentError
from experimentos.memo import page
from experimentos.memo.captions import caption, figure_name
from experimentos.memo.escaping import escape
from experimentos.memo.figures import FIGURES, TABLED, panels
from experimentos.memo.filters import FIGURE_END, FIGURE_START
from experimentos.memo.report import Memo
from experimentos.memo.templates import Templates, templates, tidy

_FIGURE = re.compile(f"{FIGURE_START}(.*?){FIGURE_END}")
_NO_NAVIGATION = Markup()
_PLAIN_ID = re.compile(r"[a-z0-9_][a-z0-9_-]{0,99}")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def render_markdown(memo: Memo, own: Templates | None = None, *, pictures: bool = False) -> str:
    """Render a memo as Markdown.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    own : Templates, optional
        A project's own.
    pictures : bool
        Whether to refer to the files that ``write`` puts beside it as ``svg``. Without them
        figures are told in words, as in a comment on a pull request.

    Returns
    -------
    str
        GitHub-flavoured Markdown without raw HTML, ending in a newline.
    """
    used = own or templates()
    template = used.environment.get_template("memo.md.j2")
    bodies = [body for _, body in render_sections(memo, own, pictures=pictures)]
    with used.speaking():
        return tidy(template.render(memo=memo, sections=[Markup(body) for body in bodies]))  # noqa: S704


def render_html(
    memo: Memo,
    own: Templates | None = None,
    *,
    runtime: str | None = None,
    navigation: Markup = _NO_NAVIGATION,
) -> str:
    """Render a memo as one HTML page that needs nothing else.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    own : Templates, optional
        A project's own.
    runtime : str, optional
        Relative address of the charts' script (``page.runtime()``), for a folder of many pages.
        By default the page holds it.
    navigation : Markup
        Put before the title: links to other pages of a site, escaped already.

    Returns
    -------
    str
        The page; nothing is loaded from elsewhere.
    """
    return page.render(memo, own or templates(), runtime=runtime, navigation=navigation)


def render_sections(
    memo: Memo, own: Templates | None = None, *, pictures: bool = False
) -> tuple[tuple[str, str], ...]:
    """Render each section as Markdown.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    own : Templates, optional
        A project's own.
    pictures : bool
        As for `render_markdown`.

    Returns
    -------
    tuple of (str, str)
        Name and text, in the order of the numbers in the file names.
    """

    def told(match: re.Match[str]) -> str:
        return _told(memo, match[1], pictures=pictures)

    used = own or templates()
    with used.speaking():
        return tuple(
            (name, tidy(_FIGURE.sub(told, body))) for name, body in used.render_sections(memo)
        )


def _told(memo: Memo, name: str, *, pictures: bool) -> str:
    """Tell a figure in words, and refer to its pictures."""
    if name in TABLED and name in FIGURES and not pictures:
        return ""
    drawn = panels(memo, name, LIGHT)
    above = caption([panel.chart for panel in drawn]) if pictures else ""
    parts = [str(escape(above))] if above else []
    for number, panel in enumerate(drawn, 1):
        about = escape(wording.label(panel.title)) if panel.title else ""
        if pictures and not panel.chart.is_empty:
            # What the words beside it do not say, its alternative does.
            words = panel.chart.text if name in TABLED else figure_name(name, panel.title)
            parts.append(f"![{escape(words)}]({picture_name(memo, name, number)})")
        if name not in TABLED or panel.is_note:
            told = escape(panel.chart.text)
            parts.append(f"- **{about}:** {told}" if about else str(told))
    # Panels that are only told are a list.
    return ("\n\n" if pictures else "\n").join(parts)


def picture_name(memo: Memo, figure: str, number: int) -> str:
    """Name the file of a picture.

    Parameters
    ----------
    memo : Memo
        Whose.
    figure : str
        Key of ``figures.FIGURES``.
    number : int
        Of the panel, from 1.

    Returns
    -------
    str
        File name.
    """
    return f"{file_stem(memo.experiment.experiment_id)}.{figure}-{number}.svg"


def render_pictures(memo: Memo, own: Templates | None = None) -> dict[str, str]:
    """Draw the figures of a memo.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    own : Templates, optional
        A project's own, which may show other figures.

    Returns
    -------
    dict
        File name to SVG.
    """
    used = own or templates()
    bodies = "".join(body for _, body in used.render_sections(memo))
    with used.speaking():
        return {
            picture_name(memo, name, number): panel.chart.svg()
            for name in dict.fromkeys(_FIGURE.findall(bodies))
            for number, panel in enumerate(panels(memo, name, LIGHT), 1)
            if not panel.chart.is_empty
        }


def _pdf(memo: Memo, own: Templates | None) -> bytes:
    # WeasyPrint takes a second to import, and is an extra.
    from experimentos.memo.pdf import render_pdf  # noqa: PLC0415

    return render_pdf(memo, own)


def _json(memo: Memo, own: Templates | None) -> str:
    del own
    from experimentos.memo.document import render_json  # noqa: PLC0415

    return render_json(memo)


FORMATS: dict[str, Callable[[Memo, Templates | None], str | bytes]] = {
    "md": render_markdown,
    "html": render_html,
    "pdf": _pdf,
    "json": _json,
}
"""File endings and what renders them; ``svg`` puts pictures beside the Markdown."""
PICTURES = "svg"


def write(
    memos: Iterable[Memo],
    folder: Path,
    formats: Sequence[str] = ("md", "html"),
    own: Templates | None = None,
) -> list[Path]:
    """Write each memo to a folder, one file per format, each swapped in whole.

    Parameters
    ----------
    memos : iterable of Memo
        From ``read_memos``.
    folder : Path
        Made if it does not exist.
    formats : sequence of str
        Keys of ``FORMATS``, and ``svg`` for pictures, which the Markdown then refers to.
    own : Templates, optional
        A project's own.

    Returns
    -------
    list of Path
        Files written. The same rows give the same bytes.

    Raises
    ------
    ArgumentError
        If a format is unknown.
    """
    known = [*FORMATS, PICTURES]
    unknown = [ending for ending in formats if ending not in known]
    if unknown:
        msg = f"`formats` must be among {sorted(known)}, got {unknown[0]!r}"
        raise ArgumentError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for memo in memos:
        for name, content in _files(memo, formats, own):
            _replace(folder / name, content)
            paths.append(folder / name)
    return paths


def _files(
    memo: Memo, formats: Sequence[str], own: Templates | None
) -> Iterable[tuple[str, str | bytes]]:
    stem = file_stem(memo.experiment.experiment_id)
    for ending in formats:
        if ending == PICTURES:
            yield from render_pictures(memo, own).items()
        elif ending == "md":
            yield f"{stem}.md", render_markdown(memo, own, pictures=PICTURES in formats)
        else:
            yield f"{stem}.{ending}", FORMATS[ending](memo, own)


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


def _replace(path: Path, content: str | bytes) -> None:
    """Write beside the file and swap, so that a reader never meets half a memo."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
