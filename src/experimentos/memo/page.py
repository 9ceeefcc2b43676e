"""A memo as a page: sections, figures with their words and numbers, and the charts' script."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from markupsafe import Markup

from experimentos.charts import DARK, LIGHT, PAGE, Theme
from experimentos.charts.language import Words, locales, spoken
from experimentos.memo.captions import caption
from experimentos.memo.figures import Panel, panels
from experimentos.memo.filters import FIGURE_END, FIGURE_START
from experimentos.memo.html import to_html
from experimentos.memo.report import Memo
from experimentos.memo.templates import Templates
from experimentos.resources import bundle_path, cache_folder, keep

_HEADING = re.compile(r"<h2>(.*?)</h2>\s*", re.DOTALL)
# What a heading of the first page is about, which stands beside the next.
_PART = re.compile(r"<h3>.*?(?=<h3>|\Z)", re.DOTALL)
_PLACE = re.compile(f"<p>{FIGURE_START}(.*?){FIGURE_END}</p>")
_IN_SCRIPT = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_NO_NAVIGATION = Markup()
_NOT_DRAWN = Words("This chart could not be drawn: {problem}")
FOLDED = frozenset({"method", "appendix", "exclusions"})
"""Sections that are folded at first."""

Draw = Callable[[Panel, int], tuple[Markup, Markup]]


def render(
    memo: Memo,
    used: Templates,
    *,
    runtime: str | None = None,
    navigation: Markup = _NO_NAVIGATION,
) -> str:
    """Render a memo as a page with interactive charts.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    used : Templates
        The package's, or a project's.
    runtime : str, optional
        Relative address of the charts' script; by default the page holds it.
    navigation : Markup
        Links to other pages of a site, escaped already.

    Returns
    -------
    str
        HTML. Without a script, or where none may run, its figures are words and tables.
    """
    shapes: list[dict[str, Any]] = []

    def place(panel: Panel, number: int) -> tuple[Markup, Markup]:
        del number
        shapes.append({k: part for k, part in panel.chart.shape.items() if k != "description"})
        return Markup(f'data-chart="{len(shapes) - 1}"'), Markup()  # noqa: S704 -- a number

    sections = page_sections(memo, used, PAGE, place)
    template = used.environment.get_template("memo.html.j2")
    with used.speaking():
        return template.render(
            memo=memo,
            sections=sections,
            numbers=(),
            stylesheet=style(used),
            is_print=False,
            navigation=navigation,
            **_scripts(shapes, runtime),
        )


def page_sections(memo: Memo, used: Templates, theme: Theme, draw: Draw) -> list[dict[str, Any]]:
    """Render the sections of a page, without its frame.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    used : Templates
        The package's, or a project's.
    theme : Theme
        Colours of the charts.
    draw : callable
        Takes a panel that can be drawn and its number, and returns the attributes of its place and
        what stands in it.

    Returns
    -------
    list of dict
        ``name``, ``title``, ``body`` (without the heading), ``is_open`` and ``figures`` (their
        names) of each.
    """
    with used.speaking():
        return _page_sections(memo, used, theme, draw)


def _page_sections(memo: Memo, used: Templates, theme: Theme, draw: Draw) -> list[dict[str, Any]]:
    sections: list[dict[str, Any]] = []
    for name, text in used.render_sections(memo):

        def figure(match: re.Match[str]) -> str:
            return _figure(memo, used, match[1], theme, draw)

        body = to_html(text, translate=used.translate)
        heading = _HEADING.search(body)
        title = heading[1] if heading else name
        rest = body if heading is None else body[: heading.start()] + body[heading.end() :]
        if not sections:
            rest = _PART.sub(r'<div class="part">\g<0></div>', rest)
        sections.append(
            {
                "name": Markup(name),  # noqa: S704 -- a file's name of word characters
                "title": Markup(title),  # noqa: S704 -- as rendered
                "body": Markup(_PLACE.sub(figure, rest)),  # noqa: S704 -- as rendered
                "is_open": name not in FOLDED,
                "figures": _PLACE.findall(rest),
            }
        )
    return sections


def _figure(memo: Memo, used: Templates, name: str, theme: Theme, draw: Draw) -> str:
    drawn = []
    shown = panels(memo, name, theme)
    for number, panel in enumerate(shown, 1):
        is_empty = panel.chart.is_empty
        place, picture = (Markup(), Markup()) if is_empty else draw(panel, number)
        drawn.append(
            {
                "title": panel.title,
                "text": panel.chart.text,
                "is_empty": is_empty,
                "place": place,
                "picture": picture,
                "table": panel.chart.table,
            }
        )
    # Whoever can point at a chart can unfold its numbers; on paper it has its words.
    template = used.environment.get_template("figure.html.j2")
    return template.render(
        name=name,
        panels=drawn,
        caption=caption([panel.chart for panel in shown]),
        is_print=theme is not PAGE,
    )


def style(used: Templates) -> Markup:
    """Return the style sheet, with the charts' colours as variables, light and dark.

    Parameters
    ----------
    used : Templates
        The package's, or a project's.

    Returns
    -------
    Markup
        CSS.
    """
    light, dark = (_variables(theme.css()) for theme in (LIGHT, DARK))
    scheme = "@media screen and (prefers-color-scheme: dark)"
    colours = f":root {{ {light} }}\n{scheme} {{ :root {{ {dark} }} }}\n"
    return Markup(colours) + used.style  # noqa: S704 -- ours


def _variables(colours: Mapping[str, str]) -> str:
    return " ".join(f"{name}: {colour};" for name, colour in colours.items())


def _scripts(shapes: list[dict[str, Any]], address: str | None) -> dict[str, Any]:
    """Say which scripts the page holds, and the policy that lets them run and nothing else."""
    if not shapes:
        return {
            "policy": "script-src 'none'",
            "charts": None,
            "library": None,
            "address": None,
            "script": None,
        }
    script = (bundle_path("reports") / "memo.js").read_text(encoding="utf-8")
    library = None if address is not None else runtime()
    allowed = [f"'sha256-{_digest(text)}'" for text in (library, script) if text is not None]
    if address is not None:
        # A page that was opened as a file has no origin: `'self'` alone would not cover it.
        allowed += ["'self'", "file:"]
    content = {
        "config": PAGE.config,
        "charts": shapes,
        "locales": locales(spoken().formats),
        "failed": _NOT_DRAWN(),
    }
    return {
        "policy": f"script-src {' '.join(allowed)}",
        "charts": Markup(in_script(content)),  # noqa: S704 -- escaped
        "library": None if library is None else Markup(library),  # noqa: S704 -- Vega's
        "address": address,
        "script": Markup(script),  # noqa: S704 -- ours
    }


def in_script(content: object) -> str:
    """Write JSON that cannot end the element it stands in.

    Parameters
    ----------
    content : object
        Plain values.

    Returns
    -------
    str
        JSON in which ``<``, ``>`` and ``&`` are escaped.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    for sign, escaped in _IN_SCRIPT.items():
        text = text.replace(sign, escaped)
    return text


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")


@lru_cache(maxsize=1)
def runtime() -> str:
    """Return the script that draws Vega-Lite charts: Vega, Vega-Lite and Vega-Embed.

    Returns
    -------
    str
        JavaScript without any import; it sets ``vegaEmbed``. Putting it together takes seconds,
        so it is kept in the user's cache folder.
    """
    name = f"vega-{version('vl-convert-python')}.js"
    try:
        return (cache_folder() / name).read_text(encoding="utf-8")
    except OSError:
        import vl_convert  # noqa: PLC0415 -- only where it is not kept yet

        bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
        script = bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")
        keep(name, script)
        return script
