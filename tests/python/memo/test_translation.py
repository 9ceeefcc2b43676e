"""A project in another language: no word of ours is left, nothing of the data is touched."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from memo import example_full, example_states, examples, foreign
from memo.many_experiments import fetcher, many

from experimentos.charts import language, titles
from experimentos.charts.language import Formats, Words
from experimentos.charts.shapes import SHAPES, shape
from experimentos.errors import ArgumentError
from experimentos.inference import skewness
from experimentos.memo import render_html, render_markdown
from experimentos.memo.check_messages import CHECKS
from experimentos.memo.document import render_json
from experimentos.memo.pdf import render_print
from experimentos.memo.reasons import reason, seen
from experimentos.memo.render import render_pictures
from experimentos.memo.templates import Templates, templates
from experimentos.memo.terms import TERMS, term
from experimentos.memo.texts import formats_of
from experimentos.site import write_site

BALANCE = "Standardised differences before exposure. {rows}"
EXAMPLES = {
    make.__name__: make
    for make in (
        examples.launch, examples.rollback, examples.blocked, examples.nulls, examples.held,
        examples.early, examples.summary, example_full.full, *example_states.STATES,
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """Every text translated; numbers and dates are written as in Germany."""
    folder = tmp_path_factory.mktemp("foreign")
    content = {"language": "de", "texts": foreign.texts()}
    (folder / "texts.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return templates(folder)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_word_of_ours_is_left_in_a_memo(used, name):
    marts = EXAMPLES[name]()
    allowed = foreign.names(marts) | foreign.names({"metrics": examples.metric_rows()})
    memo = examples.memo_of(marts)
    html = render_html(memo, used, runtime="charts.js")
    assert foreign.leaks([render_markdown(memo, used)], allowed) == []
    assert foreign.leaks(foreign.Page(html).texts, allowed) == []
    assert foreign.leaks(foreign.drawn(html), allowed) == []


@pytest.mark.parametrize("name", ["full", "crowded"])
def test_no_word_of_ours_is_left_on_paper(used, name):
    """Numbers behind figures stand there only, and so does what is said of many variants."""
    marts = EXAMPLES["full"]() if name == "full" else examples.crowded(6, "hold")
    for row in [*marts["decisions"], *marts["variant_decisions"]]:
        row["reason"] = None
    allowed = foreign.names(marts) | foreign.names({"metrics": examples.metric_rows()})
    html = render_print(examples.memo_of(marts), used)
    assert name != "full" or 'id="numbers"' in html
    assert foreign.leaks(foreign.Page(html).texts, allowed) == []


def test_no_word_of_ours_is_left_in_a_site(used, tmp_path):
    marts = many(12, days=3)
    write_site(fetcher(marts), tmp_path, own=used, workers=1)
    allowed = foreign.names(marts)
    pages = [page for page in tmp_path.rglob("*.html") if page.parent.name != "experiments"]
    pages += sorted((tmp_path / "experiments").glob("*.html"))[:3]
    assert len(pages) > 8
    for page in pages:
        html = page.read_text("utf-8")
        assert '<html lang="de">' in html
        assert foreign.leaks(foreign.Page(html).texts, allowed) == [], page.name
    (content, *_) = foreign.Page((tmp_path / "index.html").read_text("utf-8")).data
    assert foreign.leaks(json.loads(content)["words"].values(), {"count", "all", "found"}) == []


def test_pictures_speak_the_language(used):
    memo = examples.memo_of(example_full.full())
    (drawn, *_) = [svg for name, svg in render_pictures(memo, used).items() if "by_day" in name]
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", drawn)
    assert foreign.foreign("Data before") in texts
    assert any(re.fullmatch(r"\d+\. (Sept|Okt)\.", text) for text in texts)
    assert any(re.fullmatch("[−-]?0,\\d+", text) for text in texts)


def test_json_stays_as_it_is_for_machines(used):
    memo = examples.memo_of(example_full.full())
    (panel,) = [
        one for one in json.loads(render_json(memo))["figures"] if one["figure"] == "balance"
    ]
    assert panel["text"].startswith("Standardised differences")
    assert used.texts[BALANCE] == foreign.foreign(BALANCE)


def test_what_is_said_of_rules_is_what_the_marts_say():
    """In English, the texts by rule are the marts' own, so a translator translates those."""
    texts = {text: text for text in Words.known}
    memo = examples.memo_of(example_full.full())
    with language.speaking(language.Language(texts=texts)):
        said = reason(memo)
        rows = [row for report in memo.variants for row in report.fired]
        told = [seen(row, memo) for row in rows]
    assert said is not None
    assert all(told)


