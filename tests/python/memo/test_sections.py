import re
from dataclasses import replace
from pathlib import Path

import pytest
from memo import example_full, examples

from experimentos.memo.templates import templates
from experimentos.multiplicity import CORRECTIONS
from experimentos.resources import bundle_path

EXPECTED = Path(examples.__file__).parent
TEMPLATES = sorted(bundle_path("reports").rglob("*.md.j2"))


@pytest.mark.parametrize("name", sorted(examples.expected_texts()))
def test_a_section_is_as_it_was_read_and_accepted(name):
    """After a meant change: ``python tests/memo/accept.py``, then read the difference."""
    expected = (EXPECTED / f"{name}.md").read_text(encoding="utf-8")
    assert examples.expected_texts()[name] == expected


def test_every_expected_section_is_still_rendered():
    files = {str(path.relative_to(EXPECTED).with_suffix("")) for path in EXPECTED.rglob("*.md")}
    assert files == set(examples.expected_texts())


def test_sections_are_found_by_file_name_in_number_order():
    numbers = [int(re.search(r"/(\d+)_", path)[1]) for _, path in templates().sections]
    assert numbers == sorted(numbers)
    assert templates().sections[0][0] == "verdict"
    folder = bundle_path("reports") / "sections"
    assert len(templates().sections) == len(list(folder.glob("*.md.j2")))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_first_what_it_reads_and_leaves_work_to_filters(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("{# ")
    inside = " ".join(re.findall(r"\{[{%](.*?)[}%]\}", text, re.DOTALL))
    inside = re.sub(r'"[^"]*"', '""', inside)
    assert not re.search(r"\|\s*(safe|join|format|round|e|escape)\b|~|[*/%]| - ", inside)
    assert "{%-" not in text
    assert "-%}" not in text
    assert not re.search(r"https?://", text)


@pytest.mark.parametrize("correction", [*CORRECTIONS, None])
def test_the_method_names_the_correction_and_what_it_needs(correction):
    memo = examples.memo_of(examples.launch())
    memo = replace(memo, experiment=replace(memo.experiment, correction=correction))
    text = dict(templates().render_sections(memo))["method"]
    assert ("Corrected p of success metrics: " in text) == (correction is not None)
    assert ("positively dependent" in text) == (correction == "hommel")
    if correction is not None:
        assert re.search(rf"Corrected p of success metrics: {correction}\b", text, re.IGNORECASE)


@pytest.mark.parametrize("rate", [0.001, 0.2])
def test_the_method_names_the_error_rate_of_a_rollback(rate):
    memo = examples.memo_of(examples.launch())
    memo = replace(memo, experiment=replace(memo.experiment, alpha_harm=rate))
    text = dict(templates().render_sections(memo))["method"]
    assert f"| Error rate of a rollback, one-sided | {rate:g} over all success metrics" in text
    assert "| Of it for a launch, one-sided | 0.025 over" in text


def test_no_two_rows_of_the_appendix_are_of_the_same_name():
    """Moments of mature units stand beside those of all, so each says which it is."""
    text = dict(templates().render_sections(examples.memo_of(example_full.full())))["appendix"]
    moments = text.partition("Sums are of squared")[2]
    rows = [line.split(" | ")[:3] for line in moments.splitlines() if line.startswith("| ordered")]
    assert len(rows) == 6
    assert len({tuple(row) for row in rows}) == len(rows)
    assert {row[2] for row in rows} == {"mature", "all"}
