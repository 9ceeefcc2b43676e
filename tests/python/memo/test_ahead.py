"""Looks to come: the boundary that is drawn ahead is the one that the plan gives."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from memo import examples
from memo.example_full import full
from memo.example_marts import LOOKS, planned_look_row

from experimentos.charts import LIGHT
from experimentos.memo.ahead import looks_ahead
from experimentos.memo.context import Look, PlannedLook
from experimentos.memo.figures import panels
from experimentos.memo.render import render_sections
from experimentos.sequential import group

START = date(2026, 9, 8)


def look(number: int, fraction: float | None, **changes: object) -> Look:
    taken = Look(
        experiment_id="e", metric="m", variant="b", test="superior", look=number,
        data_date=START + timedelta(7 * number), information_fraction=fraction, statistic=1.0,
        boundary=3.0, futility_boundary=None, alpha_spent=0.001, outcome="not crossed",
        planned_n=None, is_final=False, spending="obrien_fleming", spending_parameter=None,
        level=0.95,
    )  # fmt: skip
    return replace(taken, **changes)


def planned(number: int, share: float, reached: float | None) -> PlannedLook:
    at = START + timedelta(7 * number)
    return PlannedLook("e", number, at, share, reached, is_last=share == 1)


def test_quarters_have_the_boundaries_of_a_design_of_quarters():
    ahead = looks_ahead(
        [look(1, 0.25), look(2, 0.5)], [planned(3, 0.75, 0.5), planned(4, 1.0, 0.5)]
    )
    expected = group.spending_bounds([0.25, 0.5, 0.75, 1], 0.025)
    assert [row.boundary for row in ahead] == pytest.approx(list(expected[2:]))
    assert [(row.look, row.fraction) for row in ahead] == [(3, 0.75), (4, 1.0)]
    assert [row.planned_on for row in ahead] == [START + timedelta(days) for days in (21, 28)]


def test_what_came_late_is_made_up_for_in_the_time_that_is_left():
    # Half of the time has passed, and a third of the units are there.
    ahead = looks_ahead([look(2, 1 / 3)], [planned(3, 0.75, 0.5), planned(4, 1.0, 0.5)])
    assert [row.fraction for row in ahead] == pytest.approx([2 / 3, 1])


def test_each_hypothesis_has_its_level_and_its_spending():
    last = look(1, 0.5, level=0.975, spending="hwang_shih_decani", spending_parameter=-4.0)
    (ahead,) = looks_ahead([last], [planned(2, 1.0, 0.5)])
    expected = group.spending_bounds([0.5, 1], 0.0125, spending="hwang_shih_decani", parameter=-4.0)
    assert ahead.boundary == pytest.approx(expected[1])


@pytest.mark.parametrize(
    "taken",
    [
        [],
        [look(1, 0.5, is_final=True)],
        [look(1, 0.5, level=None)],
        [look(1, 0.5, spending=None)],
        [look(1, None)],
        [look(1, 1.0)],
        [look(1, 0.6), look(2, 0.5)],
    ],
    ids=["none", "final", "level", "spending", "fraction", "whole", "falling"],
)
def test_what_does_not_say_how_it_goes_on_has_nothing_ahead(taken):
    assert looks_ahead(taken, [planned(3, 0.75, 0.5), planned(4, 1.0, 0.5)]) == ()


def test_looks_that_the_plan_has_passed_are_left_out():
    # More is there than the plan had for the next look: units came faster.
    ahead = looks_ahead([look(1, 0.9)], [planned(2, 0.5, 0.5), planned(3, 1.0, 0.5)])
    assert [(row.look, row.fraction) for row in ahead] == [(2, 1.0)]


def test_the_chart_goes_on_to_the_end_of_the_plan():
    marts = full()
    marts["looks"] = [row for row in marts["looks"] if row["look"] < 3]
    key = marts["looks"][0]["experiment_id"]
    marts["planned_looks"] = [planned_look_row(key, number, 2) for number in (3, LOOKS)]
    memo = examples.memo_of(marts)
    chart = panels(memo, "monitoring", LIGHT)[0].chart
    assert [row["is_planned"] for row in chart.values] == [False, False, True, True]
    assert [row["fraction"] for row in chart.values] == [0.25, 0.5, 0.75, 1]
    assert chart.values[-1]["statistic"] is None
    assert "look 3 is planned on 2026-10-06 at 75% of the plan" in chart.text


def test_looks_to_come_are_told_with_their_dates():
    marts = full()
    key = marts["looks"][0]["experiment_id"]
    marts["planned_looks"] = [planned_look_row(key, number, 2) for number in (3, LOOKS)]
    marts["planned_looks"][0]["planned_date"] = None
    section = dict(render_sections(examples.memo_of(marts)))["monitoring"]
    assert (
        "Still to come:\nlook 3, at 75% of the plan;\n"
        "look 4 on data before 2026-10-13, at 100% of the plan.\n"
    ) in section
