"""Memos of many experiments are read and written some at a time, and figures show some charts."""

import pytest
from memo import example_full, examples
from memo.many_experiments import fetcher, many

from experimentos.charts import LIGHT
from experimentos.cli import memo_batches
from experimentos.errors import ArgumentError
from experimentos.memo import figures, pool, templates


class Warehouse:
    """What answers like a project, and remembers what it was asked for."""

    def __init__(self, marts):
        self.rows = fetcher(marts)
        self.asked = []

    def fetch(self, name, experiments=None, *, where=None):
        self.asked.append((name, experiments))
        return self.rows(name, experiments)


@pytest.fixture
def warehouse():
    return Warehouse(many(5, days=3))


def test_marts_are_read_for_some_experiments_at_a_time(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr(memo_batches, "BATCH", 2)
    told, paths = memo_batches.write_read(warehouse, None, tmp_path, ["md"], templates())
    ids = [memo.experiment.experiment_id for memo in told]
    assert ids == sorted(ids)
    assert len(ids) == 5
    asked = [wanted for name, wanted in warehouse.asked if name == "effects"]
    assert [len(wanted) for wanted in asked] == [2, 2, 1]
    assert [one for wanted in asked for one in wanted] == ids
    # What all share is read once.
    assert [name for name, wanted in warehouse.asked if wanted is None] == [
        "experiments",
        "metrics",
    ]
    assert {path.name for found in paths.values() for path in found} == {
        path.name for path in tmp_path.iterdir()
    }


def test_what_is_kept_of_a_memo_tells_its_verdict_without_its_numbers(warehouse, tmp_path):
    told, _ = memo_batches.write_read(warehouse, None, tmp_path, ["md"], templates())
    assert all(memo.reason and memo.verdict for memo in told)
    assert {
        len(getattr(memo, part)) for memo in told for part in ("effects", "days", "moments")
    } == {0}


def test_a_name_that_is_not_known_is_told_before_anything_is_written(warehouse, tmp_path):
    known = warehouse.rows("experiments", None)[0]["experiment_id"]
    with pytest.raises(ArgumentError, match="no_such"):
        memo_batches.write_read(warehouse, [known, "no_such"], tmp_path, ["md"], templates())
    assert list(tmp_path.iterdir()) == []


def test_other_processes_write_the_same_bytes(warehouse, tmp_path, monkeypatch):
    memo_batches.write_read(warehouse, None, tmp_path / "here", ["md"], templates())
    monkeypatch.setattr(pool, "MANY", 1)
    monkeypatch.setattr(pool.os, "cpu_count", lambda: 2)
    memo_batches.write_read(warehouse, None, tmp_path / "there", ["md"], templates())
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()


def test_charts_that_are_left_out_are_counted_and_named(monkeypatch):
    memo = examples.memo_of(example_full.full())
    drawn = figures.panels(memo, "by_day", LIGHT)
    titles = [panel.title for panel in drawn]
    assert len(drawn) > 3
    monkeypatch.setattr(figures, "PANELS", 2)
    *shown, note = figures.panels(memo, "by_day", LIGHT)
    assert [panel.title for panel in shown] == titles[:2]
    assert note.chart.is_empty
    assert note.chart.text.startswith(f"2 charts are shown of {len(drawn)}, the first of the")
    assert all(title in note.chart.text for title in titles[2:])
