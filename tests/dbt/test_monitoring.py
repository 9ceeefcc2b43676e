"""Daily builds of a monitored experiment: looks are taken when they are due, once, and kept."""

from __future__ import annotations

from typing import Any

import pytest
from monitored_shop import DAY, DAYS, LOOKS, START, Shop
from project import Project
from scipy import stats

from experimentos.sequential import group

GRADES = [4 / 14, 7 / 14, 11 / 14, 1]
WINNER = [0.2] * 4 + [0.3] * 10


def planned(shop: Shop) -> list[tuple[Any, ...]]:
    """The looks to come: number, date, share of the plan, and the share at the latest look."""
    columns = "look, planned_date, planned_fraction, reached_fraction"
    rows = shop.project.rows(f"select {columns} from main.experimentos__planned_looks order by 1")
    return [tuple(row.values()) for row in rows]


@pytest.fixture
def shop(tmp_path):
    return Shop(Project(tmp_path / "shop"))


@pytest.mark.slow
def test_looks_are_taken_when_they_are_due(shop):
    shop.rates["treatment"] = WINNER
    seen, ahead = [], {}
    for day in (4, 6, 7, 14, 15, 16, 20):
        shop.build(START + day * DAY)
        row = shop.deciding()
        ahead[day] = planned(shop)
        seen.append((row["look"], row["look_date"], row["as_of"], shop.decision()))
        power = shop.project.one("power", "test = 'superior'")
        assert (power["mde_reached"] is None) == (row["look"] is None)
        assert len(shop.looks()) == len({look for look, *_ in seen if look})
    none = (None, None)
    assert seen[0][:3] == (*none, START + 4 * DAY)
    assert seen[0][3][:2] == ("hold", "no_look_due")
    assert seen[0][3][2] == ("no look is due; the next look is due on data until 2026-09-07 00:00")
    assert seen[1][:3] == (1, LOOKS[0], LOOKS[0])
    assert seen[1][3][:2] == ("hold", "looks_remain")
    assert seen[1][3][2] == (
        "no verdict at this look; keep running: the next look is due on data until 2026-09-10 00:00"
    )
    assert seen[2][:3] == (*none, START + 7 * DAY)
    assert seen[2][3][:2] == ("hold", "no_look_due")
    # The second was skipped; the third is late, and cut at its date.
    assert seen[3][:3] == (2, LOOKS[2], LOOKS[2])
    assert seen[3][3][:2] == ("launch", "launchable")
    # Between looks a launch is remembered, not repeated.
    assert seen[4][:3] == (*none, START + 15 * DAY)
    assert seen[4][3][:2] == ("hold", "no_look_due")
    assert seen[4][3][2] == (
        "no look is due; the next look is due on data until 2026-09-17 00:00; the last one, on "
        "data until 2026-09-14 00:00, would have launched it"
    )
    assert seen[5][:3] == (3, LOOKS[3], LOOKS[3])
    # Shown for ever.
    assert seen[6] == seen[5]
    assert seen[5][3][:2] == ("launch", "launchable")

    dates = [at.date() for at in LOOKS]
    assert ahead[4] == [(n, dates[n - 1], pytest.approx(GRADES[n - 1]), None) for n in (1, 2, 3, 4)]
    first = [(n, dates[n - 1], pytest.approx(GRADES[n - 1]), GRADES[0]) for n in (2, 3, 4)]
    assert ahead[6] == ahead[7] == first
    # One was skipped, so the last will be the third.
    assert ahead[14] == ahead[15] == [(3, dates[3], 1, pytest.approx(GRADES[2]))]
    assert ahead[16] == ahead[20] == []

    looks = shop.looks()
    fractions = [4 / 14, 11 / 14, 1]
    assert [look["information_fraction"] for look in looks] == pytest.approx(fractions)
    assert [look["is_final"] for look in looks] == [False, False, True]
    assert [look["seen_at"] for look in looks] == [START + day * DAY for day in (6, 14, 16)]
    bounds = group.spending_bounds(
        fractions, 0.025, information=[look["information"] for look in looks]
    )
    assert [look["boundary"] for look in looks] == pytest.approx(list(bounds), rel=1e-6)
    assert [look["outcome"] for look in looks] == ["not crossed", "crossed", "crossed"]
    # Power is told at the level of this look.
    row, power = shop.deciding(), shop.project.one("power", "test = 'superior'")
    found = (looks[2]["boundary"] + stats.norm.isf(0.2)) * row["std_error"]
    assert power["mde_reached"] == pytest.approx(found / row["value_control"], rel=1e-9)
    assert len(shop.project.mart("looks")) == 3 * 4


