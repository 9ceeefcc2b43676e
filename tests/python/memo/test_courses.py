"""Which days, ages, looks and levels belong to what decides."""

from datetime import timedelta

from memo import example_full, examples
from memo.example_marts import AS_OF, count_rows

from experimentos.charts import LIGHT
from experimentos.memo import readings
from experimentos.memo.figures import FIGURES, panels


def test_days_are_those_of_the_readout_that_decides():
    marts = example_full.full()
    n_days = len(examples.memo_of(marts).days)
    (first, *_) = [row for row in marts["effects"] if not row["is_latest"]]
    for other in (
        {"basis": "all"}, {"adjustment": "cuped"}, {"population": "activated"},
        {"segment": "country"}, {"role": "explore"}, {"metric": "gone"},
    ):  # fmt: skip
        marts["effects"].append(first | other)
    memo = examples.memo_of(marts)
    assert len(memo.days) == n_days
    assert {day.metric for day in memo.days} == {"ordered", "revenue", "page_load", "big_refunds"}
    assert [day.as_of for day in memo.days[:10]] == [AS_OF - timedelta(9 - i) for i in range(10)]


def test_days_on_which_nothing_came_are_left_out():
    marts = example_full.full()
    days = len(examples.memo_of(marts).days)
    latest = [row for row in marts["effects"] if row["is_latest"] and row["used_for_decision"]]
    for row in latest:
        marts["effects"].append(row | {"as_of": AS_OF + timedelta(3), "is_latest": True})
        row |= {"is_latest": False, "used_for_decision": False}
    assert len(examples.memo_of(marts).days) == days


def test_a_level_is_read_after_correction_and_never_against_the_whole():
    memo = examples.memo_of(example_full.full())
    found = {(row.effect.variant, row.effect.segment_value): row.reading for row in memo.segments}
    assert found["one_page", "DE"] == readings.SEGMENT_UP
    assert found["one_page", "FR"] == readings.NOT_SHOWN
    marts = example_full.full()
    marts["experiments"][0]["is_final"] = False
    for row in marts["effects"]:
        row["level"] = None
    assert {row.reading for row in examples.memo_of(marts).segments} == {readings.NOT_DUE}


def test_of_a_level_the_corrected_row_is_shown():
    marts = example_full.full()
    (level,) = [
        row
        for row in marts["effects"]
        if row["segment_value"] == "DE" and row["variant"] == "one_page"
    ]
    marts["effects"].append(level | {"adjustment": "cuped", "p_value_corrected": None, "lift": 9.0})
    memo = examples.memo_of(marts)
    shown = [row for row in memo.segments if row.effect.segment_value == "DE"]
    assert [row.effect.adjustment for row in shown] == ["none", "none"]


def test_phases_of_a_ramp_are_no_segment():
    marts = example_full.full()
    for row in marts["effects"]:
        if row["segment"] == "platform":
            row["segment"] = "phase"
    segments = examples.memo_of(marts).segments
    assert {row.effect.segment for row in segments} == {"country"}


def test_shares_add_up_from_day_to_day():
    marts = examples.launch()
    marts["assignment_counts"] = count_rows(
        examples.LAUNCH, {"control": 100, "one_page": 60}, {"control": 90, "one_page": 50}
    )
    shares = examples.memo_of(marts).shares
    assert [(row.variant, row.n_units, row.n_all, row.n_planned) for row in shares] == [
        ("control", 50, 80, 40.0), ("one_page", 30, 80, 40.0),
        ("control", 100, 160, 80.0), ("one_page", 60, 160, 80.0),
    ]  # fmt: skip


def test_a_share_without_a_plan_is_not_compared():
    marts = examples.launch()
    for row in marts["assignment_counts"]:
        row["planned_share"] = None
    memo = examples.memo_of(marts)
    assert {row.n_planned for row in memo.shares} == {None}
    (panel,) = panels(memo, "sample_ratio", LIGHT)
    assert panel.chart.is_empty


def test_nothing_is_drawn_of_what_may_not_be_read():
    marts = example_full.full()
    marts["health"] = examples.blocked()["health"]
    for row in marts["health"]:
        row["experiment_id"] = examples.LAUNCH
    marts["decisions"] = [row | {"verdict": "hold"} for row in marts["decisions"]]
    marts["variant_decisions"] = []
    memo = examples.memo_of(marts)
    drawn = {
        name for name in FIGURES for panel in panels(memo, name, LIGHT) if not panel.chart.is_empty
    }
    assert drawn == {"overview", "sample_ratio", "balance", "exclusions"}


def test_before_it_is_due_only_what_holds_every_day_is_drawn():
    marts = example_full.full()
    marts["experiments"][0] |= {"is_final": False, "design": "fixed"}
    memo = examples.memo_of(marts)
    drawn = {
        name for name in FIGURES for panel in panels(memo, name, LIGHT) if not panel.chart.is_empty
    }
    assert drawn == {"by_day", "sample_ratio", "balance", "exclusions"}
    for panel in panels(memo, "by_day", LIGHT):
        assert {row["lower_fixed"] for row in panel.chart.values} == {None}


def test_a_margin_is_drawn_on_the_side_that_is_worse():
    memo = examples.memo_of(example_full.full())
    (panel,) = panels(memo, "guardrails", LIGHT)
    margins = {row["label"]: row.get("margin") for row in panel.chart.values}
    assert margins["page_load · one_page"] == 2.0  # its goal is to decrease
    marts = example_full.full()
    for row in marts["effects"]:
        if row["metric"] == "page_load":
            row |= {"goal": "increase", "margin": 18.402, "margin_kind": "absolute"}
    (panel,) = panels(examples.memo_of(marts), "guardrails", LIGHT)
    assert {row.get("margin") for row in panel.chart.values} == {-1.0, None}