def test_a_text_that_is_missing_leaves_the_words_of_the_mart(tmp_path):
    memo = examples.memo_of(examples.rollback())
    (tmp_path / "texts.yml").write_text("language: de\ntexts: {Verdict: Urteil}\n")
    used = templates(tmp_path)
    shown = render_markdown(memo, used)
    assert "## Urteil" in shown
    assert "big_refunds is worse than control" in shown


def test_a_sentence_may_have_another_order(tmp_path):
    memo = examples.memo_of(examples.launch())
    texts = {"Give {variant} to everyone.": "Alle bekommen jetzt {variant}."}
    (tmp_path / "texts.yml").write_text(yaml.safe_dump({"texts": texts}))
    assert "- Alle bekommen jetzt one_page." in render_markdown(memo, templates(tmp_path))


def test_places_that_differ_are_named_all_at_once(tmp_path):
    texts = {
        "Give {variant} to everyone.": "Alle bekommen es.",
        "No estimate yet: {names}.": "Noch nichts: {name}.",
    }
    (tmp_path / "texts.yml").write_text(yaml.safe_dump({"texts": texts}))
    with pytest.raises(ArgumentError, match=r"Alle bekommen es\..*\(places: variant\)") as raised:
        templates(tmp_path)
    assert "(places: names)" in str(raised.value)


@pytest.mark.parametrize(
    "formats", ["{decimals: ','}", "{decimal: 1}", "[a]", "{months: [Jan]}"], ids=str
)
def test_formats_that_are_none_are_refused(tmp_path, formats):
    (tmp_path / "texts.yml").write_text(f"language: de\nformats: {formats}\n")
    with pytest.raises(ArgumentError, match=r"texts\.yml"):
        templates(tmp_path).check()


def test_numbers_and_dates_are_those_of_the_language(tmp_path):
    (tmp_path / "texts.yml").write_text("language: de\nformats: {time: '%d.%m.%Y, %H Uhr UTC'}\n")
    formats = Templates(tmp_path).language.formats
    assert (formats.decimal, formats.thousands, formats.percent) == (",", ".", "\u00a0%")
    with language.speaking(language.Language(formats=formats)):
        assert language.digits("1,234.5%") == "1.234,5\u00a0%"
        assert language.day(datetime.fromisoformat("2026-03-09")) == "09.03.2026"
        assert language.day(datetime.fromisoformat("2026-03-09T14:00")) == "09.03.2026, 14 Uhr UTC"


@pytest.mark.parametrize(
    ("name", "date", "axis"),
    [
        ("en", "%Y-%m-%d", "%b %d"),
        ("en-GB", "%Y-%m-%d", "%b %d"),
        ("fr", "%d/%m/%Y", "%-d %b"),
        ("sv", "%Y-%m-%d", "%-d %b"),
        ("pt-BR", "%d/%m/%Y", "%-d de %b"),
        ("no such", "%Y-%m-%d", "%b %d"),
    ],
)
def test_formats_are_those_of_unicode(name, date, axis):
    formats = formats_of(name)
    assert (formats.date, formats.axis_date) == (date, axis)


def test_english_formats_are_the_default():
    assert formats_of("en") == Formats()


def test_every_title_of_a_drawing_can_be_translated():
    options = {
        "balance": {},
        "boundary": {"futility": True, "planned": True},
        "by_age": {"axis": "Change"},
        "by_day": {"axis": "Change"},
        "distribution": {"unit": "", "cumulative": True, "without_zero": False},
        "forest": {"axis": "Change", "margins": True, "states": "good"},
        "funnel": {"has_losses": True, "has_variants": True},
        "posterior": {"axis": "Change", "several": True},
        "sample_ratio": {},
    }
    for kind in SHAPES:
        found = set(foreign.titles(shape(kind, tuple(options.get(kind, {}).items()))))
        assert found <= set(titles.TITLES), kind


def test_every_check_and_method_has_words():
    table = (Path(__file__).parents[3] / "docs" / "health.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))
    assert documented - set(CHECKS) == {"sample_ratio", "activation_rate"}
    methods = {"score", "skewness-corrected score", "welch", "delta", *skewness.NAMES}
    assert methods | {"quantile", "conditional binomial", "unconditional exact"} <= set(TERMS)


def test_a_method_over_phases_is_translated_with_its_parts(used):
    with used.speaking():
        shown = term("skewness-corrected score, combined over 12 phases")
    assert foreign.leaks([shown], set()) == []
    assert "12" in shown