def state(shop: Shop) -> dict[str, Any]:
    """Looks as they are written, the verdict, and the row that decides, to 12 digits."""
    row = {name: value for name, value in shop.deciding().items() if name != "restated_by"}
    looks = shop.project.rows("select * from main.experimentos__looks order by all")
    return {"looks": looks, "decision": shop.decision()} | {
        name: float(f"{value:.12g}") if isinstance(value, float) else value
        for name, value in row.items()
    }


def test_a_build_again_and_a_full_refresh_change_nothing_and_restated_rows_are_told(shop):
    shop.rates["treatment"] = WINNER
    shop.build(LOOKS[0])
    shop.build(LOOKS[2])
    first = state(shop)
    assert first["decision"][:2] == ("launch", "launchable")
    shop.build(LOOKS[2], "--full-refresh")
    assert state(shop) == first
    assert shop.deciding()["restated_by"] == pytest.approx(0, abs=1e-12)

    # Rows of the past turn out to be wrong: the look stays what it was.
    shop.rates["treatment"] = [0.2] * 14
    shop.build(LOOKS[2])
    again = state(shop)
    for name in (
        "looks",
        "decision",
        "estimate",
        "lower",
        "upper",
        "p_value",
        "p_value_corrected",
        "lift_lower",
    ):
        assert again[name] == first[name], name
    now = shop.project.one("effects", "as_of = '2026-09-14' and metric = 'ordered' and "
                           "basis = 'mature'")  # fmt: skip
    by_now = now["value_treatment"] - now["value_control"]
    assert now["restated_by"] == pytest.approx(by_now - first["estimate"])
    assert by_now < first["estimate"] / 2


@pytest.mark.slow
def test_the_look_of_a_fixed_design_is_kept_and_taken_again_for_a_reason_alone(shop):
    shop.monitoring = "fixed"
    shop.rates["treatment"] = WINNER
    shop.build(LOOKS[1])
    assert shop.looks() == []
    assert shop.decision()[:2] == ("hold", "no_look_due")
    # Late, and cut at its date.
    shop.build(LOOKS[3] + 3 * DAY)
    first = state(shop)
    assert first["decision"][:2] == ("launch", "launchable")
    assert (first["look"], first["look_date"], first["as_of"]) == (1, LOOKS[3], LOOKS[3])
    assert first["is_final"]
    looks = shop.project.mart("looks")
    assert {(look["metric"], look["test"]) for look in looks} == {
        ("ordered", "superior"), ("ordered", "harm"), ("spent", "noninferior"), ("spent", "harm"),
    }  # fmt: skip
    assert {(look["spending"], look["is_final"], look["information_fraction"])
            for look in looks} == {("all at once", True, 1.0)}  # fmt: skip
    (ordered,) = shop.looks()
    assert ordered["outcome"] == "crossed"
    assert ordered["alpha_spent"] == 0.025
    assert ordered["statistic"] == pytest.approx(stats.norm.isf(first["p_value"]))
    shop.build(LOOKS[3] + 3 * DAY, "--full-refresh")
    assert state(shop) == first

    # Rows of the past turn out to be wrong: the verdict stays, and the change is told.
    shop.rates["treatment"] = [0.2] * 14
    shop.build(LOOKS[3] + 9 * DAY)
    again = state(shop)
    for name in ("looks", "decision", "estimate", "lower", "p_value", "p_value_corrected", "as_of"):
        assert again[name] == first[name], name
    told = shop.project.one("health", "check_name = 'look_restated' and metric = 'ordered'")
    row = shop.deciding()
    assert told["observed"] == pytest.approx(-row["restated_by"] / row["std_error"])
    assert told["message"].startswith(
        "rows from before the look (data until 2026-09-17 00:00), or the definitions, were changed"
    )
    assert shop.project.mart("health", "check_name = 'look_retaken'") == []

    reason = "orders of the treatment were counted twice"
    shop.monitoring = {"design": "fixed", "override": reason}
    shop.build(LOOKS[3] + 9 * DAY)
    assert shop.decision()[:2] == ("hold", "inconclusive")
    told = shop.project.one("health", "check_name = 'look_retaken'")
    assert (told["status"], told["observed"]) == ("warning", 2)
    assert reason in told["message"]
    assert shop.project.mart("health", "check_name = 'look_restated'") == []
    kept = shop.looks()
    assert kept[0] == ordered
    assert [(look["look"], look["plan_override"]) for look in kept] == [(1, None), (2, reason)]
    # The same reason is one look; without it the last one stays.
    shop.monitoring = "fixed"
    shop.rates["treatment"] = WINNER
    shop.build(LOOKS[3] + 10 * DAY)
    assert shop.decision()[:2] == ("hold", "inconclusive")
    assert shop.looks() == kept
    assert reason in shop.project.one("health", "check_name = 'look_retaken'")["message"]


