"""Who takes part, since when and up to when: small cases that can be checked by hand."""

from __future__ import annotations

import datetime as dt

import pytest
from project import Project

EVEN = {"control": 0.5, "treatment": 0.5}
DATES = {"start": "2026-01-05", "end": "2026-01-10", "control": "control", "variants": EVEN}
TICK = "interval '1 microsecond'"
START, END = "timestamp '2026-01-05'", "timestamp '2026-01-10'"

# experiment, unit, variant, time; the session of this project is in New York
ASSIGNED = f"""
select * from (values
    ('first', 1, 'control', {START}),
    ('first', 2, 'treatment', {END} - {TICK}),
    ('first', 3, 'treatment', {END}),
    ('first', 4, 'control', {START} - {TICK}),
    ('first', 4, 'control', {START} + {TICK}),
    ('first', 5, 'treatment', {START} + interval '2 days'),
    ('first', 5, 'treatment', {START} + interval '1 day'),
    ('first', 5, 'treatment', {START} + interval '1 day'),
    ('first', 6, 'control', {START} + interval '1 day'),
    ('first', 6, 'treatment', {START} + interval '2 days'),
    ('first', 7, 'control', {START} + interval '1 day'),
    ('first', 7, 'treatment', {END} + interval '1 day'),
    ('first', 8, 'control', {START} + interval '1 day'),
    ('first', 8, 'Control', {START} + interval '2 days'),
    ('first', 9, null, {START}),
    ('first', null, 'control', {START}),
    ('first', 10, 'treatment', null),
    ('first', 11, 'control', {START} + interval '1 day'),
    ('first', 11, 'treatment', {START} + interval '1 day'),
    ('first', 12, 'treatment', {START} - interval '1 day'),
    ('restart-1', 20, 'control', {START}),
    ('restart-2', 20, 'control', {START} + interval '1 day'),
    ('restart-2', 21, 'treatment', {START} + interval '1 day'),
    ('again', 30, 'control', {START}),
    ('again', 31, 'treatment', timestamp '2026-01-20'),
    ('again', 30, 'treatment', timestamp '2026-01-20'),
    ('open', 40, 'control', {START}),
    ('open', 41, 'treatment', timestamp '2026-02-10 11:59:59.999999'),
    ('open', 42, 'treatment', timestamp '2026-02-10 12:00:00'),
    ('open', 43, 'treatment', timestamp '2026-02-11'),
    ('mature', 50, 'control', {START}),
    ('mature', 51, 'control', {START} + {TICK}),
    ('mature', 52, 'treatment', {START} + interval '12 hours'),
    ('mature', 53, 'treatment', {START} - interval '1 day'),
    ('mature', 54, 'treatment', {START}),
    ('overridden', 50, 'control', {START}),
    ('overridden', 51, 'control', {START} + {TICK}),
    ('overridden', 52, 'treatment', {START} + interval '12 hours'),
    ('overridden', 54, 'treatment', {START}),
    ('tickets', 70, 'control', {START}),
    ('tickets', 71, 'treatment', {START}),
    ('by_day', 80, 'control', {START} + interval '10 hours'),
    ('by_day', 81, 'treatment', {START} + interval '10 hours'),
    ('mixed', 70, 'control', {START}),
    ('mixed', 71, 'treatment', {START} + interval '2 days'),
    ('mixed_once', 80, 'control', {START} + interval '1 day'),
    ('mixed_once', 83, 'control', {START} - interval '1 day'),
    (null, 60, 'control', {START}),
    ('nobody''s', 60, 'control', {START})
) as given(experiment, unit, variant, moment)
"""
ZONED = """
select unnest(['zoned', 'zoned_start']) as experiment, unit, variant,
    cast(moment as timestamptz) as moment
from (values
    (1, 'control', '2026-01-05 00:00:00+00'),
    (2, 'control', '2026-01-05 00:30:00+01'),
    (3, 'treatment', '2026-01-09 18:59:59-05'),
    (4, 'treatment', '2026-01-09 19:00:00-05')
) as given(unit, variant, moment)
"""
# Tables of one experiment, which has rows in `assigned` too.
NAMED = f"""
select unit, variant, {START} + interval '1 day' as moment, 'shop' as source
from (values (71, 'treatment'), (72, 'treatment')) as given(unit, variant)
"""
ONCE = "select unit, variant from (values (81, 'treatment'), (82, 'control')) as v(unit, variant)"
ORDERS = f"""
select * from (values
    (1, {START}, 1.0), (1, {START} - {TICK}, 100.0), (1, {START} + interval '7 days', 100.0),
    (1, {START} + interval '7 days' - {TICK}, 10.0), (1, {START} - interval '14 days', 0.5),
    (1, {START} - interval '14 days' - {TICK}, 100.0),
    (54, {START} + interval '1 day', 3.0),
    (99, timestamp '2026-01-30 17:00', 1.0), (99, timestamp '2026-03-01', 1.0)
) as given(unit, moment, amount)
"""
COMPLETE = f"""
select unit, {START} + interval '1 day' as moment from (values (50), (51), (52), (54)) as v(unit)
"""
DAYS = """
select * from (values
    (1, date '2026-01-05', 1.0), (1, date '2026-01-04', 100.0), (1, date '2026-01-06', 10.0),
    (1, date '2026-01-07', 100.0), (2, date '2026-01-09', 4.0), (2, date '2026-01-10', 40.0),
    (2, date '2026-01-08', 100.0), (2, date '2026-01-11', 100.0), (99, date '2026-02-01', 1.0)
) as given(unit, day, minutes)
"""
# The second row of ticket 1 restates the first.
TICKETS = f"""
select * from (values
    (1, 70, {START} + interval '1 day', {START} + interval '1 day', 'open'),
    (1, 70, {START} + interval '1 day', {START} + interval '2 days', 'spam'),
    (2, 71, {START} + interval '1 day', {START} + interval '1 day', 'open')
) as given(ticket, unit, moment, loaded_at, status)
"""
# Only the day of these times counts.
VISITS = """
select * from (values
    (80, timestamp '2026-01-06 09:00', 5.0), (80, timestamp '2026-01-06 18:00', 1.0),
    (81, timestamp '2026-01-07 08:00', 2.0), (99, timestamp '2026-02-01', 1.0)
) as given(unit, moment, minutes)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Project:
    project = Project(
        tmp_path_factory.mktemp("population"),
        {
            "assignment_models": ["assigned", "zoned", "named", "once"],
            "fact_models": ["orders", "complete", "days", "promised", "tickets", "visits"],
            "as_of": "2026-02-10 12:00:00",
        },
        database_settings={"TimeZone": "America/New_York"},
    )
    add_models(project)
    amount = {"success": ["amount"]}
    project.experiment("first", DATES | {"success": ["amount"], "explore": ["minutes"]})
    project.experiment("restarted", DATES | amount | {"id": ["restart-1", "restart-2"]})
    project.experiment("again_1", DATES | amount | {"id": "again"})
    project.experiment(
        "again_2", DATES | amount | {"id": "again", "start": "2026-01-20", "end": "2026-01-25"}
    )
    project.experiment(
        "open", {key: DATES[key] for key in ("start", "control", "variants")} | amount
    )
    project.experiment("mature", DATES | {"success": ["seen"], "explore": {"seen_later": {}}})
    project.experiment("overridden", DATES | {"success": {"seen": {"window": "4 days"}},
                                              "start": "2026-01-05T00:00:00+00:00"})  # fmt: skip
    project.experiment("ahead", DATES | {"success": ["promise"], "end": "2026-02-05"})
    project.experiment(
        "tickets", DATES | amount | {"activation": {"model": "tickets", "where": "status = 'open'"}}
    )
    by_day = {"activation": {"model": "visits", "within": "2 days"}, "explore": ["last_visit"]}
    project.experiment("by_day", DATES | amount | by_day)
    project.experiment("zoned", DATES | amount)
    zoned = {"start": "2026-01-04T18:30:00-05:00", "end": "2026-01-10 01:00:00+01:00"}
    project.experiment("zoned_start", DATES | amount | zoned)
    project.experiment("mixed", DATES | amount | {"segments": ["wave", "source"]})
    project.experiment("mixed_once", DATES | amount)
    assert project.dbt("run").success
    return project


def add_models(project: Project) -> None:
    assigned = {
        "experiment": "experiment",
        "variant": "variant",
        "unit": "unit",
        "timestamp": "moment",
    }
    wave = {"wave": "'wave ' || cast(unit % 2 as varchar)"}
    project.model("assigned", ASSIGNED, {"assignments": assigned | {"segments": wave}})
    named = {"experiment": {"literal": "mixed"}, "segments": ["source"]}
    project.model("named", NAMED, {"assignments": assigned | named})
    once = {"experiment": {"literal": "mixed_once"}, "timestamp": "none"}
    project.model("once", ONCE, {"assignments": assigned | once})
    project.model("zoned", ZONED, {"assignments": assigned})
    project.model("orders", ORDERS, {"unit": "unit", "timestamp": "moment", "metrics": {
        "amount": {"type": "mean", "value": "amount"}}})  # fmt: skip
    project.model("complete", COMPLETE, {
        "unit": "unit", "timestamp": "moment", "complete_until": "2026-01-12", "metrics": {
            "seen": {"type": "proportion", "window": "7 days"},
            "seen_later": {"type": "proportion", "window": "1 day", "delay": "1 day"},
        }})  # fmt: skip
    project.model("promised", COMPLETE, {
        "unit": "unit", "timestamp": "moment", "complete_until": "2027-01-01", "metrics": {
            "promise": {"type": "proportion"},
        }})  # fmt: skip
    project.model("tickets", TICKETS, {"unit": "unit", "timestamp": "moment",
     "unique_key": "ticket", "loaded_at": "loaded_at", "complete_until": "2026-01-12",
     "metrics": {}})  # fmt: skip
    project.model("visits", VISITS, {"unit": "unit", "timestamp": "moment",
     "timestamp_is_date": True, "metrics": {
        "last_visit": {"type": "mean", "value": "minutes", "aggregate": "latest",
         "window": "3 days"}}})  # fmt: skip
    project.model("days", DAYS, {"unit": "unit", "timestamp": "day", "timestamp_is_date": True,
     "metrics": {
        "minutes": {"type": "mean", "value": "minutes", "window": "2 days",
         "covariate": "1 day"}}})  # fmt: skip


def units(built: Project, experiment: str) -> dict[int, tuple]:
    """Analysed units: variant and exposure."""
    rows = built.rows(
        "select units.unit, variants.variant, units.exposed_at"
        " from main.experimentos__units as units"
        " inner join main.stg_experimentos__arms as variants on units.arm_id = variants.arm_id"
        " inner join main.experimentos__experiments as experiments"
        " on units.experiment_index = experiments.experiment_index"
        f" where units.exclusion is null and experiments.experiment_id = '{experiment}'"
    )
    return {row["unit"]: (row["variant"], row["exposed_at"]) for row in rows}


def activated(built: Project, experiment: str) -> dict[int, dt.datetime]:
    rows = built.rows(
        "select unit, activated_at from main.experimentos__activations"
        " inner join main.experimentos__experiments using (experiment_index)"
        f" where experiment_id = '{experiment}'"
    )
    return {row["unit"]: row["activated_at"] for row in rows}


def exclusions(built: Project, experiment: str) -> dict[str, tuple[int, int]]:
    rows = built.mart("exclusions", f"experiment_id = '{experiment}'")
    return {row["reason"]: (row["n_rows"], row["n_units"]) for row in rows}


def moments(built: Project, experiment: str, metric: str) -> dict[str, dict]:
    rows = built.mart(
        "moments",
        f"experiment_id = '{experiment}' and metric = '{metric}'"
        " and basis = 'mature' and population = 'assigned' and segment = 'all'",
    )
    latest = max(row["as_of"] for row in rows)
    return {row["variant"]: row for row in rows if row["as_of"] == latest}


def at(day: int, **more: int) -> dt.datetime:
    return dt.datetime(2026, 1, day) + dt.timedelta(**more)


def test_first_assignment_within_the_half_open_dates_wins(built):
    assert units(built, "first") == {
        1: ("control", at(5)),
        2: ("treatment", at(10, microseconds=-1)),
        5: ("treatment", at(6)),
        7: ("control", at(6)),
        8: ("control", at(6)),
    }


def test_what_became_of_every_row(built):
    assert exclusions(built, "first") == {
        "analysed": (5, 5),
        "repeat": (2, 1),
        "after_end": (2, 2),
        "before_start": (2, 2),
        "assigned_before_start": (1, 1),
        "crossover": (4, 2),
        "unknown_variant": (1, 1),
        "variant_missing": (1, 1),
        "unit_missing": (1, 0),
        "time_missing": (1, 1),
    }
    assert exclusions(built, "(not defined)") == {"experiment_not_defined": (2, 1)}


def test_crossover_units_count_for_the_sample_ratio_where_one_variant_was_first(built):
    rows = built.mart("assignment_counts", "experiment_id = 'first'")
    assigned = {
        (row["variant"], row["assigned_on"].day): row["n_units"]
        for row in rows
        if row["population"] == "assigned"
    }
    # Unit 6 was first in control; unit 11 was in both at one instant.
    assert assigned == {
        ("control", 5): 1,
        ("control", 6): 3,
        ("treatment", 6): 1,
        ("treatment", 9): 1,
    }
    analysed = [row["n_units"] for row in rows if row["population"] == "analysed"]
    assert sum(analysed) == 5


def test_windows_are_half_open_to_the_microsecond(built):
    control = moments(built, "first", "amount")["control"]
    # Units 1, 7 and 8; unit 1 has 1 + 10 within, 0.5 + 100 before.
    assert (control["n_units"], control["n_events"]) == (3, 2)
    assert control["mean_num"] == pytest.approx(11 / 3, rel=1e-15)
    assert control["mean_num_cov"] == pytest.approx(100.5 / 3, rel=1e-15)


def test_dates_count_from_the_day_of_exposure(built):
    found = moments(built, "first", "minutes")
    assert found["control"]["mean_num"] == pytest.approx(11 / 3, rel=1e-15)
    assert found["control"]["mean_num_cov"] == pytest.approx(100 / 3, rel=1e-15)
    # Unit 2 was exposed at the last microsecond of the ninth.
    assert found["treatment"]["mean_num"] == pytest.approx(44 / 2, rel=1e-15)
    assert found["treatment"]["mean_num_cov"] == pytest.approx(100 / 2, rel=1e-15)


def test_inactive_units_are_zeros(built):
    treatment = moments(built, "first", "amount")["treatment"]
    assert (treatment["n_units"], treatment["mean_num"], treatment["m2_num"]) == (2, 0, 0)


def test_a_restart_under_another_id_is_the_same_experiment(built):
    assert units(built, "restarted") == {20: ("control", at(5)), 21: ("treatment", at(6))}


def test_the_rows_of_a_table_of_one_experiment_and_of_one_of_many_are_united(built):
    assert units(built, "mixed") == {
        70: ("control", at(5)),
        71: ("treatment", at(6)),
        72: ("treatment", at(6)),
    }
    counted = built.mart(
        "moments",
        "experiment_id = 'mixed' and metric = 'amount' and basis = 'all' and segment != 'all'"
        " and n_units > 0",
    )
    # Segments are of the first row, so unit 71 has none of the table that came second.
    assert {(each["segment"], each["segment_value"], each["variant"]): each["n_units"]
            for each in counted} == {
        ("wave", "wave 0", "control"): 1,
        ("wave", "(none)", "treatment"): 2,
        ("source", "(none)", "control"): 1,
        ("source", "shop", "treatment"): 2,
    }  # fmt: skip


def test_rows_without_times_are_exposed_at_the_start_beside_rows_that_have_times(built):
    assert units(built, "mixed_once") == {
        80: ("control", at(6)),
        81: ("treatment", at(5)),
        82: ("control", at(5)),
    }


def test_one_id_may_serve_two_experiments_one_after_the_other(built):
    assert units(built, "again_1") == {30: ("control", at(5))}
    assert units(built, "again_2") == {31: ("treatment", at(20))}
    assert exclusions(built, "again_2")["assigned_before_start"] == (1, 1)


def test_without_an_end_assignment_is_read_up_to_as_of(built):
    assert set(units(built, "open")) == {40, 41}
    assert exclusions(built, "open")["after_as_of"] == (2, 2)
    found = built.one("health", "experiment_id = 'open' and check_name = 'future_rows'")
    assert found["status"] == "warning"
    assert "assignments: 2 row(s) lie after the build" in found["message"]


def test_data_as_of_is_what_the_facts_cover_not_the_clock(built):
    found = {row["experiment_id"]: row for row in built.mart("experiments")}
    # The start of the day of the last order not after as_of; for days, their own last day.
    assert found["again_1"]["data_as_of"] == at(30)
    assert found["first"]["data_as_of"] == at(30)
    assert found["mature"]["data_as_of"] == at(12)
    assert max(row["as_of"] for row in built.mart("moments", "experiment_id = 'mature'")) == at(12)
    early = built.one("health", "experiment_id = 'first' and check_name = 'early_rows'")
    assert early["status"] == "healthy"
    assert {row["decided_at"] for row in built.mart("decisions")} == {dt.datetime(2026, 2, 10, 12)}


def test_data_are_not_complete_beyond_the_build(built):
    """`complete_until` of next year closes no window, ends no experiment and archives none."""
    row = built.one("experiments", "experiment_id = 'ahead'")
    assert row["data_as_of"] == dt.datetime(2026, 2, 10)
    assert not row["is_final"]
    assert built.mart("archive", "experiment_id = 'ahead'") == []
    found = built.one("health", "experiment_id = 'ahead' and check_name = 'complete_until'")
    assert found["status"] == "warning"
    assert found["message"].startswith("promised: complete until 2027-01-01")
    assert built.mart("health", "experiment_id = 'mature' and check_name = 'complete_until'") == []


def test_units_whose_window_is_open_are_left_out(built):
    seen = moments(built, "mature", "seen")
    # Data are complete until exactly seven days after the start: a microsecond later is too late.
    assert (seen["control"]["n_units"], seen["control"]["n_events"]) == (1, 1)
    assert (seen["treatment"]["n_units"], seen["treatment"]["n_events"]) == (1, 1)
    later = moments(built, "mature", "seen_later")
    assert [later[variant]["n_units"] for variant in ("control", "treatment")] == [2, 2]
    # Events a day after the start: within [1 day, 2 days) of 50 and 54, just before it of 51, 52.
    assert [later[variant]["n_events"] for variant in ("control", "treatment")] == [1, 1]


def test_an_experiment_may_set_another_window(built):
    seen = moments(built, "overridden", "seen")
    assert [seen[variant]["n_units"] for variant in ("control", "treatment")] == [2, 2]
    row = built.one("experiment_metrics", "experiment_id = 'overridden'")
    assert row["window_text"] == "4 days"


def test_looks_wait_for_the_longest_deciding_window(built):
    found = {row["experiment_id"]: row for row in built.mart("experiments")}
    assert found["first"]["observe_until"] == at(17)
    assert found["first"]["is_final"]
    assert found["overridden"]["observe_until"] == at(14)
    assert not found["mature"]["is_final"]
    assert not found["open"]["is_final"]
    assert found["open"]["observe_until"] is None


def test_times_with_a_zone_are_utc_in_any_session(built):
    assert units(built, "zoned") == {
        1: ("control", at(5)),
        3: ("treatment", at(10, seconds=-1)),
    }
    assert exclusions(built, "zoned") == {
        "analysed": (2, 2), "before_start": (1, 1), "after_end": (1, 1),
    }  # fmt: skip
    assert set(units(built, "zoned_start")) == {1, 2, 3}


def test_a_row_that_was_restated_activates_nobody(built):
    assert activated(built, "tickets") == {71: dt.datetime(2026, 1, 6)}


def test_only_the_day_of_a_time_counts_where_the_definition_says_so(built):
    # Two days by date are the 5th and the 6th, although the exposure was in the morning.
    assert activated(built, "by_day") == {80: dt.datetime(2026, 1, 6)}
    # Both visits of the 6th are its latest; of them the largest counts.
    found = built.mart(
        "moments",
        "experiment_id = 'by_day' and metric = 'last_visit' and "
        "basis = 'all' and population = 'assigned' and variant = 'control' order by as_of",
    )
    assert found[-1]["mean_num"] == 5.0
