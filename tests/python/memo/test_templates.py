"""A project's own sections, style and texts, without a copy of the rest."""

import re
from pathlib import Path

import pytest
import yaml
from memo import example_full, examples

from experimentos.errors import ArgumentError
from experimentos.memo import render_html, render_markdown
from experimentos.memo.templates import Templates, templates

DOCUMENT = (Path(__file__).parents[3] / "docs" / "memos.md").read_text(encoding="utf-8")


def own(folder, **files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Templates(folder)


@pytest.fixture
def launch():
    return examples.memo_of(examples.launch())


def headings(text):
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def test_a_section_is_added_where_its_number_says(tmp_path, launch):
    used = own(tmp_path, **{"sections/15_cost.md.j2": "{# Costs. #}\n## Costs\n\nNone.\n"})
    found = headings(render_markdown(launch, used))
    assert found[:3] == ["Verdict", "Costs", "Effects on success metrics"]
    assert found[3:] == headings(render_markdown(launch))[2:]
    assert '<section id="cost"' in render_html(launch, used, runtime="charts.js")


def test_a_section_is_overridden_by_its_name_and_may_move(tmp_path, launch):
    used = own(tmp_path, **{"sections/95_effects.md.j2": "## Only here\n\n{{ memo.rule }}\n"})
    found = headings(render_markdown(launch, used))
    assert found[-1] == "Only here"
    assert "Effects on success metrics" not in found


def test_a_section_may_hold_the_packages_own(tmp_path, launch):
    text = '{% include "ours/sections/20_effects.md.j2" %}\n\nRead the wiki first.\n'
    used = own(tmp_path, **{"sections/20_effects.md.j2": text})
    shown = render_markdown(launch, used)
    assert "Read the wiki first." in shown
    assert headings(shown) == headings(render_markdown(launch))


def test_an_empty_file_drops_a_section(tmp_path, launch):
    used = own(tmp_path, **{"sections/90_appendix.md.j2": "\n"})
    assert headings(render_markdown(launch, used)) == headings(render_markdown(launch))[:-1]


def test_a_style_sheet_comes_after_the_packages(tmp_path, launch):
    used = own(tmp_path, **{"style.css": ":root { --accent: #123456; } </style><script>x"})
    html = render_html(launch, used, runtime="charts.js")
    assert html.index("--accent: #0b57b0") < html.index("--accent: #123456")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "<script>x" in style  # it ends no element, so it is no script
    assert html.count("</style>") == 1


def test_texts_are_put_in_the_place_of_the_packages(tmp_path, launch):
    content = {
        "language": "de",
        "texts": {
            "Verdict": "Empfehlung",
            "What to do next": "Was jetzt zu tun ist",
            "Reading": "Befund",
            "better": "besser",
            "not shown": "nicht gezeigt",
            "Launch": "Einführen",
            "Give {variant} to everyone.": "Alle bekommen {variant}.",
        },
    }
    used = own(tmp_path, **{"texts.yml": yaml.safe_dump(content, allow_unicode=True)})
    used.check()
    shown = render_markdown(launch, used)
    assert headings(shown)[0] == "Empfehlung"
    assert "### Was jetzt zu tun ist" in shown
    assert "| Befund |" in shown
    assert "| besser |" in shown
    assert "| nicht gezeigt |" in shown
    html = render_html(launch, used, runtime="charts.js")
    assert '<html lang="de">' in html
    assert '<td class="good">besser</td>' in html


def test_names_of_data_are_never_translated(tmp_path):
    marts = examples.launch()
    for row in marts["effects"] + marts["experiment_metrics"]:
        row["metric"] = "Verdict" if row["metric"] == "ordered" else row["metric"]
    used = own(tmp_path, **{"texts.yml": "texts: {Verdict: Empfehlung}"})
    assert "| Verdict | one_page |" in render_markdown(examples.memo_of(marts), used)


def test_a_translation_cannot_break_the_page(tmp_path, launch):
    used = own(tmp_path, **{"texts.yml": 'texts: {better: "<script>alert(1)</script> | x"}'})
    assert "<script>alert" not in render_html(launch, used, runtime="charts.js")
    tables = re.findall(r"(?:^\|.*\n)+", render_markdown(launch, used), re.MULTILINE)
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_texts_that_no_template_has_are_named_with_the_nearest(tmp_path):
    own(tmp_path, **{"texts.yml": "texts: {Verdictt: x, Reading: y, no such text at all: z}"})
    with pytest.raises(ArgumentError, match=r"'Verdictt' \(nearest: 'Verdict'\)") as raised:
        templates(tmp_path)
    assert "no such text at all" in str(raised.value)
    assert "'Reading'" not in str(raised.value)


@pytest.mark.parametrize("text", ["texts: [a]", "a: [", "words: {a: b}", "just text"])
def test_texts_that_are_no_mapping_are_refused(tmp_path, text):
    own(tmp_path, **{"texts.yml": text})
    with pytest.raises(ArgumentError, match=r"texts\.yml must"):
        templates(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ArgumentError, match="must exist, got '.*nowhere'"):
        templates(tmp_path / "nowhere")


def test_a_figure_that_does_not_exist_is_named(tmp_path, launch):
    used = own(tmp_path, **{"sections/15_x.md.j2": '## X\n\n{{ "effect" | figure }}\n'})
    with pytest.raises(ArgumentError, match=r"A figure must be one of \['balance', .*got 'effect'"):
        render_markdown(launch, used)


def test_every_text_of_the_templates_is_listed():
    texts = templates().all_texts()
    for text in (
        "Verdict",
        "Corrected p",
        "Give {variant} to everyone.",
        "No look has been taken yet.",
    ):
        assert text in texts
    assert list(texts) == sorted(set(texts))


def test_the_example_of_the_document_works(tmp_path):
    blocks = re.findall(
        r"^`memo_templates/(\S+)`:\n\n```\w+\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL
    )
    files = dict(blocks)
    assert len(files) == 4
    own(tmp_path, **files)
    used = templates(tmp_path)
    shown = render_markdown(examples.memo_of(example_full.full()), used)
    assert headings(shown)[:3] == ["Empfehlung", "Cost of a launch", "Effects on success metrics"]
    assert "before one&#95;page goes" in shown or "before one_page goes" in shown
    assert "search the wiki" in shown