@pytest.mark.slow
def test_a_fixed_look_that_health_blocks_is_not_taken(shop):
    shop.monitoring = "fixed"
    shop.rates["treatment"] = WINNER
    shop.more = {"variants": {"control": 0.9, "treatment": 0.1}}
    shop.build(LOOKS[3])
    assert shop.decision()[:2] == ("hold", "health_blocked")
    assert shop.project.mart("looks") == []
    shop.more = {}
    shop.build(LOOKS[3] + DAY)
    assert shop.decision()[:2] == ("launch", "launchable")
    assert len(shop.looks()) == 1


@pytest.mark.slow
def test_a_plan_that_changes_after_a_look_is_held(shop):
    shop.rates["treatment"] = WINNER
    shop.build(LOOKS[0])
    shop.more = {"alpha": 0.1}
    shop.build(LOOKS[2])
    verdict, rule, reason = shop.decision()
    assert (verdict, rule) == ("hold", "plan_changed")
    assert reason == (
        "plan changed after data were seen (first look: 2026-09-07): undo it, or say why in "
        "`monitoring.override`"
    )
    # Nothing was decided, so nothing was spent: undone, it is the plan of the first look again.
    assert len(shop.looks()) == 1
    told = shop.project.one("health", "check_name = 'plan_changed'")
    assert told["status"] == "warning"
    assert told["message"] == (
        "the plan was changed after the first look (2026-09-07): alpha 0.05 -> 0.1 (first seen "
        "2026-09-14)"
    )
    shop.monitoring["override"] = "agreed before the start, written down late"
    shop.build(LOOKS[2])
    assert shop.decision()[:2] == ("launch", "launchable")
    told = shop.project.one("decision_evidence", "rule = 'plan_changed'")
    assert told["message"].endswith("allowed because: agreed before the start, written down late")
    assert len(shop.looks()) == 2
    told = shop.project.one("health", "check_name = 'plan_changed'")
    assert told["message"].endswith("allowed because: agreed before the start, written down late")
    edits = shop.project.rows("select part, is_plan from main.experimentos__edits order by part")
    assert edits == [{"part": "alpha", "is_plan": True}, {"part": "override", "is_plan": False}]
    kept = shop.project.rows(
        "select n_edits, definition_number from main.experimentos__history order by 2"
    )
    assert [(row["n_edits"], row["definition_number"]) for row in kept] == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.slow
def test_edits_before_the_first_look_changed_no_plan(shop):
    shop.more = {"alpha": 0.04}
    shop.build(LOOKS[0] - DAY)
    shop.more = {}
    shop.build(LOOKS[0])
    shop.more = {"alpha": 0.1}
    shop.build(LOOKS[0] + DAY)
    told = shop.project.one("health", "check_name = 'plan_changed'")["message"]
    assert "alpha 0.05 -> 0.1" in told
    assert "0.04" not in told
    assert len(shop.project.mart("edits", "is_plan")) == 2


