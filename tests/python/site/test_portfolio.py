import json
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memo.many_experiments import entries_of, many

from experimentos.site.portfolio import line, page_data, plain, scale


def only(**columns):
    """One experiment whose row of the experiments has other columns."""
    marts = many(1)
    marts["experiments"][0] |= columns
    (entry,) = entries_of(marts)
    return entry


@pytest.fixture(scope="module")
def entries():
    return entries_of(many(60))


def test_a_line_begins_with_where_0_is_and_keeps_its_ends():
    assert line([0.0, 1.0]) == "00Z"
    assert line([-1.0, 1.0]) == "u0Z"
    assert line([2.0, 1.0]) == "0Zu"
    assert line(list(map(float, range(100))))[-1] == "Z"
    assert len(line(list(map(float, range(100))))) == 17


@pytest.mark.parametrize("series", [[], [1.0], [0.0, 0.0]])
def test_what_has_no_course_has_no_line(series):
    assert line(series) == ""


def test_the_scale_is_round_and_fits_most(entries):
    leads = [entry.lead for entry in entries if entry.lead]
    limit = scale(leads)
    assert limit == pytest.approx(float(f"{limit:.1g}"))
    reach = [max(abs(f.effect.lift_lower or 0), abs(f.effect.lift_upper or 0)) for f in leads]
    assert sum(value <= limit for value in reach) >= 0.9 * len(reach)
    assert scale([]) == 0.01


def test_of_few_intervals_none_is_cut(entries):
    leads = [entry.lead for entry in entries if entry.lead][:5]
    wide = replace(leads[0].effect, lift_upper=3.0, lift_lower=-0.1, lift=1.0, level=0.95)
    assert scale([*leads, replace(leads[0], effect=wide, reading="better")]) == 3.0


def test_what_is_blocked_or_not_due_has_no_interval(entries):
    data = json.loads(page_data(entries, {}))
    rows = {row[0]: row for row in data["rows"]}
    for entry in entries:
        row = rows[entry.experiment.experiment_id]
        _, effect, interval, lower, estimate, upper, tone, course = row[11:]
        if entry.is_blocked:
            assert (effect, interval, lower, estimate, upper) == ("withheld", "", None, None, None)
            assert course == ""
        elif entry.phase == "draft":
            assert effect == "none yet"
        elif entry.phase == "running" and entry.verdict == "hold":
            assert interval == "not due"
            assert (lower, upper, tone) == (None, None, "even")
            assert estimate is not None
    assert any(entry.is_blocked for entry in entries)
    assert {entry.phase for entry in entries} == {"draft", "running", "ended"}


def test_a_line_ends_at_the_estimate_that_is_shown(entries):
    for entry in entries:
        if entry.lead is not None:
            assert entry.series[-1] == entry.lead.effect.estimate


def test_what_follows_the_planned_end_is_not_drawn():
    marts = many(1)
    short = datetime.fromisoformat("2023-01-12")
    marts["experiments"][0]["decides_at"] = short
    (entry,) = entries_of(marts)
    assert len(entry.series) == 10


def test_days_left_are_those_of_the_plan_or_until_the_units_are_there():
    running = {"is_final": False, "status": "running"}
    as_of = datetime.fromisoformat("2023-01-10")
    end = datetime.fromisoformat("2023-01-14 12:00")
    assert only(**running, data_as_of=as_of, decides_at=end).days_left == 4.5
    assert only(**running, data_as_of=end, decides_at=as_of).days_left == 0
    assert only(is_final=True, status="running", decides_at=end).days_left == 0
    # Without a planned end: the power table says 0 days for both success metrics.
    assert only(**running, data_as_of=as_of, decides_at=None).days_left == 0
    marts = many(1)
    marts["experiments"][0] |= running | {"decides_at": None}
    marts["power"][0]["days_left"] = None
    assert entries_of(marts)[0].days_left is None


def test_a_launch_shows_what_carries_it(entries):
    launched = [entry for entry in entries if entry.verdict == "launch"]
    assert launched
    assert {entry.lead.effect.role for entry in launched} == {"success"}


@given(st.text())
def test_data_cannot_end_their_element(text):
    entry = only(label=text, owner=text)
    data = str(page_data([entry], {}))
    assert not set("<>&\u2028\u2029") & set(data)
    assert json.loads(data)["rows"][0][1] in (plain(text), "(none)", "")


def test_the_order_of_rows_does_not_matter(entries):
    marts = many(60)
    turned = {mart: rows[::-1] for mart, rows in marts.items()}
    assert page_data(entries_of(turned), {}) == page_data(entries, {})
