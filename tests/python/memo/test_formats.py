"""JSON by its schema, PDF, pictures: whole, inert, and the same for the same rows."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import jsonschema
import pytest
from memo import example_full, example_states, examples
from memo.example_marts import HOSTILE

from experimentos import memo as memos
from experimentos.charts import LIGHT
from experimentos.errors import ExperimentosError
from experimentos.memo import document, page, pdf
from experimentos.memo.figures import OVERVIEW, panels
from experimentos.resources import bundle_path

SCHEMA = (bundle_path("reports") / "memo.schema.json").read_text(encoding="utf-8")
EXAMPLES = {
    name: getattr(examples, name)
    for name in ("launch", "rollback", "blocked", "nulls", "held", "early")
} | {make.__name__: make for make in (example_full.full, *example_states.STATES)}


@pytest.fixture(scope="module")
def full():
    return examples.memo_of(example_full.full())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_json_is_what_the_published_schema_says(name):
    content = json.loads(document.render_json(examples.memo_of(EXAMPLES[name]())))
    jsonschema.validate(content, json.loads(SCHEMA))
    assert content["version"] == document.VERSION


def test_the_published_schema_is_that_of_the_classes():
    """After a meant change: ``python tests/memo/accept.py``; a field less is a new version."""
    assert document.schema() == SCHEMA
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA))


def test_a_document_with_a_field_less_is_no_memo(full):
    content = json.loads(document.render_json(full))
    del content["memo"]["verdict"]
    with pytest.raises(jsonschema.ValidationError, match="'verdict' is a required property"):
        jsonschema.validate(content, json.loads(SCHEMA))


def test_the_json_holds_the_numbers_behind_each_figure(full):
    content = json.loads(document.render_json(full))
    overview, note = [one for one in content["figures"] if one["figure"] == "overview"]
    assert note["rows"] == []
    assert overview["columns"][0] == "About"
    assert overview["rows"][0][:2] == ["ordered · one_page", "+6.532%"]
    assert len({one["figure"] for one in content["figures"]}) == len(document.FIGURES)


def numbers(html):
    part = html.partition('<section id="numbers"')[2].partition("</section>")[0]
    return dict(re.findall(r"<h3>(.*?)</h3>(.*?)(?=<h3>|\Z)", part, re.DOTALL))


def test_paper_has_the_numbers_of_the_figures_that_no_table_says(full):
    found = numbers(pdf.render_print(full, memos.templates()))
    assert set(found) == {
        "Effect by day", "Days since exposure", "Shares by day", "Balance before exposure",
        "Distributions",
    }  # fmt: skip
    content = json.loads(document.render_json(full))
    days = [one for one in content["figures"] if one["figure"] == "by_day"]
    assert len(days) == 8
    cells = set(re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", found["Effect by day"]))
    for one in days:
        assert {cell for row in one["rows"] for cell in row} <= cells
        assert f"{one['title']}: Change" in cells
    # Panels stand beside each other: a day is one row for four of them.
    assert found["Effect by day"].count("<tr>") == 2 * (1 + len(days[0]["rows"]))
    # On a page they stand behind each chart.
    assert 'id="numbers"' not in memos.render_html(full, runtime="charts.js")


def test_numbers_that_are_too_many_for_paper_are_counted_and_said_to_be_elsewhere():
    memo = examples.memo_of(example_full.full())
    day = memo.shares[0]
    shares = tuple(replace(day, day=day.day + timedelta(n)) for n in range(101))
    found = numbers(pdf.render_print(replace(memo, shares=shares), memos.templates()))
    assert "Too long for paper: 101 rows." in found["Shares by day"]
    assert "<td>" not in found["Shares by day"]
    fewer = numbers(pdf.render_print(replace(memo, shares=shares[:100]), memos.templates()))
    assert fewer["Shares by day"].count("<tr>") == 101


def test_days_that_only_some_metrics_have_stand_in_their_order(full):
    """The days of a longer window are later ones."""
    late = tuple(
        replace(day, as_of=day.as_of + timedelta(4 * (day.metric == "ordered")))
        for day in full.days
    )
    html = numbers(pdf.render_print(replace(full, days=late), memos.templates()))["Effect by day"]
    first = re.findall(r'<th scope="row">([^<]*)</th>', html.partition("</table>")[0])
    assert first == sorted(first)
    assert len(first) == 14


def test_markdown_says_where_the_numbers_of_figures_are(full):
    assert "point by point, are in this memo as a page and as JSON" in memos.render_markdown(full)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_texts_of_the_json(text):
    marts = examples.launch()
    marts["experiments"][0]["label"] = text
    content = json.loads(document.render_json(examples.memo_of(marts)).encode("utf-8"))
    jsonschema.validate(content, json.loads(SCHEMA))
    assert content["memo"]["experiment"]["label"] == text.replace("\ud800", "?")


def test_the_last_bits_change_no_format(full):
    marts = example_full.full()
    for name in ("effects", "posteriors", "effects_by_age", "moments"):
        for row in marts[name]:
            for column, value in row.items():
                if isinstance(value, float) and column not in {"margin", "level"}:
                    row[column] = value * (1 + 1e-13)
    again = examples.memo_of(marts)
    assert document.render_json(again) == document.render_json(full)
    assert memos.render_html(again) == memos.render_html(full)


def test_pictures_stand_beside_the_markdown_that_shows_them(full, tmp_path):
    paths = memos.write([full], tmp_path, formats=("md", "svg"))
    text = paths[0].read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(shown) > 10
    assert sorted(shown) == sorted(path.name for path in paths[1:])
    assert all(path.read_text().startswith("<svg") for path in paths[1:])
    assert "![" not in memos.render_markdown(full)


@pytest.fixture(scope="module")
def printed():
    """A short memo on paper: a long one takes seconds."""
    pytest.importorskip("weasyprint", reason="the extra `pdf` is not installed", exc_type=OSError)
    return pdf.render_pdf(examples.memo_of(examples.rollback()))


def test_a_memo_on_paper_is_the_same_for_the_same_rows(printed):
    assert pdf.render_pdf(examples.memo_of(examples.rollback())) == printed
    assert b"CreationDate" not in printed


def test_a_memo_on_paper_has_its_verdict_on_the_first_page(printed):
    from pypdf import PdfReader

    pages = PdfReader(BytesIO(printed)).pages
    first = pages[0].extract_text()
    assert "Roll back loud" in first
    assert "What to do next" in first
    assert "Definitions" in first
    assert "Effects on success metrics" not in first
    assert "Effects on success metrics" in pages[1].extract_text()


@pytest.mark.parametrize(
    ("count", "verdict"), [(3, "launch"), (5, "rollback"), (8, "hold")], ids=str
)
def test_of_many_variants_too_the_verdict_is_one_page(tmp_path, count, verdict):
    """Two treatments of four metrics fill it; of more, the first page draws the foremost."""
    pytest.importorskip("weasyprint", reason="the extra `pdf` is not installed", exc_type=OSError)
    from pypdf import PdfReader

    (tmp_path / "sections").mkdir()
    for name, path in memos.templates().sections:
        if name != "verdict":
            (tmp_path / path).touch()
    memo = examples.memo_of(examples.crowded(count, verdict))
    pages = PdfReader(BytesIO(pdf.render_pdf(memo, memos.templates(tmp_path)))).pages
    text = pages[0].extract_text()
    # The last row of its last table.
    assert "Definitions" in text
    assert f"6 of {4 * count} comparisons are drawn here" in " ".join(text.split())


@pytest.mark.parametrize("verdict", ["launch", "rollback", "hold"])
def test_the_first_page_draws_what_is_decided_first_then_what_looks_worst(verdict):
    memo = examples.memo_of(examples.crowded(5, verdict))
    chart, note = (panel.chart for panel in panels(memo, "overview", LIGHT))
    about = [row["label"].rpartition(" · ")[2] for row in chart.values]
    assert len(about) == OVERVIEW == 6
    decided = "variant_05" if verdict != "hold" else memo.leading
    assert about[:4] == [decided] * 4
    assert f"those of {decided} first" in note.text
    # It is told beside the picture, where charts of tables are not told in words.
    text = memos.render_markdown(memo, pictures=True)
    assert text.count(note.text) == 1


def test_the_worst_of_others_is_drawn_before_what_does_well():
    marts = examples.crowded(4, "launch")
    (worst,) = [
        row
        for row in marts["effects"]
        if (row["metric"], row["variant"]) == ("big_refunds", "variant_03")
    ]
    worst |= {"p_value_harm_corrected": 0.001}
    chart, _ = (panel.chart for panel in panels(examples.memo_of(marts), "overview", LIGHT))
    assert chart.values[4]["label"] == "big_refunds · variant_03"
    assert chart.values[4]["state"] == "bad"


def test_what_fits_is_drawn_in_the_order_of_the_definition():
    memo = examples.memo_of(examples.crowded(1, "hold"))
    (panel,) = panels(memo, "overview", LIGHT)
    assert [row["label"] for row in panel.chart.values] == [
        "ordered", "revenue", "page_load", "big_refunds",
    ]  # fmt: skip


def test_a_memo_on_paper_is_tagged_and_in_a_language(printed):
    from pypdf import PdfReader

    root = PdfReader(BytesIO(printed)).trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert "Louder banner" in PdfReader(BytesIO(printed)).metadata.title


def test_pages_break_between_rows_of_charts():
    weasyprint = pytest.importorskip("weasyprint", reason="as above", exc_type=OSError)
    from pypdf import PdfReader

    figures = "".join(f"<figure style='height: 70mm'>chart{n}</figure>" for n in range(4))
    html = (
        f"<style>{page.style(memos.templates())}</style>"
        f"<div style='height: 80mm'></div><div class='charts'>{figures}</div>"
    )
    pages = PdfReader(BytesIO(weasyprint.HTML(string=html).write_pdf())).pages
    shown = [re.findall(r"chart\d", each.extract_text()) for each in pages]
    assert shown == [["chart0", "chart1"], ["chart2", "chart3"]]


def test_the_page_for_paper_runs_nothing_and_tells_its_pictures():
    html = pdf.render_print(examples.memo_of(example_full.full()), memos.templates())
    assert "<script" not in html
    assert "script-src 'none'" in html
    pictures = re.findall(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,', html)
    assert len(pictures) > 10
    assert all(pictures)


def test_paper_without_its_library_says_what_to_install(monkeypatch):
    import builtins

    real = builtins.__import__

    def missing(name, *arguments, **options):
        if name == "weasyprint":
            raise ImportError
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ExperimentosError, match=r"pip install 'experimentos\[pdf\]'"):
        pdf.render_pdf(examples.memo_of(examples.held()))
