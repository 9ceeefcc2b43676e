"""The templates under ``reports/site``: one environment for all pages."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from experimentos.charts.language import digits
from experimentos.charts.wording import NOT_SHOWN
from experimentos.memo.context import Finding
from experimentos.memo.escaping import finalize
from experimentos.memo.layout import Layout
from experimentos.memo.page import style as memo_style
from experimentos.memo.render import file_stem
from experimentos.memo.templates import Templates, templates
from experimentos.resources import bundle_path
from experimentos.site import drawings
from experimentos.site.entries import Entry
from experimentos.site.metrics import MetricPage, Result
from experimentos.site.portfolio import bounds, page_data, tone
from experimentos.site.program import LEAST, Program


class Pages:
    """Renders the pages of one site.

    Parameters
    ----------
    own : Templates, optional
        A project's own templates of memos, whose style these pages share.
    """

    def __init__(self, own: Templates | None = None) -> None:
        folder = bundle_path("reports")
        self._templates = own or templates()
        self._environment = self._templates.environment.overlay()
        self._environment.filters = self._environment.filters | {
            "bar": _bar,
            "columns": _columns,
            "page": _page,
            "share": _share,
            "shift": _shift,
            "shrunken_bar": _shrunken_bar,
            "tenths": _tenths,
        }
        style = (folder / "site" / "site.css").read_text(encoding="utf-8")
        script = (folder / "site" / "site.js").read_text(encoding="utf-8")
        digest = b64encode(sha256(script.encode()).digest()).decode()
        self._environment.globals = self._environment.globals | {
            "stylesheet": memo_style(self._templates) + Markup(style),  # noqa: S704 -- ours
            "script": Markup(script),  # noqa: S704 -- ours
            # Only this script may run: a text that became one would not.
            "script_policy": Markup(f"script-src 'sha256-{digest}'; "),  # noqa: S704 -- ours
        }

    def navigation(self, entry: Entry) -> Markup:
        """Render what leads from an experiment's page to the others of the site.

        Parameters
        ----------
        entry : Entry
            The experiment.

        Returns
        -------
        Markup
            Goes to the top of the page.
        """
        metrics = dict.fromkeys(use.metric for use in entry.uses)
        return Markup(self._render("navigation", metrics=list(metrics)))  # noqa: S704 -- escaped

    def portfolio(self, entries: Sequence[Entry]) -> str:
        """Render the first page."""
        rules, words = self._words("words.md.j2").RULES, self._words("site/words.html.j2").SCRIPT
        with self._templates.speaking():
            data = page_data(entries, rules, words)
        return self._render("index", data=data, n_experiments=len(entries))

    def table(self, entries: Sequence[Entry]) -> str:
        """Render all experiments as one plain table that needs no script."""
        return self._render("all", entries=entries)

    def metrics(self, metrics: Sequence[MetricPage]) -> str:
        """Render the list of metrics."""
        return self._render("metrics", metrics=metrics)

    def metric(self, metric: MetricPage) -> str:
        """Render the page of one metric."""
        return self._render("metric", metric=metric)

    def program(self, program: Program) -> str:
        """Render the page on the program."""
        return self._render("program", program=program, least=LEAST)

    def _render(self, name: str, **content: object) -> str:
        with self._templates.speaking():
            return self._environment.get_template(f"site/{name}.html.j2").render(content)

    def _words(self, name: str) -> Any:  # noqa: ANN401 -- a template's variables
        return self._environment.get_template(name).module


def _bar(finding: Finding, limit: float) -> Markup:
    return drawings.bar(*bounds(finding), limit, tone=tone(finding))


def _shrunken_bar(result: Result, limit: float) -> Markup:
    finding = result.finding
    return drawings.bar(*bounds(finding), limit, tone=tone(finding), shrunken=result.shrunken)


def _columns(months: Sequence[tuple[str, int]]) -> Markup:
    return drawings.columns([count for _, count in months])


def _page(name: str) -> Markup:
    return Markup(f"{file_stem(name)}.html")  # noqa: S704 -- letters, digits and hyphens


def _share(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a fraction of few cases, which more digits would flatter."""
    return _laid_out(value, missing, Layout(1, 100, digits("%")))


def _shift(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a relative change with its sign."""
    return _laid_out(value, missing, Layout(2, 100, digits("%")), signed=True)


def _tenths(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    return _laid_out(value, missing, Layout(1))


def _laid_out(value: float | None, missing: str, layout: Layout, *, signed: bool = False) -> Markup:
    if value is None:
        return finalize(missing)
    shown = layout.signed(value) if signed else layout.plain(value)
    return finalize((shown + layout.unit).replace("-", "\u2212"))
