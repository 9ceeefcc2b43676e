"""The pages: whole, inert, readable, and the same for the same rows."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from memo import example_full, examples
from memo.example_marts import HOSTILE

from experimentos.memo import read_memos, render_html, render_markdown
from experimentos.memo.context import Statement
from experimentos.memo.page import runtime
from experimentos.resources import bundle_path

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "p", "h1", "h2", "h3", "bdi", "nav",
    "ul", "li", "a", "main", "section", "div", "table", "thead", "tbody", "tr", "th", "td",
    "strong", "footer", "pre", "code", "details", "summary", "figure", "figcaption", "script",
}  # fmt: skip
NAMES = {
    "lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "scope", "role",
    "tabindex", "aria-label", "open", "data-chart", "src", "type",
}  # fmt: skip
RUNTIME = "charts.js"
VOID = {"meta"}
KEEP = {"verdict", "status", "role", "goal", "test", "rule", "nearest_rule", "segment"}
KEEP |= {"population", "basis", "check_name", "metric_type", "adjustment", "design", "method"}


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.open, self.headings = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        pytest.fail(f"a comment: {data}")


def hostile(text):
    """The launch with a text wherever data or YAML could put it."""
    marts = example_full.full()
    for rows in marts.values():
        for row in rows:
            for column, value in row.items():
                if isinstance(value, str) and column not in KEEP and value != "all":
                    row[column] = text
            if "reason" in row and "n_rows" in row:
                row["reason"] = f"{text}{row['n_rows']}"
            row["status"] = text if "owner" in row else row.get("status")
    marts["experiments"][0]["control"] = f"{text}c"
    united = examples.united(marts)
    hostile = dict.fromkeys(("metric", "where_clause", "steps", "by_column", "quantile_of"), text)
    united["metrics"] = [row | hostile for row in united["metrics"]]
    return united


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE.keys())
def hostile_memo(request):
    (memo,) = read_memos(examples.fetcher(hostile(request.param)))
    return memo


def test_hostile_texts_stay_inert_on_the_page(hostile_memo):
    page = Page(render_html(hostile_memo, runtime=RUNTIME))
    assert set(page.tags) <= ALLOWED
    assert page.open == []
    for _, name, value in page.attributes:
        assert name in NAMES
        assert name != "href" or re.fullmatch(r"#\w+", value)
        assert name != "src" or value == RUNTIME
    assert page.tags.count("script") == 3


def test_hostile_texts_break_no_table(hostile_memo):
    text = render_markdown(hostile_memo)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) > 10
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1
    for line in text.splitlines():
        assert re.match(r"(?:[|]|#{1,3} |- |$|[\w*\u2068&(])", line), line


def pages():
    parts = (
        examples.launch, examples.rollback, examples.blocked, examples.nulls, examples.held,
        examples.early, example_full.full,
    )  # fmt: skip
    return [pytest.param(examples.memo_of(part()), id=part.__name__) for part in parts]


@pytest.mark.parametrize("memo", pages())
def test_a_page_is_whole_and_loads_nothing(memo):
    html = render_html(memo)
    page = Page(html)
    assert page.open == []
    assert set(page.tags) <= ALLOWED
    # Vega names its documentation in messages; everything else of the page is ours.
    ours = html.replace(runtime(), "") if memo.health else html
    assert not re.search(r"https?://|url\(|@import|<link|\bsrc=", ours)
    assert "default-src 'none'" in html
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(
        after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)
    )


@pytest.mark.parametrize("memo", pages())
def test_every_header_cell_has_a_scope_and_every_table_can_be_scrolled(memo):
    page = Page(render_html(memo))
    scopes = [value for tag, name, value in page.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == page.tags.count("th")
    assert set(scopes) == {"col", "row"}
    frames = [value for tag, name, value in page.attributes if (tag, name) == ("div", "tabindex")]
    assert len(frames) == page.tags.count("table")
    labels = [value for _, name, value in page.attributes if name == "aria-label"]
    assert all(labels)


def test_links_of_the_page_lead_to_its_sections():
    page = Page(render_html(examples.memo_of(examples.launch())))
    ids = {value for _, name, value in page.attributes if name == "id"}
    links = {value.removeprefix("#") for _, name, value in page.attributes if name == "href"}
    assert links == ids - {"charts"}


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_has_the_contrast_of_wcag_aa(scheme):
    css = (bundle_path("reports") / "memo.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[0]))
    colours |= dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[scheme]))
    pairs = [("ink", "page"), ("soft", "page"), ("soft", "raised"), ("accent", "page")]
    pairs += [(name, "page") for name in ("good", "bad", "caution")]
    pairs += [(name, f"{name}-back") for name in ("good", "bad", "caution")]
    for ink, back in pairs:
        assert contrast(colours[ink], colours[back]) >= 4.5, (ink, back)


def test_only_judgements_are_coloured():
    html = render_html(examples.memo_of(examples.launch()))
    assert '<td class="good">better</td>' in html.split('id="guardrails"')[0]
    power = html.split('id="power"')[1].split("</section>")[0]
    assert "<td>better</td>" in power
    assert 'class="bad"' not in power


def test_the_verdict_is_there_for_the_style_sheet():
    html = render_html(examples.memo_of(examples.rollback()))
    assert '<section id="verdict" class="rollback first">' in html
    assert '<td class="bad">Roll back</td>' in html


SQL = "select '<script>' as x -- ``` fence\n  from \"t\" where a < 1 && b > 2"


def test_sql_is_shown_as_it_was_run_and_runs_nothing():
    memo = replace(
        examples.memo_of(examples.rollback()), statements=(Statement("experimentos__units", SQL),)
    )
    html = render_html(memo, runtime=RUNTIME)
    page = Page(html)
    assert set(page.tags) <= ALLOWED
    assert unescape(html.partition("<code>")[2].partition("</code>")[0]) == SQL
    assert page.tags.count("script") == 3
    text = render_markdown(memo)
    assert f"units\n\n````sql\n{SQL}\n````\n" in text
    assert "`experimentos memo --sql` adds it" not in text
