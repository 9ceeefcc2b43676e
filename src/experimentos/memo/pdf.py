"""A memo as PDF, by WeasyPrint from the page of `page`, with drawn charts."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from experimentos.charts import LIGHT
from experimentos.errors import ExperimentosError
from experimentos.memo import page
from experimentos.memo.escaping import attribute
from experimentos.memo.figures import Panel
from experimentos.memo.numbers import behind
from experimentos.memo.report import Memo
from experimentos.memo.templates import Templates, templates

PICTURE_WIDTH = 560
"""Width of a chart on paper, in pixels of its own."""


def render_pdf(memo: Memo, own: Templates | None = None) -> bytes:
    """Render a memo as PDF.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    own : Templates, optional
        A project's own.

    Returns
    -------
    bytes
        A tagged document; the same for the same rows, as it holds no time and no random number.

    Raises
    ------
    ExperimentosError
        If WeasyPrint or what it needs is not installed.
    """
    html = render_print(memo, own or templates())
    printer = _weasyprint()
    identifier = sha256(html.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    # Pictures stand in the page; a memo loads nothing else.
    fetcher = printer.urls.URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
    document = printer.HTML(string=html, url_fetcher=fetcher)
    pdf: bytes = document.write_pdf(pdf_identifier=identifier.encode(), pdf_tags=True)
    return pdf


def render_print(memo: Memo, used: Templates) -> str:
    """Render the page that is printed: nothing folded, charts as pictures.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    used : Templates
        The package's, or a project's.

    Returns
    -------
    str
        HTML without any script.
    """
    sections = page.page_sections(memo, used, LIGHT, _picture)
    template = used.environment.get_template("memo.html.j2")
    shown = [name for section in sections for name in section["figures"]]
    with used.speaking():
        return template.render(
            memo=memo,
            sections=sections,
            numbers=behind(memo, shown),
            stylesheet=page.style(used),
            is_print=True,
            navigation=Markup(),
            policy="script-src 'none'",
            charts=None,
            library=None,
            address=None,
            script=None,
        )


def _picture(panel: Panel, number: int) -> tuple[Markup, Markup]:
    del number
    drawn = b64encode(panel.chart.svg(PICTURE_WIDTH).encode("utf-8")).decode("ascii")
    alternative = attribute(panel.chart.text)
    source = f'<img alt="{alternative}" src="data:image/svg+xml;base64,{drawn}">'
    return Markup(), Markup(source)  # noqa: S704 -- escaped above


def _weasyprint() -> Any:  # noqa: ANN401 -- an extra, without types
    try:
        import weasyprint  # noqa: PLC0415
    except ImportError:
        msg = "PDF needs WeasyPrint. Run `pip install 'experimentos[pdf]'`."
        raise ExperimentosError(msg) from None
    except OSError as error:
        msg = (
            f"PDF needs the library Pango ({error}). On Debian: `apt-get install libpango-1.0-0 "
            "libpangoft2-1.0-0`; elsewhere see WeasyPrint's first steps."
        )
        raise ExperimentosError(msg) from None
    return weasyprint