@pytest.mark.slow
def test_changed_dates_keep_what_was_spent_and_are_told(shop):
    shop.build(LOOKS[1])
    shop.monitoring["looks"] = ["2026-09-08", "2026-09-12", "2026-09-17"]
    shop.build(START + 12 * DAY)
    row = shop.deciding()
    assert (row["look"], row["look_date"]) == (2, START + 11 * DAY)
    looks = shop.looks()
    assert [look["information_fraction"] for look in looks] == pytest.approx([0.5, 9 / 14])
    assert looks[1]["boundary"] == pytest.approx(group.spending_bounds(
        [0.5, 9 / 14], 0.025, information=[look["information"] for look in looks], final=False,
    )[1])  # fmt: skip
    assert shop.decision()[1] == "looks_remain"
    assert shop.project.one("decision_evidence", "rule = 'dates_changed'")["observed"] == 1
    told = shop.project.one("health", "check_name = 'dates_changed'")
    assert (told["status"], told["observed"]) == ("warning", 1)
    assert shop.project.mart("health", "check_name = 'plan_changed'") == []
    (edit,) = shop.project.mart("edits")
    assert (edit["part"], edit["is_plan"]) == ("looks", False)
    assert edit["change"] == (
        "looks 4 -> 2026-09-08 00:00:00, 2026-09-12 00:00:00, 2026-09-17 00:00:00 "
        "(first seen 2026-09-13)"
    )


@pytest.mark.slow
def test_another_name_does_not_spend_the_error_rate_again(shop):
    shop.rates["treatment"] = WINNER
    shop.more = {"id": "shop"}
    shop.build(LOOKS[0])
    (shop.project.folder / "experiments" / "shop.yml").unlink()
    shop.name = "shop_again"
    shop.build(LOOKS[2])
    verdict, rule, reason = shop.decision()
    assert (verdict, rule) == ("hold", "health_blocked")
    assert "looked at 1 time(s) as experiment 'shop'" in reason
    shop.monitoring["override"] = "the name was that of another team"
    shop.build(LOOKS[2])
    assert shop.decision()[:2] == ("launch", "launchable")
    assert shop.project.one("health", "check_name = 'renamed'")["status"] == "warning"
    # One after the other is no rename.
    (shop.project.folder / "experiments" / "shop_again.yml").unlink()
    shop.name, shop.monitoring = "later", {"looks": 4}
    shop.more |= {"start": str(START + DAYS * DAY), "end": str(START + 2 * DAYS * DAY)}
    shop.build(LOOKS[2])
    assert shop.project.mart("health", "check_name = 'renamed'") == []


@pytest.mark.slow
def test_looks_by_units_are_due_when_the_units_are_there(shop):
    # 200 a day: half of 2,000 are through two days after the fifth day.
    shop.monitoring = {"looks": [0.5, 1], "planned_n": 2000}
    shop.rates["treatment"] = WINNER
    shop.build(START + 6 * DAY)
    assert shop.decision()[2] == (
        "no look is due; the next look is due when 50 % of the planned units are there, on data "
        "until 2026-09-17 00:00 at the latest"
    )
    last = (2, LOOKS[3].date(), 1)
    assert planned(shop) == [(1, None, 0.5, None), (*last, None)]
    shop.build(START + 9 * DAY)
    row = shop.deciding()
    assert planned(shop) == [(*last, 0.5)]
    assert (row["look"], row["look_date"]) == (1, START + 7 * DAY)
    # One unit came at midnight exactly.
    assert row["information_fraction"] == pytest.approx(1001 / 2000, rel=1e-3)
    # All units are there before the end of the calendar: that look is the last.
    shop.build(START + 14 * DAY)
    row = shop.deciding()
    assert (row["look"], row["look_date"]) == (2, START + 12 * DAY)
    assert row["is_final"]
    assert planned(shop) == []
    verdict = shop.decision()
    shop.build(START + 20 * DAY)
    assert shop.decision() == verdict
    assert len(shop.looks()) == 2


