"""The page as a browser shows it: charts, tips, print, phone, no request, accessible."""

import shutil
from pathlib import Path

import pytest
from memo import example_full, examples
from memo.accessibility import RULES
from memo.example_marts import HOSTILE

from experimentos.memo import render_html
from experimentos.memo.page import runtime

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # Playwright's own event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
DRAWN = "document.documentElement.dataset.charts === 'drawn'"


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages of every example, each a file that is opened from its path."""
    folder = tmp_path_factory.mktemp("pages")
    parts = {name: getattr(examples, name) for name in ("blocked", "nulls", "held", "early")}
    for name, part in (parts | {"full": example_full.full}).items():
        (folder / f"{name}.html").write_text(render_html(examples.memo_of(part())))
    return folder


@pytest.fixture
def show(browser, site):
    contexts = []

    def show(name, width=1280, scheme="light", folder=site):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.told = []
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.on("request", lambda request: page.told.append(request.url))
        page.goto((Path(folder) / f"{name}.html").as_uri())
        if page.locator("[data-chart]").count():
            page.wait_for_function(DRAWN)
        return page

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["full", "blocked", "nulls", "held", "early"])
def test_nothing_is_asked_for_and_nothing_goes_wrong(show, name):
    page = show(name)
    assert page.told == [page.url]
    assert page.locator("[data-chart] svg").count() == page.locator("[data-chart]").count()


def test_a_mark_that_is_pointed_at_tells_its_numbers(show):
    page = show("full")
    page.locator("#effects .plot svg path[aria-roledescription=point]").first.hover()
    tip = page.locator("#vg-tooltip-element")
    tip.wait_for(state="visible")
    assert "+6.532%" in tip.inner_text()
    assert "ordered · one_page" in tip.inner_text()


def test_a_section_is_folded_and_unfolded(show):
    page = show("full")
    table = page.locator("#method table").first
    assert not table.is_visible()
    page.locator("#method > details > summary").click()
    assert table.is_visible()


@pytest.mark.parametrize("name", ["full", "blocked", "nulls"])
def test_a_phone_never_scrolls_sideways(show, name):
    page = show(name, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("h1").bounding_box()["width"] <= 390


def test_dark_pages_have_dark_charts(show):
    colour = "getComputedStyle(document.querySelector('#effects .plot svg text')).fill"
    light, dark = (show("full", scheme=scheme).evaluate(colour) for scheme in ("light", "dark"))
    assert light == "rgb(77, 86, 97)"
    assert dark == "rgb(169, 179, 190)"


def test_print_is_light_and_has_everything_unfolded(show):
    page = show("full", scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#method table").first.is_visible()
    assert not page.locator("nav").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not page.locator("#method table").first.is_visible()


def test_the_first_printed_page_is_the_verdict(show):
    from io import BytesIO

    from pypdf import PdfReader

    page = show("full")
    first = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages[0].extract_text()
    assert "Launch one_page" in first
    assert "Data as of" in first
    assert "Effects on success metrics" not in first


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        pytest.param("full", "light", 1280, marks=pytest.mark.slow),
        ("full", "dark", 390),
        ("blocked", "dark", 1280),
    ],
)
def test_axe_finds_nothing_to_mend(show, name, scheme, width):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = show(name, scheme=scheme, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    found = axe.Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


def test_charts_of_a_folder_share_their_script(show, tmp_path):
    memo = examples.memo_of(example_full.full())
    (tmp_path / "charts.js").write_text(runtime(), encoding="utf-8")
    (tmp_path / "page.html").write_text(render_html(memo, runtime="charts.js"), encoding="utf-8")
    page = show("page", folder=tmp_path)
    assert page.told == [page.url, page.url.replace("page.html", "charts.js")]
    assert page.locator("[data-chart] svg").count() > 10


def test_hostile_names_run_nothing_in_charts_or_tips(show, tmp_path):
    kinds = ("script", "handler", "attribute", "closing", "jinja", "sql")
    texts = dict(zip(("ordered", "one_page", "DE", "revenue"), kinds, strict=False))
    marts = example_full.full()
    for rows in marts.values():
        for row in rows:
            for column in ("metric", "variant", "segment_value"):
                if row.get(column) in texts:
                    row[column] = f"{HOSTILE[texts[row[column]]]} {row[column]}"
            if "label" in row:
                row["label"] = " ".join(HOSTILE[kind] for kind in kinds)
    file = tmp_path / "hostile.html"
    file.write_text(render_html(examples.memo_of(marts)), encoding="utf-8")
    page = show("hostile", folder=tmp_path)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    page.locator("#effects .plot svg path[aria-roledescription=point]").first.hover()
    tip = page.locator("#vg-tooltip-element")
    tip.wait_for(state="visible")
    assert "<script>alert('x')</scri" in tip.inner_text()
    assert page.locator("#vg-tooltip-element script, #vg-tooltip-element img").count() == 0
    assert page.locator("svg script, svg image, svg a").count() == 0
    assert page.locator("h1").count() == 1
    assert page.told == [page.url]
