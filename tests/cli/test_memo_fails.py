"""What counts for `--fail-on`: an experiment that ended blocked would fail every build for ever."""

import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from memo import examples

from experimentos.cli.memo_fails import FailOn, watch

BLOCKED = examples.memo_of(examples.blocked())
ROLLBACK = examples.memo_of(examples.rollback())
DAY = timedelta(days=1)


def of(memo, **columns):
    return replace(memo, experiment=replace(memo.experiment, **columns))


def before_the_end(memo, time=DAY):
    return of(memo, data_as_of=memo.experiment.observe_until - time)


def failing(memos, *reasons):
    return [name for name, _ in watch(memos, reasons).failing]


def test_only_those_that_have_not_ended_fail():
    assert failing([BLOCKED], FailOn.blocked) == []
    assert failing([before_the_end(BLOCKED)], FailOn.blocked) == [examples.BLOCKED]
    assert failing([before_the_end(BLOCKED)], FailOn.rollback) == []
    assert failing([before_the_end(ROLLBACK)], FailOn.rollback) == [examples.ROLLBACK]
    assert failing([before_the_end(ROLLBACK)], FailOn.blocked) == []


def test_what_is_counted_is_told_and_what_is_not():
    found = watch([BLOCKED, before_the_end(ROLLBACK)], [FailOn.blocked, FailOn.rollback])
    counted, not_counted = found.lines
    assert counted.startswith("--fail-on fails: louder_banner (to be rolled back). Counted, ")
    assert counted.endswith("because not ended: louder_banner.")
    assert not_counted == "Not counted, because ended: new_search. Of these: new_search (blocked)."
    assert found.document == {
        "failing": ["louder_banner"],
        "counted": ["louder_banner"],
        "not_counted": ["new_search"],
    }


def test_long_lists_are_cut():
    memos = [of(BLOCKED, experiment_id=f"e{number}") for number in range(23)]
    assert "e19 and 3 more." in watch(memos, [FailOn.rollback]).lines[1]


@pytest.mark.parametrize(
    ("columns", "has_ended"),
    [
        ({}, True),
        ({"status": "running"}, True),
        ({"data_as_of": None}, False),
        # Assignment may end later than windows do.
        ({"ends_at": BLOCKED.experiment.observe_until + DAY}, False),
        # Somebody says that it is over, although facts stopped coming before its end.
        ({"data_as_of": None, "status": "archived"}, True),
        ({"data_as_of": None, "status": "stopped"}, False),
        # No dates: the status tells.
        ({"observe_until": None, "status": "running"}, False),
        ({"observe_until": None, "status": "stopped"}, True),
        ({"summary_model": "totals", "status": "stopped"}, True),
        ({"summary_model": "totals", "status": "running"}, False),
        # Facts without times are complete as given.
        ({"is_dated": False, "data_as_of": None, "is_final": True}, True),
        ({"is_dated": False, "data_as_of": None, "is_final": False}, False),
        # A definition can be mended at any time.
        ({"definition_problems": "success: unknown metric"}, False),
    ],
    ids=str,
)
def test_an_experiment_has_ended_when_nothing_more_will_be_seen(columns, has_ended):
    assert of(BLOCKED, **columns).experiment.has_ended == has_ended


class Marts:
    """What the command reads, without a warehouse."""

    def __init__(self, marts):
        self.marts = examples.united(marts)

    def check_versions(self):
        pass

    def fetch(self, name, ids=None, *, where=None):
        del where
        rows = self.marts.get(name, [])
        return rows if ids is None else [row for row in rows if row["experiment_id"] in ids]


@pytest.mark.parametrize(
    ("reason", "days_before", "code"),
    [("blocked", 1, 1), ("blocked", 0, 0), ("rollback", 1, 0)],
    ids=str,
)
def test_the_command_exits_with_1_where_one_fails(
    run, monkeypatch, tmp_path, reason, days_before, code
):
    marts = examples.blocked()
    marts["experiments"][0]["data_as_of"] -= days_before * DAY

    @contextmanager
    def opened(*_):
        yield Marts(marts)

    monkeypatch.setattr(sys.modules["experimentos.cli.memo"], "opened", opened)
    answer = run("memo", "--out", tmp_path, "-f", "md", "--fail-on", reason)
    assert answer.code == code
    assert ("--fail-on fails: new_search (blocked)." in answer.out) == bool(code)
    assert (tmp_path / "new_search.md").is_file()
