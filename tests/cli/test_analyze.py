"""Totals in a CSV file, through the same dbt package as raw events."""

import pytest

pytestmark = pytest.mark.slow

# Quotes, commas, Jinja, HTML and SQL in a label: all of it is only text.
LABEL = 'new "x\'y", {{ 1 + 1 }} {% c <b> \\ ; drop'
ROWS = "variant,users,conversions,refunds,revenue_sum,revenue_sum_sq\n"
ROWS += "control,10000,1000,50,9000.5,200000\n"


@pytest.fixture
def csv_file(tmp_path):
    quoted = LABEL.replace('"', '""')
    path = tmp_path / "One-page checkout.csv"
    path.write_text(f'{ROWS}"{quoted}",10100,1200,45,10000,240000\n')
    return path


def test_a_better_variant_is_launched_and_the_memo_is_printed(run, csv_file, tmp_path):
    answer = run("analyze", csv_file, "--out", tmp_path / "memos")
    assert answer.code == 0
    assert answer.out.startswith("# One-page checkout\n\n## Verdict\n\n**Launch new")
    assert "11.88%" in answer.out
    # What is named can be found: the project around the totals is gone.
    assert " in One-page checkout.csv |" in answer.out
    assert "summary.yml" not in answer.out
    assert "| control | 50% | 10,000 | 49.75% | 10,000 | 49.75% |" in answer.out
    assert "| Planned end | none is planned |" in answer.out
    assert "&lt;b&gt;" in answer.out
    files = [path.name for path in sorted((tmp_path / "memos").iterdir())]
    assert files == ["one_page_checkout.html", "one_page_checkout.md"]
    assert (tmp_path / "memos" / files[1]).read_text() in answer.out
    # Nothing else is left behind.
    assert {path.name for path in tmp_path.iterdir()} == {csv_file.name, "memos"}


def test_a_split_that_was_not_planned_blocks_and_the_other_options_arrive(run, csv_file):
    split = ["--split", "control=0.04", "--split", f"{LABEL}=0.96"]
    options = ["--control", LABEL, "--success", "revenue", "--alpha", "0.1", "--format", "json"]
    answer = run("analyze", csv_file, "--name", "Mine {{ 1 }}", *split, *options)
    assert answer.code == 0
    (entry,) = answer.json["experiments"]
    assert entry["experiment_id"] == "mine_1"
    assert (entry["verdict"], entry["is_blocked"]) == ("hold", True)
    assert "sample_ratio" in entry["reason"]


def test_an_alpha_that_makes_no_sense_is_named_once(run, csv_file):
    answer = run("analyze", csv_file, "--alpha", "0")
    assert answer.code == 1
    assert answer.err.count("`alpha` must be a number between 0 and 0.5") == 1
