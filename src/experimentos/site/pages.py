"""The templates under ``reports/site``: one environment for all pages."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from markupsafe import Markup

from experimentos.memo.context import Finding
from experimentos.memo.escaping import finalize
from experimentos.memo.filters import NOT_SHOWN, Layout
from experimentos.memo.page import style as memo_style
from experimentos.memo.render import file_stem
from experimentos.memo.templates import Templates, escaping_environment, templates
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
        self._environment = escaping_environment()
        self._environment.filters.update(
            bar=_bar,
            columns=_columns,
            page=_page,
            share=_share,
            shift=_shift,
            shrunken_bar=_shrunken_bar,
            tenths=_tenths,
        )
        style = (folder / "site" / "site.css").read_text(encoding="utf-8")
        script = (folder / "site" / "site.js").read_text(encoding="utf-8")
        self._environment.globals.update(
            stylesheet=memo_style(own or templates()) + Markup(style),  # noqa: S704 -- ours
            script=Markup(script),  # noqa: S704 -- ours
            # Only this script may run: a text that became one would not.
            script_hash=Markup(b64encode(sha256(script.encode()).digest()).decode()),  # noqa: S704
        )
        words = self._environment.get_template("words.md.j2").module
        self._rules: dict[str, str] = words.RULES  # type: ignore[attr-defined]

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
        data = page_data(entries, self._rules)
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
        return self._environment.get_template(f"site/{name}.html.j2").render(content)


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
    return _laid_out(value, missing, Layout(1, 100, "%"))


def _shift(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a relative change with its sign."""
    return _laid_out(value, missing, Layout(2, 100, "%"), signed=True)


def _tenths(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    return _laid_out(value, missing, Layout(1))


def _laid_out(value: float | None, missing: str, layout: Layout, *, signed: bool = False) -> Markup:
    if value is None:
        return finalize(missing)
    digits = layout.signed(value) if signed else layout.plain(value)
    return finalize((digits + layout.unit).replace("-", "\u2212"))
