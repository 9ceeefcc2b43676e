"""Whatever happens from run to run, the marts are those of a build from nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from daily_changes import CHANGES
from daily_compare import compared
from daily_runs import WAYS, DailyRuns, differences_of, drawn_steps, steps_of
from daily_shop import TIMES, DailyShop, made
from random_shop_compare import report
from random_shop_every import DAY

if TYPE_CHECKING:
    from pathlib import Path

SEQUENCES = {
    "arrivals": "day:1 late_tickets:2 late_assignments:3 deleted_rows:1 skipped_days:1",
    "restated": "restated:1 deleted_day:4 deleted_assignments:2 restated_profiles:1 day:2",
    "edited": "edited_window:1 edited_where:2 edited_cap:3 edited_covariate:4 day:1",
    "named": "added_metric:1 removed_metric:2 added_experiment:1 removed_experiment:3 day:4",
    "population": "added_variant:1 changed_segments:2 changed_segment:1 changed_activation:2 "
    "changed_end:3",
    "clock": "until_moves:1 day:1/twice day_back:1 nothing:1/full_refresh skipped_days:2",
    "stopped": "late_rows:1/stopped late_assignments:2/stopped_and_undone "
    "edited_window:3/stopped_and_late day:1/broken added_metric:5/without_one",
    # `stale_pairs` says which moments are computed again: what it is older than must stay known.
    "left_out": "day:1 late_tickets:6/without_one.experimentos__stale_pairs "
    "late_rows:2/without_one.experimentos__fact_changes "
    "late_assignments:1/without_one.stg_experimentos__assignment_changes "
    "deleted_assignments:1/stopped_and_late.experimentos__units "
    "restated:3/from_one_on.experimentos__kept_moments "
    "late_rows:3/without_one.experimentos__kept_bins "
    "day:2/stopped_and_late.experimentos__kept_bins",
    "undone": "added_metric:2/stopped_and_undone day:3/stopped_and_undone restated:5/from_one_on "
    "late_tickets:1/killed edited_where:4/stopped_and_undone",
}
# Together these draw every change and every way to run.
SEEDS = (1, 2, 3, 4, 5, 6, 8, 35, 55)


def runs_of(folder: Path, shop: DailyShop) -> DailyRuns:
    runs = DailyRuns(folder, shop)
    runs.start()
    return runs


def test_daily_runs_end_as_a_build_from_nothing(tmp_path):
    steps = steps_of("late_assignments:3/stopped edited_window:1")
    lines = differences_of(1, steps, tmp_path)
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("steps", SEQUENCES.values(), ids=list(SEQUENCES))
def test_any_change_ends_as_a_build_from_nothing(tmp_path, steps):
    lines = differences_of(11, steps_of(steps), tmp_path, often=True)
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_any_drawn_sequence_ends_as_a_build_from_nothing(tmp_path, seed):
    # `python tests/dbt/daily_runs.py --seed N --shrink` finds the least sequence that differs.
    steps = drawn_steps(seed, 8)
    lines = differences_of(seed, steps, tmp_path)
    assert not lines, report([f"after {' '.join(map(str, steps))}", *lines])


def test_every_change_and_every_way_is_drawn():
    steps = [step for seed in SEEDS for step in drawn_steps(seed, 8)]
    assert {step.change for step in steps} == set(CHANGES)
    assert {step.way for step in steps} == set(WAYS)


def test_the_comparison_sees_rows_and_numbers():
    key = {"experiment_id": "e", "reason": "crossover"}
    row = {**key, "n_rows": 2, "n_units": 1}
    assert not compared("exclusions", [row], [row])
    assert compared("exclusions", [row | {"n_units": 2}], [row])
    assert compared("exclusions", [], [row])
    assert compared("exclusions", [row], [])
    assert compared("exclusions", [row, row], [row])
    power = {"experiment_id": "e", "metric": "m", "variant": "b", "test": "harm", "n_needed": 3.0}
    assert not compared("power", [power], [power | {"n_needed": 3.0 + 1e-12}])
    assert compared("power", [power], [power | {"n_needed": 3.0 + 1e-11}])
    assert compared("power", [power], [power | {"n_needed": None}])


@pytest.mark.slow
def test_a_unit_that_moves_twice_before_its_moments_are_computed(tmp_path):
    """Its assignments go, a run is stopped after the units, and it is assigned again later."""
    runs = runs_of(tmp_path, made(1))
    shop, exposed = runs.shop, exposures(runs)
    user = next(
        row["user_id"] for row in shop.visible("visits")
        if row["user_id"] in exposed and row["seen_at"]
        and exposed[row["user_id"]] < shop.start + 3 * DAY
        and exposed[row["user_id"]] <= row["seen_at"] < exposed[row["user_id"]] + DAY
    )  # fmt: skip
    again: dict[str, Any] = {}
    for table in ("assigned", "imported"):
        rows = shop.tables[table]
        own = [row for row in rows if (row["experiment"], row["user_id"]) == ("long", user)]
        again = own[0] if own else again
        shop.tables[table] = [row for row in rows if not any(row is each for each in own)]
    runs.write()
    runs.run("--select", "+experimentos__units")
    shop.tables["assigned"].append(
        {key: value for key, value in again.items() if key != "loaded_at"}
        | {"assigned_at": shop.as_of - DAY, "_arrives": shop.as_of}
    )
    runs.write()
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


# Numbers that stand for names


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [(), ("--exclude", "experimentos__numbers")])
def test_a_stopped_run_keeps_the_numbers_that_it_used(tmp_path, monkeypatch, left_out):
    """The next run has a new column to number, in an experiment that is numbered before."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = made(1)
    for experiment in ("long", "over"):
        add_metric(shop, experiment, "single", "amount")
    runs = runs_of(tmp_path, shop)
    add_metric(runs.shop, "over", "doubled", "amount * 2")
    runs.write()
    runs.run("--select", "+experimentos__kept_moments", *left_out)
    add_metric(runs.shop, "long", "halved", "amount / 2")
    # A cap makes the moments be computed again from the rows that were read.
    runs.shop.metrics["orders"]["doubled"]["cap"] = {"absolute": 10.0}
    runs.write()
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
def test_lost_numbers_make_all_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, made(1))
    tamper(runs, "drop table main.experimentos__numbers")
    add_metric(runs.shop, "long", "halved", "amount / 2")
    del runs.shop.experiments["once"]
    runs.write()
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


