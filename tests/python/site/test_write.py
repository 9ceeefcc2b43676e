import json
import re
import resource

import pytest
from memo.many_experiments import fetcher, many

from experimentos.errors import ProjectError
from experimentos.memo import templates
from experimentos.memo.context import Statement
from experimentos.site import write_site


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def marts():
    return many(7, days=3)


def test_every_page_is_there_and_every_link_leads_to_one(tmp_path, marts):
    written = write_site(fetcher(marts), tmp_path)
    assert (written.n_experiments, written.n_metrics) == (7, 5)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 7 + 5 + 4
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), page
        for link in re.findall(r'href="([^"#:]+)(?:#[\w-]+)?"', text):
            assert (page.parent / link).resolve() in pages, (page, link)


def test_the_style_of_memos_and_of_a_project_is_that_of_every_page(tmp_path, marts):
    own = tmp_path / "own"
    own.mkdir()
    (own / "style.css").write_text('main > p { color: "own"; }\n')
    write_site(fetcher(marts), tmp_path / "site", own=templates(own))
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        style = text.partition("<style>")[2].partition("</style>")[0]
        assert 'main > p { color: "own"; }' in style
        # Nothing in it was escaped.
        assert "&" not in style
    assert "td > .bad" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_the_sql_that_was_asked_for_stands_on_the_page_of_each_experiment(tmp_path, marts):
    statements = (Statement("experimentos__decisions", "select 1 < 2"),)
    write_site(fetcher(marts), tmp_path, statements=statements)
    pages = list((tmp_path / "experiments").glob("*.html"))
    assert len(pages) == 7
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "select 1 &lt; 2" in text
        assert "memo --sql" not in text


def test_every_mart_is_read_once_for_each_batch(tmp_path, marts):
    calls = []
    fetch = fetcher(marts)

    def counting(name, ids=None):
        calls.append((name, ids))
        return fetch(name, ids)

    write_site(counting, tmp_path, batch=3)
    effects = [ids for name, ids in calls if name == "effects"]
    assert [len(ids) for ids in effects] == [3, 3, 1]
    assert len({tuple(ids) for ids in effects}) == 3


def test_batches_and_processes_change_no_byte(tmp_path, marts):
    write_site(fetcher(marts), tmp_path / "one")
    write_site(fetcher(marts), tmp_path / "many", batch=2, workers=2)
    turned = {mart: rows[::-1] for mart, rows in marts.items()}
    write_site(fetcher(turned), tmp_path / "turned", batch=100)
    assert (
        files_of(tmp_path / "one") == files_of(tmp_path / "many") == files_of(tmp_path / "turned")
    )


def test_pages_that_are_no_longer_needed_are_removed_and_no_others(tmp_path, marts):
    write_site(fetcher(marts), tmp_path)
    own = tmp_path / "experiments" / "notes.html"
    own.write_text("mine")
    gone = marts["experiments"][0]["experiment_id"]
    fewer = {
        mart: [row for row in rows if row.get("experiment_id") != gone]
        for mart, rows in marts.items()
    }
    written = write_site(fetcher(fewer), tmp_path)
    assert written.removed == (f"experiments/{gone}.html",)
    assert not (tmp_path / written.removed[0]).exists()
    assert own.read_text() == "mine"


def test_a_manifest_cannot_point_outside_of_the_site(tmp_path, marts):
    outside = tmp_path / "outside.html"
    outside.write_text("mine")
    folder = tmp_path / "site"
    folder.mkdir()
    names = ["../outside.html", "experiments/../../outside.html", "index.html", str(outside)]
    (folder / "site.json").write_text(json.dumps({"files": names}))
    assert write_site(fetcher(marts), folder).removed == ()
    assert outside.exists()


def test_a_folder_with_other_pages_is_left_alone(tmp_path, marts):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(ProjectError, match="index.html and no site.json. Name another folder"):
        write_site(fetcher(marts), tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_broken_manifest_is_named(tmp_path, marts):
    (tmp_path / "site.json").write_text("[")
    with pytest.raises(ProjectError, match="site.json must list the files"):
        write_site(fetcher(marts), tmp_path)


def test_a_project_without_experiments_has_a_site(tmp_path):
    written = write_site(fetcher({"experiments": [], "metrics": []}), tmp_path)
    assert written.n_experiments == 0
    assert "0 experiments" in (tmp_path / "index.html").read_text()
    assert "No metric is defined" in (tmp_path / "metrics.html").read_text()


@pytest.mark.slow
def test_a_thousand_experiments_are_written_in_two_minutes_of_two_processors(tmp_path):
    """Processor time is counted, not the clock: others may be using the machine."""
    fetch = fetcher(many(1_000))
    before = processor_seconds()
    written = write_site(fetch, tmp_path, workers=2)
    assert processor_seconds() - before < 2 * 120
    assert written.n_experiments == 1_000


def processor_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