@pytest.mark.slow
def test_without_a_daily_series_looks_are_cut_at_their_dates_too(tmp_path):
    found = []
    for daily in (True, False):
        shop = Shop(Project(tmp_path / f"daily_{daily}"))
        shop.settings = {"daily": daily}
        shop.rates["treatment"] = WINNER
        shop.build(LOOKS[0] + DAY)
        shop.build(LOOKS[2] + DAY)
        rows = shop.project.rows("select * from main.experimentos__looks order by all")
        found.append((rows, shop.decision()))
    daily, latest = found
    assert len(daily[0]) == len(latest[0]) == 8
    assert daily[1] == latest[1]
    for ours, theirs in zip(*(rows for rows, _ in found), strict=True):
        for name, value in ours.items():
            expected = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            assert theirs[name] == expected, name


@pytest.mark.slow
def test_always_valid_may_launch_on_any_day_after_a_week(shop):
    shop.monitoring = "always_valid"
    shop.rates["treatment"] = 0.36
    shop.build(START + 6 * DAY)
    row = shop.deciding()
    assert row["p_value_corrected"] < 0.025 < row["lower"] + 0.025
    verdict, rule, reason = shop.decision()
    assert (verdict, rule) == ("hold", "no_look_due")
    assert reason == (
        "a launch is not decided before seven full days: on data until 2026-09-08 00:00"
    )
    shop.build(START + 7 * DAY)
    assert shop.decision()[:2] == ("launch", "launchable")
    starts = shop.looks()
    assert [(look["look"], look["spending"]) for look in starts] == [(1, "normal_mixture")]
    assert starts[0]["look_date"] == START + 6 * DAY
    # The mixture is part of the plan: set once.
    shop.monitoring = {"design": "always_valid", "planned_n": 300}
    shop.build(START + 8 * DAY)
    assert shop.decision()[1] == "plan_changed"


@pytest.mark.slow
def test_a_quantile_has_the_look_of_its_latest_readout(shop):
    shop.more = {"guardrails": ["middle"]}
    shop.build(LOOKS[1] + DAY)
    row = shop.deciding("middle")
    assert (row["look"], row["as_of"]) == (1, LOOKS[1] + DAY)
    assert shop.deciding()["as_of"] == LOOKS[1]
    assert {look["metric"] for look in shop.looks("harm")} == {"middle", "ordered"}


@pytest.mark.slow
def test_a_pull_request_reads_the_looks_of_production_and_writes_its_own(tmp_path):
    shop = Shop(Project(tmp_path / "shop"))
    shop.rates["treatment"] = WINNER
    shop.build(LOOKS[0])
    kept = shop.project.mart("looks")
    # The same warehouse, another schema: as dbt makes one for a pull request.
    profile = shop.project.folder / "profiles.yml"
    shop.settings, shop.more = {"memory_schema": "main"}, {"power": 0.9}
    shop.write(LOOKS[2])
    profile.write_text(
        profile.read_text().replace("      type: duckdb", "      schema: pr\n      type: duckdb")
    )
    result = shop.project.dbt("run")
    assert result.success
    # What production has of the definition is what it is compared with.
    edits = shop.project.rows("select change from pr.experimentos__edits")
    assert edits == [{"change": "power 0.8 -> 0.9 (first seen 2026-09-14)"}]
    assert shop.project.mart("edits") == []
    assert shop.project.rows("select n_edits from pr.experimentos__history") == [{"n_edits": 1}]
    theirs = shop.project.rows("select * from pr.experimentos__looks where test = 'superior'")
    assert [look["look"] for look in theirs] == [2]
    fractions = [4 / 14, 11 / 14]
    assert theirs[0]["information_fraction"] == pytest.approx(fractions[1])
    alone = group.spending_bounds(fractions[1:], 0.025, final=False)[0]
    assert theirs[0]["boundary"] > alone + 1e-6
    assert shop.project.mart("looks") == kept
    # Again, on the same data: the look that it took is its own.
    assert shop.project.dbt("run").success
    assert (
        shop.project.rows("select * from pr.experimentos__looks where test = 'superior'") == theirs
    )