def add_metric(shop: DailyShop, experiment: str, name: str, value: str) -> None:
    """The mean of a column of orders that no other metric reads."""
    shop.metrics["orders"][name] = {"type": "mean", "value": value, "window": "1 day"}
    shop.experiments[experiment]["explore"].insert(0, name)


@pytest.mark.slow
def test_more_conditions_than_one_column_holds(tmp_path, monkeypatch):
    """The 61st condition of a fact comes, and goes again."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {}, "over": {"where": "amount > 1"}}))
    tamper(
        runs,
        "insert into main.experimentos__numbers"
        " select distinct 'bit ' || source, 'another', 59 from main.stg_experimentos__measures",
    )
    long, metrics = runs.shop.experiments["long"], runs.shop.metrics["orders"]
    for is_there in (True, False):
        if is_there:
            add_metric(runs.shop, "long", "large", "amount")
            metrics["large"]["where"] = "amount > 3"
        else:
            long["explore"].remove("large")
            del metrics["large"]
        metrics["of_over"]["cap"] = {"absolute": 5.0 if is_there else 6.0}
        runs.step(*steps_of("day:1"))
        lines = runs.differences()
        assert not lines, report(lines)


@pytest.mark.slow
def test_a_fact_that_has_no_rows_at_first(tmp_path, monkeypatch):
    """Its data have no end, until they have one."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = two_readers({"long": {}, "over": {}})
    for row in shop.tables["orders"]:
        row["_arrives"] = shop.as_of + DAY / 2
    runs = runs_of(tmp_path, shop)
    runs.step(*steps_of("day:1"))
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("column", ["score", "earlier", "tier"])
def test_a_restated_value_is_noticed_whatever_reads_it(tmp_path, monkeypatch, column):
    """The value of a metric, its covariate, and what it is sliced by."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = made(1)
    for name in ("long", "ramp", "over"):
        del shop.experiments[name]
    score = {"type": "mean", "value": "score", "covariate": "earlier", "by": "tier"}
    shop.metrics["profiles"]["score"] = score
    runs = runs_of(tmp_path, shop)
    assert runs.project.mart("moments", "metric = 'score' and segment = 'tier'")
    values = [row[column] for row in shop.tables["profiles"]]
    for row, value in zip(shop.tables["profiles"], [*values[1:], values[0]], strict=True):
        row[column] = value
    runs.step(*steps_of("nothing:1"))
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["dropped", "refreshed"])
def test_assignments_change_while_their_days_are_lost(tmp_path, monkeypatch, way):
    """The days are built from all rows, and the units take in the change."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {}, "over": {}}))
    for rows in (runs.shop.tables["assigned"], runs.shop.tables["imported"]):
        del rows[1::3]
    runs.write()
    if way == "dropped":
        tamper(runs, "drop table main.experimentos__assigned_days")
    else:
        runs.run("--full-refresh", "--select", "+experimentos__assigned_days")
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


# Spans of time that another experiment reads


def two_readers(spans: dict[str, dict[str, str]]) -> DailyShop:
    """`long` and `over` read the amounts of orders, each over spans of its own."""
    shop = made(1)
    del shop.experiments["ramp"], shop.experiments["once"]
    for experiment, span in spans.items():
        shop.experiments[experiment] |= {"success": [], "guardrails": {}, "explore": []}
        add_metric(shop, experiment, f"of_{experiment}", "amount")
        shop.metrics["orders"][f"of_{experiment}"] |= span
        shop.experiments[experiment]["success"] = shop.experiments[experiment].pop("explore")
        shop.experiments[experiment]["explore"] = []
    return shop


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wide", "narrow"),
    [({"covariate": "14 days"}, {"covariate": "2 days"}), ({"window": "4 days"}, {})],
    ids=["covariate", "window"],
)
def test_what_was_read_for_a_wider_span_elsewhere_does_not_count(
    tmp_path, monkeypatch, wide, narrow
):
    """The wide span is gone, so the narrow one is the only one of its fact."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": wide, "over": narrow}))
    runs.shop.metrics["orders"]["of_long"] |= {"window": "1 day"} | narrow
    # A cap makes the moments be computed again from the rows that were read.
    runs.shop.metrics["orders"]["of_over"]["cap"] = {"absolute": 10.0}
    runs.write()
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_wider_span_elsewhere_changes_no_number(tmp_path, monkeypatch, seed):
    """Rows before exposure are there for the wide span, and once; late ones too."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    narrow = {"covariate": "2 days"}
    runs = runs_of(tmp_path, two_readers({"long": narrow, "over": narrow}))
    runs.shop.metrics["orders"]["of_long"]["covariate"] = "14 days"
    runs.step(*steps_of("nothing:1"))
    for days in (1, 5, 9):
        at = runs.shop.start - days * DAY
        late = [dict(row) for row in runs.shop.visible("orders")[seed::3]]
        runs.shop.tables["orders"] += [
            row | {"ordered_at": at, "_arrives": runs.shop.as_of} for row in late
        ]
    runs.step(*steps_of("nothing:1"))
    runs.step(*steps_of("nothing:1/recomputed"))
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
def test_a_late_step_of_a_funnel_leaves_the_steps_in_other_models(tmp_path, monkeypatch):
    """The day of the late rows is read again in both models, and once."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = two_readers({"long": {}, "over": {}})
    steps = [{"model": "orders"}, {"model": "visits"}]
    shop.metrics["orders"]["both"] = {"type": "funnel", "steps": steps, "window": "9 days"}
    shop.experiments["long"]["explore"].append("both")
    runs = runs_of(tmp_path, shop)
    for table in ("orders", "visits"):
        at = shop.start + 6 * DAY
        late = dict(shop.visible(table)[1]) | {TIMES[table]: at, "_arrives": shop.as_of}
        shop.tables[table].append(late)
        runs.step(*steps_of("nothing:1"))
    for table in ("orders", "visits"):
        at = shop.start + 7 * DAY
        late = dict(shop.visible(table)[1]) | {TIMES[table]: at, "_arrives": shop.as_of}
        shop.tables[table].append(late)
    runs.step(*steps_of("nothing:1/recomputed"))
    lines = runs.differences()
    assert not lines, report(lines)


# Runs of a part of the models, which meet tables that other definitions have left


@pytest.mark.slow
@pytest.mark.parametrize("part", ["fact_changes+", "assigned_days+"])
def test_what_a_part_of_the_models_made_is_made_again(tmp_path, monkeypatch, part):
    """It meets tables that do not know the new metric, nor the new value of the other."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {}, "over": {}}))
    add_metric(runs.shop, "long", "doubled", "amount * 2")
    runs.shop.metrics["orders"]["of_over"]["value"] = "quantity"
    runs.shop.experiments["over"]["segments"] = ["country"]
    runs.write()
    runs.run("--select", f"experimentos__{part}", may_fail=True)
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
def test_moments_of_a_part_of_the_models(tmp_path, monkeypatch):
    """Two metrics of a closed experiment change places, which are their numbers in a run. Their
    shapes stay those that the other experiment gave them."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    shop = two_readers({"long": {}, "over": {}})
    for experiment in ("long", "over"):
        add_metric(shop, experiment, "sold", "quantity")
        add_metric(shop, experiment, "paid", "price")
    runs = runs_of(tmp_path, shop)
    shop.experiments["over"]["explore"].reverse()
    for metric in ("sold", "paid"):
        shop.metrics["orders"][metric]["cap"] = {"absolute": 3.0}
    runs.write()
    runs.run("--select", "experimentos__stale_pairs+", may_fail=True)
    runs.run()
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
def test_a_part_of_the_models_under_a_definition_that_is_taken_back(tmp_path, monkeypatch):
    """Days before the shorter span are deleted, and wanted again."""
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {"covariate": "14 days"},
                                         "over": {"covariate": "2 days"}}))  # fmt: skip
    before = runs.shop.state()
    runs.shop.metrics["orders"]["of_long"]["covariate"] = "2 days"
    runs.write()
    runs.run("--select", "experimentos__unit_days")
    runs.shop.restore(before)
    runs.step(*steps_of("nothing:1/recomputed"))
    lines = runs.differences()
    assert not lines, report(lines)


# What is not read again. A table is tampered with where nothing should look, and stays so.


def tamper(runs: DailyRuns, statement: str) -> None:
    with duckdb.connect(str(runs.project.database)) as connection:
        connection.execute(statement)


def tampered(runs: DailyRuns, tables: tuple[str, ...], where: str) -> dict[str, int]:
    """How many rows of each table carry the mark."""
    return {
        table: runs.project.rows(
            f"select count(*) as n from main.experimentos__{table}"
            f" where slot_0 = -987654321 and {where}"
        )[0]["n"]
        for table in tables
    }


def marked(runs: DailyRuns, tables: tuple[str, ...], where: str) -> dict[str, int]:
    """Put a number that no shop has into rows of tables of units."""
    for table in tables:
        tamper(
            runs,
            f"update main.experimentos__{table} set slot_0 = -987654321 where {where}",
        )
    found = tampered(runs, tables, where)
    assert all(found.values()), found
    return found


KEPT = ("unit_days",)


def sources_of(runs: DailyRuns, fact: str) -> str:
    """A condition on the rows of stage 2 that come from a fact."""
    return f"source in (select source from main.stg_experimentos__measures where fact = '{fact}')"


def experiment_of(runs: DailyRuns, name: str) -> str:
    """A condition on the rows of stage 2 that belong to an experiment."""
    return (
        "(unit_key in (select analysed.unit_key from main.experimentos__analysed_units as analysed"
        " inner join main.experimentos__experiments as experiments"
        " on analysed.experiment_index = experiments.experiment_index"
        f" where experiments.experiment_id = '{name}'))"
    )


@pytest.mark.slow
def test_an_edited_metric_leaves_other_facts_alone(tmp_path):
    runs = runs_of(tmp_path, made(1))
    # An experiment with an activation is read anew by every run.
    where = f"{sources_of(runs, 'tickets')} and not {experiment_of(runs, 'ramp')}"
    before = marked(runs, KEPT, where)
    for step in steps_of("edited_window:1 edited_where:2"):
        runs.step(step)
    assert tampered(runs, KEPT, where) == before


def last_read(runs: DailyRuns, experiment: str) -> dict[str, dt.datetime]:
    """By fact when the last of its sources, or of their days, was read for an experiment."""
    rows = runs.project.rows(
        "select fact, max(changed_at) as last_at from main.experimentos__reads as reads"
        " inner join (select distinct cast(source as varchar) as source, fact"
        " from main.stg_experimentos__measures) as sources"
        " on split_part(reads.item, '|', 1) = sources.source"
        f" where reader = 'days' and experiment = '{experiment}' group by fact"
    )
    return {row["fact"]: row["last_at"] for row in rows}


@pytest.mark.slow
def test_a_longer_window_or_another_end_reads_no_other_fact(tmp_path, monkeypatch):
    monkeypatch.setenv("DAILY_RUNS_MOMENTS", "1")
    runs = runs_of(tmp_path, two_readers({"long": {}, "over": {}}))
    runs.shop.experiments["long"]["explore"] = ["seen", "tickets"]
    runs.step(*steps_of("nothing:1"))
    before = last_read(runs, "long")
    assert set(before) == {"orders", "visits", "tickets"}
    runs.shop.metrics["orders"]["of_long"]["window"] = "9 days"
    runs.step(*steps_of("nothing:1"))
    after = last_read(runs, "long")
    assert {fact for fact in before if after[fact] > before[fact]} == {"orders"}
    runs.shop.experiments["long"]["end"] = (runs.shop.start + 11 * DAY).isoformat(" ")
    runs.step(*steps_of("nothing:1"))
    assert last_read(runs, "long") == after
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "edit", ["metric", "column", "segments", "activation", "assignments", "removal", "end"]
)
def test_an_edited_experiment_leaves_the_others_alone(tmp_path, edit):
    runs = runs_of(tmp_path, made(1))
    shop = runs.shop
    where = experiment_of(runs, "long")
    before = marked(runs, KEPT, where)
    ramp = shop.experiments["ramp"]
    if edit == "metric":
        ramp["explore"].remove("ticket_last")
    elif edit == "column":
        new = {"type": "mean", "aggregate": "count", "where": "sku <> 's00'", "window": "1 day"}
        shop.metrics["orders"]["new"] = new
        ramp["explore"].append("new")
    elif edit == "segments":
        ramp["segments"] = ["group", "country"]
    elif edit == "activation":
        ramp["activation"] = {"model": "visits", "where": "page <> 'home'", "within": "4 days"}
    elif edit == "end":
        ramp["end"] = (shop.start + 4 * DAY).isoformat(" ")
    elif edit == "removal":
        del shop.experiments["ramp"]
    else:
        rows = [row for row in shop.visible("assigned") if row["experiment"] == "ramp"]
        rows[0]["_arrives"] = shop.as_of + 100 * DAY
    runs.write()
    runs.run()
    assert tampered(runs, KEPT, where) == before


@pytest.mark.slow
def test_nothing_new_writes_nothing(tmp_path):
    runs = runs_of(tmp_path, made(3))
    where = f"not {experiment_of(runs, 'ramp')}"
    before = marked(runs, KEPT, where)
    runs.run()
    assert tampered(runs, KEPT, where) == before


def exposures(runs: DailyRuns) -> dict[int, dt.datetime]:
    """The analysed units of `long`."""
    units = runs.project.rows(
        "select unit, exposed_at from main.experimentos__units as units"
        " inner join main.experimentos__experiments as experiments"
        " on units.experiment_index = experiments.experiment_index"
        " where experiments.experiment_id = 'long' and exclusion is null"
    )
    return {int(row["unit"]): row["exposed_at"] for row in units}


def old_ticket(runs: DailyRuns) -> dict[str, Any]:
    """A ticket in the window of `long` of a unit that is analysed, long before the last day."""
    shop, exposed = runs.shop, exposures(runs)
    for row in shop.visible("tickets"):
        at, since = row["opened_at"], exposed.get(row["user_id"])
        n_same = sum(row["ticket_id"] == each["ticket_id"] for each in shop.tables["tickets"])
        is_in = at and since and since <= at < min(since + 2 * DAY, shop.as_of - 2 * DAY)
        if is_in and n_same == 1 and row["ticket_id"] is not None:
            return row
    raise AssertionError("no such ticket")


@pytest.mark.slow
def test_an_added_day_reads_that_day_alone(tmp_path):
    """A value that was changed under the old `loaded_at` is not noticed."""
    shop = made(1)
    del shop.experiments["ramp"]  # with an activation it is read anew by every run
    runs = runs_of(tmp_path, shop)
    row = old_ticket(runs)
    true = row["cost"]
    row["cost"] = 1000.0
    runs.step(*steps_of("day:1"))
    row["cost"] = true
    lines = runs.differences()
    assert not lines, report(lines)


@pytest.mark.slow
def test_a_value_under_a_new_loaded_at_is_noticed(tmp_path):
    runs = runs_of(tmp_path, made(1))
    row = old_ticket(runs)
    row["cost"] = 1000.0
    row.pop("_loaded")
    runs.step(*steps_of("day:1"))
    lines = runs.differences()
    assert not lines, report(lines)
    assert max(each["mean_num"] or 0.0 for each in runs.project.mart(
        "moments", "metric = 'ticket_cost'")) > 10  # fmt: skip


@pytest.mark.slow
def test_a_deleted_version_of_a_key_is_noticed(tmp_path):
    """What was loaded before it is read again, although the day has as many keys as it had."""
    runs = runs_of(tmp_path, made(1))
    row, shop = old_ticket(runs), runs.shop
    new = {key: value for key, value in row.items() if key != "_loaded"}
    new |= {"_arrives": shop.as_of, "cost": 1000.0}
    other = new | {"ticket_id": 10**7, "cost": 1.0}
    shop.tables["tickets"] += [new, other]
    runs.write()
    runs.run()
    shop.tables["tickets"].remove(new)
    runs.step(*steps_of("day:1"))
    lines = runs.differences()
    assert not lines, report(lines)


# Finished experiments


def without_rows_of(shop: DailyShop, name: str) -> None:
    """The raw rows of an experiment, and of the facts in its time, are deleted."""
    for table in ("assigned", "imported"):
        shop.tables[table] = [row for row in shop.tables[table] if row["experiment"] != name]
    for table, time in [("orders", "ordered_at"), ("tickets", "opened_at"), ("visits", "seen_at")]:
        later = shop.start + 12 * DAY
        shop.tables[table] = [row for row in shop.tables[table] if (row[time] or later) >= later]


@pytest.mark.slow
def test_a_finished_experiment_outlives_its_raw_rows(tmp_path):
    shop = made(1)
    shop.as_of = shop.start + 16 * DAY + dt.timedelta(hours=7)
    shop.until = shop.as_of
    shop.archive = True
    runs = runs_of(tmp_path, shop)
    runs.step(*steps_of("day:1"))
    of = "experiment_id = 'over'"
    marts = [name for name, grain in runs.marts.items() if "experiment_id" in grain]
    before = {name: runs.project.mart(name, of) for name in marts}
    assert before["moments"]
    without_rows_of(shop, "over")
    for step in steps_of("nothing:1 day:2 edited_window:1"):
        runs.step(step)
    lines = [f"{name} {line}" for name in marts
             for line in compared(name, runs.project.mart(name, of), before[name])]  # fmt: skip
    assert not lines, report(lines)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_ramps_activations_and_all_metrics_outlive_their_raw_rows(tmp_path, seed):
    shop = made(seed)
    shop.archive = True
    shop.experiments["ramp"]["end"] = (shop.start + 9 * DAY).isoformat(" ")
    shop.as_of = shop.start + 40 * DAY
    shop.until = shop.as_of
    for day in range(41):  # the facts reach the day of the build
        at = shop.start + day * DAY
        for table, time in [("orders", "ordered_at"), ("tickets", "opened_at"), ("days", "day")]:
            row = dict.fromkeys(shop.tables[table][0])
            given = at.date() if table == "days" else at
            shop.tables[table].append(row | {time: given, "_arrives": shop.start})
    runs = runs_of(tmp_path, shop)
    names = ["long", "over", "ramp"]
    archived = runs.project.mart("archive")
    assert sorted(row["experiment_id"] for row in archived) == names
    of = "experiment_id in ('long', 'over', 'ramp')"
    marts = [name for name, grain in runs.marts.items() if "experiment_id" in grain]
    before = {name: runs.project.mart(name, of) for name in marts}
    for table in TIMES:
        never = {"_arrives": shop.as_of + 1000 * DAY}
        shop.tables[table][:] = [row | never for row in shop.tables[table][:1]]
    fact = next(fact for fact, each in shop.metrics.items() if "tickets" in each)
    shop.metrics[fact]["tickets"]["window"] = "5 days"
    runs.step(*steps_of("nothing:1"))
    found = {name: runs.project.mart(name, of) for name in marts}
    notes = [row for row in found["health"] if row["check_name"] == "archived_definition"]
    assert {row["experiment_id"] for row in notes} == set(shop.users_of("tickets")) & set(names)
    assert all("rows are left" in row["message"] for row in notes)
    found["health"] = [row for row in found["health"] if row not in notes]
    lines = [f"{name} {line}" for name in marts
             for line in compared(name, found[name], before[name])]  # fmt: skip
    assert not lines, report(lines)
